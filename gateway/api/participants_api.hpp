// Who takes part in a trial, for programs of the study: what `trialgate subject` does, by HTTP on the public listener. Only with a token of the
// configuration ("api"); without one, as if these paths did not exist.
//
//   GET  /api/v1/participants[?trial=ID]               {"participants": [...]}
//   GET  /api/v1/participants/TRIAL/NUMBER             one, with its trail
//   POST /api/v1/participants                          {"trial", "number", "patient", "source"?, "protocolVersion"?, "on"?, "reason"?}   201
//   POST /api/v1/participants/TRIAL/NUMBER/dose        {"on" or "at"?, "reason"?}
//   POST /api/v1/participants/TRIAL/NUMBER/end         {"as", "on"?, "reason"?}
//
// Days are "YYYY-MM-DD" at the site, today when left out, never in the future. Answers 200 or 201 come after the durable commit and are the
// participation as it is then (gateway/work/enrolment.hpp). Refused: {"error": sentence} with 400 (makes no sense), 401, 404, 405, 409 (does not fit
// what is known), 413, 503.
#pragma once

#include "gateway/core/config.hpp"
#include "gateway/net/http.hpp"
#include "gateway/store/committer.hpp"

namespace trialgate::gateway {

struct participants_ground {
    store& reading;
    committer& writer;
    clock& time;
    const gateway_config& config;
    const mappings::network& trials;
    fhir::time_zone site;
    std::function<void()> changed; ///< after a commit
};

/// True for targets of this API.
bool is_participants_target(std::string_view target) noexcept;

/// `ground` lives until the answer is there.
boost::asio::awaitable<http_response> answer_participants(const participants_ground& ground, http_request request);

} // namespace trialgate::gateway
