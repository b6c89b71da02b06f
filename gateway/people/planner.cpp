#include "gateway/people/planner.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace trialgate::gateway {

namespace {

using how = subscriber_config::when::how;

std::int64_t seconds(instant at) noexcept { return at >= 0 ? at / second_ms : (at - (second_ms - 1)) / second_ms; }

/// Days of the site and minutes of them.
class calendar {
public:
    explicit calendar(const fhir::time_zone& site) : site_(site) {}

    fhir::date day(instant at) const { return site_.date_of(seconds(at)); }
    instant at(fhir::date day, int minute) const {
        const std::int64_t local = std::int64_t{day.days} * 86'400 + minute * 60;
        return (local - site_.offset_of_local(local)) * second_ms;
    }
    /// The first time that the site's clocks show `minute`, at `from` or later.
    instant next(instant from, int minute) const {
        fhir::date d = day(from);
        while (at(d, minute) < from)
            d = d + 1;
        return at(d, minute);
    }
    instant after_quiet(instant from, const std::optional<std::pair<int, int>>& quiet) const {
        if (!quiet)
            return from;
        const std::int64_t local = seconds(from) + site_.offset_at(seconds(from));
        const int minute = static_cast<int>(((local % 86'400) + 86'400) % 86'400 / 60);
        const auto [begin, end] = *quiet;
        const bool within = begin < end ? minute >= begin && minute < end : minute >= begin || minute < end;
        return within ? next(from, end) : from;
    }

private:
    const fhir::time_zone& site_;
};

struct item {
    const alert_row* alert;
    instant since = 0, due = 0;
    bool immediate = false, escalation = false;
};

bool concerns(const subscriber_config& who, const alert_row& a) {
    return who.trials.empty() || std::find(who.trials.begin(), who.trials.end(), a.trial) != who.trials.end();
}

const subscriber_config::when& rule(const subscriber_config& who, const alert_row& a) { return who.tiers[std::clamp(a.tier, 1u, 3u) - 1]; }

class planner {
public:
    planner(const people_config& config, const fhir::time_zone& site, const std::vector<alert_row>& open, const std::vector<told_row>& told,
            const std::vector<mail_count>& counts, instant now)
        : config_(config), calendar_(site), open_(open), now_(now) {
        for (const told_row& t : told)
            told_[{t.person, t.alert, t.escalation}] = &t;
        for (const mail_count& c : counts)
            counts_[c.person] = c;
    }

    mail_plan plan() {
        for (const subscriber_config& who : config_.subscribers)
            plan_for(who);
        return std::move(out_);
    }

private:
    /// A told row is good for `a` when it is of the same news and no snooze has ended since.
    bool knows(const std::string& person, const alert_row& a, bool escalation) const {
        const auto t = told_.find({person, a.id, escalation});
        return t != told_.end() && t->second->news >= a.news && (a.snoozed_until == 0 || t->second->at >= a.snoozed_until);
    }

    std::vector<item> items_of(const subscriber_config& who) const {
        std::vector<item> out;
        for (const alert_row& a : open_) {
            if (!a.open || a.acknowledged != 0)
                continue;
            const instant since = std::max(a.news, a.snoozed_until);
            if (const auto& by = rule(who, a); concerns(who, a) && by.is != how::never && !knows(who.name, a, false)) {
                item it{&a, since, since, by.is == how::immediate, false};
                it.due = it.immediate ? since + config_.gather : calendar_.next(since, by.minute);
                if (it.immediate && a.tier > 1)
                    it.due = calendar_.after_quiet(it.due, who.quiet);
                out.push_back(it);
            }
            if (a.tier == 1 && !knows(who.name, a, true))
                if (const auto patience = patience_before(who, a))
                    out.push_back({&a, since, since + *patience, false, true});
        }
        return out;
    }

    /// How long others may leave this alert alone before `who` hears of it; the shortest.
    std::optional<duration_ms> patience_before(const subscriber_config& who, const alert_row& a) const {
        std::optional<duration_ms> out;
        for (const subscriber_config& other : config_.subscribers)
            if (other.escalate_after > 0 && other.escalate_to == who.name && concerns(other, a) && rule(other, a).is != how::never)
                out = std::min(out.value_or(other.escalate_after), other.escalate_after);
        return out;
    }

    void plan_for(const subscriber_config& who) {
        const std::vector<item> items = items_of(who);
        if (items.empty())
            return;
        mail_count count = counts_[who.name];
        count.person = who.name;
        if (const fhir::date today = calendar_.day(now_); count.day != today) {
            count.day = today;
            count.mails = 0;
        }
        instant held = 0; // no mail to this person before
        if (count.last != 0 && count.last <= now_)
            held = count.last + config_.spacing;
        if (count.mails > who.mails_a_day)
            held = std::max(held, calendar_.at(count.day + 1, 0));
        instant send = std::numeric_limits<instant>::max();
        for (const item& it : items)
            send = std::min(send, std::max(it.due, held));
        if (send > now_) {
            out_.next = std::min(out_.next, send);
            return;
        }
        std::vector<item> taken;
        for (const item& it : items) {
            if (it.due <= now_ || (it.immediate && it.since <= now_))
                taken.push_back(it);
            else
                out_.next = std::min(out_.next, std::max(it.due, now_ + config_.spacing));
        }
        count.last = now_;
        ++count.mails;
        out_.mails.push_back(mail_of(who, taken, count));
    }

    planned_mail mail_of(const subscriber_config& who, std::vector<item>& taken, const mail_count& count) const {
        std::stable_sort(taken.begin(), taken.end(), [](const item& a, const item& b) {
            return std::tuple(a.alert->tier, a.alert->raised, a.alert->id) < std::tuple(b.alert->tier, b.alert->raised, b.alert->id);
        });
        planned_mail out;
        out.person = who.name;
        out.count = count;
        out.kind = "digest";
        std::set<std::int64_t> listed;
        for (const item& it : taken) {
            if (it.escalation)
                out.overdue.push_back(it.alert->id);
            if (it.immediate && out.kind == "digest")
                out.kind = "immediate";
            if (listed.insert(it.alert->id).second)
                out.alerts.push_back(*it.alert);
            out.told.push_back({who.name, it.alert->id, it.escalation, it.alert->news, now_});
        }
        if (!out.overdue.empty())
            out.kind = "escalation";
        if (count.mails > who.mails_a_day)
            out.kind = "summary";
        return out;
    }

    const people_config& config_;
    const calendar calendar_;
    const std::vector<alert_row>& open_;
    const instant now_;
    std::map<std::tuple<std::string, std::int64_t, bool>, const told_row*> told_;
    std::map<std::string, mail_count> counts_;
    mail_plan out_;
};

} // namespace

mail_plan plan_mails(const people_config& config, const fhir::time_zone& site, const std::vector<alert_row>& open,
                     const std::vector<told_row>& told, const std::vector<mail_count>& counts, instant now) {
    return planner(config, site, open, told, counts, now).plan();
}

} // namespace trialgate::gateway
