#include "mappings/followup/forecast.hpp"

#include <algorithm>

namespace trialgate::mappings {

using fhir::date;

namespace {

bool is_asked(const participant& who, const visit_standing& s) noexcept {
    if (who.state == participation_state::screening || who.state == participation_state::on_study)
        return s.plan.what->kind == visit_kind::planned;
    return who.state == participation_state::ended_early && s.plan.what->kind == visit_kind::early_termination;
}

} // namespace

bool is_open(const participant& who, const visit_standing& s) noexcept {
    return is_asked(who, s) && s.plan.days && !s.held && s.state != visit_state::missed && s.state != visit_state::passed;
}

bool is_missed(const participant& who, const visit_standing& s) noexcept {
    return is_asked(who, s) && s.plan.days && s.state == visit_state::missed;
}

std::vector<visit_standing> open_visits(
    const trial& t, const participant& who, const patient_data& record, const catalog& codes, const site_calendar& site, date as_of,
    const fhir::time_zone& zone, date first, date last
) {
    std::vector<visit_standing> out = visit_standings(t, who, record, codes, site, as_of, zone);
    const bool dead = record.person && record.person->deceased;
    std::erase_if(out, [&](const visit_standing& s) {
        return dead || !is_open(who, s) || s.plan.days->latest < first || last < s.plan.days->earliest;
    });
    std::stable_sort(out.begin(), out.end(), [](const visit_standing& a, const visit_standing& b) {
        return a.plan.days->proposed < b.plan.days->proposed;
    });
    return out;
}

std::vector<expiring_criterion> expired_by(const patient_screen& screen, const compiled_trial& which, date planned) {
    std::vector<expiring_criterion> out;
    if (planned <= screen.as_of())
        return out;
    const projection flips = project(screen, which);
    patient_screen later = screen;
    later.evaluate(planned);
    for (const placed_criterion& c : which.criteria) {
        const outcome now = screen.outcome_of(c.node_), then = later.outcome_of(c.node_);
        if (now.is == then.is)
            continue;
        expiring_criterion e{c.source->id, c.source->text, now.is, then.is, then.why, {}};
        if (const date flip = flips.of(c.node_); flip <= planned)
            e.changes_on = flip;
        out.push_back(std::move(e));
    }
    return out;
}

} // namespace trialgate::mappings
