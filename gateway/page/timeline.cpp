#include "gateway/page/timeline.hpp"

#include "gateway/page/trial_reading.hpp"
#include "mappings/engine/evaluate.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <set>

namespace trialgate::gateway {

using namespace mappings;
using fhir::date;

namespace {

std::string_view sign_of(relation op) noexcept {
    switch (op) {
    case relation::at_least: return ">=";
    case relation::above: return ">";
    case relation::at_most: return "<=";
    case relation::below: break;
    }
    return "<";
}

/// The unit in a text as reported: what stands after the number, "mL/min" of "> 60 mL/min".
std::string_view unit_in(std::string_view text) noexcept {
    while (!text.empty() && (text.front() == '<' || text.front() == '>' || text.front() == '=' || text.front() == ' '))
        text.remove_prefix(1);
    const auto end = text.find_first_not_of("0123456789.,:+-");
    if (end == 0 || end == text.npos || text[end] != ' ')
        return {};
    return text.substr(end + 1);
}

/// What stands behind a titer or a score is no unit: "1:640 homogeneous".
std::string_view unit_of(const fact& f, const analyte* about) noexcept {
    const bool bare = about && (about->kind == analyte_kind::titer || about->kind == analyte_kind::ordinal || about->kind == analyte_kind::score);
    return bare ? std::string_view() : unit_in(f.text);
}

/// Into the unit of a series: exact when it is the reported one, else rounded to what a picture needs.
void write_number(json_text& out, std::string_view key, const std::optional<fhir::decimal>& v, const fhir::ratio& from, const fhir::ratio& to) {
    out.key(key);
    if (!v)
        return void(out.null());
    if (from == to)
        return void(out.json(v->to_string()));
    const double converted = v->approximate() * (static_cast<double>(from.numerator) / static_cast<double>(from.denominator)) /
                             (static_cast<double>(to.numerator) / static_cast<double>(to.denominator));
    char text[40];
    std::snprintf(text, sizeof text, "%.6g", converted);
    std::isfinite(converted) ? out.json(text) : out.null();
}

struct person_view {
    const evaluated_person& who;
    const catalog& codes;
    const report_names& names;

