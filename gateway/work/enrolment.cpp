#include "gateway/work/enrolment.hpp"

#include "gateway/core/json_text.hpp"

#include <algorithm>

namespace trialgate::gateway {

namespace {

using state = mappings::participation_state;

refusal conflict(std::string why) { return {refusal::kind::conflict, std::move(why)}; }

bool is_plain(std::string_view text) noexcept {
    return std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; });
}

participation_change by(const order_author& author, participant_row row, std::string what) {
    row.changed = author.at;
    row.set_by = author.by;
    return {std::move(row), std::move(what)};
}

} // namespace

order_outcome enrol(store& rows, const mappings::network& trials, const enrolment& order, const order_author& author) {
    constexpr std::size_t longest_number = 64;
    if (order.number.size() > longest_number || !is_plain(order.number))
        return refusal{refusal::kind::unusable, "a number has at most 64 characters, none of them a control character"};
    if (!order.patient.starts_with("Patient/") || order.patient.size() < 9)
        return refusal{refusal::kind::unusable, "a patient is named as on the hospital's server: Patient/ID"};
    if (order.number.empty() || order.trial.empty())
        return refusal{refusal::kind::unusable, "a participation has a trial and a number"};
    const auto all = trials.trials();
    const auto trial = std::find_if(all.begin(), all.end(), [&](const mappings::compiled_trial& t) { return t.source->id == order.trial; });
    if (trial == all.end())
        return refusal{refusal::kind::unusable, "the configuration has no trial '" + order.trial + "'"};
    if (rows.participant(order.trial, order.number))
        return conflict(order.trial + " has a participant " + order.number + " already; who is screened again gets another number");
    for (const participant_row& r : rows.participants_of_person(order.source, rows.survivor(order.source, order.patient))) {
        const state is = participant_of(r).state;
        if (is == state::died)
            return conflict("this person has died" + (r.trial == order.trial ? ", as participant " + r.number + " says" : std::string()));
        if (r.trial != order.trial) // whoever orders for one trial is told nothing of another
            continue;
        if (is == state::screening || is == state::on_study)
            return conflict("this person takes part as " + r.number + " and has not ended");
        if (order.since < r.since)
            return conflict("this person took part as " + r.number + " until " + to_string(r.since) + "; screening again begins then at the earliest");
    }
    participant_row row;
    row.trial = order.trial;
    row.number = order.number;
    row.source = order.source;
    row.patient = order.patient;
    row.protocol_version = order.protocol_version.empty() ? trial->source->version : order.protocol_version;
    row.state = to_code(state::screening);
    row.since = order.since;
    row.anchors = encode_anchors({{"screening", {order.since}}});
    return by(author, std::move(row), "screening since " + to_string(order.since));
}

order_outcome dosed(const participant_row& current, const mappings::anchor_point& when, bool corrects, const order_author& author) {
    const state is = participant_of(current).state;
    if (is != state::screening && is != state::on_study)
        return conflict("this participation has ended: " + current.state);
    auto anchors = decode_anchors(current.anchors);
    const auto before = anchors.find("dosing");
    if (before != anchors.end() && before->second.on != when.on && !corrects)
        return conflict("Day 0 is " + to_string(before->second.on) + "; correcting it needs a reason");
    if (const auto screened = anchors.find("screening"); screened != anchors.end() && when.on < screened->second.on)
        return conflict("screening began on " + to_string(screened->second.on) + ", after that day");
    anchors.insert_or_assign("dosing", when);
    participant_row row = current;
    row.anchors = encode_anchors(anchors);
    if (is == state::screening) {
        row.state = to_code(state::on_study);
        row.since = when.on;
    }
    return by(author, std::move(row), "dosed on " + to_string(when.on));
}

order_outcome ended(const participant_row& current, state as, fhir::date on, const order_author& author) {
    const state is = participant_of(current).state;
    if (as == state::screening || as == state::on_study)
        return refusal{refusal::kind::unusable, "a participation ends as withdrawn, ended-early, completed, screen-failure or died"};
    if (is == as)
        return conflict("it is " + current.state + " since " + to_string(current.since));
    if (as == state::screen_failure && is != state::screening)
        return conflict("a screening failure ends screening; this participation is " + current.state);
    if (is == state::died)
        return conflict("this person has died");
    for (const auto& [name, point] : decode_anchors(current.anchors))
        if (on < point.on && name != "end")
            return conflict(name + " was on " + to_string(point.on) + ", after that day");
    participant_row row = current;
    if (as == state::ended_early) {
        auto anchors = decode_anchors(row.anchors);
        anchors.insert_or_assign("end", mappings::anchor_point{on});
        row.anchors = encode_anchors(anchors);
    }
    row.state = to_code(as);
    row.since = on;
    return by(author, std::move(row), std::string(to_code(as)) + " since " + to_string(on));
}

std::string participant_json(const participant_row& row, const std::vector<participant_note>* trail) {
    json_text out;
    out.begin_object().key("trial").string(row.trial).key("number").string(row.number);
    out.key("source").string(row.source).key("patient").string(row.patient);
    out.key("protocolVersion").string(row.protocol_version).key("state").string(row.state).key("since").string(to_string(row.since));
    out.key("anchors").json(row.anchors.empty() ? "{}" : row.anchors);
    out.key("setBy").string(row.set_by).key("changed").string(to_text(row.changed));
    if (trail) {
        out.key("trail").begin_array();
        for (const participant_note& n : *trail)
            out.begin_object().key("at").string(to_text(n.at)).key("by").string(n.by).key("what").string(n.what).end_object();
        out.end_array();
    }
    out.end_object();
    return std::string(out.text());
}

} // namespace trialgate::gateway
