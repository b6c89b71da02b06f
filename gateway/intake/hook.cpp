#include "gateway/intake/hook.hpp"

#include "fhir/scan.hpp"
#include "gateway/core/crypto.hpp"

#include <algorithm>
#include <functional>
#include <utility>

namespace trialgate::gateway {

namespace {

constexpr duration_ms count_every = 100;
constexpr duration_ms write_heard_every = 10 * second_ms;

constexpr std::string_view fhir_json = "application/fhir+json";
constexpr std::string_view bundle_answer = R"({"resourceType":"Bundle","type":"transaction-response"})";
constexpr std::string_view resource_answer =
    R"({"resourceType":"OperationOutcome","issue":[{"severity":"information","code":"informational"}]})";
constexpr std::string_view overload_answer = R"({"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"throttled"}]})";
constexpr std::string_view failure_answer = R"({"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"no-store"}]})";

struct known_hook {
    std::string source, name;
    std::string token_digest; ///< SHA-256: all of one length, so that comparing tells nothing about a token
    std::string authorization; ///< "Bearer <secret>"; empty: the path alone counts
    std::string hmac_key;      ///< empty: none
    instant heard_written = 0; ///< last_heard as the store has it, or soon will
};

/// Where a request wants to go: "/in/{token}/{name}[/tail]".
struct hook_path {
    std::string_view token, name, tail;
};

std::optional<hook_path> read_path(std::string_view target) {
    target = target.substr(0, target.find_first_of("?#"));
    constexpr std::string_view root = "/in/";
    if (!target.starts_with(root))
        return std::nullopt;
    target.remove_prefix(root.size());
    const auto cut = [&] {
        const std::string_view segment = target.substr(0, target.find('/'));
        target.remove_prefix(std::min(target.size(), segment.size() + 1));
        return segment;
    };
    hook_path out;
    out.token = cut();
    out.name = cut();
    target.remove_prefix(std::min(target.size(), target.find_first_not_of('/')));
    out.tail = target;
    return out;
}

/// True when a signature over `body` is there and right. Medplum: X-Signature, hex; WebSub (athenahealth): X-Hub-Signature, "sha256=" and hex.
bool signed_rightly(const http_request& request, std::string_view key) {
    const std::string expected = hmac_sha256(key, request.body);
    bool right = false;
    for (const std::string_view name : {"X-Signature", "X-Hub-Signature", "X-Hub-Signature-256"}) {
        std::string_view given = request.headers[name];
        if (given.starts_with("sha256="))
            given.remove_prefix(7);
        const auto bytes = from_hex(given);
        right = (bytes && same_secret(*bytes, expected)) || right;
    }
    return right;
}

/// The lines of a journal row: the few headers that carry meaning.
std::string kept_headers(const http_headers& all) {
    std::string out;
    for (const std::string_view name : {"X-Medplum-Deleted-Resource", "X-Medplum-Interaction", "Content-Type"}) {
        const std::string_view value = all[name];
        if (value.empty() || value.find_first_of("\r\n") != std::string_view::npos)
            continue;
        out.append(name).append(": ").append(value).append("\n");
    }
    return out;
}

std::string_view without_space(std::string_view text) noexcept {
    if (text.starts_with("\xEF\xBB\xBF"))
        text.remove_prefix(3);
    const auto first = text.find_first_not_of(" \t\r\n");
    return first == std::string_view::npos ? std::string_view{} : text.substr(first);
}

/// The bytes of the JSON string, number, array or other value at the beginning of `text`; 0 when it does not end.
std::size_t length_of_value(std::string_view text) noexcept {
    if (text.starts_with('{') || text.starts_with('['))
        return fhir::scan::balanced_length(text).value_or(0);
    if (!text.starts_with('"'))
        return std::min(text.size(), text.find_first_of(",}] \t\r\n"));
    for (std::size_t i = 1; i < text.size(); ++i) {
        if (text[i] == '\\')
            ++i;
        else if (text[i] == '"')
            return i + 1;
    }
    return 0;
}

