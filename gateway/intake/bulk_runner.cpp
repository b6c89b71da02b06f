#include "fhir/instant.hpp"
#include "gateway/intake/runners.hpp"

#include "fhir/search.hpp"
#include "gateway/core/async.hpp"
#include "gateway/core/log.hpp"
#include "gateway/intake/bulk.hpp"

#include <algorithm>
#include <limits>

namespace trialgate::gateway {

namespace {

using namespace pull;

constexpr unsigned most_jobs = 3, most_manifest_pages = 1'000;
constexpr duration_ms first_poll = 10 * second_ms, longest_poll = 3 * minute_ms, longest_asked = hour_ms, new_job_pause = 5 * minute_ms;
constexpr std::chrono::milliseconds idle{60'000};

class exporter {
public:
    exporter(intake_services& services, source_state& source) : services_(services), source_(source), name_("bulk/" + source.config.name) {}
    asio::awaitable<void> run();

private:
    enum class file_end : std::uint8_t { whole, again, expired };

    asio::awaitable<void> kick_off();
    asio::awaitable<void> poll();
    asio::awaitable<bool> manifest(fhir_answer answer);
    asio::awaitable<void> next_file();
    asio::awaitable<file_end> stream(const bulk_file& file, bulk_state after);
    asio::awaitable<void> finish();
    asio::awaitable<void> give_up_job();
    asio::awaitable<void> fall_back(std::string_view why);
    asio::awaitable<void> put(bulk_state s);
    asio::awaitable<void> pause(duration_ms retry_after);
    asio::awaitable<void> remove_job();
    std::string query() const;

    intake_services& services_;
    source_state& source_;
    std::string name_;
    bulk_state state_;
    unsigned attempts_ = 0; ///< in a row without success
};

std::string exporter::query() const {
    std::string types;
    for (const std::string& type : source_.types)
        if (!source_.can || source_.can->resources.empty() || source_.can->of(type))
            types += (types.empty() ? "" : ",") + type;
    fhir::query q(source_.config.bulk_path);
    q.add("_outputFormat", "application/fhir+ndjson");
    if (!types.empty())
        q.add("_type", types);
    return q.text();
}

asio::awaitable<void> exporter::put(bulk_state s) {
    state_ = std::move(s);
    const std::function<void(store&)> work = [name = name_, text = state_.to_text()](store& into) { into.value_put(name, text); };
    co_await keep(services_, {}, work);
}

asio::awaitable<void> exporter::pause(duration_ms retry_after) {
    co_await services_.time.wait_for(patience(services_, attempts_++, std::min(retry_after, longest_asked)));
}

/// The people already there are found by searching instead: run_reconcile goes on without cursors.
asio::awaitable<void> exporter::fall_back(std::string_view why) {
    log_warning("bulk.refused", {{"source", source_.config.name}, {"reason", why}});
    services_.faults.raise(fault_key(source_, "", "bulk"), "source " + source_.config.name + ": no bulk export (" + std::string(why) +
                                                               "); the first load is done by searching");
    bulk_state done;
    done.at = bulk_state::phase::done;
    co_await put(std::move(done));
    source_.reconcile_bell.ring();
}

asio::awaitable<void> exporter::give_up_job() {
    co_await remove_job();
    if (state_.jobs >= most_jobs) {
        co_await fall_back("the server's jobs fail or end too soon");
        co_return;
    }
    bulk_state again;
    again.jobs = state_.jobs;
    co_await put(std::move(again));
    co_await services_.time.wait_for(new_job_pause);
}

asio::awaitable<void> exporter::kick_off() {
    fhir_request request;
    request.path = query();
    request.headers.add("Prefer", "respond-async");
    asked got = co_await ask(services_, source_, std::move(request));
    if (got.what == meaning::later) {
        co_await pause(got.retry_after);
        co_return;
    }
    const std::string_view location = got.answer.headers["Content-Location"];
    if (got.what != meaning::ok || location.empty() || location.find_first_of("\r\n ") != std::string_view::npos) {
        const std::string why = got.what == meaning::ok ? "no Content-Location" : "status " + std::to_string(got.answer.status);
        co_await fall_back(why);
        co_return;
    }
    attempts_ = 0;
    bulk_state s;
    s.at = bulk_state::phase::waiting;
    s.status_url = fhir::resolve_url(location, got.answer.url);
    s.jobs = state_.jobs + 1;
    log_info("bulk.started", {{"source", source_.config.name}, {"job", s.jobs}});
    co_await put(std::move(s));
}

asio::awaitable<void> exporter::poll() {
    fhir_request request;
    request.path = state_.status_url;
    request.headers.add("Accept", "application/json");
    asked got = co_await ask(services_, source_, std::move(request));
    if (got.what == meaning::ok && got.answer.status != 202) {
        attempts_ = 0;
        const bool read = co_await manifest(std::move(got.answer));
        if (!read)
            co_await give_up_job();
        co_return;
    }
    if (got.what == meaning::ok) {
        const duration_ms hint = std::min(got.retry_after, longest_asked);
        const duration_ms own = std::min(first_poll << std::min(attempts_++, 8U), longest_poll);
        co_await services_.time.wait_for(hint > 0 ? std::max(hint, second_ms) : own);
        co_return;
    }
    fhir::json::parser parser;
    const auto tree = parser.parse_copy(got.answer.body);
    const bool told = tree && !fhir::outcome_codes(*tree).empty();
    // An outcome of the server's is about the job; without one it is about the way there.
    if (told ? fhir::outcome_transient(*tree) || got.answer.status == 429 : got.what == meaning::later)
        co_await pause(got.retry_after);
    else
        co_await give_up_job();
}

/// Reads the manifest and its further pages (v3).
asio::awaitable<bool> exporter::manifest(fhir_answer answer) {
    bulk_state s = state_;
    s.files.clear();
    s.time.clear();
    s.next = 0;
    std::string next;
    for (unsigned page = 0;; ++page) {
        if (!read_manifest(answer.body, answer.url, s, next))
            co_return false;
        if (next.empty())
            break;
        if (page >= most_manifest_pages || !source_.client->same_origin(next))
            co_return false;
        asked got = co_await get(services_, source_, next);
        for (unsigned attempt = 0; got.what == meaning::later && attempt < 3; ++attempt) {
            co_await services_.time.wait_for(patience(services_, attempt, got.retry_after));
            got = co_await get(services_, source_, next);
        }
        if (got.what != meaning::ok)
            co_return false;
        answer = std::move(got.answer);
    }
    s.at = bulk_state::phase::files;
    log_info("bulk.ready", {{"source", source_.config.name}, {"files", s.files.size()}});
    co_await put(std::move(s));
    co_return true;
}

asio::awaitable<exporter::file_end> exporter::stream(const bulk_file& file, bulk_state after) {
    line_cutter cutter;
    const bool journaled = file.kind != "error";
    const std::string what = "$export " + file.kind;
    const auto pass_on = [&](std::string_view bytes) -> asio::awaitable<bool> {
        cutter.add(bytes);
        for (std::string piece = cutter.take(); !piece.empty(); piece = cutter.take()) {
            if (!journaled)
                continue;
            co_await room(services_);
            std::vector<journal_item> rows;
            rows.push_back(fetched(services_, source_, what, std::move(piece), arrival::lines));
            co_await keep(services_, std::move(rows));
        }
        co_return true;
    };
    // Pre-signed URLs do not want a token, and other origins must not see it.
    const bool token = state_.token && source_.client->same_origin(file.url);
    std::function<asio::awaitable<bool>(std::string_view)> chunk = std::ref(pass_on);
    net_result<fhir_answer> sent = co_await source_.client->stream(file.url, token, idle, std::move(chunk));
    asked got = told(services_, source_, std::move(sent));
    if (got.what == meaning::later) {
        co_await pause(got.retry_after);
        co_return file_end::again;
    }
    if (got.what != meaning::ok)
        co_return file_end::expired; // 404 and 410; 403 of a signature that is too old
    std::string rest = cutter.rest();
    services_.figures.count("trialgate_pull_pages_total", {{"source", source_.config.name}, {"kind", "bulk"}});
    if (!journaled || cutter.too_long() > 0)
        log_info("bulk.file", {{"source", source_.config.name}, {"kind", file.kind}, {"lines", cutter.lines()}, {"too_long", cutter.too_long()}});
    std::vector<journal_item> rows;
    if (journaled && !rest.empty())
        rows.push_back(fetched(services_, source_, what, std::move(rest), arrival::lines));
    const std::function<void(store&)> mark = [name = name_, text = after.to_text()](store& into) { into.value_put(name, text); };
    co_await keep(services_, std::move(rows), mark);
    state_ = std::move(after);
    co_return file_end::whole;
}

asio::awaitable<void> exporter::next_file() {
    const bulk_file file = state_.files[state_.next];
    bulk_state after = state_;
    ++after.next;
    const file_end end = co_await stream(file, std::move(after));
    if (end == file_end::whole)
        attempts_ = 0;
    else if (end == file_end::expired)
        co_await give_up_job();
}

/// The server may forget the job; best effort.
asio::awaitable<void> exporter::remove_job() {
    if (state_.status_url.empty() || !source_.client->same_origin(state_.status_url))
        co_return;
    fhir_request request;
    request.method = "DELETE";
    request.path = state_.status_url;
    net_result<fhir_answer> ignored = co_await source_.client->send(std::move(request));
    if (ignored.has_error() && ignored.error().code == net_errc::cancelled)
        throw boost::system::system_error(asio::error::operation_aborted);
}

asio::awaitable<void> exporter::finish() {
    const auto at = fhir::parse_instant(state_.time);
    std::vector<std::string> cursors;
    for (const std::string& type : source_.types)
        for (const char* kind : {"cursor", "history"})
            cursors.push_back(cursor_name(kind, source_, type));
    const std::function<void(store&)> work = [name = name_, cursors, at](store& into) {
        for (const std::string& cursor : cursors)
            if (const auto before = stored_instant(into, cursor); at && (!before || *before < *at))
                into.value_put(cursor, to_text(*at));
        into.value_put(name, "done");
    };
    co_await keep(services_, {}, work);
    log_info("bulk.done", {{"source", source_.config.name}, {"files", state_.files.size()}});
    services_.faults.clear(fault_key(source_, "", "bulk"));
    source_.reconcile_bell.ring();
    co_await remove_job();
    state_ = {};
    state_.at = bulk_state::phase::done;
}

asio::awaitable<void> exporter::run() {
    while (!source_.can)
        co_await services_.time.wait_for(second_ms);
    state_ = bulk_state::parse(services_.reading.value(name_).value_or(""));
    while (state_.at != bulk_state::phase::done) {
        if (state_.at == bulk_state::phase::none)
            co_await kick_off();
        else if (state_.at == bulk_state::phase::waiting)
            co_await poll();
        else if (state_.next < state_.files.size())
            co_await next_file();
        else
            co_await finish();
    }
    co_await services_.time.wait_until(std::numeric_limits<instant>::max());
}

} // namespace

asio::awaitable<void> run_bulk(intake_services& services, source_state& source) {
    if (source.config.initial != source_config::first_load::bulk)
        co_await services.time.wait_until(std::numeric_limits<instant>::max());
    exporter mine(services, source);
    const std::function<asio::awaitable<void>()> run = [&mine]() { return mine.run(); };
    co_await forever(services, source, "bulk", run);
}

} // namespace trialgate::gateway
