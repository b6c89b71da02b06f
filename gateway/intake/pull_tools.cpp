#include "gateway/intake/pull_tools.hpp"

#include "fhir/instant.hpp"
#include "gateway/core/async.hpp"
#include "gateway/core/log.hpp"

#include <algorithm>
#include <boost/asio/multiple_exceptions.hpp>
#include <limits>

namespace trialgate::gateway::pull {

namespace {

constexpr duration_ms room_poll = 200, after_failure = 5 * second_ms, first_pause = 2 * second_ms, longest_pause = 5 * minute_ms;
constexpr duration_ms second_look_after = minute_ms;
constexpr std::size_t most_first_looks = 10'000;

[[noreturn]] void throw_aborted() { throw boost::system::system_error(asio::error::operation_aborted); }

/// One place at which jobs are worked off; all share which jobs are in hand.
struct job_desk {
    intake_services& services;
    source_state& source;
    job_kind kind;
    std::function<asio::awaitable<void>(job)> work;
    std::set<std::int64_t> in_hand;
    std::vector<wake> places;

    std::optional<job> take() {
        const auto due = services.reading.jobs_due(source.config.name, kind, services.time.now(), in_hand.size() + 1);
        for (const job& j : due)
            if (in_hand.insert(j.id).second)
                return j;
        return std::nullopt;
    }
    /// When to look again although nobody rings. A job in hand may hide the time of the next one.
    instant next_look() const {
        const instant now = services.time.now();
        const auto next = services.reading.job_next(source.config.name, kind);
        if (!next)
            return std::numeric_limits<instant>::max();
        return *next > now ? *next : now + second_ms;
    }
};

asio::awaitable<void> work_at(job_desk& desk, std::size_t place) {
    for (;;) {
        std::optional<job> mine = desk.take();
        if (!mine) {
            co_await desk.places[place].wait(desk.services.time, desk.next_look());
            continue;
        }
        const std::int64_t id = mine->id;
        const std::shared_ptr<void> put_back(nullptr, [&desk, id](void*) { desk.in_hand.erase(id); });
        co_await desk.work(std::move(*mine));
    }
}

asio::awaitable<void> pass_on(job_desk& desk, wake bell) {
    for (;;) {
        co_await bell.wait(desk.services.time, std::numeric_limits<instant>::max());
        for (const wake& w : desk.places)
            w.ring();
    }
}

} // namespace

meaning meaning_of(const fhir_answer& answer) noexcept {
    if (answer.ok())
        return meaning::ok;
    switch (answer.status) {
    case 410: return meaning::gone;
    case 404: return meaning::missing;
    case 401:
    case 403: return meaning::denied;
    case 501: return meaning::rejected;
    default: // a redirect is a proxy's word, for maintenance or to a login page; the server itself said nothing about what was asked
        return answer.transient() || answer.status / 100 == 3 ? meaning::later : meaning::rejected;
    }
}

asked told(intake_services& services, source_state& source, net_result<fhir_answer> got) {
    asked out;
    const std::string unreachable = fault_key(source, "", "unreachable"), no_token = fault_key(source, "", "no-token");
    if (got.has_error()) {
        const net_error& why = got.error();
        if (why.code == net_errc::cancelled)
            throw_aborted();
        if (why.code == net_errc::auth) {
            out.what = meaning::denied;
            services.faults.raise(no_token, why.text);
        } else if (why.code == net_errc::too_large || why.code == net_errc::bad_url)
            out.what = meaning::rejected;
        else if (why.code != net_errc::refused) { // that one tells nothing new: the breaker is open because of earlier failures
            services.faults.raise(unreachable, why.text);
            services.figures.set("trialgate_source_up", {{"source", source.config.name}}, 0);
        }
        return out;
    }
    out.answer = std::move(*got);
    out.what = meaning_of(out.answer);
    out.retry_after = out.answer.retry_after.value_or(0);
    services.faults.clear(no_token);
    const bool sick = out.what == meaning::later && (out.answer.status >= 500 || out.answer.status / 100 == 3);
    if (sick)
        services.faults.raise(unreachable, "the server answers " + std::to_string(out.answer.status));
    else
        services.faults.clear(unreachable);
    services.figures.set("trialgate_source_up", {{"source", source.config.name}}, sick ? 0 : 1);
    if (out.what == meaning::ok)
        source.last_heard = services.time.now();
    return out;
}

asio::awaitable<asked> ask(intake_services& services, source_state& source, fhir_request request) {
    net_result<fhir_answer> got = co_await source.client->send(std::move(request));
    co_return told(services, source, std::move(got));
}

asio::awaitable<asked> get(intake_services& services, source_state& source, std::string path) {
    fhir_request request;
    request.path = std::move(path);
    request.headers.add("Cache-Control", "no-cache");
    co_return co_await ask(services, source, std::move(request));
}

duration_ms patience(const intake_services& services, std::uint32_t attempt, duration_ms retry_after) {
    return std::max({second_ms, retry_after, backoff(attempt, first_pause, longest_pause, services.random())});
}

std::string fault_key(const source_state& source, std::string_view type, std::string_view what) {
    std::string out = "source." + source.config.name + '.';
    if (!type.empty())
        out.append(type).append(".");
    return out.append(what);
}

std::optional<instant> stored_instant(store& from, const std::string& name) {
    const auto text = from.value(name);
    return text ? fhir::parse_instant(*text) : std::nullopt;
}

std::string cursor_name(std::string_view kind, const source_state& source, std::string_view type) {
    return std::string(kind) + '/' + source.config.name + '/' + std::string(type);
}

bool usable_id(std::string_view id) noexcept {
    constexpr std::size_t longest = 256; // FHIR says 64; some servers' are longer, and hold '_'
    const auto fits = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
    };
    return !id.empty() && id.size() <= longest && id != "." && id != ".." && std::all_of(id.begin(), id.end(), fits);
}

