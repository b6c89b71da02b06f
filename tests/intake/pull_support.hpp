// A hospital server made of a script, and everything that pulling needs around it: a clock that stands still, a real store, a committer that commits
// at once. Nothing runs but on the one io_context, so that `settle` returns when nothing more can happen before the clock moves.
#pragma once

#include "fhir/instant.hpp"
#include "fhir/search.hpp"
#include "gateway/core/async.hpp"
#include "gateway/intake/pull_tools.hpp"
#include "gateway/intake/runners.hpp"
#include "tests/support/scratch_folder.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <deque>
#include <filesystem>

namespace trialgate::gateway {

inline constexpr const char* base_url = "https://ehr.example.org/fhir";

inline instant at(std::string_view text) {
    const auto read = fhir::parse_instant(text);
    REQUIRE(read.has_value());
    return *read;
}

class inline_committer final : public committer {
public:
    explicit inline_committer(store& into) : into_(into) {}
    void submit(std::function<void(store&)> work, std::function<void(commit_outcome)> done) override {
        commit_outcome out = std::exchange(fail_next, std::nullopt);
        if (!out) {
            into_.begin();
            try {
                work(into_);
                into_.commit();
            } catch (const store_error& e) {
                into_.rollback();
                out = e;
            }
        }
        if (done)
            done(out);
    }
    std::size_t waiting() const noexcept override { return 0; }
    figures counted() const override { return {}; }
    void stop() override {}
    commit_outcome fail_next;

private:
    store& into_;
};

/// One expected request and what it is answered with.
struct exchange {
    std::string request; ///< "GET Observation?patient=p1"; below the base, or absolute elsewhere
    fhir_answer answer;
    std::optional<net_error> failure;
    bool tells_time = true; ///< with a Date header: the standing clock's time
    std::vector<std::string> pieces; ///< of a stream
};

inline exchange answered(std::string request, int status, std::string body = {}) {
    exchange out;
    out.request = std::move(request);
    out.answer.status = status;
    out.answer.body = std::move(body);
    return out;
}
inline exchange ok(std::string request, std::string body) { return answered(std::move(request), 200, std::move(body)); }
inline exchange failed(std::string request, net_errc code) {
    exchange out;
    out.request = std::move(request);
    out.failure = net_error{code, false, "cannot reach ehr.example.org:443"};
    return out;
}

/// Strict: a request that is not the next of the script (or, `any_order`, not in it) is remembered as unexpected and fails.
class scripted_client final : public fhir_client {
public:
    explicit scripted_client(clock& time) : time_(time) {}
    void expect(exchange e) { script.push_back(std::move(e)); }

    asio::awaitable<net_result<fhir_answer>> send(fhir_request request) override {
        co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
        headers.push_back(request.headers);
        exchange e = take(request.method + ' ' + below(request.path));
        if (e.failure)
            co_return *e.failure;
        e.answer.url = absolute(request.path);
        co_return std::move(e.answer);
    }
    asio::awaitable<net_result<fhir_answer>> stream(std::string url, bool with_token, std::chrono::milliseconds,
                                                    std::function<asio::awaitable<bool>(std::string_view)> chunk) override {
        co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
        exchange e = take((with_token ? "STREAM+TOKEN " : "STREAM ") + below(url));
        for (const std::string& piece : e.pieces) {
            const bool more = co_await chunk(piece);
            if (!more)
                break;
        }
        if (e.failure)
            co_return *e.failure;
        e.answer.url = url;
        co_return std::move(e.answer);
    }
    const std::string& base() const noexcept override { return base_; }
    bool same_origin(std::string_view url) const override {
        const auto there = parse_url(absolute(std::string(url))), here = parse_url(base_);
        return there && here && there->origin() == here->origin();
    }
    breaker_state breaker() const noexcept override { return breaker_state::closed; }
    unsigned failures() const noexcept override { return 0; }