/// By the text alone: the members before resourceType are passed over, wherever it stands. What is no JSON gives false.
bool looks_like_bundle(std::string_view body) noexcept {
    body = without_space(body);
    if (!body.starts_with('{'))
        return false;
    for (body = without_space(body.substr(1)); body.starts_with('"');) {
        const std::size_t key_length = length_of_value(body);
        const std::string_view key = body.substr(0, key_length);
        body = without_space(body.substr(key_length));
        if (key_length == 0 || !body.starts_with(':'))
            return false;
        body = without_space(body.substr(1));
        const std::size_t length = length_of_value(body);
        if (key == "\"resourceType\"")
            return body.substr(0, length) == "\"Bundle\"";
        body = without_space(body.substr(length));
        if (length == 0 || !body.starts_with(','))
            return false;
        body = without_space(body.substr(1));
    }
    return false;
}

http_response answered(int status, std::string_view body = {}) {
    http_response out;
    out.status = status;
    if (!body.empty()) {
        out.headers.add("Content-Type", std::string(fhir_json));
        out.body = body;
    }
    return out;
}

http_response later(std::string_view body, const char* seconds) {
    http_response out = answered(503, body);
    out.headers.add("Retry-After", seconds);
    return out;
}

/// Senders differ in what they take for success; this body pleases each (fhir-protocol.md, section 0). Exactly 200: fhir-candle takes 201 for failure.
http_response accepted(std::string_view method, bool bundle, bool empty) {
    if (empty || method == "DELETE")
        return answered(200);
    return answered(200, bundle && method == "POST" ? bundle_answer : resource_answer);
}

} // namespace

struct hook_endpoint::state {
    explicit state(intake_services given) : services(std::move(given)) {}

    std::shared_ptr<known_hook> find(const hook_path& path) const;
    bool overloaded(std::size_t more);
    boost::asio::awaitable<commit_outcome> journal(journal_item item, std::shared_ptr<known_hook> hook);
    void count(const std::string& source, std::string_view outcome) {
        services.figures.count("trialgate_notifications_total", {{"source", source}, {"outcome", outcome}});
    }

    intake_services services;
    std::map<std::string, std::string> hmac;
    std::vector<std::shared_ptr<known_hook>> hooks;
    journal_counts counted;             ///< as last asked for, plus what was appended since
    std::optional<instant> counted_at;
    bool full = true;                   ///< the fault may be raised: after a start the store may remember one
};

std::shared_ptr<known_hook> hook_endpoint::state::find(const hook_path& path) const {
    const std::string digest = sha256(path.token);
    std::shared_ptr<known_hook> found;
    // Without a break: a hit takes as long as a miss.
    for (const auto& hook : hooks)
        if (same_secret(hook->token_digest, digest) && hook->name == path.name)
            found = hook;
    return found;
}

bool hook_endpoint::state::overloaded(std::size_t more) {
    const limits_config& most = services.limits;
    if (services.writer.waiting() >= most.commits_waiting)
        return true;
    const instant now = services.time.now();
    if (!counted_at || now < *counted_at || now - *counted_at >= count_every) {
        try {
            counted = services.reading.journal_count();
        } catch (const store_error&) { // the commit will tell what is wrong
        }
        counted_at = now;
    }
    if (counted.rows >= most.journal_rows || counted.bytes >= most.journal_bytes)
        return true;
    counted.rows += 1;
    counted.bytes += static_cast<std::int64_t>(more);
    return false;
}

boost::asio::awaitable<commit_outcome> hook_endpoint::state::journal(journal_item item, std::shared_ptr<known_hook> hook) {
    const instant now = services.time.now();
    item.kind = arrival::hook;
    item.received = now;
    // An upsert for each event would cost two or three times the commit; `last_heard` serves watchdogs that think in minutes.
    const instant before = hook ? hook->heard_written : 0;
    const bool write_heard = hook && (now - before >= write_heard_every || now < before);
    if (write_heard)
        hook->heard_written = now;
    std::function<void(store&)> work = [kept = std::move(item), write_heard](store& s) {
        s.journal_append(kept);
        if (!write_heard)
            return;
        if (auto row = s.subscription(kept.source, kept.channel)) {
            row->last_heard = kept.received;
            s.subscription_put(*row);
        }
    };
    commit_outcome outcome = co_await committed(services.writer, std::move(work));
    if (outcome) {
        if (write_heard)
            hook->heard_written = before;
        if (outcome->what_kind() == store_error::kind::full) {
            full = true;
            services.faults.raise("store.full", "no space is left for the journal: notifications are refused");
        }
        co_return outcome;
    }
    if (std::exchange(full, false))
        services.faults.clear("store.full");
    services.journal_grew.ring();
    co_return outcome;
}

