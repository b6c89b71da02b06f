#include "mappings/engine/note.hpp"

#include <array>

namespace trialgate::mappings {

namespace {

struct entry {
    note which;
    std::string_view id, sentence;
};

constexpr std::array<entry, static_cast<std::size_t>(note::count_)> entries{{
    {note::deceased, "deceased", "The record says that this person has died."},
    {note::inactive, "inactive", "The patient record is marked as not in use; it may be a duplicate."},
    {note::merged, "merged", "This record was merged into another one, which is evaluated with both histories."},
    {note::opted_out, "opted-out", "This person has refused the use of the record for research."},
    {note::restricted, "restricted", "Access to this record is restricted; listing it needs authorisation."},
    {note::not_considered, "not-considered", "Nothing in the record makes this person a candidate for the trial."},
    {note::already_in_study, "already-in-study", "This person is already known to this study."},
    {note::in_other_study, "in-other-study", "This person takes part in another study."},
    {note::conflict, "conflict", "The record contradicts itself; please look at the evidence."},
    {note::future_data, "future-data", "Data dated after the day of evaluation were left out."},
    {note::report_date_used, "report-date-used",
     "The date is that of the report; when the sample was taken is not recorded."},
    {note::name_match_only, "name-match-only", "A medication was recognised by its name only, not by a code."},
    {note::unit_by_alias, "unit-by-alias", "A unit was understood from a customary spelling."},
    {note::unit_missing, "unit-missing", "A result came without its unit."},
    {note::code_conflict, "code-conflict", "The codes of one entry mean different things."},
    {note::unmapped_code, "unmapped-code",
     "An entry carries a known code without a known code system; it was not used."},
    {note::clinician_to_confirm, "clinician-to-confirm", "This rests on a coded finding that a clinician should confirm."},
    {note::drug_cause_possible, "drug-cause-possible", "A medication may have caused this finding."},
    {note::past_course, "past-course",
     "A course of sufficient length ended some time ago; whether it counts is for a person to decide."},
    {note::switched_drug, "switched-drug",
     "Only several medications taken together reach the length asked for; no single one does."},
    {note::order_only, "order-only", "Only orders show this medication; nothing shows that it was taken."},
    {note::never_dispensed, "never-dispensed",
     "This medication was ordered but never dispensed, although dispensing is recorded for others."},
    {note::supply_ended, "supply-ended", "The last known supply has run out, by less than the gap allowed."},
    {note::short_course, "short-course", "A short closed course was not counted."},
    {note::dose_changed, "dose-changed", "The daily dose changed within the time for which it must be stable."},
    {note::recalculated, "recalculated", "The value was calculated again from the measurements behind it."},
    {note::history_only, "history-only", "This is known from the history only; nothing shows that it is current."},
    {note::specimen_spoiled, "specimen-spoiled", "A remark says that the specimen was spoiled, so that this result cannot be relied on."},
}};

constexpr bool in_order() {
    for (std::size_t i = 0; i < entries.size(); ++i)
        if (static_cast<std::size_t>(entries[i].which) != i || entries[i].id.empty())
            return false;
    return true;
}
static_assert(in_order());

} // namespace

std::string_view id(note n) noexcept {
    const auto i = static_cast<std::size_t>(n);
    return i < entries.size() ? entries[i].id : std::string_view{};
}

std::string_view sentence(note n) noexcept {
    const auto i = static_cast<std::size_t>(n);
    return i < entries.size() ? entries[i].sentence : std::string_view{};
}

note find_note(std::string_view name) noexcept {
    for (const entry& e : entries)
        if (e.id == name)
            return e.which;
    return note::count_;
}

} // namespace trialgate::mappings
