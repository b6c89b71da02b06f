#include "mappings/followup/visit_evaluation.hpp"

#include <algorithm>
#include <tuple>

namespace trialgate::mappings {

using fhir::date;

namespace {

constexpr int furthest_stray = 7; ///< days outside a window up to which a visit of no particular type can still be that visit
constexpr std::string_view relative_to_visit = "visit:";

int distance(const visit_days& w, date d) noexcept {
    return d < w.earliest ? w.earliest - d : d > w.latest ? d - w.latest : 0;
}

evidence_item evidence_of(const record& r, date on) {
    std::string text = r.meeting ? r.meeting->status : r.facts.empty() ? std::string{} : r.facts.front().text;
    return {r.type + '/' + r.id, r.version.text, to_string(on), std::move(text)};
}

} // namespace

visit_evaluation::visit_evaluation(
    const trial& t, const participant& who, const visit_record& seen, const site_calendar& site, const fhir::time_zone& zone, date as_of
)
    : trial_(t), who_(who), seen_(seen), site_(site), zone_(zone), as_of_(as_of), holds_(t.visits.size()) {
    out_.resize(t.visits.size());
    collect();
    replan();
    // What is given to a visit is never taken back, so this ends; each round may date a visit that is counted from another.
    while (assign_inside() || hold_by_results())
        replan();
    assign_nearest();
    replan();
    while (assign_inside() || hold_by_results())
        replan();
    settle();
}

std::vector<visit_standing> visit_evaluation::standings() && { return std::move(out_); }

void visit_evaluation::collect() {
    for (const seen_meeting& m : seen_.meetings()) {
        if (m.held_for.empty())
            continue;
        if (m.first > as_of_)
            changes(m.first);
        else if (m.held_for.size() == 1)
            holds_[m.held_for.front()].push_back({m.first, m.last, m.from});
        else
            shared_.push_back(&m);
    }
    for (std::size_t v = 0; v < trial_.visits.size(); ++v) {
        const auto& done = trial_.visits[v].done;
        if (!done || done->anchor.empty())
            continue;
        if (const auto day = anchor_day(who_, done->anchor)) {
            changes(*day);
            if (*day <= as_of_)
                holds_[v].push_back({*day, *day, nullptr});
        }
    }
    for (const seen_result& r : seen_.results())
        if (r.day > as_of_) {
            changes(r.day);
            break; // they are in order of days
        }
}

void visit_evaluation::replan() {
    // Only a visit that is counted from another depends on what was held.
    const bool moves = std::any_of(trial_.visits.begin(), trial_.visits.end(), [](const visit& v) { return v.anchor.starts_with(relative_to_visit); });
    if (planned_ && !moves)
        return;
    planned_ = true;
    held_days days;
    for (std::size_t v = 0; v < holds_.size(); ++v)
        if (const hold* h = held(v))
            days.emplace(trial_.visits[v].id, h->on());
    std::vector<planned_visit> plan = plan_visits(trial_, who_, days, site_);
    for (std::size_t v = 0; v < plan.size(); ++v)
        out_[v].plan = std::move(plan[v]);
}

/// The first day inside the window; where there is none the one nearest to it, of two the earlier.
const visit_evaluation::hold* visit_evaluation::held(std::size_t v) const {
    const hold* best = nullptr;
    const auto& window = out_[v].plan.days;
    const auto rank = [&](const hold& h) { return std::tuple(window ? distance(*window, h.on()) : 0, h.on(), h.last); };
    for (const hold& h : holds_[v])
        if (!best || rank(h) < rank(*best))
            best = &h;
    return best;
}

/// Counted from a visit that was not held yet: its window is a guess.
bool visit_evaluation::waits_for_another(std::size_t v) const {
    const planned_visit& p = out_[v].plan;
    return p.provisional && p.anchor.starts_with(relative_to_visit);
}

/// Who ends early comes for one visit more: from that day on nothing of no particular type is another one.
bool visit_evaluation::asked_on(std::size_t v, date day) const {
    const auto end = who_.state == participation_state::ended_early ? anchor_day(who_, "end") : std::nullopt;
    return !end || (day >= *end) == (trial_.visits[v].kind == visit_kind::early_termination);
}

/// The visit in whose window the day lies, of several the one whose target is nearest, then the earlier.
std::optional<std::size_t> visit_evaluation::holder(const seen_meeting& m) const {
    std::optional<std::size_t> best;
    int away = 0;
    for (const std::size_t v : m.held_for) {
        const auto& days = out_[v].plan.days;
        if (!days || waits_for_another(v) || !days->holds(m.first) || !asked_on(v, m.first))
            continue;
        const int here = std::abs(m.first - days->target);
        if (!best || here < away) {
            best = v;
            away = here;
        }
    }
    return best;
}

std::optional<std::size_t> visit_evaluation::nearest(const seen_meeting& m) const {
    std::optional<std::size_t> best;
    int away = furthest_stray + 1;
    for (const std::size_t v : m.held_for) {
        const auto& days = out_[v].plan.days;
        if (!days || waits_for_another(v) || !holds_[v].empty() || !asked_on(v, m.first))
            continue;
        if (const int here = distance(*days, m.first); here < away) {
            best = v;
            away = here;
        }
    }
    for (const std::size_t v : m.held_for)
        if (!best && trial_.visits[v].kind == visit_kind::unscheduled)
            best = v;
    return best;
}

bool visit_evaluation::assign_inside() {
    const std::size_t before = shared_.size();
    std::erase_if(shared_, [this](const seen_meeting* m) {
        const auto v = holder(*m);
        if (v)
            holds_[*v].push_back({m->first, m->last, m->from});
        return v.has_value();
    });
    return shared_.size() != before;
}

void visit_evaluation::assign_nearest() {
    std::erase_if(shared_, [this](const seen_meeting* m) {
        const auto v = nearest(*m);
        if (v)
            holds_[*v].push_back({m->first, m->last, m->from});
        return v.has_value();
    });
}

bool visit_evaluation::hold_by_results() {
    bool found = false;
    const auto results = seen_.results();
    for (std::size_t v = 0; v < out_.size(); ++v) {
        const auto& done = trial_.visits[v].done;
        const auto& days = out_[v].plan.days;
        if (!done || done->held_by_results == 0 || !holds_[v].empty() || !days || waits_for_another(v))
            continue;
        auto at = std::lower_bound(results.begin(), results.end(), days->earliest, [](const seen_result& r, date d) { return r.day < d; });
        while (at != results.end() && at->day <= std::min(days->latest, as_of_) && holds_[v].empty()) {
            const auto end = std::find_if(at, results.end(), [day = at->day](const seen_result& r) { return r.day != day; });
            const auto there = [&](const required_result& whole) {
                return std::any_of(whole.parts.begin(), whole.parts.end(), [&](const required_result::part& p) {
                    return std::any_of(at, end, [&](const seen_result& r) {
                        return std::find(p.concepts.begin(), p.concepts.end(), r.what) != p.concepts.end();
                    });
                });
            };
            if (asked_on(v, at->day) && std::count_if(done->results.begin(), done->results.end(), there) >= done->held_by_results) {
                holds_[v].push_back({at->day, at->day, at->from});
                found = true;
            }
            at = end;
        }
    }
    return found;
}

void visit_evaluation::settle() {
    for (std::size_t v = 0; v < out_.size(); ++v)
        if (const hold* h = held(v))
            settle_held(v, *h);
    book();
    for (std::size_t v = 0; v < out_.size(); ++v)
        if (!out_[v].held)
            settle_waiting(v);
}

void visit_evaluation::settle_held(std::size_t v, const hold& counts) {
    visit_standing& s = out_[v];
    s.held = counts.on();
    for (const hold& h : holds_[v])
        if (h.from)
            s.evidence.push_back(evidence_of(*h.from, h.on()));
    look_for(v, counts);
    const date results_due = counts.on() + trial_.alerts.results;
    if (!s.missing.empty())
        changes(results_due);
    if (!s.plan.days)
        s.state = trial_.visits[v].kind == visit_kind::unscheduled && s.missing.empty() ? visit_state::done : visit_state::not_planned;
    else if (!s.plan.days->holds(counts.on()))
        s.state = visit_state::outside;
    else
        s.state = s.missing.empty() || as_of_ < results_due ? visit_state::done : visit_state::incomplete;
}

/// The first day on which the visit counts as missed: the grace is over, or a later window has begun.
date visit_evaluation::missed_on(std::size_t v) const {
    const date latest = out_[v].plan.days->latest;
    date out = latest + trial_.alerts.grace + 1;
    if (trial_.visits[v].kind != visit_kind::planned) // whoever ended early is asked for no later visit
        return out;
    for (std::size_t w = 0; w < out_.size(); ++w) {
        const auto& other = out_[w].plan.days;
        if (w != v && other && trial_.visits[w].kind == visit_kind::planned && !waits_for_another(w) && other->earliest > latest)
            out = std::min(out, other->earliest);
    }
    return out;
}

void visit_evaluation::settle_waiting(std::size_t v) {
    visit_standing& s = out_[v];
    const auto& days = s.plan.days;
    if (!days) {
        s.state = visit_state::not_planned;
        return;
    }
    s.state = visit_state::ahead;
    if (waits_for_another(v)) {
        const std::string_view other = std::string_view(s.plan.anchor).substr(relative_to_visit.size());
        // It stands before this one, so that its state is known.
        const auto at = std::find_if(out_.begin(), out_.end(), [&](const visit_standing& o) { return o.plan.what->id == other; });
        if (at == out_.end() || at->state != visit_state::missed)
            return;
    }
    const visit_alerts& when = trial_.alerts;
    const date closing = std::max(days->proposed + 1, days->latest - when.closing + 1);
    const bool told = trial_.visits[v].done && trial_.visits[v].done->can_tell();
    const std::array<std::pair<date, visit_state>, 5> steps{{
        {std::min(days->earliest - when.upcoming, days->proposed), visit_state::upcoming},
        {days->proposed, visit_state::due},
        {std::min(closing, days->latest + 1), visit_state::closing},
        {days->latest + 1, told ? visit_state::overdue : visit_state::passed},
        {told ? missed_on(v) : date::highest(), visit_state::missed},
    }};
    for (const auto& [from, state] : steps) {
        if (from <= as_of_)
            s.state = state;
        else
            changes(from);
    }
}

/// What is booked says nothing about the past and is therefore read whatever the as-of date. Of several the last day.
void visit_evaluation::book() {
    for (const seen_meeting& m : seen_.meetings())
        for (const std::size_t v : m.booked_for) {
            const auto& days = out_[v].plan.days;
            if (out_[v].held || (m.booked_for.size() > 1 && (!days || !days->holds(m.first))))
                continue;
            out_[v].booked = m.first;
            out_[v].evidence.assign(1, evidence_of(*m.from, m.first));
        }
}

void visit_evaluation::look_for(std::size_t v, const hold& counts) {
    const auto& done = trial_.visits[v].done;
    if (!done)
        return;
    std::vector<std::string>& missing = out_[v].missing;
    for (const required_result& r : done->results) {
        std::vector<std::string> lacking;
        for (const required_result::part& p : r.parts)
            if (std::string said = lacks(v, r, p, counts); !said.empty())
                lacking.push_back(p.name + said);
        const bool nothing = lacking.size() == r.parts.size() && std::all_of(lacking.begin(), lacking.end(), [](const std::string& s) {
                                 return s.ends_with(" not resulted");
                             });
        if (nothing && !lacking.empty())
            missing.push_back(r.name + " not resulted");
        else
            for (std::string& s : lacking)
                missing.push_back(r.parts.size() > 1 ? r.name + ": " + s : std::move(s));
    }
}

/// Why the part is not there, to stand after its name; empty when it is.
std::string visit_evaluation::lacks(
    std::size_t v, const required_result& whole, const required_result::part& part, const hold& counts
) const {
    const auto wanted = [&](concept_id c) { return std::find(part.concepts.begin(), part.concepts.end(), c) != part.concepts.end(); };
    const int within = trial_.visits[v].done->results_within;
    std::string said;
    const auto results = seen_.results();
    const auto& window = out_[v].plan.days;
    for (const hold& h : holds_[v]) {
        // A visit on two days brings the results of both; one inside the window nothing of a day outside.
        if (window && window->holds(counts.on()) != window->holds(h.on()))
            continue;
        auto at = std::lower_bound(results.begin(), results.end(), h.first - within, [](const seen_result& r, date d) { return r.day < d; });
        for (; at != results.end() && at->day <= h.last + within && at->day <= as_of_; ++at) {
            if (!wanted(at->what) || too_late_for(v, at->day) || !belongs(v, at->what, at->day))
                continue;
            const timing when = timing_of(whole, *at);
            if (at->use == usability::usable && when == timing::good)
                return {};
            if (when != timing::good)
                said = when == timing::late ? " only after " + whole.before : " not surely before " + whole.before;
            else
                said = at->use == usability::pending ? " pending" : " not readable";
        }
    }
    if (!said.empty())
        return said;
    const auto near = [&](const vague_result& r) {
        return wanted(r.what) && r.when.first <= std::min(counts.last + within, as_of_) && counts.first - within <= r.when.last;
    };
    return std::any_of(seen_.vague().begin(), seen_.vague().end(), near) ? " without an exact date" : " not resulted";
}

/// A visit that lies before its anchor (screening before the dose) brings nothing from after it, however wide `resultsWithin` is.
bool visit_evaluation::too_late_for(std::size_t v, date day) const {
    const planned_visit& p = out_[v].plan;
    return p.days && p.days->latest < p.anchored && p.anchored < day;
}

/// False when another visit asks for it too and is closer: its window holds the day, then by distance, then the earlier one.
/// One that was not held (yet) keeps the results of its window for itself, but those of a day on which this one was held.
bool visit_evaluation::belongs(std::size_t v, concept_id what, date day) const {
    const auto rank = [&](std::size_t w) {
        const auto& window = out_[w].plan.days;
        int away = 1'000'000;
        for (const hold& h : holds_[w])
            away = std::min(away, day < h.first ? h.first - day : day > h.last ? day - h.last : 0);
        return std::tuple(window && window->holds(day) ? 0 : 1, away, w);
    };
    const auto mine = rank(v);
    for (std::size_t w = 0; w < holds_.size(); ++w) {
        if (w == v || !seen_.asks(w, what))
            continue;
        const auto theirs = rank(w);
        if (holds_[w].empty()) {
            if (std::get<0>(theirs) == 0 && theirs < mine && std::get<1>(mine) > 0 && !waits_for_another(w) && asked_on(w, day))
                return false;
            continue;
        }
        if (theirs < mine && std::get<1>(theirs) <= trial_.visits[w].done->results_within)
            return false;
    }
    return true;
}

/// Of the day of the anchor only the instant tells.
visit_evaluation::timing visit_evaluation::timing_of(const required_result& r, const seen_result& of) const {
    if (r.before.empty())
        return timing::good;
    const auto at = who_.anchors.find(r.before);
    if (at == who_.anchors.end() || of.day < at->second.on)
        return timing::good;
    if (of.day > at->second.on)
        return timing::late;
    if (!at->second.at || of.second < 0)
        return timing::unclear;
    const std::int64_t local = *at->second.at + zone_.offset_at(*at->second.at);
    return of.second <= ((local % 86'400) + 86'400) % 86'400 ? timing::good : timing::late;
}

} // namespace trialgate::mappings
