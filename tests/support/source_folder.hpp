// Where the sources lie. Only one file knows, so that a compiler cache serves every clone.
#pragma once

#include <string>

namespace trialgate::test {

/// Absolute, without a slash at its end.
const std::string& source_folder();

} // namespace trialgate::test
