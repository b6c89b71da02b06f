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

class concept_set {
public:
    void add(concept_id c);
    bool has(concept_id c) const noexcept {
        const auto at = static_cast<std::size_t>(c);
        return at < holds_.size() && holds_[at];
    }
    /// Ascending.
    template <class Each>
    void for_each(const Each& each) const {
        for (std::size_t n = 0; n < holds_.size(); ++n)
            if (holds_[n])
                each(static_cast<concept_id>(n));
    }

private:
    std::vector<char> holds_; ///< by id
};

class visit_record {
public:
    /// All arguments must outlive this.
    visit_record(const trial& t, const patient_data& from, const catalog& codes);

    std::span<const seen_meeting> meetings() const noexcept { return meetings_; } ///< by day, then type and id
    std::span<const seen_result> results() const noexcept { return results_; }    ///< by day, then type and id
    std::span<const vague_result> vague() const noexcept { return vague_; }
    /// True when a visit asks for this concept.
    bool asks(std::size_t visit, concept_id c) const noexcept { return asked_[visit].has(c); }

private:
    void learn(const trial& t, const catalog& codes);
    void add_meeting(const trial& t, const record& r);
    void add_procedure(const trial& t, const record& r, const fact& f);
    void add_result(const record& r, const fact& f);
    void derive();

    struct derived {
        concept_id what, left, right;
    };
    std::vector<concept_set> asked_;  ///< by visit
    concept_set wanted_, procedures_; ///< of any visit; operands of derived ones too
    std::vector<derived> derived_;
    std::vector<seen_meeting> meetings_;
    std::vector<seen_result> results_;
    std::vector<vague_result> vague_;
};

} // namespace trialgate::mappings
