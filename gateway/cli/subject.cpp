// subject add | dose | withdraw | show | list: who takes part in a trial, beside what the study system tells. The gateway sees it within
// seconds.
#include "gateway/cli/live.hpp"
#include "gateway/core/zone.hpp"
#include "gateway/work/enrolment.hpp"
#include "gateway/work/outlook.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

namespace trialgate::gateway {

namespace {

using state = mappings::participation_state;

struct subject_options {
    std::string config, trial, number, patient, source, protocol, on, at, as = "withdrawn", reason;
    bool json = false, rescreen = false;
};

void complain(const std::string& text) { std::fprintf(stderr, "error: %s\n", text.c_str()); }

/// The day of --on, or today at the site; nothing (and a message) when it is no day or lies in the future.
std::optional<fhir::date> day_of(const subject_options& o, const gateway_config& config) {
    const fhir::date now = today(site_of(config));
    if (o.on.empty())
        return now;
    const auto day = fhir::parse_date(o.on);
    if (!day)
        complain("'" + o.on + "' is no day: YYYY-MM-DD");
    else if (*day > now)
        complain("'" + o.on + "' lies in the future");
    else
        return day;
    return std::nullopt;
}

void print_json(const participant_row& row, const std::vector<participant_note>* trail) {
    std::printf("%s\n", participant_json(row, trail).c_str());
}

order_author author() { return {acting_user(), system_clock()->now()}; }

exit_code carry_out(store& rows, const order_outcome& outcome, const subject_options& o) {
    if (const auto* refused = std::get_if<refusal>(&outcome)) {
        complain(refused->text);
        return refused->what == refusal::kind::unusable ? exit_code::usage : exit_code::failed;
    }
    const auto& [row, what] = std::get<participation_change>(outcome);
    const std::string noted = o.reason.empty() ? what : what + ": " + o.reason;
    in_transaction(rows, [&] {
        rows.participant_put(row);
        rows.participant_note_add(row.trial, row.number, {row.changed, row.set_by, noted});
    });
    if (o.json)
        print_json(row, nullptr);
    else
        std::printf("%s %s: %s\n", row.trial.c_str(), row.number.c_str(), what.c_str());
    return exit_code::done;
}

exit_code add(store& rows, const gateway_config& config, const subject_options& o) {
    std::string source = o.source;
    if (source.empty() && config.sources.size() == 1)
        source = config.sources.front().name;
    if (std::none_of(config.sources.begin(), config.sources.end(), [&](const source_config& s) { return s.name == source; })) {
        complain(source.empty() ? "there are several sources: add --source" : "the configuration has no source '" + source + "'");
        return exit_code::usage;
    }
    const auto day = day_of(o, config);
    if (!day)
        return exit_code::usage;
    const auto trials = usable_trials(config);
    if (!trials)
        return exit_code::failed;
    const exit_code done = carry_out(rows, enrol(rows, *trials->net, {o.trial, o.number, source, o.patient, o.protocol, *day}, author()), o);
    for (const auto& t : trials->net->trials()) {
        if (done != exit_code::done || t.source->id != o.trial)
            continue;
        if (t.source->visits.empty())
            std::fprintf(stderr, "warning: %s has no 'visits': none will come due\n", o.trial.c_str());
        if (!t.source->safety)
            std::fprintf(stderr, "warning: %s has no 'safety': laboratory results are not watched\n", o.trial.c_str());
    }
    return done;
}

exit_code dose(store& rows, const gateway_config& config, const subject_options& o) {
    const auto row = find_participant(rows, o.trial, o.number);
    if (!row)
        return exit_code::failed;
    mappings::anchor_point point{};
    if (!o.at.empty()) {
        const auto at = fhir::parse_date_time(o.at);
        const auto instant = at && at->precise == fhir::precision::second ? at->instant(site_of(config)) : std::nullopt;
        if (!instant || *instant > system_clock()->now() / second_ms) {
            complain("'" + o.at + "' is no time of the past: YYYY-MM-DDThh:mm, with a zone or in the site's");
            return exit_code::usage;
        }
        point = {site_of(config).date_of(*instant), *instant};
    } else {
        const auto day = day_of(o, config);
        if (!day)
            return exit_code::usage;
        point.on = *day;
    }
    return carry_out(rows, dosed(*row, point, !o.reason.empty(), author()), o);
}

exit_code end(store& rows, const gateway_config& config, const subject_options& o) {
    const auto as = mappings::participation_state_of(o.as);
    if (!as || *as == state::screening || *as == state::on_study) {
        complain("--as is one of withdrawn, ended-early, completed, screen-failure, died");
        return exit_code::usage;
    }
    const auto row = find_participant(rows, o.trial, o.number);
    const auto day = day_of(o, config);
    if (!row || !day)
        return row ? exit_code::usage : exit_code::failed;
    return carry_out(rows, ended(*row, *as, *day, author()), o);
}

exit_code show(store& rows, const gateway_config&, const subject_options& o) {
    const auto row = find_participant(rows, o.trial, o.number);
    if (!row)
        return exit_code::failed;
    const auto trail = rows.participant_notes(row->trial, row->number);
    if (o.json) {
        print_json(*row, &trail);
        return exit_code::done;
    }
    std::printf("%s %s: %s since %s\n", row->trial.c_str(), row->number.c_str(), row->state.c_str(), to_string(row->since).c_str());
    text_table t;
    t.row({"patient", row->patient + " at " + row->source});
    if (!row->protocol_version.empty())
        t.row({"protocol", row->protocol_version});
    for (const auto& [name, point] : decode_anchors(row->anchors))
        t.row({name, to_string(point.on) + (point.at ? ", " + to_text(*point.at * second_ms) : "")});
    for (const participant_note& n : trail)
        t.row({to_text(n.at), n.what + " (" + n.by + ")"});
    for (const alert_row& a : rows.alerts_of(row->trial, row->number))
        if (a.open)
            t.row(
                {"alert " + std::to_string(a.id), "T" + std::to_string(a.tier) + " " + a.title + (a.acknowledged ? ", acknowledged" : "")});
    t.print(2);
    return exit_code::done;
}

exit_code list(store& rows, const gateway_config&, const subject_options& o) {
    text_table t;
    std::int64_t shown = 0;
    each_participant(rows, [&](const participant_row& r) {
        if (!o.trial.empty() && r.trial != o.trial)
            return;
        ++shown;
        if (o.json)
            return print_json(r, nullptr);
        if (t.empty())
            t.row({"trial", "number", "state", "since", "Day 0", "patient", "set by"});
        const auto anchors = decode_anchors(r.anchors);
        const auto dosing = anchors.find("dosing");
        t.row({r.trial, r.number, r.state, to_string(r.since), dosing == anchors.end() ? "" : to_string(dosing->second.on),
               r.patient + " at " + r.source, r.set_by});
    });
    t.print(0);
    if (!o.json)
        std::printf("%s\n", counted(shown, "participant").c_str());
    return exit_code::done;
}

} // namespace

void add_subject(CLI::App& program, verb& run) {
    CLI::App* group = program.add_subcommand("subject", "Who takes part in a trial: add, dose, withdraw, show, list");
    group->require_subcommand(1);
    auto o = std::make_shared<subject_options>();
    const auto verb_of = [&](const char* name, const char* what, access how,
                             exit_code (*action)(store&, const gateway_config&, const subject_options&)) {
        CLI::App* v = add_store_verb(
            *group, name, what, o->config, how, [o, action](store& rows, const gateway_config& c) { return action(rows, c, *o); }, run);
        v->add_flag("--json", o->json, "As JSON");
        return v;
    };
    const auto number = [&](CLI::App* v) {
        v->add_option("NUMBER", o->number, "Screening or subject number given by the study")->required();
    };
    const auto trial = [&](CLI::App* v) { return v->add_option("--trial", o->trial, "Of this trial")->type_name("ID"); };
    const auto on = [&](CLI::App* v, const char* what) { v->add_option("--on", o->on, what)->type_name("YYYY-MM-DD"); };
    const auto reason = [&](CLI::App* v) { v->add_option("--reason", o->reason, "Kept in the trail")->type_name("TEXT"); };

    CLI::App* added = verb_of("add", "Somebody is screened for a trial", access::change, add);
    number(added);
    trial(added)->required();
    added->add_option("--patient", o->patient, "As on the hospital's server: Patient/ID")->required()->type_name("REFERENCE");
    added->add_option("--source", o->source, "Which hospital's server, when there are several")->type_name("NAME");
    added->add_option("--protocol", o->protocol, "Version of the protocol")->type_name("VERSION");
    on(added, "First day of screening (default: today)");
    reason(added);
    CLI::App* dosed = verb_of("dose", "Day 0: the dose was given", access::change, dose);
    number(dosed);
    trial(dosed);
    on(dosed, "Day of the dose (default: today)");
    dosed->add_option("--at", o->at, "Time of the dose, instead of its day")->type_name("TIME");
    reason(dosed);
    CLI::App* ended = verb_of("withdraw", "A participation ends", access::change, end);
    number(ended);
    trial(ended);
    on(ended, "Day of the decision (default: today)");
    ended->add_option("--as", o->as, "withdrawn (default), ended-early, completed, screen-failure, died")->type_name("STATE");
    reason(ended);
    CLI::App* shown = verb_of("show", "One participation, its trail and its open alerts", access::look, show);
    number(shown);
    trial(shown);
    trial(verb_of("list", "All of them", access::look, list));
}

} // namespace trialgate::gateway
