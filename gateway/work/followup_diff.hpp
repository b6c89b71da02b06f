// Yesterday's alerts and today's findings: what is raised, corrected and withdrawn. Pure; tests/work/followup_diff_test.cpp has the laws.
#pragma once

#include "gateway/store/alert_message.hpp"

#include <functional>

namespace trialgate::gateway {

/// Whom alerts are about, and the names that need the pseudonym key.
struct alert_frame {
    std::string trial, number, source, patient, subject;
    std::function<std::string(std::string_view key, std::string_view kind)> public_id;
    std::function<std::string(std::string_view reference)> reference; ///< as sinks with pseudonyms see it
};

struct alert_change {
    alert_news news = alert_news::raised; ///< never acknowledged
    alert_row after;
};

/// `known`: every row of this participation, also withdrawn ones. In any order of both the same list: withdrawals first, then by key and
/// kind.
///
/// A finding of a key and kind that were never seen is raised; one whose content differs is a correction; an open alert without its finding
/// is withdrawn; a finding that comes back after that re-opens its alert as a correction, whatever it says: an alert is raised once in its
/// life. A correction is news (people are told again, an acknowledgement no longer stands) when it re-opens, when the tier becomes more
/// urgent, or when the title differs; other corrections only change what stands in the study system. Two findings of one key and kind are
/// one: the more urgent.
std::vector<alert_change> followup_diff(const alert_frame& about, const std::vector<alert_row>& known, const std::vector<matter>& today,
                                        instant now);

} // namespace trialgate::gateway