    std::vector<const fact*> facts(concept_id c, fact_kind kind) const {
        std::vector<const fact*> out;
        for (const auto& e : who.screen.facts().of(c))
            if (who.screen.facts()[e].kind == kind)
                out.push_back(&who.screen.facts()[e]);
        return out;
    }
    void write_source(json_text& out, const fact& f) const {
        std::string reference, version;
        if (f.record < who.data.records.size()) {
            const record& r = who.data.records[f.record];
            reference = r.id.starts_with("urn:") ? r.id : r.type + '/' + r.id;
            version = r.version.text;
        }
        out.key("reference").string(names.reference && !reference.empty() ? names.reference(reference) : reference).key("version");
        version.empty() ? out.null() : out.string(version);
    }
};

/// A number and what stands before it; neither for a range between two numbers.
std::pair<std::optional<fhir::decimal>, std::string_view> number_of(const observation_fact& o) {
    if (!o.has_value)
        return {std::nullopt, ""};
    const interval& v = o.value;
    if (v.low && v.high)
        return *v.low == *v.high ? std::pair<std::optional<fhir::decimal>, std::string_view>(v.low, "") : std::pair(std::optional<fhir::decimal>(), "");
    if (v.low)
        return {v.low, v.low_open ? ">" : ">="};
    if (v.high)
        return {v.high, v.high_open ? "<" : "<="};
    return {std::nullopt, ""};
}

void write_point(json_text& out, const person_view& of, const fact& f, const fhir::ratio& unit) {
    const observation_fact& o = f.observation;
    const auto [value, sign] = number_of(o);
    out.begin_object().key("on").string(to_string(f.when.first)).key("when").string(day_text(f));
    out.key("last").string(to_string(f.when.last));
    write_number(out, "value", value, o.factor, unit);
    out.key("text").string(f.text).key("comparator").string(sign);
    of.write_source(out, f);
    write_number(out, "low", o.range_low, o.factor, unit);
    write_number(out, "high", o.range_high, o.factor, unit);
    out.key("unusable").boolean(o.use != usability::usable).end_object();
}

/// What one criterion asks: "limit" in the unit of the series, "window" and "expires".
void write_bounds(json_text& out, const asking& by, const fhir::ratio& unit, date today) {
    out.key("limit");
    if (by.limit) {
        out.begin_object().key("op").string(sign_of(by.limit->op));
        write_number(out, "value", by.limit->value, {}, unit);
        out.end_object();
    } else {
        out.null();
    }
    out.key("window");
    if (by.within.unlimited()) {
        out.null();
    } else {
        const date from = by.within.start(today);
        out.begin_object().key("days").number(today - from).key("from").string(to_string(from)).key("to").string(to_string(today)).end_object();
    }
    out.key("expires");
    by.expires == date::highest() ? out.null() : out.string(to_string(by.expires));
}

/// One series, oldest first, in the unit of its newest number. Nothing without a dated result.
void write_lab(json_text& out, const person_view& of, concept_id what, const asked& by, date today) {
    std::vector<const fact*> points = of.facts(what, fact_kind::observation);
    std::erase_if(points, [](const fact* f) { return !f->dated; });
    if (points.empty())
        return;
    const analyte* about = of.codes.analyte_of(what);
    fhir::ratio unit{};
    std::string unit_text;
    for (const fact* f : points)
        if (number_of(f->observation).first && f->observation.use != usability::unit_unusable) {
            unit_text = unit_of(*f, about);
            unit = f->observation.factor;
            // Of a unit with a zero of its own ([degF]) facts keep what is above that zero, which no picture should show.
            if (const auto rule = about ? about->rule_for(unit_text) : std::nullopt; rule && rule->offset.approximate() != 0) {
                unit_text = about->unit;
                unit = {};
            }
        }
    if (unit_text.empty() && about && unit == fhir::ratio{} && !about->unit.starts_with('{') && about->unit != "1")
        unit_text = about->unit;
    out.begin_object().key("concept").string(of.codes.id(what)).key("title").string(of.codes.title(what)).key("unit").string(unit_text);
    out.key("criteria").begin_array();
    for (const std::string& id : by.criteria)
        out.string(id);
    out.end_array().key("points").begin_array();
    for (const fact* f : points)
        write_point(out, of, *f, unit);
    out.end_array();
    write_bounds(out, by.all.front(), unit, today);
    out.key("asked").begin_array();
    for (const asking& a : by.all) {
        out.begin_object().key("criterion").string(a.criterion);
        write_bounds(out, a, unit, today);
        out.end_object();
    }
    out.end_array().end_object();
}

void write_bound(json_text& out, const char* key, date d) {
    out.key(key);
    d == date::lowest() || d == date::highest() ? out.null() : out.string(to_string(d));
}

/// "start" to be drawn, and "startWhen" as reported.
void write_start(json_text& out, const fhir::date_range& when) {
    write_bound(out, "start", when.first);
    out.key("startWhen");
    when == fhir::date_range{} ? out.null() : out.string(to_string(when));
}

void write_medications(json_text& out, const person_view& of, const std::vector<concept_id>& drugs, date today) {
    static constexpr const char* sources[] = {"ordered", "stated", "dispensed", "administered"};
    out.key("medications").begin_array();
    for (const concept_id c : drugs)
        for (const fact* f : of.facts(c, fact_kind::exposure)) {
            const exposure_fact& e = f->exposure;
            if (e.against)
                continue;
            out.begin_object().key("concept").string(of.codes.id(c)).key("title").string(of.codes.title(c));
            write_start(out, e.start);
            // What was handed over for some days is over when they are, whatever its status.
            const bool ongoing = e.end_known ? e.end.last >= today : !e.ended;
            // Facts take the day on which a pause was written down for an end: nobody said that it is one.
            write_bound(out, "end", ongoing || !e.end_known || e.on_hold ? date::highest() : e.end.last);
            out.key("ongoing").boolean(ongoing).key("source").string(sources[static_cast<std::size_t>(e.source)]);
            out.key("onHold").boolean(e.on_hold).key("text").string(f->text);
            of.write_source(out, *f);
            out.end_object();
        }
    out.end_array();
}

void write_conditions(json_text& out, const person_view& of, const std::vector<concept_id>& conditions) {
    static constexpr const char* verified[] = {"confirmed", "support", ""};
    std::set<std::pair<std::uint32_t, std::string>> seen; // one Condition with two codings is shown once
    out.key("conditions").begin_array();
    for (const concept_id c : conditions)
        for (const fact* f : of.facts(c, fact_kind::condition)) {
            if (f->condition.verified == verification::refuted || !seen.emplace(f->record, f->text).second)
                continue;
            out.begin_object().key("title").string(of.codes.title(c));
            write_start(out, f->dated ? f->when : fhir::date_range{});
            out.key("end").null().key("verification").string(verified[static_cast<std::size_t>(f->condition.verified)]);
            out.key("current").boolean(f->condition.state != clinical_state::past).key("text").string(f->text);
            of.write_source(out, *f);
            out.end_object();
        }
    out.end_array();
}

/// First and last day of the picture: all results and windows, and what expires within a year; half a year at least.
std::pair<date, date> span_of(const person_view& of, const trial_reading& what, date today) {
    constexpr int shortest = 182, farthest = 366;
    date from = today - shortest, to = today;
    for (const auto& [c, by] : what.labs) {
        bool any = false;
        for (const fact* f : of.facts(c, fact_kind::observation))
            if (f->dated) {
                any = true;
                from = std::min(from, f->when.first);
                to = std::max(to, f->when.first);
            }
        if (any && !by.all.front().within.unlimited())
            from = std::min(from, by.all.front().within.start(today));
        if (const date expires = by.all.front().expires; any && expires <= today + farthest)
            to = std::max(to, expires);
    }
    return {from, to};
}

void write_frame(json_text& out, date from, date to, date today) {
    out.key("from").string(to_string(from)).key("to").string(to_string(to)).key("today").string(to_string(today));
}

} // namespace

std::string timeline_json(const compiled_trial& trial, const evaluated_person& who, const trial_report& report, const catalog& codes,
                          const report_names& names) {
    const date today = report.as_of;
    const trial_reading what(trial, report);
    const person_view of{who, codes, names};
    const auto [from, to] = span_of(of, what, today);
    json_text out;
    out.begin_object();
    write_frame(out, from, to, today);
    out.key("labs").begin_array();
    for (const auto& [c, by] : what.labs)
        write_lab(out, of, c, by, today);
    out.end_array();
    write_medications(out, of, what.drugs, today);
    write_conditions(out, of, what.conditions);
    out.end_object();
    return std::string(out.text());
}

void write_value_and_unit(json_text& out, const fact& result, const catalog& codes) {
    out.key("value");
    const auto value = number_of(result.observation).first;
    value ? out.json(value->to_string()) : out.null();
    out.key("unit").string(unit_of(result, codes.analyte_of(result.what)));
}

std::string empty_timeline_json(date today) {
    json_text out;
    out.begin_object();
    write_frame(out, today - 182, today, today);
    for (const char* part : {"labs", "medications", "conditions"})
        out.key(part).begin_array().end_array();
    out.end_object();
    return std::string(out.text());
}

} // namespace trialgate::gateway
