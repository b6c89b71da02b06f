#include "gateway/work/followup_diff.hpp"

#include <algorithm>
#include <map>

namespace trialgate::gateway {

namespace {

using name = std::pair<std::string, std::string>; ///< key, kind

struct seen {
    const matter* what;
    std::string content;
};

std::map<name, seen> by_name(const std::vector<matter>& today) {
    std::map<name, seen> out;
    for (const matter& m : today) {
        seen s{&m, content_of(m)};
        const auto [at, fresh] = out.try_emplace({m.key, std::string(to_code(m.kind))}, s);
        if (!fresh && std::tuple(m.urgency, s.content) < std::tuple(at->second.what->urgency, at->second.content))
            at->second = std::move(s);
    }
    return out;
}

void say(alert_row& into, const alert_frame& about, const seen& s) {
    into.tier = static_cast<unsigned>(s.what->urgency);
    into.title = s.what->title;
    into.content = s.content;
    into.body = alert_json(*s.what, about.reference);
    into.body_with_references = alert_json(*s.what, [](std::string_view reference) { return std::string(reference); });
}

alert_change raised(const alert_frame& about, const name& called, const seen& s, instant now) {
    alert_change out;
    alert_row& a = out.after;
    a.trial = about.trial;
    a.number = about.number;
    a.source = about.source;
    a.patient = about.patient;
    a.subject = about.subject;
    std::tie(a.key, a.kind) = called;
    a.public_id = about.public_id(a.key, a.kind);
    a.raised = a.changed = a.news = now;
    say(a, about, s);
    return out;
}

alert_change corrected(const alert_frame& about, const alert_row& before, const seen& s, instant now) {
    alert_change out{alert_news::corrected, before};
    alert_row& a = out.after;
    say(a, about, s);
    ++a.version;
    a.open = true;
    a.withdrawn = 0;
    a.changed = now;
    if (!before.open || a.tier < before.tier || a.title != before.title) {
        a.news = std::max(now, before.news + 1); // the clock may have been set back
        a.acknowledged_by.clear();
        a.acknowledged = a.snoozed_until = a.escalated = 0;
    }
    return out;
}

} // namespace

std::vector<alert_change> followup_diff(const alert_frame& about, const std::vector<alert_row>& known, const std::vector<matter>& today,
                                        instant now) {
    const std::map<name, seen> found = by_name(today);
    std::map<name, const alert_row*> before;
    for (const alert_row& a : known)
        before.emplace(name(a.key, a.kind), &a);
    std::vector<alert_change> out;
    for (const auto& [called, row] : before)
        if (row->open && !found.contains(called)) {
            alert_change gone{alert_news::withdrawn, *row};
            gone.after.open = false;
            ++gone.after.version;
            gone.after.changed = gone.after.withdrawn = now;
            out.push_back(std::move(gone));
        }
    for (const auto& [called, s] : found) {
        const auto was = before.find(called);
        if (was == before.end())
            out.push_back(raised(about, called, s, now));
        else if (!was->second->open || was->second->content != s.content)
            out.push_back(corrected(about, *was->second, s, now));
    }
    return out;
}

} // namespace trialgate::gateway
