#include "gateway/work/participation.hpp"

#include <algorithm>

namespace trialgate::gateway {

namespace {

using state = mappings::participation_state;

bool has_ended(state s) noexcept { return s != state::screening && s != state::on_study; }

state state_of(const participant_row& row) { return participant_of(row).state; }

/// What the status would be of somebody of whom nothing is known; nothing for those who take no part.
std::optional<state> meaning(std::string_view status) noexcept {
    constexpr std::pair<std::string_view, state> words[] = {
        {"screening", state::screening},      {"pending-on-study", state::on_study},      {"on-study", state::on_study},
        {"follow-up", state::on_study},       {"on-study-intervention", state::on_study}, {"on-study-observation", state::on_study},
        {"ineligible", state::screen_failure}, {"not-registered", state::screen_failure}, {"withdrawn", state::withdrawn},
        {"off-study", state::ended_early},
    };
    for (const auto& [word, meant] : words)
        if (word == status)
            return meant;
    return std::nullopt;
}

participation_change changed(participant_row row, state to, fhir::date since, instant at, const std::string& by) {
    row.state = to_code(to);
    row.since = since;
    row.changed = at;
    row.set_by = by;
    return {std::move(row), std::string(to_code(to)) + " since " + to_string(since)};
}

participation_change begun(const study_word& says, state as, std::string number, std::string_view trial, fhir::date since) {
    participant_row row;
    row.trial = trial;
    row.number = std::move(number);
    if (as == state::screening)
        row.anchors = encode_anchors({{"screening", {since}}});
    return changed(std::move(row), as, since, says.at, says.by);
}

} // namespace

const participant_row* current_participation(const std::vector<participant_row>& of_person, std::string_view trial,
                                             std::string_view number) {
    const participant_row* last = nullptr;
    for (const participant_row& row : of_person) {
        if (row.trial != trial)
            continue;
        if (!number.empty() && row.number == number)
            return &row;
        const bool ended = has_ended(state_of(row));
        if (!last || !ended || has_ended(state_of(*last)))
            last = &row;
    }
    return last;
}

std::optional<participation_change> participation_after(const participant_row* current, const study_word& says, std::string_view trial,
                                                        std::string_view subject, fhir::date today,
                                                        std::optional<fhir::date> completed_from) {
    const auto means = meaning(says.status);
    if (!means)
        return std::nullopt;
    const fhir::date since = says.since.value_or(today);
    const std::string number = !says.number.empty() ? says.number : "tg-" + std::string(subject.substr(0, 8));
    const bool begins = *means == state::screening || *means == state::on_study;
    if (!current)
        return begins ? std::optional(begun(says, *means, number, trial, since)) : std::nullopt;
    const state is = state_of(*current);
    const bool other_number = !says.number.empty() && says.number != current->number;
    if (has_ended(is)) {
        const bool later = *means == state::screening && says.since && *says.since > current->since;
        if (is == state::died || !begins || (!other_number && !later))
            return std::nullopt;
        const std::string next = other_number ? says.number : current->number + "/" + to_string(since);
        return begun(says, *means, next, trial, since);
    }
    const bool back = is == state::on_study && (*means == state::screening || *means == state::screen_failure);
    if (*means == is || back)
        return std::nullopt;
    state to = *means;
    if (says.status == "off-study") {
        if (is == state::screening)
            to = state::screen_failure;
        else if (completed_from && since >= *completed_from)
            to = state::completed;
    }
    participation_change out = changed(*current, to, since, says.at, says.by);
    if (to == state::ended_early) {
        auto anchors = decode_anchors(current->anchors);
        anchors.insert_or_assign("end", mappings::anchor_point{since});
        out.after.anchors = encode_anchors(anchors);
    }
    return out;
}

std::optional<participation_change> participation_dated(const participant_row& current, const std::map<std::string, mappings::anchor_point>& recorded,
                                                        instant at) {
    const state is = state_of(current);
    if (has_ended(is))
        return std::nullopt;
    auto anchors = decode_anchors(current.anchors);
    std::string what;
    bool moved = false;
    const auto note = [&](const std::string& said) { what += (what.empty() ? "" : ", ") + said; };
    std::erase_if(anchors, [&](const auto& known) {
        const bool gone = !known.second.from.empty() && !recorded.contains(known.first);
        if (gone)
            note(known.first + " no longer recorded");
        return gone;
    });
    for (const auto& [name, point] : recorded) {
        const auto known = anchors.find(name);
        if (known != anchors.end() && (known->second.from.empty() || (known->second.on == point.on && known->second.from == point.from)))
            continue;
        // On study since the dose is on study since the day that it really was.
        moved = moved || (name == "dosing" && known != anchors.end() && is == state::on_study && current.since == known->second.on);
        anchors.insert_or_assign(name, point);
        note(name + " on " + to_string(point.on));
    }
    if (what.empty())
        return std::nullopt;
    participation_change out{current, {}};
    out.after.anchors = encode_anchors(anchors);
    out.after.changed = at;
    out.after.set_by = "record";
    if (const auto dose = anchors.find("dosing"); dose != anchors.end() && (is == state::screening || moved)) {
        out.after.state = to_code(state::on_study);
        out.after.since = dose->second.on;
        note("on-study since " + to_string(dose->second.on));
    }
    out.what = std::move(what);
    return out;
}

std::optional<participation_change> participation_died(const participant_row& current, fhir::date today, instant at) {
    const state is = state_of(current);
    if (!goes_on(is))
        return std::nullopt;
    return changed(current, state::died, today, at, "record");
}

bool is_followed(mappings::participation_state s) noexcept {
    return s != state::withdrawn && s != state::screen_failure && s != state::died;
}

} // namespace trialgate::gateway
