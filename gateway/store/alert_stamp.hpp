// Where the stamps of alerts are kept for each trial, beside that of all (store::alerts_stamp): values of the store.
#pragma once

#include <string>
#include <string_view>

namespace trialgate::gateway {

/// The value of this name is what `alerts_stamp` was after the last change of an alert of the trial; without a change there is none.
inline std::string alerts_stamp_name(std::string_view trial) { return "alerts-stamp/" + std::string(trial); }

} // namespace trialgate::gateway
