// Upper and lower case, of any script.
#pragma once

#include <string>
#include <string_view>

namespace trialgate::gateway {

/// Texts that differ in case alone give the same: "JÖRG" and "jörg". By the C library's tables of Unicode (C.UTF-8), character by character; "ß" stays what it is.
/// Bytes that are no UTF-8 stay as they are, and so does everything but A to Z where that locale is missing.
std::string fold_case(std::string_view text);

} // namespace trialgate::gateway
