// Each kind of Subscription by a real round trip: create, wait for `active`, write an Observation of ours, hear of it, delete it, take the
// Subscription off. What the server claims counts for nothing here.
#include "fhir/search.hpp"
#include "gateway/core/async.hpp"
#include "gateway/core/json_text.hpp"
#include "gateway/intake/canary.hpp"
#include "gateway/probe/bench.hpp"
#include "gateway/probe/ear.hpp"

#include <algorithm>

namespace trialgate::gateway::probe {

namespace {

using std::chrono::milliseconds;
using style = fhir::subscription_style;

constexpr milliseconds step{500};

/// The resource with our tag: whoever finds it knows whose it is.
std::string tagged(std::string text, const bench& b) {
    const std::string tag = R"("tag":[{"system":)" + fhir::json::quote(canary_tag_system) + R"(,"code":"probe"},{"system":)" +
                            fhir::json::quote(canary_tag_system) + R"(,"code":"probe-)" + b.run + R"("}])";
    if (const auto meta = text.find(R"("meta":{)"); meta != text.npos)
        text.insert(meta + 8, tag + ',');
    else if (const auto status = text.find(R"("status":)"); status != text.npos)
        text.insert(status, R"("meta":{)" + tag + "},");
    return text;
}

/// One round trip and its state.
class trip {
public:
    trip(bench& b, std::string name, bool nudge) : b_(b), name_(std::move(name)), nudge_(nudge) {}

    asio::awaitable<outcome> go(fhir::subscription_request r) {
        r.reason = "trialgate probe " + b_.run;
        r.endpoint = b_.listener->endpoint(name_);
        r.end = to_text(b_.started + hour_ms);
        const std::string path = b_.source.subscription_path;
        const reply made = co_await b_.write("POST", path, tagged(fhir::write_subscription(r), b_));
        evidence_.push_back(made.shown);
        if (!made.ok())
            co_return ended(b_.trouble(made, "the Subscription cannot be created"));
        const auto view = fhir::read_subscription(made.tree);
        const std::string where = b_.written.empty() ? std::string() : b_.written.back();
        std::string status = view ? view->status : std::string();
        const bool active = co_await until_active(where, status);
        outcome out = ended(fails("the Subscription does not become active: it stays " + (status.empty() ? "unreadable" : status)));
        if (active)
            out = co_await hear_of_one();
        fhir_request off;
        off.method = "DELETE";
        off.path = where;
        const reply gone = co_await b_.ask(std::move(off));
        if (gone.ok())
            std::erase(b_.written, where);
        b_.subscription_active_status = b_.subscription_active_status || status == "active";
        co_return out;
    }

private:
    outcome ended(outcome o) {
        o.evidence = evidence_;
        return o;
    }