hook_endpoint::hook_endpoint(intake_services services) : state_(std::make_unique<state>(std::move(services))) {}
hook_endpoint::~hook_endpoint() = default;

void hook_endpoint::refresh(std::map<std::string, std::string> hmac_by_source) {
    hmac_by_source.merge(std::map(state_->hmac));
    std::vector<std::shared_ptr<known_hook>> read;
    for (const auto& [source, key] : hmac_by_source)
        for (const subscription_row& row : state_->services.reading.subscriptions(source)) {
            if (row.token.empty())
                continue;
            const auto hook = std::make_shared<known_hook>();
            hook->source = source;
            hook->name = row.name;
            hook->token_digest = sha256(row.token);
            hook->authorization = row.secret.empty() ? "" : "Bearer " + row.secret;
            hook->hmac_key = key;
            hook->heard_written = row.last_heard;
            read.push_back(hook);
        }
    state_->hmac = std::move(hmac_by_source);
    state_->hooks = std::move(read);
}

boost::asio::awaitable<http_response> hook_endpoint::answer(http_request request) {
    state& s = *state_;
    const auto path = read_path(request.target);
    const std::shared_ptr<known_hook> hook = path ? s.find(*path) : nullptr;
    if (!hook)
        co_return answered(404);

    const bool allowed = hook->authorization.empty() || same_secret(request.headers["Authorization"], hook->authorization);
    if (!allowed || (!hook->hmac_key.empty() && !signed_rightly(request, hook->hmac_key))) {
        s.count(hook->source, "unauthenticated");
        http_response refused = answered(401);
        refused.headers.add("WWW-Authenticate", "Bearer");
        co_return refused;
    }
    if (request.method != "POST" && request.method != "PUT" && request.method != "DELETE") {
        s.count(hook->source, "refused");
        http_response refused = answered(405);
        refused.headers.add("Allow", "POST, PUT, DELETE");
        co_return refused;
    }
    if (s.overloaded(request.body.size())) {
        s.count(hook->source, "overload");
        co_return later(overload_answer, "5");
    }

    const bool empty = without_space(request.body).empty();
    const http_response good = accepted(request.method, !empty && looks_like_bundle(request.body), empty);
    journal_item item;
    item.source = hook->source;
    item.channel = hook->name;
    item.method = request.method;
    item.tail = path->tail;
    item.headers = kept_headers(request.headers);
    item.body = std::move(request.body);
    const commit_outcome failed = co_await s.journal(std::move(item), hook);
    if (failed) {
        s.count(hook->source, "failed");
        const bool soon = failed->what_kind() == store_error::kind::busy || failed->what_kind() == store_error::kind::closed;
        co_return later(failure_answer, soon ? "5" : "30");
    }
    s.count(hook->source, "accepted");
    co_return good;
}

boost::asio::awaitable<bool> hook_endpoint::take(std::string source, std::string subscription, std::string text) {
    state& s = *state_;
    if (s.overloaded(text.size())) {
        s.count(source, "overload");
        co_return false;
    }
    std::shared_ptr<known_hook> hook;
    for (const auto& known : s.hooks)
        if (known->source == source && known->name == subscription)
            hook = known;
    journal_item item;
    item.source = source;
    item.channel = subscription;
    item.method = "POST";
    item.headers = "Content-Type: application/fhir+json\n";
    item.body = std::move(text);
    const commit_outcome failed = co_await s.journal(std::move(item), hook);
    s.count(source, failed ? "failed" : "accepted");
    co_return !failed;
}

} // namespace trialgate::gateway