    std::deque<exchange> script;
    std::vector<std::string> unexpected, asked;
    std::vector<http_headers> headers;
    bool any_order = false;

private:
    std::string absolute(const std::string& path) const { return path.find("://") == std::string::npos ? base_ + '/' + path : path; }
    std::string below(const std::string& path) const {
        return path.starts_with(base_) && path.size() > base_.size() && path[base_.size()] == '/' ? path.substr(base_.size() + 1) : path;
    }
    exchange take(const std::string& request) {
        asked.push_back(request);
        for (auto it = script.begin(); it != script.end(); it = any_order ? it + 1 : script.end())
            if (it->request == request) {
                exchange out = std::move(*it);
                script.erase(it);
                if (out.tells_time && !out.answer.date)
                    out.answer.date = time_.now();
                return out;
            }
        unexpected.push_back(request);
        return failed(request, net_errc::connect);
    }
    clock& time_;
    std::string base_ = base_url;
};

inline std::string resource(const std::string& type, const std::string& id, const std::string& updated, const std::string& more = {}) {
    return R"({"resourceType":")" + type + R"(","id":")" + id + R"(","meta":{"versionId":"1","lastUpdated":")" + updated + "\"}" +
           (more.empty() ? "" : "," + more) + "}";
}

/// A searchset of resources. `self` and `next` are left out when empty.
inline std::string searchset(const std::vector<std::string>& resources, const std::string& next = {}, const std::string& self = {},
                             const std::string& type = "searchset") {
    std::string out = R"({"resourceType":"Bundle","type":")" + type + R"(","link":[)";
    if (!self.empty())
        out += R"({"relation":"self","url":")" + self + "\"}";
    if (!next.empty())
        out += std::string(self.empty() ? "" : ",") + R"({"relation":"next","url":")" + next + "\"}";
    out += R"(],"entry":[)";
    for (const std::string& r : resources)
        out += (&r == resources.data() ? "" : ",") + std::string(R"({"resource":)") + r + "}";
    return out + "]}";
}

/// Everything around one source.
struct pulling {
    trialgate::tests::scratch_folder folder;
    asio::io_context io;
    std::shared_ptr<manual_clock> time = make_manual_clock(at("2026-03-15T10:00:00Z"));
    std::unique_ptr<store> kept = open_sqlite(folder.path().string());
    inline_committer writer{*kept};
    fault_board faults{time, {}};
    metrics figures;
    intake_services services{writer, *kept, *time, faults, figures, {}, [] { return 0.5; }, {}};
    source_state source;
    scripted_client* server = nullptr;
    std::vector<std::unique_ptr<asio::cancellation_signal>> running;
    std::size_t ended = 0;

    explicit pulling(std::set<std::string> types = {"Observation"}) {
        source.config.name = "ehr";
        source.config.url = base_url;
        source.types = types;
        fhir::capability can;
        can.version = fhir::release::r4;
        for (const std::string& type : types) {
            can.resources[type].search = true;
            can.resources[type].read = true;
        }
        source.can = can;
        auto client = std::make_unique<scripted_client>(*time);
        server = client.get();
        source.client = std::move(client);
    }
    ~pulling() { stop(); }

    void start(asio::awaitable<void> what) {
        running.push_back(std::make_unique<asio::cancellation_signal>());
        asio::co_spawn(io, std::move(what), asio::bind_cancellation_slot(running.back()->slot(), [this](std::exception_ptr) { ++ended; }));
        settle();
    }
    /// As a shutdown: every runner must end when it is told to.
    void stop() {
        for (const auto& signal : running)
            signal->emit(asio::cancellation_type::all);
        settle();
        CHECK(ended == running.size());
        running.clear();
        ended = 0;
    }
    void settle() {
        for (int quiet = 0; quiet < 3;) {
            io.restart();
            quiet = io.poll() > 0 ? 0 : quiet + 1;
        }
    }
    void pass(duration_ms d) {
        time->set(time->now() + d);
        settle();
    }
    /// Everything expected was asked, and nothing else.
    void check_script() const {
        CHECK(server->unexpected == std::vector<std::string>{});
        for (const exchange& e : server->script)
            FAIL_CHECK("not asked: " << e.request);
    }
    std::vector<journal_row> journal() { return kept->journal_after(0, 1'000, std::size_t{1} << 30); }
    std::string value(const std::string& name) { return kept->value(name).value_or("(none)"); }
    void put(const std::string& name, const std::string& text) {
        kept->begin();
        kept->value_put(name, text);
        kept->commit();
    }
    void add_job(job_kind kind, const std::string& target) {
        job j;
        j.source = "ehr";
        j.kind = kind;
        j.target = target;
        j.not_before = time->now();
        kept->begin();
        kept->job_add(j);
        kept->commit();
    }
    std::vector<std::string> fault_keys() const {
        std::vector<std::string> out;
        for (const fault_row& f : faults.current())
            out.push_back(f.key);
        return out;
    }
};

} // namespace trialgate::gateway
