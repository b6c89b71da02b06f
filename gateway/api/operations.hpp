// What operators and their machines ask of a running gateway. No patient data in any answer.
//
//   /livez                  200 while the process answers; without authentication
//   /readyz                 200 or 503. The names of the checks are shown only to those who may see /metrics
//   /metrics                Prometheus' text format; needs the token when one is configured
//   /.well-known/jwks.json  our public keys, where authorization servers look for them (SMART Backend Services); without authentication
#pragma once

#include "gateway/net/http_server.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace trialgate::gateway {

struct readiness_check {
    std::string name; ///< "store", "worker", "source.ehr"
    bool ok = false;
};

/// Called for each request, on the I/O thread: each answers from memory.
struct operations_callbacks {
    std::function<std::vector<readiness_check>()> ready;
    std::function<std::string()> metrics_text;
    std::function<std::string()> jwks; ///< {"keys":[...]}
    std::string token;                 ///< empty: /metrics is open
};

http_handler make_operations_handler(operations_callbacks callbacks);

/// The token of an Authorization header of type Bearer; empty without one.
std::string_view bearer_of(const http_request& request) noexcept;

/// The answer to a request for our public keys; nothing for any other path. For the public listener.
std::optional<http_response> answer_published_keys(const http_request& request, const std::function<std::string()>& jwks);

} // namespace trialgate::gateway
