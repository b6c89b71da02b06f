// schedule SUBJECT, calendar: the visits of one participant, and what the next days bring to a site. Computed from the store at the moment of
// asking; nothing is written.
#include "gateway/cli/batch.hpp"
#include "gateway/cli/live.hpp"
#include "gateway/core/json_text.hpp"
#include "gateway/work/outlook.hpp"
#include "mappings/followup/calendar_file.hpp"
#include "mappings/followup/forecast.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

namespace trialgate::gateway {

namespace {

using mappings::visit_standing;

enum class format : std::uint8_t { text, json, ical };

struct schedule_options {
    std::string config, trial, subject, as_of, screening;
    int days = 14;
    bool json = false;
    format how = format::text;
};

void write_date(json_text& out, const char* name, const std::optional<fhir::date>& d) {
    out.key(name);
    d ? out.string(to_string(*d)) : out.null();
}

void print_line(const json_text& out) { std::printf("%.*s\n", static_cast<int>(out.text().size()), out.text().data()); }

void print_json(const participant_row& row, const visit_standing& s) {
    json_text out;
    out.begin_object();
    write_visit(out, row, s);
    out.end_object();
    print_line(out);
}

outlook outlook_of(store& rows, const gateway_config& config, const live_trials& trials, fhir::date as_of) {
    return {rows, options_for_worker(config, trials.net), config.calendar, system_clock()->now(), as_of};
}

std::string window_text(const visit_standing& s) {
    if (!s.plan.days)
        return s.plan.what->kind == mappings::visit_kind::unscheduled ? "" : "not planned yet";
    return to_string(s.plan.days->earliest) + " to " + to_string(s.plan.days->latest) + (s.plan.provisional ? " (provisional)" : "");
}

std::string day_text(const visit_standing& s) {
    if (s.held)
        return "held " + to_string(*s.held);
    if (s.booked)
        return "booked " + to_string(*s.booked);
    return s.plan.days ? to_string(s.plan.days->proposed) : "";
}

/// What stands after the state: what is missing (the first of it; JSON has all), and why another day than the target is proposed.
std::string remarks(const visit_standing& s) {
    constexpr std::size_t shown = 4;
    std::string out;
    for (std::size_t n = 0; n < s.missing.size() && n < shown; ++n)
        out += (out.empty() ? "" : "; ") + s.missing[n];
    if (s.missing.size() > shown)
        out += "; and " + std::to_string(s.missing.size() - shown) + " more";
    if (!s.held && !s.plan.note.empty())
        out += (out.empty() ? "" : "; ") + s.plan.note;
    return out;
}

// ---- schedule --------------------------------------------------------------------------------------------------------

void print_visits(const participant_row& row, const std::vector<visit_standing>& visits, bool json) {
    if (json) {
        for (const visit_standing& s : visits)
            print_json(row, s);
        return;
    }
    std::printf("%s %s: %s since %s", row.trial.c_str(), row.number.c_str(), row.state.c_str(), to_string(row.since).c_str());
    for (const auto& [name, point] : decode_anchors(row.anchors))
        std::printf(", %s %s", name.c_str(), to_string(point.on).c_str());
    std::printf("\n");
    text_table t;
    t.row({"visit", "window", "day", "state", ""});
    for (const visit_standing& s : visits)
        if (s.plan.days || s.held)
            t.row({mappings::name_of(*s.plan.what), window_text(s), day_text(s), std::string(to_code(s.state)), remarks(s)});
    t.print(2);
}

/// Criteria whose verdict will be another one on the planned day of screening.
void print_expiring(const mappings::compiled_trial& which, const evaluated_person& p, fhir::date planned, bool json) {
    const auto expiring = mappings::expired_by(p.screen, which, planned);
    if (!json)
        std::printf("%s, screening planned on %s: %s\n", which.source->id.c_str(), to_string(planned).c_str(),
                    expiring.empty() ? "every criterion stands as it does now" : "these criteria will have changed with no new data");
    text_table t;
    for (const mappings::expiring_criterion& c : expiring) {
        if (!json) {
            t.row({c.id, std::string(to_code(c.now)) + " until " + to_string(*c.changes_on - 1),
                   "then " + std::string(to_code(c.then)) + (c.then == mappings::verdict::unknown ? " (" + std::string(to_code(c.why)) + ")" : ""),
                   c.text});
            continue;
        }
        json_text out;
        out.begin_object().key("trial").string(which.source->id).key("criterion").string(c.id).key("planned").string(to_string(planned));
        out.key("now").string(to_code(c.now)).key("then").string(to_code(c.then)).key("reason");
        c.then == mappings::verdict::unknown ? out.string(to_code(c.why)) : out.null();
        write_date(out, "changesOn", c.changes_on);
        out.key("text").string(c.text).end_object();
        print_line(out);
    }
    t.print(2);
}

/// The participations that SUBJECT names: by number, or by Patient/ID at any source; then also people who take part in nothing yet.
std::optional<std::vector<participant_row>> participations(store& rows, const gateway_config& config, const schedule_options& o) {
    std::vector<participant_row> out;
    if (!o.subject.starts_with("Patient/")) {
        auto row = find_participant(rows, o.trial, o.subject);
        if (!row)
            return std::nullopt;
        out.push_back(*std::move(row));
        return out;
    }
    for (const source_config& source : config.sources) {
        auto here = rows.participants_of(source.name, o.subject);
        std::erase_if(here, [&](const participant_row& r) { return !o.trial.empty() && r.trial != o.trial; });
        std::move(here.begin(), here.end(), std::back_inserter(out));
    }
    if (out.empty() && o.screening.empty()) {
        std::fprintf(stderr, "error: this person takes part in nothing; --screening DATE says which criteria will have expired by then\n");
        return std::nullopt;
    }
    return out;
}

exit_code schedule(store& rows, const gateway_config& config, const schedule_options& o) {
    const auto trials = usable_trials(config);
    const auto as_of = as_of_date(o.as_of, site_of(config));
    const auto planned = o.screening.empty() ? std::nullopt : fhir::parse_date(o.screening);
    if (!o.screening.empty() && !planned)
        std::fprintf(stderr, "error: '%s' is no day: YYYY-MM-DD\n", o.screening.c_str());
    if (!as_of || (!o.screening.empty() && !planned))
        return exit_code::usage;
    if (planned && *planned < *as_of) {
        std::fprintf(stderr, "error: a screening planned on %s lies before %s\n", to_string(*planned).c_str(), to_string(*as_of).c_str());
        return exit_code::usage;
    }
    if (!trials)
        return exit_code::failed;
    auto found = participations(rows, config, o);
    if (!found)
        return exit_code::failed;
    outlook at = outlook_of(rows, config, *trials, *as_of);
    for (const participant_row& row : *found) {
        const auto* trial = at.trial(row.trial);
        if (!trial) {
            std::fprintf(stderr, "error: the configuration has no trial '%s'\n", row.trial.c_str());
            return exit_code::failed;
        }
        print_visits(row, at.visits(*trial->source, row), o.json);
    }
    if (!planned)
        return exit_code::done;
    // Whom to screen is asked of people who take part in nothing yet, too.
    if (found->empty())
        for (const source_config& source : config.sources) {
            participant_row somebody;
            somebody.source = source.name;
            somebody.patient = o.subject;
            found->push_back(std::move(somebody));
        }
    bool known = false;
    for (const participant_row& row : *found)
        known |= at.each_record_of(row, [&](const evaluated_person& p) {
            for (const mappings::compiled_trial& t : at.trials())
                if ((row.trial.empty() || row.trial == t.source->id) && (o.trial.empty() || o.trial == t.source->id))
                    print_expiring(t, p, *planned, o.json);
        });
    if (!known)
        std::fprintf(stderr, "error: the gateway keeps no record of this person\n");
    return known ? exit_code::done : exit_code::failed;
}

// ---- calendar --------------------------------------------------------------------------------------------------------

struct calendar_entry {
    participant_row row;
    visit_standing visit;
};

void print_days(const std::vector<calendar_entry>& entries, fhir::date first, fhir::date last) {
    std::printf("%s to %s: %s\n", to_string(first).c_str(), to_string(last).c_str(),
                counted(static_cast<std::int64_t>(entries.size()), "visit").c_str());
    text_table t;
    if (!entries.empty())
        t.row({"day", "participant", "visit", "state", "window", ""});
    for (const auto& [row, s] : entries)
        t.row({day_text(s), row.trial + ' ' + row.number, mappings::name_of(*s.plan.what), std::string(to_code(s.state)), window_text(s),
               remarks(s)});
    t.print(2);
}

/// Open visits with a day of their window in [first, last], and those that are overdue, by the day that is booked or proposed.
std::vector<calendar_entry> entries_of(outlook& at, store& rows, const schedule_options& o, fhir::date first, fhir::date last) {
    std::vector<calendar_entry> out;
    each_participant(rows, [&](const participant_row& row) {
        if (!o.trial.empty() && o.trial != row.trial)
            return;
        for (visit_standing& s : at.coming(row, first, last))
            out.push_back({row, std::move(s)});
    });
    std::stable_sort(out.begin(), out.end(), [](const calendar_entry& a, const calendar_entry& b) { return day_of(a.visit) < day_of(b.visit); });
    return out;
}

exit_code calendar(store& rows, const gateway_config& config, const schedule_options& o) {
    const auto trials = usable_trials(config);
    const auto as_of = as_of_date(o.as_of, site_of(config));
    if (!as_of || !trials)
        return as_of ? exit_code::failed : exit_code::usage;
    outlook at = outlook_of(rows, config, *trials, *as_of);
    if (!o.trial.empty() && !at.trial(o.trial)) {
        std::fprintf(stderr, "error: the configuration has no trial '%s'\n", o.trial.c_str());
        return exit_code::usage;
    }
    const fhir::date first = *as_of, last = first + (o.days - 1);
    const std::vector<calendar_entry> entries = entries_of(at, rows, o, first, last);
    if (o.how == format::text) {
        print_days(entries, first, last);
    } else if (o.how == format::json) {
        for (const auto& [row, s] : entries)
            print_json(row, s);
    } else {
        std::vector<mappings::calendar_event> events;
        for (const auto& [row, s] : entries)
            for (auto& event : mappings::calendar_of(*at.trial(row.trial)->source, participant_of(row), {&s, 1}, first, last))
                events.push_back(std::move(event));
        const std::string file = mappings::write_calendar(events, {"Study visits", system_clock()->now() / second_ms});
        std::fwrite(file.data(), 1, file.size(), stdout);
    }
    return exit_code::done;
}

void add_common(CLI::App* v, schedule_options& o) {
    v->add_option("--trial", o.trial, "Of this trial")->type_name("ID");
    v->add_option("--as-of", o.as_of, "As if it were that day and nothing had happened until then (default: today)")->type_name("YYYY-MM-DD");
}

} // namespace

void add_schedule(CLI::App& program, verb& run) {
    auto o = std::make_shared<schedule_options>();
    CLI::App* v = add_store_verb(
        program, "schedule", "The visits of a participant: windows, what was held, what is missing", o->config, access::look,
        [o](store& rows, const gateway_config& c) { return schedule(rows, c, *o); }, run);
    v->add_option("SUBJECT", o->subject, "Screening or subject number; or Patient/ID as on the hospital's server")->required();
    add_common(v, *o);
    v->add_option("--screening", o->screening, "Which criteria will have expired by a planned screening")->type_name("YYYY-MM-DD");
    v->add_flag("--json", o->json, "As JSON, a line a visit");
}

void add_calendar(CLI::App& program, verb& run) {
    auto o = std::make_shared<schedule_options>();
    CLI::App* v = add_store_verb(
        program, "calendar", "The visits that the next days bring, overdue ones first", o->config, access::look,
        [o](store& rows, const gateway_config& c) { return calendar(rows, c, *o); }, run);
    add_common(v, *o);
    v->add_option("--days", o->days, "How many days (default: 14)")->check(CLI::Range(1, 3660));
    static const std::map<std::string, format> formats{{"text", format::text}, {"json", format::json}, {"ics", format::ical}};
    v->add_option("--format", o->how, "text, json (a line a visit), ics (iCalendar)")->transform(CLI::CheckedTransformer(formats))->type_name("FORMAT");
}

} // namespace trialgate::gateway
