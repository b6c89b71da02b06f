// Parts of the API that are still to come.
#include "gateway/page/api.hpp"

namespace trialgate::gateway {

std::vector<api_route> worklist_routes() { return {}; }
std::vector<api_route> patient_routes() { return {}; }
std::vector<api_route> judgement_routes() { return {}; }
std::vector<api_route> followup_routes() { return {}; }
std::vector<api_route> operations_routes() { return {}; }
std::vector<api_route> audit_routes() { return {}; }

} // namespace trialgate::gateway
