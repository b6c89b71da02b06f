// Is it there, is it what it says, may we in: everything before the first resource. And what is told of the whole run at its end.
#include "fhir/search.hpp"
#include "gateway/core/async.hpp"
#include "gateway/probe/bench.hpp"

#include <algorithm>

namespace trialgate::gateway::probe {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds slow{2'000}, too_slow{8'000};
constexpr duration_ms clock_tolerance = 2 * minute_ms;

std::string ms_text(milliseconds d) {
    return d.count() < 10'000 ? std::to_string(d.count()) + " ms" : std::to_string(d.count() / 1000) + " s";
}

std::string media_type(std::string_view header) {
    std::string out(header.substr(0, header.find(';')));
    while (!out.empty() && out.back() == ' ')
        out.pop_back();
    return out;
}

asio::awaitable<outcome> connect(bench& b) {
    const reply r = co_await b.get("metadata");
    if (r.error) {
        b.no_answer = r.error->text;
        // Whoever refuses our handshake has been reached.
        if (r.error->code == net_errc::tls)
            co_return works("a connection is made; TLS fails (see tls.certificate)", {r.shown});
        if (r.error->code == net_errc::bad_url)
            co_return untested("not asked: " + r.error->text);
        co_return b.trouble(r, "no answer");
    }
    b.answered = true;
    outcome out = works("the server answers", {r.shown});
    if (const auto can = fhir::read_capability(r.tree); r.ok() && can)
        b.can = *can;
    co_return out;
}

asio::awaitable<outcome> tls_used(bench& b) {
    const auto parts = parse_url(b.client->base());
    if (parts->secure())
        co_return works("https");
    if (is_loopback(parts->host)) {
        outcome out = limited("plain http, which trialgate allows on this machine only");
        out.finding = false;
        co_return out;
    }
    co_return fails("plain http to another machine: trialgate does not send patient data or tokens that way; give the https URL");
}

asio::awaitable<outcome> tls_certificate(bench& b) {
    const auto parts = parse_url(b.client->base());
    if (!parts->secure())
        co_return untested("the URL is not https");
    const auto& notes = b.book->notes();
    const bool failed = std::any_of(notes.begin(), notes.end(), [](const exchange_note& n) { return n.error == net_errc::tls; });
    if (failed)
        co_return fails("TLS 1.2 or newer with a trusted certificate for this name is needed: " + b.no_answer);
    if (!b.answered)
        co_return untested(b.no_answer);
    co_return works("TLS 1.2 or newer; the certificate is trusted and for this name");
}

asio::awaitable<outcome> statement(bench& b) {
    if (b.can)
        co_return works("a CapabilityStatement with " + std::to_string(b.can->resources.size()) + " resource types");
    const auto& n = b.book->notes().front();
    co_return fails("metadata is no CapabilityStatement: status " + std::to_string(n.status) + ", Content-Type " +
                    (n.content_type.empty() ? "missing" : media_type(n.content_type)));
}

asio::awaitable<outcome> fhir_version(bench& b) {
    const std::string said = b.can->fhir_version.empty() ? "none" : b.can->fhir_version;
    if (b.can->version == fhir::release::unknown)
        co_return fails("fhirVersion " + said + "; trialgate speaks 4.0 (R4), 4.3 (R4B) and 5.0 (R5)");
    co_return works("fhirVersion " + said + (b.can->software.empty() ? "" : ", " + b.can->software + ' ' + b.can->software_version));
}

asio::awaitable<outcome> smart(bench& b) {
    const reply r = co_await b.get(".well-known/smart-configuration");
    if (r.error)
        co_return b.trouble(r, "smart-configuration");
    if (r.ok() && !r.tree.is_object()) {
        outcome out = fails(
            "smart-configuration is answered with 200 and something that is not JSON: clients cannot tell that there is none", {r.shown});
        out.finding = true;
        co_return out;
    }
    if (!r.ok()) {
        if (b.can && !b.can->token_url.empty())
            co_return limited("no smart-configuration; the CapabilityStatement names a token endpoint", {r.shown});
        co_return fails("no smart-configuration", {r.shown});
    }
    const auto lists = [&](const char* member, std::string_view word) {
        const auto all = r.tree[member].elements();
        return std::any_of(all.begin(), all.end(), [&](const auto& v) { return v.text() == word; });
    };
    if (r.tree["token_endpoint"].text().empty())
        co_return fails("smart-configuration names no token_endpoint", {r.shown});
    if (!lists("token_endpoint_auth_methods_supported", "private_key_jwt"))
        co_return limited("a token endpoint, but private_key_jwt (SMART Backend Services) is not among its methods", {r.shown});
    co_return works("a token endpoint that takes private_key_jwt (SMART Backend Services)", {r.shown});
}

asio::awaitable<outcome> token(bench& b) {
    if (b.source.auth.how == auth_config::method::none)
        co_return untested("no access was given");
    const reply r = co_await b.get("Patient?_count=1");
    if (r.error)
        co_return b.trouble(r, "no access token");
    if (r.denied())
        co_return fails("what we were given is refused with " + std::to_string(r.status()), {r.shown});
    co_return works("the access we were given is accepted", {r.shown});
}

asio::awaitable<outcome> closed(bench& b) {
    if (!b.stranger)
        co_return untested("no access was given: there is nothing to leave out");
    fhir_request q;
    q.path = "Patient?_count=1";
    const reply r = co_await b.ask_as_stranger(std::move(q));
    if (r.error)
        co_return b.trouble(r, "asked without access");
    if (r.ok())
        co_return fails("the server answers Patient searches to anybody", {r.shown});
    co_return works("without access the server answers " + std::to_string(r.status()), {r.shown});
}

// ---- of the whole run ---------------------------------------------------------------------------------------------------------

asio::awaitable<outcome> json_answers(bench& b) {
    std::vector<std::string> bad;
    std::size_t good = 0;
    for (const exchange_note& n : b.book->notes()) {
        if (n.status < 200 || n.status > 299 || n.url.find("/.well-known/") != n.url.npos)
            continue;
        const bool wrong = n.body == exchange_note::kind::html || n.body == exchange_note::kind::other || n.broken;
        const std::string type = media_type(n.content_type);
        if (wrong)
            bad.push_back(shown(n.method, n.url, b.client->base()) + ": " + std::to_string(n.status) + ", " +
                          (n.broken       ? "broken JSON"
                           : type.empty() ? "no Content-Type"
                                          : type));
        else if (n.body == exchange_note::kind::json)
            ++good;
    }
    if (bad.size() > 5)
        bad.resize(5);
    if (!bad.empty())
        co_return fails("successful answers are not FHIR JSON: a login page, a proxy or a viewer stands before the server", std::move(bad));
    if (good == 0)
        co_return untested("no successful answer was seen");
    co_return works(std::to_string(good) + " answers, all of them JSON");
}

asio::awaitable<outcome> speed(bench& b) {
    milliseconds slowest{0};
    std::string which, timed_out;
    std::vector<milliseconds> all;
    for (const exchange_note& n : b.book->notes()) {
        if (n.error == net_errc::timeout)
            timed_out = shown(n.method, n.url, b.client->base());
        if (n.status == 0)
            continue;
        all.push_back(n.took);
        if (n.took > slowest) {
            slowest = n.took;
            which = shown(n.method, n.url, b.client->base());
        }
    }
    if (!timed_out.empty())
        co_return fails("no answer within " + ms_text(b.options.request_deadline), {timed_out + ": timeout"});
    if (all.empty())
        co_return untested("no answer was seen");
    std::nth_element(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2), all.end());
    const std::string figures = "half of the answers within " + ms_text(all[all.size() / 2]) + ", slowest " + ms_text(slowest);
    if (slowest >= too_slow)
        co_return fails("answers take too long: " + figures, {which + ": " + ms_text(slowest)});
    if (slowest >= slow)
        co_return limited(figures, {which + ": " + ms_text(slowest)});
    co_return works(figures);
}

