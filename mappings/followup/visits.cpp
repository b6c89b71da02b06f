#include "mappings/followup/visits.hpp"

#include "mappings/followup/visit_evaluation.hpp"

#include <algorithm>
#include <tuple>

namespace trialgate::mappings {

using fhir::date;

namespace {

/// Which visits of a participation are spoken of.
bool concerns(const participant& who, const visit_standing& s) noexcept {
    const visit_kind kind = s.plan.what->kind;
    switch (who.state) {
    case participation_state::screening:
    case participation_state::on_study: return kind == visit_kind::planned;
    case participation_state::ended_early:
        return kind == visit_kind::early_termination || s.state == visit_state::outside ||
               (s.state == visit_state::missed && s.plan.days && s.plan.days->latest < who.since);
    case participation_state::completed:
        return kind == visit_kind::planned &&
               (s.state == visit_state::missed || s.state == visit_state::incomplete || s.state == visit_state::outside);
    case participation_state::withdrawn:
    case participation_state::screen_failure:
    case participation_state::died: return false;
    }
    return false;
}

bool is_over(const participant& who, const patient_data& record) noexcept {
    return who.state == participation_state::withdrawn || who.state == participation_state::screen_failure ||
           who.state == participation_state::died || (record.person && record.person->deceased);
}

/// Of a participation that has ended, or goes on without visits of this kind: nobody waits for it any more. What was missed before stays missed.
bool is_given_up(const participant& who, const patient_data& record, const visit_standing& s) noexcept {
    const bool ended = is_over(who, record) || who.state == participation_state::completed ||
                       (who.state == participation_state::ended_early && s.plan.what->kind != visit_kind::early_termination);
    if (!ended || !s.plan.days)
        return false;
    switch (s.state) {
    case visit_state::ahead:
    case visit_state::upcoming:
    case visit_state::due:
    case visit_state::closing:
    case visit_state::overdue: return true;
    case visit_state::missed:
    case visit_state::passed: return s.plan.days->latest >= who.since;
    default: return false;
    }
}

std::optional<finding_kind> kind_of(visit_state s) noexcept {
    switch (s) {
    case visit_state::upcoming: return finding_kind::upcoming;
    case visit_state::due: return finding_kind::due;
    case visit_state::closing: return finding_kind::closing;
    case visit_state::overdue: return finding_kind::overdue;
    case visit_state::missed: return finding_kind::missed;
    case visit_state::incomplete: return finding_kind::done_incomplete;
    case visit_state::outside: return finding_kind::out_of_window;
    case visit_state::not_planned:
    case visit_state::ahead:
    case visit_state::passed:
    case visit_state::done: return std::nullopt;
    }
    return std::nullopt;
}

/// What cannot wait for the next review: a window about to be lost, and a deviation from the protocol.
tier tier_of(finding_kind k) noexcept {
    return k == finding_kind::upcoming || k == finding_kind::due || k == finding_kind::done_incomplete ? tier::t3 : tier::t2;
}

std::string_view words_of(finding_kind k) noexcept {
    switch (k) {
    case finding_kind::upcoming: return " is coming up";
    case finding_kind::due: return " is due";
    case finding_kind::closing: return " is due, its window is closing";
    case finding_kind::overdue: return " is overdue";
    case finding_kind::missed: return " was missed";
    case finding_kind::done_incomplete: return " was held, something is missing";
    case finding_kind::out_of_window: return " was held outside its window";
    default: return "";
    }
}

std::string days_text(int n) { return std::to_string(n) + (n == 1 ? " day" : " days"); }

std::string window_text(const visit_days& w) {
    if (w.earliest == w.latest)
        return "Its only day is " + to_string(w.target) + '.';
    return "Window " + to_string(w.earliest) + " to " + to_string(w.latest) + ", target " + to_string(w.target) + '.';
}

/// In words that hold as long as the finding does: no "today", no "in three days".
std::string text_of(finding_kind k, const visit_standing& s, const std::vector<std::string>& missing) {
    const visit_days& w = *s.plan.days;
    std::string out;
    if (s.held) {
        out = "Held on " + to_string(*s.held);
        if (*s.held < w.earliest)
            out += ", " + days_text(w.earliest - *s.held) + " before its window";
        else if (*s.held > w.latest)
            out += ", " + days_text(*s.held - w.latest) + " after its window";
        out += ". ";
    } else if (k == finding_kind::overdue) {
        out = "The window is over and nothing in the record shows the visit. ";
    } else if (k == finding_kind::missed) {
        out = "Nothing in the record shows the visit, and its time is over: a protocol deviation. ";
    }
    out += window_text(w);
    if (!s.held && !s.plan.note.empty())
        out += ' ' + s.plan.note + '.';
    if (s.booked)
        out += " Booked for " + to_string(*s.booked) + (w.holds(*s.booked) ? "." : ", outside the window.");
    if (s.plan.provisional)
        out += " Counted from " + s.plan.anchor + " (" + to_string(s.plan.anchored) + ") for want of the real day.";
    std::string list;
    for (const std::string& m : missing)
        list += (list.empty() ? " Missing: " : "; ") + m;
    return list.empty() ? out : out + list + '.';
}

concern finding_of(finding_kind k, const visit_standing& s, bool results_due) {
    const visit& v = *s.plan.what;
    concern f;
    f.kind = k;
    f.key = "visit/" + v.id + '/' + std::string(to_code(k));
    f.urgency = tier_of(k);
    f.title = name_of(v) + std::string(words_of(k));
    if (results_due)
        f.missing = s.missing;
    f.text = text_of(k, s, f.missing);
    f.earliest = s.plan.days->earliest;
    f.target = s.plan.days->target;
    f.latest = s.plan.days->latest;
    f.evidence = s.evidence;
    f.details["visit"] = v.id;
    f.details["anchor"] = s.plan.anchor;
    f.details["anchorDate"] = to_string(s.plan.anchored);
    f.details["proposed"] = to_string(s.plan.days->proposed);
    if (!s.plan.note.empty())
        f.details["note"] = s.plan.note;
    if (s.held)
        f.details["held"] = to_string(*s.held);
    if (s.booked)
        f.details["booked"] = to_string(*s.booked);
    if (s.plan.provisional)
        f.details["provisional"] = "true";
    if (v.assumed)
        f.details["assumed"] = "true";
    return f;
}

std::vector<concern> findings_of(const trial& t, const participant& who, std::span<const visit_standing> standings, date as_of) {
    std::vector<concern> out;
    for (const visit_standing& s : standings)
        if (const auto k = kind_of(s.state); k && concerns(who, s))
            out.push_back(finding_of(*k, s, s.held && as_of >= *s.held + t.alerts.results));
    std::sort(out.begin(), out.end(), [](const concern& a, const concern& b) { return a.key < b.key; });
    return out;
}

auto words(const evidence_item& e) { return std::tie(e.reference, e.version, e.date, e.text); }

} // namespace

std::string_view to_code(visit_state s) noexcept {
    switch (s) {
    case visit_state::not_planned: return "not-planned";
    case visit_state::ahead: return "ahead";
    case visit_state::passed: return "passed";
    case visit_state::done: return "done";
    default: return to_code(*kind_of(s));
    }
}

bool same(const concern& a, const concern& b) {
    const auto plain = [](const concern& f) {
        return std::tie(f.key, f.kind, f.urgency, f.title, f.text, f.earliest, f.target, f.latest, f.missing, f.details);
    };
    return plain(a) == plain(b) && std::equal(a.evidence.begin(), a.evidence.end(), b.evidence.begin(), b.evidence.end(),
                                              [](const evidence_item& x, const evidence_item& y) { return words(x) == words(y); });
}

std::vector<visit_standing> visit_standings(
    const trial& t, const participant& who, const patient_data& record, const catalog& codes, const site_calendar& site, date as_of,
    const fhir::time_zone& zone
) {
    const visit_record seen(t, record, codes);
    std::vector<visit_standing> out = visit_evaluation(t, who, seen, site, zone, as_of).standings();
    for (visit_standing& s : out)
        if (is_given_up(who, record, s))
            s.state = visit_state::not_planned;
    return out;
}

std::vector<concern> visit_findings_on(
    const trial& t, const participant& who, const patient_data& record, const catalog& codes, const site_calendar& site, date as_of,
    const fhir::time_zone& zone
) {
    if (is_over(who, record))
        return {};
    const visit_record seen(t, record, codes);
    return findings_of(t, who, visit_evaluation(t, who, seen, site, zone, as_of).standings(), as_of);
}

followup visit_findings(
    const trial& t, const participant& who, const patient_data& record, const catalog& codes, const site_calendar& site, date as_of,
    const fhir::time_zone& zone
) {
    followup out;
    if (is_over(who, record))
        return out;
    const visit_record seen(t, record, codes);
    bool first = true;
    // From one date on which something may change to the next, until the findings do: few steps, for only what is still open has dates.
    for (date on = as_of; on != date::highest();) {
        visit_evaluation now(t, who, seen, site, zone, on);
        const date next = now.next();
        std::vector<concern> said = findings_of(t, who, std::move(now).standings(), on);
        if (first) {
            out.findings = std::move(said);
            first = false;
        } else if (!std::equal(said.begin(), said.end(), out.findings.begin(), out.findings.end(), same)) {
            out.changes_on = on;
            break;
        }
        on = next;
    }
    return out;
}

} // namespace trialgate::mappings
