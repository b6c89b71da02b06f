// One FHIR server as a client sees it: base URL, access token, patience.
//
//  - a token goes to the base's own origin and nowhere else (fhir-protocol.md 3.2);
//  - 401 refreshes the token once and asks once more (not with the token that was just refused);
//  - 429 and 503 with Retry-After hold back all requests to this server until then, an hour at most; a request whose deadline is shorter is
//    refused at once;
//  - a breaker opens after failures in a row (transport errors, 5xx but 501) and lets one request through from time to time.
// It retries nothing else: callers hold their work durably and come again. What is asked of another origin (bulk files) carries no token and
// no Authorization header of the caller's, waits for no hold and is not the breaker's business.
#pragma once

#include "gateway/core/clock.hpp"
#include "gateway/net/http_client.hpp"

namespace trialgate::gateway {

/// Gives the Authorization header's value. One per server; many requests share one token (single flight).
class authorizer {
public:
    virtual ~authorizer() = default;
    /// Empty: no header is sent. `refresh`: the last value was refused with 401.
    virtual boost::asio::awaitable<net_result<std::string>> authorization(bool refresh) = 0;
};

struct fhir_request {
    std::string method = "GET";
    /// "Observation?patient=p1", "Patient/p1", or an absolute or relative URL out of a server's answer: resolved against base + "/"
    /// (RFC 3986, section 5; "/x" is the server's root). Empty: the base itself. A fragment is cut off.
    std::string path;
    std::string body;
    /// Beside Accept, Content-Type (with a body) and, for a GET with a query, Cache-Control: no-cache, which are set unless given.
    http_headers headers;
    /// For all of it: hold, token, request, and the second request after a 401.
    std::chrono::milliseconds deadline{30'000};
};

struct fhir_answer {
    int status = 0;
    http_headers headers;
    std::string body;
    std::string url;                  ///< that was asked, absolute: what relative links in the answer are relative to
    std::optional<instant> date;      ///< server's time, from Date
    std::optional<duration_ms> retry_after;
    bool ok() const noexcept { return status >= 200 && status < 300; }
    /// 408, 425, 429, 5xx but 501 (fhir-protocol.md 3.6): worth another try later.
    bool transient() const noexcept { return status == 408 || status == 425 || status == 429 || (status >= 500 && status != 501); }
};

class fhir_client {
public:
    virtual ~fhir_client() = default;
    virtual boost::asio::awaitable<net_result<fhir_answer>> send(fhir_request request) = 0;
    /// As http_client::stream, for bulk files (Accept: application/fhir+ndjson); `with_token` false for pre-signed URLs. `idle` also limits
    /// the hold and the time for a token.
    virtual boost::asio::awaitable<net_result<fhir_answer>> stream(std::string url, bool with_token, std::chrono::milliseconds idle,
                                                                   std::function<boost::asio::awaitable<bool>(std::string_view)> chunk) = 0;
    /// Without a slash at the end.
    virtual const std::string& base() const noexcept = 0;
    /// True when `url` (absolute or relative to the base) has the base's origin, default ports normalised.
    virtual bool same_origin(std::string_view url) const = 0;
    /// The Authorization header for the handshake of a WebSocket at `url` (ws is http's, wss https's). Empty: of another origin, or without a token.
    virtual boost::asio::awaitable<net_result<std::string>> handshake_authorization(std::string /*url*/, std::chrono::milliseconds /*deadline*/) {
        co_return std::string();
    }

    enum class breaker_state : std::uint8_t { closed, open, half_open };
    /// half_open: the pause is over, the next request is the probe or is under way.
    virtual breaker_state breaker() const noexcept = 0;
    /// Consecutive failures; 0 after a success.
    virtual unsigned failures() const noexcept = 0;
};

struct fhir_client_options {
    std::string base;
    http_client_options http;
    std::shared_ptr<authorizer> auth;      ///< empty: none
    std::string accept = "application/fhir+json";
    unsigned breaker_after = 5;            ///< failures in a row
    duration_ms breaker_pause = 10 * second_ms; ///< doubles up to 5 minutes while probes fail
};
/// Throws std::invalid_argument when the base is no http(s) URL or has a query or a fragment. Slashes at its end are cut off.
std::unique_ptr<fhir_client> make_fhir_client(fhir_client_options options, std::shared_ptr<clock> time);
/// As above through `http` instead of a client of its own: for tests, and to share connections. `options.http` is not used.
std::unique_ptr<fhir_client> make_fhir_client(fhir_client_options options, std::shared_ptr<clock> time, std::shared_ptr<http_client> http);

/// Retry-After: seconds or an HTTP-date (one that has passed is 0). Nothing when neither. At most ten years.
std::optional<duration_ms> parse_retry_after(std::string_view value, instant now);
/// "Sun, 06 Nov 1994 08:49:37 GMT" and the two older forms (RFC 9110, section 5.6.7). A year of two digits is one of 1970 to 2069.
std::optional<instant> parse_http_date(std::string_view value);

/// Full jitter: a random time in [0, min(cap, first x 2^attempt)] (fhir-protocol.md 3.6); `random` in [0, 1).
duration_ms backoff(std::uint32_t attempt, duration_ms first, duration_ms cap, double random) noexcept;

} // namespace trialgate::gateway
