#include "gateway/work/outlook.hpp"

#include "mappings/followup/forecast.hpp"

#include <algorithm>

namespace trialgate::gateway {

using mappings::visit_standing;

outlook::outlook(store& rows, worker_options options, const mappings::site_calendar& calendar, instant now, fhir::date as_of)
    : options_(std::move(options)), rows_(rows), calendar_(calendar), now_(now), as_of_(as_of) {}

const mappings::compiled_trial* outlook::trial(std::string_view id) const {
    const auto all = options_.net->trials();
    const auto at = std::find_if(all.begin(), all.end(), [&](const mappings::compiled_trial& t) { return t.source->id == id; });
    return at == all.end() ? nullptr : &*at;
}

std::vector<visit_standing> outlook::visits(const mappings::trial& of, const participant_row& row) {
    const auto standings = [&](const mappings::patient_data& data) {
        return mappings::visit_standings(of, participant_of(row), data, options_.net->codes(), calendar_, as_of_, options_.site);
    };
    std::optional<std::vector<visit_standing>> out;
    each_record_of(row, [&](const evaluated_person& p) { out = standings(p.data); });
    return out ? *std::move(out) : standings({});
}

bool outlook::each_record_of(const participant_row& row, const std::function<void(const evaluated_person&)>& each) {
    bool found = false;
    work_batch(options_, rows_, nobody_, now_, as_of_).look_at(row, [&](const evaluated_person& p) {
        found = true;
        each(p);
    });
    return found;
}

std::vector<visit_standing> outlook::coming(const participant_row& row, fhir::date first, fhir::date last, missed_ones too) {
    std::vector<visit_standing> out;
    const mappings::compiled_trial* of = trial(row.trial);
    const mappings::participant who = participant_of(row);
    if (!of || !goes_on(who.state)) // of others nothing is asked: their records need not be read
        return out;
    for (visit_standing& s : visits(*of->source, row)) {
        const bool open = mappings::is_open(who, s);
        const bool here = open && s.plan.days->earliest <= last && first <= s.plan.days->latest;
        const bool late = open && s.state == mappings::visit_state::overdue;
        if (here || late || (too == missed_ones::shown && mappings::is_missed(who, s)))
            out.push_back(std::move(s));
    }
    return out;
}

fhir::date day_of(const visit_standing& s) { return s.booked.value_or(s.plan.days ? s.plan.days->proposed : fhir::date::highest()); }

void write_visit(json_text& out, const participant_row& row, const visit_standing& s) {
    const auto day = [&](const char* name, const std::optional<fhir::date>& d) {
        out.key(name);
        d ? out.string(to_string(*d)) : out.null();
    };
    out.key("trial").string(row.trial).key("participant").string(row.number).key("visit").string(s.plan.what->id);
    out.key("title").string(mappings::name_of(*s.plan.what)).key("state").string(to_code(s.state));
    const auto& w = s.plan.days;
    day("earliest", w ? std::optional(w->earliest) : std::nullopt);
    day("target", w ? std::optional(w->target) : std::nullopt);
    day("latest", w ? std::optional(w->latest) : std::nullopt);
    day("proposed", w ? std::optional(w->proposed) : std::nullopt);
    day("booked", s.booked);
    day("held", s.held);
    out.key("provisional").boolean(s.plan.provisional).key("note").string(s.plan.note);
    out.key("missing").begin_array();
    for (const std::string& m : s.missing)
        out.string(m);
    out.end_array();
}

void each_participant(store& rows, const std::function<void(const participant_row&)>& each) {
    constexpr std::size_t page = 500;
    std::string trial, number;
    for (auto some = rows.participants_after(trial, number, page); !some.empty(); some = rows.participants_after(trial, number, page)) {
        std::tie(trial, number) = std::pair(some.back().trial, some.back().number);
        for (const participant_row& row : some)
            each(row);
    }
}

} // namespace trialgate::gateway
