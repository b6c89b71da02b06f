// Who gets which mail when. Pure: open alerts, what people were told, and the time in; mails to make now and when to ask again out.
#pragma once

#include "gateway/core/config.hpp"
#include "gateway/store/followup.hpp"

#include <limits>

namespace trialgate::gateway {

/// One mail to one person. Whoever stores it stores `told`, `count` and `escalated` in the same transaction: that is what makes it one.
struct planned_mail {
    std::string person, kind;           ///< kind as in mail_row
    std::vector<alert_row> alerts;      ///< most urgent first, then oldest first
    std::vector<std::int64_t> overdue;  ///< ids among them that escalated to this person
    std::vector<told_row> told;
    mail_count count;                   ///< after this mail
};
struct mail_plan {
    std::vector<planned_mail> mails;    ///< at most one a person
    instant next = std::numeric_limits<instant>::max(); ///< nothing is to be sent before, unless an alert changes
};

/// Rules (README, "When who is told"):
/// - An alert is told once to each subscriber of its trial, again when it is news again or when a snooze ends; never while acknowledged or
/// snoozed.
/// - At once: `gather` after it came, outside quiet hours (T1 also within); by digest: at the next time of the digest.
/// - A mail takes along all that waits to be told at once. Between two mails to a person lies `spacing`.
/// - After `mails_a_day` of a site's day one summary goes out, then nothing until the next day.
/// - An open T1 that nobody acknowledged within a subscriber's `escalate_after` is told to `escalate_to`, whatever that person's tiers and
/// quiet hours. `open`: open alerts. `told`: of open alerts.
mail_plan plan_mails(const people_config& config, const fhir::time_zone& site, const std::vector<alert_row>& open,
                     const std::vector<told_row>& told, const std::vector<mail_count>& counts, instant now);

} // namespace trialgate::gateway