    asio::awaitable<bool> until_active(const std::string& where, std::string& status) {
        const auto tries = std::max<std::int64_t>(3, b_.options.patience.count() / 1000);
        for (std::int64_t i = 0; i < tries && status != "active" && status != "error"; ++i) {
            if (i > 0)
                co_await b_.pause(milliseconds(1'000));
            const reply r = co_await b_.get(where);
            const auto view = fhir::read_subscription(r.tree);
            if (view)
                status = view->status;
            if (!r.ok() || status == "active" || i + 1 == tries)
                evidence_.push_back(r.shown + ", status " + (status.empty() ? "none" : status));
            if (!r.ok())
                break;
        }
        co_return status == "active";
    }

    bool about(const std::string& what, bool deletion) {
        const auto& all = b_.listener->of(name_);
        return std::any_of(all.begin(), all.end(), [&](const heard& h) {
            return (nudge_ && h.kind == "nudge") ||
                   ((!deletion || h.deletion) && std::find(h.about.begin(), h.about.end(), what) != h.about.end());
        });
    }

    asio::awaitable<bool> wait_for(const std::string& what, bool deletion, milliseconds patience) {
        for (milliseconds waited{0}; !about(what, deletion); waited += step) {
            if (waited >= patience)
                co_return false;
            co_await b_.pause(step);
        }
        co_return true;
    }

    asio::awaitable<outcome> hear_of_one() {
        const reply made = co_await b_.write("POST", "Observation", b_.synthetic(name_));
        evidence_.push_back(made.shown);
        if (!made.ok() || b_.written.empty() || !b_.written.back().starts_with("Observation/"))
            co_return ended(b_.trouble(made, "the Observation that should be told of cannot be created"));
        const std::string what = b_.written.back();
        const auto since = std::chrono::steady_clock::now();
        const bool came = co_await wait_for(what, false, b_.options.patience);
        const auto took = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - since);
        bool told_of_deletion = false;
        if (came && !nudge_) {
            fhir_request off;
            off.method = "DELETE";
            off.path = what;
            const reply gone = co_await b_.ask(std::move(off));
            if (gone.ok()) {
                std::erase(b_.written, what);
                told_of_deletion = co_await wait_for(what, true, std::min(b_.options.patience, milliseconds(5'000)));
            }
        }
        const auto& all = b_.listener->of(name_);
        for (const heard& h : all)
            if (evidence_.size() < 8)
                evidence_.push_back("heard: " + h.method + ' ' + (h.tail.empty() ? "" : "Type/{id} ") + h.kind +
                                    (h.deletion ? ", deletion" : ""));
        if (!came)
            co_return ended(fails(all.empty() ? "the Subscription is active, and nothing came within " +
                                                    std::to_string(b_.options.patience.count() / 1000) + " s"
                                              : "notifications come, but none about what was written"));
        std::string reason = "heard of a new Observation";
        if (b_.book->rules().paced)
            reason += " after " + std::to_string(std::max<std::int64_t>(1, (took.count() + 500) / 1000)) + " s or less";
        if (!nudge_)
            reason += told_of_deletion ? "; deletions are told" : "; deletions are not told";
        co_return ended(works(std::move(reason)));
    }

    bench& b_;
    std::string name_;
    bool nudge_;
    std::vector<std::string> evidence_;
};

std::optional<outcome> no_ear(const bench& b) {
    if (b.listener)
        return std::nullopt;
    return untested(
        "needs a place where the server reaches us: --listen ADDRESS:PORT, and --public-url when that is not how the server reaches it");
}

bool criteria_possible(const bench& b) { return !b.can || b.can->version != fhir::release::r5; }

asio::awaitable<outcome> criteria(bench& b, std::string name, std::string content) {
    if (auto none = no_ear(b))
        co_return *none;
    if (!criteria_possible(b))
        co_return untested("R5 has no criteria Subscriptions");
    fhir::subscription_request r;
    r.criteria = "Observation?";
    r.status = b.source.subscription_status;
    r.content = content;
    trip t(b, name, content == "empty");
    outcome out = co_await t.go(std::move(r));
    if (out.result == verdict::works && b.subscription_kind.empty())
        b.subscription_kind = "rest-hook";
    co_return out;
}

asio::awaitable<outcome> rest_hook(bench& b) { return criteria(b, "rest-hook", "full-resource"); }
asio::awaitable<outcome> rest_hook_empty(bench& b) { return criteria(b, "rest-hook-empty", "empty"); }

asio::awaitable<outcome> topic(bench& b) {
    if (auto none = no_ear(b))
        co_return *none;
    source_config config = b.source;
    std::vector<fhir::topic_view> offered;
    std::vector<std::string> evidence;
    if (b.can)
        for (const std::string& path : topic_searches(config, *b.can)) {
            const reply r = co_await b.get(path);
            evidence.push_back(r.shown);
            for (auto& t : fhir::read_topics(r.tree))
                offered.push_back(std::move(t));
        }
    // The one that an Observation fires; else whatever is named.
    std::string url;
    for (const auto& t : offered)
        if (std::find(t.resources.begin(), t.resources.end(), "Observation") != t.resources.end() && url.empty())
            url = t.url;
    if (url.empty() && !config.topics.empty())
        url = config.topics.front();
    if (url.empty() && b.can && !b.can->topics.empty())
        url = b.can->topics.front();
    if (url.empty())
        co_return untested(offered.empty() ? "the server offers no topic" : "no topic that the server offers is fired by an Observation",
                           std::move(evidence));
    fhir::subscription_request r;
    const auto release = release_of(config, b.can ? &*b.can : nullptr);
    r.style = release == fhir::release::r5 ? style::r5 : release == fhir::release::r4b ? style::backport_r4b : style::backport_r4;
    r.topic = url;
    r.heartbeat = 60;
    trip t(b, "topic", false);
    outcome out = co_await t.go(std::move(r));
    out.evidence.insert(out.evidence.begin(), evidence.begin(), evidence.end());
    if (out.result == verdict::works) {
        b.subscription_kind = "topic";
        for (const auto& one : offered)
            if (std::find(one.resources.begin(), one.resources.end(), "Observation") != one.resources.end())
                b.topics.push_back(one.url);
        if (b.topics.empty())
            b.topics.push_back(url);
    }
    co_return out;
}

asio::awaitable<outcome> web_socket(bench& b) {
    if (!b.can || b.can->websocket_url.empty())
        co_return untested("the server names no WebSocket address");
    if (b.options.recording)
        co_return untested("WebSockets are not recorded");
    if (!criteria_possible(b))
        co_return untested("only WebSockets of R4 criteria are tried");
    fhir::subscription_request r;
    r.criteria = "Observation?";
    r.websocket = true;
    r.reason = "trialgate probe " + b.run;
    r.end = to_text(b.started + hour_ms);
    r.status = b.source.subscription_status;
    const reply made = co_await b.write("POST", b.source.subscription_path, tagged(fhir::write_subscription(r), b));
    std::vector<std::string> evidence{made.shown};
    if (!made.ok())
        co_return b.trouble(made, "the Subscription cannot be created");
    const std::string id = b.written.back().substr(b.written.back().rfind('/') + 1);
    http_client_options o;
    o.tls = b.trust;
    http_headers headers;
    const auto access = co_await b.client->handshake_authorization(b.can->websocket_url, b.options.request_deadline);
    if (access && !access->empty())
        headers.add("Authorization", *access);
    auto socket = co_await open_websocket(b.can->websocket_url, headers, o, b.options.request_deadline, 1 << 20);
    if (!socket)
        co_return fails("the WebSocket cannot be opened: " + socket.error().text, std::move(evidence));
    const auto sent = co_await (*socket)->send("bind " + id);
    const auto bound = co_await (*socket)->receive(b.options.patience);
    if (!sent || !bound || !bound->starts_with("bound"))
        co_return fails("the WebSocket does not bind our Subscription", std::move(evidence));
    const reply written = co_await b.write("POST", "Observation", b.synthetic("websocket"));
    evidence.push_back(written.shown);
    const auto ping = co_await (*socket)->receive(b.options.patience);
    co_await (*socket)->close();
    if (!ping || !ping->starts_with("ping"))
        co_return fails("the WebSocket is bound, and nothing came about what was written", std::move(evidence));
    if (b.subscription_kind.empty())
        b.subscription_kind = "websocket";
    co_return works("a ping came for a new Observation", std::move(evidence));
}

} // namespace

std::vector<check> subscription_checks() {
    const unsigned needs = need::answer | need::access | need::write | need::created;
    const char* section = "subscriptions";
    return {
        {{"subscription.topic", section, "Topic Subscription, there and back", "topic", needs, false}, topic},
        {{"subscription.rest-hook", section, "Criteria Subscription with payload, there and back", "rest-hook", needs, false}, rest_hook},
        {{"subscription.rest-hook-empty", section, "Criteria Subscription without payload, there and back", "rest-hook-empty", needs,
          false},
         rest_hook_empty},
        {{"subscription.websocket", section, "Criteria Subscription by WebSocket, there and back", "websocket", needs, false}, web_socket},
    };
}

} // namespace trialgate::gateway::probe
