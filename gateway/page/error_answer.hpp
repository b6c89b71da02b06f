#pragma once

#include "gateway/net/http.hpp"

namespace trialgate::gateway {

/// {"error": why}. `why` goes to the user: no patient data.
http_response error_answer(int status, std::string_view why);

} // namespace trialgate::gateway