asio::awaitable<outcome> server_clock(bench& b) {
    const reply r = co_await b.get("metadata");
    if (!r.answer)
        co_return b.trouble(r, "metadata");
    if (!r.answer->date)
        co_return limited("no Date header: trialgate counts from Bundle.meta.lastUpdated or the newest resource instead");
    // In a replay the recording's time goes on from when it was made.
    const duration_ms ahead = *r.answer->date - (b.book->rules().paced ? system_clock()->now() : b.started);
    if (std::abs(ahead) > clock_tolerance)
        co_return limited("the server's clock is " + std::to_string(std::abs(ahead) / second_ms) + " s " +
                          (ahead > 0 ? "ahead" : "behind") + "; tokens may be refused as not yet valid or expired");
    co_return works("the server's clock agrees with ours within " + std::to_string(clock_tolerance / second_ms) + " s");
}

asio::awaitable<outcome> honest(bench& b) {
    if (b.claims_looked_at == 0)
        co_return untested("nothing that it claims could be tried");
    std::vector<std::string> lies;
    for (const auto& [what, instead] : b.claims_broken)
        lies.push_back(what + " is claimed; " + instead);
    if (lies.empty())
        co_return works(std::to_string(b.claims_looked_at) + " claims were tried and hold");
    const std::string figures =
        std::to_string(lies.size()) + " of " + std::to_string(b.claims_looked_at) + " claims that were tried do not hold";
    if (lies.size() > 12)
        lies.resize(12);
    co_return fails(figures, std::move(lies));
}

