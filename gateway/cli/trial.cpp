// trial check | test | show: a trial is a file; these are the tools of whoever writes one.
#include "gateway/core/json_text.hpp"
#include "gateway/cli/trial_runs.hpp"
#include "gateway/cli/verbs.hpp"
#include "gateway/core/terminal.hpp"
#include "mappings/followup/finding.hpp"

#include <CLI/CLI.hpp>
#include <unistd.h>

namespace trialgate::gateway {

using mappings::criterion;
using mappings::problem;

namespace {

struct trial_options_ {
    screening_options common;
    bool json = false, no_colour = false;
};

/// Loads the named trials; nothing when that failed (messages are printed) and `code` says how to end.
std::optional<library> load(const std::shared_ptr<trial_options_>& chosen, exit_code& code) {
    if (!split_settings(chosen->common)) {
        code = exit_code::usage;
        return std::nullopt;
    }
    return load_library(chosen->common.library);
}

exit_code check(const std::shared_ptr<trial_options_>& chosen) {
    exit_code code = exit_code::usage;
    const auto loaded = load(chosen, code);
    if (!loaded)
        return code;
    if (chosen->json) {
        json_text out;
        out.begin_object().key("problems").begin_array();
        for (const problem& p : loaded->problems)
            out.json(problem_json(p));
        out.end_array().key("trials").begin_array();
        for (const auto& t : loaded->trials)
            out.begin_object().key("id").string(t->id).key("version").string(t->version).end_object();
        out.end_array().end_object();
        std::printf("%.*s\n", static_cast<int>(out.text().size()), out.text().data());
    } else {
        for (const problem& p : loaded->problems)
            std::printf("%s\n", to_string(p).c_str());
        for (const auto& t : loaded->trials)
            std::printf("%s: protocol %s, %zu criteria, %zu notes, %zu visits: ok\n", t->id.c_str(), t->version.c_str(), t->criteria.size(),
                        t->notes.size(), t->visits.size());
    }
    return loaded->problems.empty() ? exit_code::done : exit_code::findings;
}

std::string_view who(mappings::decided_by d) {
    switch (d) {
    case mappings::decided_by::record: return "the record";
    case mappings::decided_by::record_or_clinician: return "the record or a clinician";
    case mappings::decided_by::clinician: return "a clinician";
    }
    return "";
}

void show_tree(const criterion& c, std::size_t indent, const painter& paint) {
    if (!c.id.empty())
        std::printf("%s%s  %s\n", std::string(indent, ' ').c_str(), paint(style::bold, c.id).c_str(), c.text.c_str());
    for (const criterion& p : c.parts)
        show_tree(p, c.id.empty() ? indent : indent + 2, paint);
}

std::string tier_text(const mappings::urgency& how_soon) { return how_soon ? 'T' + std::to_string(static_cast<unsigned>(*how_soon)) : "off"; }

void show_safety(const mappings::safety_plan& s) {
    std::printf("\nLaboratory safety after the dose, graded by %s\n", s.grading->version.c_str());
    for (const auto& [of, how_soon] : s.tiers)
        std::printf("  %-4s %s\n", tier_text(how_soon).c_str(), of.c_str());
    for (const mappings::safety_signal& signal : s.signals)
        std::printf("  %-4s %s\n", tier_text(signal.how_soon).c_str(), signal.title.c_str());
    for (const mappings::safety_rule& rule : s.rules)
        std::printf("  %-4s %s (rule of this trial)\n", tier_text(rule.how_soon).c_str(), rule.title.c_str());
}

exit_code show(const std::shared_ptr<trial_options_>& chosen) {
    exit_code code = exit_code::usage;
    const auto loaded = load(chosen, code);
    if (!loaded)
        return code;
    if (print_problems(*loaded))
        return exit_code::failed;
    const painter paint(!chosen->no_colour && wants_colours(STDOUT_FILENO));
    for (const auto& t : loaded->trials) {
        std::printf("%s\n%s, protocol %s (versions:", paint(style::bold, t->title).c_str(), t->id.c_str(), t->version.c_str());
        for (const std::string& v : t->versions)
            std::printf(" %s", v.c_str());
        std::printf(")\n\nConsiders people with: ");
        for (std::size_t n = 0; n < t->consider.size() && n < 6; ++n)
            std::printf("%s%s", n ? ", " : "", std::string(loaded->codes->title(t->consider[n])).c_str());
        std::printf("\n\nCriteria\n");
        for (const auto& top : t->criteria) {
            std::printf("  %s  %s  [decided by %s]\n", paint(style::bold, top.root.id).c_str(), top.root.text.c_str(), std::string(who(top.who)).c_str());
            for (const criterion& p : top.root.parts)
                show_tree(p, 4, paint);
        }
        std::printf("\nSettings (change with --set name=value)\n");
        for (const auto& s : t->settings)
            std::printf("  %s = %s\n      %s\n", paint(style::bold, s.name).c_str(), s.value.c_str(), s.sentence.c_str());
        if (!t->visits.empty())
            std::printf("\nVisits (days after the anchor: earliest, target, latest)\n");
        for (const auto& v : t->visits)
            if (v.kind == mappings::visit_kind::unscheduled)
                std::printf("  %-12s %-38s %s%s\n", v.id.c_str(), "unscheduled", v.title.c_str(), v.assumed ? "  (assumed)" : "");
            else
                std::printf("  %-12s %5d %5d %5d  after %-14s %s%s\n", v.id.c_str(), v.earliest, v.target, v.latest, v.anchor.c_str(), v.title.c_str(),
                            v.assumed ? "  (assumed)" : "");
        if (t->safety)
            show_safety(*t->safety);
        std::printf("\n");
    }
    return exit_code::done;
}

exit_code test(const std::shared_ptr<trial_options_>& chosen) {
    exit_code code = exit_code::usage;
    const auto loaded = load(chosen, code);
    if (!loaded)
        return code;
    if (print_problems(*loaded))
        return exit_code::failed;
    return run_trial_tests(*loaded, chosen->common.library);
}

void add_one(CLI::App& to, const char* name, const char* what, exit_code (*action)(const std::shared_ptr<trial_options_>&), verb& run) {
    auto chosen = std::make_shared<trial_options_>();
    CLI::App* verb_ = to.add_subcommand(name, what);
    verb_->add_option("trial", chosen->common.library.trials, "Folders or ids of trials (default: all)")->type_name("DIR");
    add_library_options(*verb_, chosen->common);
    verb_->add_flag("--json", chosen->json, "Machine-readable");
    verb_->add_flag("--no-color", chosen->no_colour, "No colours");
    verb_->callback([chosen, action, &run] { run = [chosen, action] { return action(chosen); }; });
}

} // namespace

void add_trial(CLI::App& program, verb& run) {
    CLI::App* group = program.add_subcommand("trial", "Check, test and show trial files; their visits as PlanDefinition");
    group->require_subcommand(1);
    add_one(*group, "check", "Names every problem of trial files with line, column and a hint", check, run);
    add_one(*group, "test", "Runs the trial.test.json beside a trial", test, run);
    add_one(*group, "show", "Shows criteria, settings, visits and laboratory safety in words", show, run);
    add_trial_plans(*group, run);
}

} // namespace trialgate::gateway
