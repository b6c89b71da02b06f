// The words of a mail. What goes in: trial, screening number, tier, title, and a link; nothing else of a person ever does.
#pragma once

#include "gateway/people/planner.hpp"

namespace trialgate::gateway {

/// Subject and text, without a sender and a receiver. Lists at most fifty alerts; of a summary it lists none, and tells how many of which
/// kind.
std::pair<std::string, std::string> words_of(const planned_mail& mail, const people_config& config);

/// The same for every attempt to send a mail, different for every mail.
std::string message_id(const planned_mail& mail, const std::string& from);

/// The mail as it goes over the wire (RFC 5322, quoted-printable UTF-8), lines ended by CR LF.
std::string mail_bytes(const mail_row& mail, const std::string& from, const std::string& to);

} // namespace trialgate::gateway
