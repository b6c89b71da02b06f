// The columns of each kind of row, once: in the order of the column lists, for reading and for binding.
#pragma once

#include "gateway/store/sqlite_database.hpp"
#include "gateway/store/store.hpp"

namespace trialgate::gateway::sqlite {

// A name and those whose survivor it is: ?1 source, ?2 name.
#define TRIALGATE_NAMES_OF "(SELECT ?2 UNION ALL SELECT name FROM survivor WHERE source = ?1 AND person = ?2)"

template <class R, class Row>
concept row_of = std::same_as<std::remove_const_t<R>, Row>;

#define TRIALGATE_ARRIVAL_COLUMNS "source, kind, channel, method, tail, headers, received"
template <class R, class Use>
    requires std::derived_from<std::remove_const_t<R>, journal_item>
decltype(auto) arrival_columns(R& r, Use use) {
    return use(r.source, r.kind, r.channel, r.method, r.tail, r.headers, r.received);
}

#define TRIALGATE_PATIENT_COLUMNS "source, key, hydrated, changes_on, changed, records"
template <row_of<patient_row> R, class Use>
decltype(auto) columns(R& r, Use use) {
    return use(r.source, r.key, r.hydrated, r.changes_on, r.changed, blob{r.records});
}

#define TRIALGATE_DECISION_COLUMNS                                                                                                          \
    "source, patient, trial, status, number, pushed, decided, human, human_at, contradiction, subject, strip, changes_on, changed, "         \
    "mark, marked, made_with, stamp"
template <row_of<decision_row> R, class Use>
decltype(auto) columns(R& r, Use use) {
    return use(r.source, r.patient, r.trial, r.status, r.number, r.pushed, r.decided, r.human, r.human_at, r.contradiction, r.subject, r.strip,
               r.changes_on, r.changed, r.mark, r.marked, r.made_with, r.stamp);
}

#define TRIALGATE_HISTORY_COLUMNS "id, source, patient, trial, at, status, strip, made_with, cause, stamp"
template <row_of<history_row> R, class Use>
decltype(auto) columns(R& r, Use use) {
    return use(r.id, r.source, r.patient, r.trial, r.at, r.status, r.strip, r.made_with, r.cause, r.stamp);
}

#define TRIALGATE_JUDGEMENT_COLUMNS                                                                                                         \
    "id, source, patient, trial, kind, what, value, reason, by, name, role, at, asked, undone_by, undone_name, undone, unread, key"
template <row_of<judgement_row> R, class Use>
decltype(auto) columns(R& r, Use use) {
    return use(r.id, r.source, r.patient, r.trial, r.kind, r.what, r.value, r.reason, r.by, r.name, r.role, r.at, r.asked,
               r.undone_by, r.undone_name, r.undone, r.unread, r.key);
}
template <row_of<local_code> R, class Use>
decltype(auto) columns(R& r, Use use) {
    return use(r.type, r.system, r.code, r.display);
}
template <row_of<named_person> R, class Use>
decltype(auto) columns(R& r, Use use) {
    return use(r.source, r.patient);
}
template <row_of<comment_count> R, class Use>
decltype(auto) columns(R& r, Use use) {
    return use(r.source, r.patient, r.comments);
}

template <row_of<status_count> R, class Use>
decltype(auto) columns(R& r, Use use) {
    return use(r.status, r.people);
}

#define TRIALGATE_AUDIT_COLUMNS "id, at, by, name, role, address, action, trial, subject, detail, refused, status, seal"
template <row_of<audit_row> R, class Use>
decltype(auto) columns(R& r, Use use) {
    return use(r.id, r.at, r.by, r.name, r.role, r.address, r.action, r.trial, r.subject, r.detail, r.refused, r.status, r.seal);
}

#define TRIALGATE_OUTBOX_COLUMNS "id, sink, subject, trial, kind, key, created, state, attempts, not_before, error, body"
template <row_of<outbox_row> R, class Use>
decltype(auto) columns(R& r, Use use) {
    return use(r.id, r.sink, r.subject, r.trial, r.kind, r.key, r.created, r.state, r.attempts, r.not_before, r.error, r.body);
}

#define TRIALGATE_JOB_COLUMNS "id, source, kind, target, not_before, attempts, stamp"
template <row_of<job> R, class Use>
decltype(auto) columns(R& r, Use use) {
    return use(r.id, r.source, r.kind, r.target, r.not_before, r.attempts, r.stamp);
}

#define TRIALGATE_SUBSCRIPTION_COLUMNS                                                                                                      \
    "source, name, token, secret, id, kind, criteria, endpoint, status, created, ends, last_heard, last_checked, numbers"
template <row_of<subscription_row> R, class Use>
decltype(auto) columns(R& r, Use use) {
    return use(r.source, r.name, r.token, r.secret, r.id, r.kind, r.criteria, r.endpoint, r.status, r.created, r.ends, r.last_heard,
               r.last_checked, r.numbers);
}

#define TRIALGATE_FAULT_COLUMNS "key, text, since, last, times"
template <row_of<fault_row> R, class Use>
decltype(auto) columns(R& r, Use use) {
    return use(r.key, r.text, r.since, r.last, r.times);
}

#define TRIALGATE_PARTICIPANT_COLUMNS "trial, number, source, patient, protocol_version, state, since, changed, set_by, stamp, anchors"
template <row_of<participant_row> R, class Use>
decltype(auto) columns(R& r, Use use) {
    return use(r.trial, r.number, r.source, r.patient, r.protocol_version, r.state, r.since, r.changed, r.set_by, r.stamp, r.anchors);
}

#define TRIALGATE_ALERT_COLUMNS                                                                                                             \
    "id, trial, number, key, kind, source, patient, subject, public_id, tier, open, version, raised, changed, withdrawn, news, "             \
    "acknowledged_by, acknowledged, snoozed_until, escalated, title, content, body, body_with_references"
template <row_of<alert_row> R, class Use>
decltype(auto) columns(R& r, Use use) {
    return use(r.id, r.trial, r.number, r.key, r.kind, r.source, r.patient, r.subject, r.public_id, r.tier, r.open, r.version, r.raised,
               r.changed, r.withdrawn, r.news, r.acknowledged_by, r.acknowledged, r.snoozed_until, r.escalated, r.title, r.content, r.body,
               r.body_with_references);
}

#define TRIALGATE_MAIL_COLUMNS "id, person, kind, message_id, created, state, attempts, not_before, error, subject, text"
template <row_of<mail_row> R, class Use>
decltype(auto) columns(R& r, Use use) {
    return use(r.id, r.person, r.kind, r.message_id, r.created, r.state, r.attempts, r.not_before, r.error, r.subject, r.text);
}

template <row_of<alert_count> R, class Use>
decltype(auto) columns(R& r, Use use) {
    return use(r.trial, r.alerts);
}
template <row_of<participation_of> R, class Use>
decltype(auto) columns(R& r, Use use) {
    return use(r.source, r.patient, r.number, r.state);
}
template <row_of<participant_note> R, class Use>
decltype(auto) columns(R& r, Use use) {
    return use(r.at, r.by, r.what);
}
template <row_of<told_row> R, class Use>
decltype(auto) columns(R& r, Use use) {
    return use(r.person, r.alert, r.escalation, r.news, r.at);
}
template <row_of<mail_count> R, class Use>
decltype(auto) columns(R& r, Use use) {
    return use(r.person, r.day, r.mails, r.last);
}

/// The rows that `c` gives.
template <class Row>
std::vector<Row> rows(cursor&& c) {
    std::vector<Row> out;
    while (c.step())
        columns(out.emplace_back(), [&](auto&&... v) { c.read(v...); });
    return out;
}
template <class Row>
std::optional<Row> first(cursor&& c) {
    if (!c.step())
        return std::nullopt;
    std::optional<Row> out(std::in_place);
    columns(*out, [&](auto&&... v) { c.read(v...); });
    return out;
}
/// The one number of the one row.
inline std::int64_t count(cursor&& c) {
    std::int64_t out = 0;
    if (c.step())
        c.read(out);
    return out;
}
/// Pairs of two text columns.
inline std::vector<std::pair<std::string, std::string>> pairs(cursor&& c) {
    std::vector<std::pair<std::string, std::string>> out;
    while (c.step()) {
        auto& [one, two] = out.emplace_back();
        c.read(one, two);
    }
    return out;
}
inline std::vector<std::string> texts(cursor&& c) {
    std::vector<std::string> out;
    while (c.step())
        c.read(out.emplace_back());
    return out;
}
inline std::optional<std::string> text(cursor&& c) {
    if (!c.step())
        return std::nullopt;
    std::optional<std::string> out(std::in_place);
    c.read(*out);
    return out;
}
/// An instant that is NULL when there is none.
inline std::optional<instant> when(cursor&& c) {
    if (!c.step() || c.null(0))
        return std::nullopt;
    instant out = 0;
    c.read(out);
    return out;
}
/// Stores `r` by a statement that takes its columns in their order.
template <class Row>
void store_row(database& db, const query& q, const Row& r) {
    columns(r, [&](const auto&... v) { db.execute(q, v...); });
}

} // namespace trialgate::gateway::sqlite
