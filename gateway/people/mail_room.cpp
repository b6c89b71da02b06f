#include "gateway/core/log.hpp"
#include "gateway/people/mail_text.hpp"
#include "gateway/people/people_desk.hpp"

#include <algorithm>

namespace trialgate::gateway {

namespace {

constexpr std::size_t page_rows = 1000;
constexpr std::uint32_t least_attempts = 5;
constexpr const char* relay_fault = "people.relay";
constexpr const char* dead_fault = "people.undelivered";

duration_ms backoff(std::uint32_t attempts, const relay_config& relay) {
    duration_ms out = relay.first_retry;
    for (std::uint32_t n = 1; n < attempts && out < relay.longest_retry; ++n)
        out *= 2;
    return std::min(out, relay.longest_retry);
}

std::string_view word(mail_outcome::is what) noexcept {
    switch (what) {
    case mail_outcome::is::taken: return "taken";
    case mail_outcome::is::refused: return "refused";
    case mail_outcome::is::later: return "later";
    case mail_outcome::is::relay: break;
    }
    return "relay";
}

} // namespace

mail_step after_attempt(const mail_row& mail, std::uint32_t attempts, const mail_outcome& outcome, const relay_config& relay, instant now) {
    if (outcome.what == mail_outcome::is::taken)
        return {mail_step::is::sent, 0};
    const bool given_up = attempts >= least_attempts && now - mail.created > relay.give_up_after;
    if (outcome.what == mail_outcome::is::refused || given_up)
        return {mail_step::is::dead, 0};
    return {mail_step::is::retry, now + backoff(attempts, relay)};
}

mail_room::mail_room(people_config config, fhir::time_zone site, committer& writer, std::unique_ptr<store> reading, clock& time,
                     fault_board& faults, metrics& figures, std::unique_ptr<carrier> by)
    : config_(std::move(config)), site_(std::move(site)), writer_(writer), reading_(std::move(reading)), time_(time), faults_(faults),
      figures_(figures), by_(std::move(by)) {}

void mail_room::cut() {
    if (by_)
        by_->cut();
}

const subscriber_config* mail_room::find(const std::string& name) const {
    for (const subscriber_config& s : config_.subscribers)
        if (s.name == name)
            return &s;
    return nullptr;
}

/// What another process was sending when it ended.
void mail_room::begin() {
    if (begun_)
        return;
    begun_ = !commit_and_wait(writer_, [](store& s) {
        for (const mail_row& m : s.mails(mail_state::sending, page_rows))
            s.mail_set(m.id, mail_state::waiting, m.attempts, 0, "interrupted");
    });
}

bool mail_room::plan() {
    if (!by_)
        return false;
    const std::int64_t stamp = reading_->alerts_stamp();
    const instant now = time_.now();
    if (stamp == stamp_ && now < next_ && now >= looked_)
        return false;
    std::vector<alert_row> open;
    for (auto some = reading_->alerts_after(0, true, page_rows); !some.empty();
         some = reading_->alerts_after(open.back().id, true, page_rows))
        open.insert(open.end(), some.begin(), some.end());
    const mail_plan plan = plan_mails(config_, site_, open, reading_->told(), reading_->mail_counts(), now);
    if (!plan.mails.empty() && !store_mails(plan))
        return false;
    stamp_ = stamp;
    looked_ = now;
    next_ = plan.next;
    return !plan.mails.empty();
}

bool mail_room::store_mails(const mail_plan& plan) {
    std::vector<mail_row> rows;
    for (const planned_mail& p : plan.mails) {
        mail_row row;
        row.person = p.person;
        row.kind = p.kind;
        row.message_id = message_id(p, config_.relay.from);
        row.created = p.count.last;
        std::tie(row.subject, row.text) = words_of(p, config_);
        rows.push_back(std::move(row));
    }
    const auto failed = commit_and_wait(writer_, [&](store& s) {
        for (const mail_row& row : rows)
            s.mail_add(row);
        for (const planned_mail& p : plan.mails) {
            for (const told_row& t : p.told)
                s.told_put(t);
            s.mail_count_put(p.count);
            for (const std::int64_t id : p.overdue)
                s.alert_escalated(id, p.count.last);
        }
    });
    for (const planned_mail& p : plan.mails)
        if (!failed)
            log_info("people.mail", {{"person", p.person}, {"kind", p.kind}, {"alerts", p.alerts.size()}});
    return !failed;
}

void mail_room::send(const std::function<bool()>& stop) {
    if (!by_)
        return;
    begin();
    if (reading_->mail_count_of(mail_state::dead) == 0)
        faults_.clear(dead_fault);
    const instant now = time_.now();
    if (held_ > now && held_ - now <= config_.relay.longest_retry)
        return;
    for (const mail_row& m : reading_->mails(mail_state::waiting, page_rows)) {
        if (stop && stop())
            return;
        // A time further away than any retry comes from a clock that was ahead.
        if (m.not_before > now && m.not_before - now <= config_.relay.longest_retry)
            continue;
        if (!deliver(m))
            return;
    }
}

/// False when nothing else is to be tried now.
bool mail_room::deliver(const mail_row& mail) {
    const subscriber_config* const to = find(mail.person);
    const std::uint32_t attempts = mail.attempts + 1;
    if (commit_and_wait(writer_, [&](store& s) { s.mail_set(mail.id, mail_state::sending, attempts, mail.not_before, mail.error); }))
        return false;
    const mail_outcome outcome = to ? by_->send(to->address, mail_bytes(mail, config_.relay.from, to->address))
                                    : mail_outcome{mail_outcome::is::refused, "no longer a subscriber"};
    const instant now = time_.now();
    const mail_step step = after_attempt(mail, attempts, outcome, config_.relay, now);
    const auto failed = commit_and_wait(writer_, [&](store& s) {
        if (step.what == mail_step::is::sent)
            s.mail_remove(mail.id);
        else
            s.mail_set(mail.id, step.what == mail_step::is::dead ? mail_state::dead : mail_state::waiting, attempts, step.not_before,
                       outcome.why);
    });
    figures_.count("trialgate_mails_total", {{"outcome", word(outcome.what)}});
    if (step.what == mail_step::is::dead)
        faults_.raise(dead_fault, "a mail to " + mail.person + " was given up: trialgate alerts undelivered");
    if (outcome.what == mail_outcome::is::relay) {
        held_ = now + backoff(++failures_, config_.relay);
        faults_.raise(relay_fault,
                      "the mail relay " + config_.relay.host + " takes no mails (" + outcome.why + "); nobody is told of alerts by mail");
        return false;
    }
    if (to) {
        failures_ = 0;
        held_ = 0;
        faults_.clear(relay_fault);
    }
    return !failed;
}

} // namespace trialgate::gateway
