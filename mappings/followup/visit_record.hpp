// What a person's record says about visits, gathered once and looked at for many dates. Internal to visits.
#pragma once

#include "mappings/engine/population.hpp"
#include "mappings/followup/schedule.hpp"

namespace trialgate::mappings {

/// An Encounter, an Appointment or a procedure that can be a visit.
struct seen_meeting {
    fhir::date first, last;
    const record* from = nullptr;
    std::vector<std::size_t> held_for;   ///< visits that count it, ascending
    std::vector<std::size_t> booked_for; ///< visits for which it is booked, ascending
};

struct seen_result {
    concept_id what = concept_id::none;
    fhir::date day;
    std::int32_t second = -1;
    usability use = usability::usable;
    std::uint64_t specimen = 0;
    const record* from = nullptr;
};

/// Results of which the day is not known exactly.
struct vague_result {
    concept_id what = concept_id::none;
    fhir::date_range when;
};

class visit_record {
public:
    /// All arguments must outlive this.
    visit_record(const trial& t, const patient_data& from, const catalog& codes);

    std::span<const seen_meeting> meetings() const noexcept { return meetings_; } ///< by day, then type and id
    std::span<const seen_result> results() const noexcept { return results_; }    ///< by day, then type and id
    std::span<const vague_result> vague() const noexcept { return vague_; }
    /// True when a visit asks for this concept.
    bool asks(std::size_t visit, concept_id c) const noexcept;

private:
    void learn(const trial& t, const catalog& codes);
    void add_meeting(const trial& t, const record& r);
    void add_procedure(const trial& t, const record& r, const fact& f);
    void add_result(const record& r, const fact& f);
    void derive();

    struct derived {
        concept_id what, left, right;
    };
    std::vector<std::vector<concept_id>> asked_; ///< by visit, ascending
    std::vector<concept_id> wanted_, procedures_; ///< of any visit, ascending; operands of derived ones too
    std::vector<derived> derived_;
    std::vector<seen_meeting> meetings_;
    std::vector<seen_result> results_;
    std::vector<vague_result> vague_;
};

} // namespace trialgate::mappings