asio::awaitable<outcome> limits(bench& b) {
    std::size_t held = 0, odd = 0;
    std::string how;
    for (const exchange_note& n : b.book->notes())
        if (n.status == 429 || n.status == 503) {
            ++held;
            how = n.retry_after;
            odd += !parse_retry_after(n.retry_after, b.started).has_value();
        }
    const std::string pace =
        std::to_string(b.book->sent()) + " requests, at most " + std::to_string(b.book->rules().per_second) + " a second";
    if (held == 0)
        co_return works("none of " + pace + " was held back");
    const std::string figures = std::to_string(held) + " of " + pace + " answered with 429 or 503";
    if (odd)
        co_return limited(figures + ", " + std::to_string(odd) + " without a usable Retry-After");
    co_return limited(figures + "; Retry-After is usable");
}

asio::awaitable<outcome> parallel(bench& b) {
    using namespace asio::experimental::awaitable_operators;
    co_await b.book->rest();
    const auto four = co_await (b.get(b.walk_type + "?_count=1") && b.get(b.walk_type + "?_count=1") && b.get(b.walk_type + "?_count=1") &&
                                b.get(b.walk_type + "?_count=1"));
    const reply* all[] = {&std::get<0>(four), &std::get<1>(four), &std::get<2>(four), &std::get<3>(four)};
    std::vector<std::string> evidence;
    bool good = true;
    for (const reply* r : all) {
        evidence.push_back(r->shown);
        good = good && r->bundle();
    }
    if (!good)
        co_return limited("four searches at a time are not all answered; recommended: concurrency 1", std::move(evidence));
    co_return works("four searches at a time are answered", std::move(evidence));
}

} // namespace

std::vector<check> reach_checks() {
    const unsigned answer = static_cast<unsigned>(need::answer), told = need::answer | need::statement;
    return {
        {{"reach.connect", "reachability", "The server answers", "reachability"}, connect},
        {{"reach.json", "reachability", "Successful answers are FHIR JSON", "reachability", answer}, json_answers, check::turn::last},
        {{"reach.speed", "reachability", "Answers come in time", "reachability"}, speed, check::turn::last},
        {{"reach.clock", "reachability", "The server tells the time, and the right one", "reachability", answer}, server_clock},
        {{"tls.used", "TLS", "The server is reached over https", "tls"}, tls_used},
        {{"tls.certificate", "TLS", "The certificate is trusted and for this name", "tls"}, tls_certificate},
        {{"version.statement", "FHIR version", "The server describes itself", "version", answer}, statement},
        {{"version.fhir", "FHIR version", "The release is one that trialgate speaks", "version", told}, fhir_version},
        {{"version.honest", "FHIR version", "What the CapabilityStatement claims is so", "", told}, honest, check::turn::last},
        {{"security.smart", "security and SMART", "SMART Backend Services can be discovered", "smart", answer, false}, smart},
        {{"security.access", "security and SMART", "Our access is accepted", "access", answer}, token},
        {{"security.closed", "security and SMART", "Without access nothing is answered", "", answer}, closed},
        {{"rate.parallel", "rates", "Several requests at a time", "rates", told | need::access}, parallel},
        {{"rate.limits", "rates", "Requests are not held back", "rates", answer, false}, limits, check::turn::last},
    };
}

} // namespace trialgate::gateway::probe
