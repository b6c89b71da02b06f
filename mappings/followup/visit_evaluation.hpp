// The visits of one participant on one date. Internal to visits.
#pragma once

#include "mappings/followup/visit_record.hpp"
#include "mappings/followup/visits.hpp"

namespace trialgate::mappings {

class visit_evaluation {
public:
    /// All arguments must outlive this.
    visit_evaluation(
        const trial& t, const participant& who, const visit_record& seen, const site_calendar& site, const fhir::time_zone& zone,
        fhir::date as_of
    );

    std::vector<visit_standing> standings() &&;
    /// A date after the as-of date before which no standing can change; highest() when none ever does.
    fhir::date next() const noexcept { return next_; }

private:
    struct hold {
        fhir::date first, last;
        const record* from = nullptr;
        fhir::date on() const noexcept { return first; }
    };

    void collect();
    bool assign_inside();
    void assign_nearest();
    bool hold_by_results();
    void replan();
    std::optional<std::size_t> holder(const seen_meeting& m) const;
    std::optional<std::size_t> nearest(const seen_meeting& m) const;
    void settle();
    void settle_held(std::size_t v, const hold& counts);
    void settle_waiting(std::size_t v);
    void book();
    const hold* held(std::size_t v) const;
    bool asked_on(std::size_t v, fhir::date day) const;
    bool waits_for_another(std::size_t v) const;
    fhir::date missed_on(std::size_t v) const;

    void look_for(std::size_t v, const hold& counts);
    std::string lacks(std::size_t v, const required_result& whole, const required_result::part& part, const hold& counts) const;
    bool belongs(std::size_t v, concept_id what, fhir::date day) const;
    bool too_late_for(std::size_t v, fhir::date day) const;
    enum class timing : std::uint8_t { good, unclear, late };
    timing timing_of(const required_result& r, const seen_result& of) const;
    /// A standing may change on `d`.
    void changes(fhir::date d) noexcept {
        if (d > as_of_ && d < next_)
            next_ = d;
    }

    const trial& trial_;
    const participant& who_;
    const visit_record& seen_;
    const site_calendar& site_;
    const fhir::time_zone& zone_;
    fhir::date as_of_, next_ = fhir::date::highest();
    bool planned_ = false;
    std::vector<std::vector<hold>> holds_;     ///< by visit
    std::vector<const seen_meeting*> shared_;  ///< of a type that several visits list, not given to one yet
    std::vector<visit_standing> out_;
};

} // namespace trialgate::mappings
