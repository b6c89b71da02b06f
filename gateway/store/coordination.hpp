// Rows of the coordinator's work: how a decision came about, what people said of it, and who saw what. Part of the contract in store.hpp.
#pragma once

#include "gateway/core/clock.hpp"

#include <string>
#include <string_view>

namespace trialgate::gateway {

/// What was said of a person in a trial from `at` on, and why it changed. Written in the transaction of the decision it tells of.
struct history_row {
    std::int64_t id = 0;
    std::string source, patient, trial;
    instant at = 0;
    std::string status; ///< as decision_row::status
    std::string strip;  ///< as decision_row::strip
    /// What changed it, as JSON: {"by": "record"|"date"|"trial"|"person"|"study", "events": ["Observation/o1 v2", ...], "judgement": 12}. "trial": the
    /// criteria or settings are others than before.
    std::string cause;
    std::string made_with = {}; ///< as decision_row::made_with: which criteria the strip is of
    std::int64_t stamp = 0;     ///< set by the store: that of the decision when this was written
};

enum class judgement_kind : std::uint8_t {
    criterion, ///< `what` is a criterion's id, `value` "met" or "not-met"
    mark,      ///< `value` "not-interested", "screened", "enrolled" or "excluded"
    comment,   ///< `reason` is the text
    mapping,   ///< `value` is JSON {"system","code","display","concept"}: a local code means that concept; a proposal, of no effect by itself
};

/// Something that a person said about a person in a trial. Never changed but for being undone, never removed.
struct judgement_row {
    std::int64_t id = 0;
    std::string source, patient, trial;
    judgement_kind kind = judgement_kind::comment;
    std::string what, value, reason;
    std::string by, name;   ///< stable id of the user; name as shown
    std::string role;
    instant at = 0;
    std::string asked = {};  ///< criterion: the text that was confirmed; empty: whatever it is
    std::string undone_by = {}; ///< stable id of the user; empty: it stands
    std::string undone_name = {};
    instant undone = 0;
    std::int64_t unread = 0; ///< set by the store: how often it was made or undone since a worker has looked; 0: it has
    std::string key = {};    ///< by which whoever said it knows that it was taken already; unique per user; may be empty
};

/// A code in somebody's record that nobody here knows, and that a ConceptMap could map.
struct local_code {
    std::string type;    ///< of the resource: "Observation", "Condition" ...
    std::string system, code, display;
    /// Longer ones are neither kept nor proposed.
    static constexpr std::size_t longest_system = 500, longest_code = 200, longest_display = 200;
};

/// Who said something: id and name as shown.
struct speaker {
    std::string id, name;
};

/// A person of whom something was said.
struct named_person {
    std::string source, patient; ///< who it is now: the survivor of merged records
};

/// How many comments stand of a person in a trial.
struct comment_count {
    std::string source, patient;
    std::int64_t comments = 0;
};

/// How many decisions of a trial have a status.
struct status_count {
    std::string status;
    std::int64_t people = 0;
};

/// One line of the trail of who saw and did what. Append-only: the database refuses to change or remove it.
struct audit_row {
    std::int64_t id = 0;
    instant at = 0;
    std::string by, name, role;        ///< empty `by`: nobody was logged in
    std::string address;               ///< of the client
    std::string action;                ///< "login", "view-patient", "view-list", "reveal", "judge", "undo", "acknowledge", "export", "replay" ...
    std::string trial, subject;        ///< subject: pseudonym; empty where none is concerned
    std::string detail;                ///< no patient data
    bool refused = false;
    int status = 0;                    ///< a request that failed: what it was answered with; 0: it was done
    std::string seal;                  ///< SHA-256 over this row and the seal before it, set by the store: a row taken out from the middle is seen
};

/// Which rows of the trail are asked for; what is empty or 0 asks nothing.
struct audit_filter {
    std::string who = {};         ///< part of `by` or `name`, as fold_case has it
    std::string action = {};
    std::string subject = {};     ///< how it begins
    instant from = 0, until = 0;  ///< `at` from ... to before ...
};

/// The seal of `row` (with its id) when the row before it bears `before`; of the first row `before` is empty. 64 hex digits.
std::string audit_seal(std::string_view before, const audit_row& row);

} // namespace trialgate::gateway
