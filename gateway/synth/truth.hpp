// What is true of a person about the trial on a day, as far as a hospital that writes in a dialect can show it. Found from the person's
// life and from what the dialect's words are able to prove, by the rules of the clinical reference. Nothing here reads a resource, and
// nothing of the engine is used: the two are compared by tests/synth.
#pragma once

#include "gateway/synth/dialect.hpp"

#include <set>
#include <string>

namespace trialgate::gateway::synth {

enum class answer : std::uint8_t { met, not_met, unknown };

struct criterion_truth {
    std::string_view id;
    answer is = answer::unknown;
    bool for_good = false;        ///< of not-met: neither time nor a repeated test cures it
    std::set<std::string> proven; ///< parts of scores that are met, as "acr-1997/A5"
};

struct truth {
    std::string_view status; ///< "likely", ...; empty: the trial does not look at this person, and there are no criteria
    std::vector<criterion_truth> criteria;
};

/// The trial that truth is about, with the protocol version and the settings that are its defaults.
inline constexpr std::string_view truth_trial = "sle-uc-msc", truth_version = "2025-07";

truth truth_of(const course& c, const dialect& in, fhir::date as_of);

/// One line: {"patient", "trial", "protocolVersion", "asOf", "dialect", "status", "criteria": [{"id", "verdict", "proven"}]}.
std::string truth_json(const truth& t, std::string_view patient, const dialect& in, fhir::date as_of);

} // namespace trialgate::gateway::synth
