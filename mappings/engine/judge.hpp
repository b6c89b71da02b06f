// One result against one limit, range or finding: three-valued, exact.
#pragma once

#include "mappings/engine/criterion.hpp"

namespace trialgate::mappings {

struct judgement {
    verdict is = verdict::unknown;
    reason why = reason::none; ///< set when unknown
};

/// Whether the result satisfies the test. An unusable or pending result is unknown, with the reason.
judgement judge(const observation_fact& result, const observation_test& test);

/// "limit >= 30 mL/min/{1.73_m2}", "asked: below the laboratory's range", "asked: positive": the rule in words.
std::string rule_text(const observation_test& test, const analyte* about);

} // namespace trialgate::mappings