journal_item fetched(const intake_services& services, const source_state& source, std::string what, std::string body, arrival kind) {
    journal_item out;
    out.source = source.config.name;
    out.kind = kind;
    out.tail = std::move(what);
    out.body = std::move(body);
    out.received = services.time.now();
    return out;
}

gone_resource gone_as_of(std::string_view type, std::string_view id, const fhir_answer& answer) {
    return {std::string(type), std::string(id), std::string(answer.headers["ETag"]), answer.date};
}

std::string deletions_bundle(std::span<const gone_resource> all) {
    std::string out = R"({"resourceType":"Bundle","type":"history","entry":[)";
    for (const gone_resource& g : all) {
        if (&g != all.data())
            out += ',';
        out += R"({"request":{"method":"DELETE","url":)" + fhir::json::quote(g.type + '/' + g.id) + R"(},"response":{"status":"410")";
        if (!g.etag.empty())
            out += R"(,"etag":)" + fhir::json::quote(g.etag);
        if (g.when)
            out += R"(,"lastModified":)" + fhir::json::quote(to_text(*g.when));
        out += "}}";
    }
    return out + "]}";
}

asio::awaitable<void> room(intake_services& services) {
    for (;;) {
        const journal_counts now = services.reading.journal_count();
        if (now.rows <= services.limits.journal_rows / 2 && now.bytes <= services.limits.journal_bytes / 2)
            co_return;
        co_await services.time.wait_for(room_poll);
    }
}

asio::awaitable<void> keep(intake_services& services, std::vector<journal_item> rows, std::function<void(store&)> also) {
    const bool grows = !rows.empty();
    const auto shared = std::make_shared<const std::vector<journal_item>>(std::move(rows));
    const std::function<void(store&)> work = [shared, also = std::move(also)](store& into) {
        for (const journal_item& row : *shared)
            into.journal_append(row);
        if (also)
            also(into);
    };
    for (std::uint32_t attempt = 0;; ++attempt) {
        const commit_outcome failed = co_await committed(services.writer, work);
        if (!failed)
            break;
        if (failed->what_kind() == store_error::kind::closed)
            throw_aborted();
        log_warning("pull.not-stored", {{"reason", failed->what()}});
        co_await services.time.wait_for(patience(services, attempt, 0));
    }
    if (grows)
        services.journal_grew.ring();
}

bool second_look::confirmed(const std::string& what, instant now) {
    if (first_.size() > most_first_looks)
        std::erase_if(first_, [&](const auto& f) { return now - f.second > hour_ms; });
    const auto [at, first_time] = first_.try_emplace(what, now);
    if (first_time || now - at->second < second_look_after)
        return false;
    first_.erase(at);
    return true;
}

namespace {

/// What may be logged of an exception: its own text may quote what was read.
std::string reason_of(const std::exception_ptr& failed) {
    try {
        std::rethrow_exception(failed);
    } catch (const asio::multiple_exceptions& e) { // one part failed and took the others with it
        return reason_of(e.first_exception());
    } catch (const boost::system::system_error& e) {
        return e.code().message();
    } catch (const store_error& e) {
        return e.what();
    } catch (const std::exception&) {
        return "unexpected exception";
    }
}

} // namespace

asio::awaitable<void> forever(intake_services& services, const source_state& source, std::string_view what,
                              std::function<asio::awaitable<void>()> body) {
    for (;;) {
        std::string reason = "ended";
        try {
            co_await body();
        } catch (const boost::system::system_error& e) {
            if (e.code() == asio::error::operation_aborted)
                throw;
            reason = e.code().message();
        } catch (...) {
            reason = reason_of(std::current_exception());
        }
        // Several parts that were cancelled together end with one exception of several.
        if ((co_await asio::this_coro::cancellation_state).cancelled() != asio::cancellation_type::none)
            throw boost::system::system_error(asio::error::operation_aborted);
        log_error("pull.failed", {{"source", source.config.name}, {"part", what}, {"reason", reason}});
        co_await services.time.wait_for(after_failure);
    }
}

asio::awaitable<void> together(std::vector<asio::awaitable<void>> all) {
    using namespace asio::experimental::awaitable_operators;
    if (all.empty())
        co_return;
    asio::awaitable<void> one = std::move(all.back());
    all.pop_back();
    if (all.empty()) {
        co_await std::move(one);
        co_return;
    }
    asio::awaitable<void> others = together(std::move(all));
    co_await (hearing_total(std::move(one)) && hearing_total(std::move(others)));
}

asio::awaitable<void> work_off(intake_services& services, source_state& source, job_kind kind, wake bell,
                               std::function<asio::awaitable<void>(job)> work) {
    job_desk desk{services, source, kind, std::move(work), {}, std::vector<wake>(std::max(1U, source.config.concurrency))};
    std::vector<asio::awaitable<void>> all;
    all.push_back(pass_on(desk, bell));
    for (std::size_t place = 0; place < desk.places.size(); ++place)
        all.push_back(work_at(desk, place));
    co_await together(std::move(all));
}

asio::awaitable<void> postpone(intake_services& services, job what, duration_ms by) {
    const instant not_before = services.time.now() + by;
    const std::function<void(store&)> work = [what, not_before](store& into) { into.job_later(what.id, what.attempts + 1, not_before); };
    co_await keep(services, {}, work);
}

} // namespace trialgate::gateway::pull
