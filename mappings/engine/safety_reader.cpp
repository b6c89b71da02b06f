#include "mappings/engine/safety_reader.hpp"

#include "mappings/engine/code_check.hpp"
#include "mappings/engine/spelling.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace trialgate::mappings {

namespace json = fhir::json;

namespace {

constexpr std::array<std::pair<std::string_view, edge>, 4> edges{
    {{"above", edge::above}, {"from", edge::from}, {"below", edge::below}, {"upTo", edge::up_to}}};

constexpr std::array<std::string_view, 4> signs{"> ", ">= ", "< ", "<= "};

constexpr std::array<std::pair<std::string_view, grading_arm::when>, 3> conditions{
    {{"always", grading_arm::when::always},
     {"baseline-normal", grading_arm::when::baseline_normal},
     {"baseline-abnormal", grading_arm::when::baseline_abnormal}}};

constexpr std::array<std::pair<std::string_view, safety_signal::kind>, 5> signal_kinds{
    {{"critical", safety_signal::kind::critical},
     {"limit", safety_signal::kind::limit},
     {"positive", safety_signal::kind::positive},
     {"rise", safety_signal::kind::rise},
     {"liver-injury", safety_signal::kind::liver_injury}}};

constexpr std::array<std::string_view, 5> tier_names{"grade-2", "grade-3", "grade-4", "shift-2", "ungradable"};

constexpr std::array<std::pair<std::string_view, grading_bound::base>, 3> bases{
    {{"LLN", grading_bound::base::lower_limit},
     {"ULN", grading_bound::base::upper_limit},
     {"baseline", grading_bound::base::baseline}}};

template <class Choices>
std::string names_of(const Choices& choices) {
    std::string out;
    for (const auto& [name, meant] : choices)
        out += (out.empty() ? "" : ", ") + std::string(name);
    return out;
}

/// "3.0 x ULN", "ULN + 2 g/dL" taken apart; `plus` and `times` are empty when not written.
struct written_bound {
    std::string_view times, base, plus;
};

written_bound apart(std::string_view text) {
    written_bound out;
    if (const auto x = text.find(" x "); x != std::string_view::npos) {
        out.times = trimmed(text.substr(0, x));
        text = trimmed(text.substr(x + 3));
    }
    if (const auto plus = text.find(" + "); plus != std::string_view::npos) {
        out.plus = trimmed(text.substr(plus + 3));
        text = trimmed(text.substr(0, plus));
    }
    out.base = text;
    return out;
}

} // namespace

std::optional<urgency> tier_of(std::string_view text) noexcept {
    std::optional<urgency> out;
    if (text == "off")
        out.emplace();
    else if (text.size() == 2 && text[0] == 'T' && text[1] >= '1' && text[1] <= '3')
        out.emplace(static_cast<tier>(text[1] - '0'));
    return out;
}

void safety_reader::read_table() {
    const value root = file_.root();
    if (!is_object(root, "a grading table", {"$schema", "id", "version", "title", "sources", "terms"}))
        return;
    auto table = std::make_shared<grading_table>();
    table->id = text(root, "id");
    table->version = text(root, "version");
    if (root["sources"].size() == 0)
        error(root["sources"] ? root["sources"] : root, "missing-member", "a grading table names its 'sources'");
    if (!root["terms"].is_array())
        error(root["terms"], "wrong-type", "'terms' is a list");
    std::set<std::string> ids;
    for (const value& entry : root["terms"].elements()) {
        auto term = read_term(entry);
        if (!term)
            continue;
        if (!ids.insert(term->id).second)
            error(entry["id"], "duplicate-id", "a term '" + term->id + "' is given twice");
        if (unverified_ || !entry["unverified"].as_bool())
            table->terms.push_back(std::move(*term));
    }
    if (into_.table(table->id))
        error(root["id"], "duplicate-id", "there are two grading tables '" + table->id + "'");
    else if (!table->id.empty())
        into_.tables.push_back(std::move(table));
}

std::optional<grading_term> safety_reader::read_term(value entry) {
    if (!is_object(entry, "a term", {"id", "title", "analyte", "arms", "corrected", "unverified"}))
        return std::nullopt;
    grading_term out;
    out.id = text(entry, "id");
    out.title = text(entry, "title");
    out.concepts = read_concepts(entry["analyte"] ? entry["analyte"] : entry, out.analyte);
    if (const value by = entry["corrected"])
        out.corrected = read_correction(by);
    if (entry["arms"].size() == 0 || !entry["arms"].is_array())
        error(entry["arms"] ? entry["arms"] : entry, "missing-member", "a term needs 'arms': lists of steps");
    for (const value& arm : entry["arms"].elements())
        out.arms.push_back(read_arm(arm, out.concepts));
    return out;
}

grading_arm safety_reader::read_arm(value entry, std::span<const concept_id> about) {
    grading_arm out;
    if (!is_object(entry, "an arm", {"when", "steps"}))
        return out;
    if (const value when = entry["when"]) {
        const auto found = std::find_if(conditions.begin(), conditions.end(), [&](const auto& c) { return c.first == when.text(); });
        if (found == conditions.end())
            error(when, "bad-kind", "'when' is one of " + names_of(conditions));
        else
            out.applies = found->second;
    }
    if (!entry["steps"].is_array() || entry["steps"].size() == 0)
        error(entry["steps"] ? entry["steps"] : entry, "empty-list", "an arm needs 'steps'");
    for (const value& step : entry["steps"].elements())
        if (auto read = read_step(step, about))
            out.steps.push_back(std::move(*read));
    return out;
}

std::optional<grading_step> safety_reader::read_step(value entry, std::span<const concept_id> about) {
    if (!is_object(entry, "a step", {"grade", "withoutSymptoms", "above", "from", "below", "upTo"}))
        return std::nullopt;
    grading_step out;
    out.grade = whole(entry["grade"] ? entry["grade"] : entry, 1, 4).value_or(1);
    out.milder = out.grade;
    if (const value milder = entry["withoutSymptoms"])
        out.milder = whole(milder, 1, out.grade).value_or(out.grade);
    if (!read_edge(entry, about, out.side, out.bound, out.said))
        return std::nullopt;
    return out;
}

std::optional<grading_correction> safety_reader::read_correction(value entry) {
    if (!is_object(entry, "a correction", {"by", "times", "from"}))
        return std::nullopt;
    grading_correction out;
    std::string written;
    out.by = read_concepts(entry["by"] ? entry["by"] : entry, written);
    if (!out.by.empty())
        out.title = std::string(codes_.title(out.by.front()));
    const auto factor = number(entry["times"] ? entry["times"] : entry);
    const auto from = read_bound(entry["from"] ? entry["from"] : entry, out.by);
    if (!factor || !from || from->amounts.empty() || from->amounts.front().factor != fhir::ratio{}) {
        if (factor && from)
            error(entry["from"], "unit-does-not-fit", "'from' is written in the canonical unit");
        return std::nullopt;
    }
    out.times = *factor;
    out.from = from->amounts.front().value;
    return out;
}

void safety_reader::read_watch() {
    const value root = file_.root();
    if (!is_object(root, "a file of signals", {"$schema", "watch"}))
        return;
    const value watch = root["watch"];
    if (!is_object(watch, "'watch'", {"tiers", "signals", "specimenFlaws"}))
        return;
    for (const json::member& m : watch["tiers"].members()) {
        if (std::find(tier_names.begin(), tier_names.end(), m.name) == tier_names.end())
            file_.report(problem::level::error, "unknown-member", m, "there is no tier for '" + std::string(m.name) + "'",
                         nearest_hint(m.name, tier_names));
        else if (const auto t = read_tier(m.content))
            into_.tiers[std::string(m.name)] = *t;
    }
    std::set<std::string> ids;
    for (const value& entry : watch["signals"].elements())
        if (auto s = read_signal(entry)) {
            if (!ids.insert(s->id).second)
                error(entry["id"], "duplicate-id", "a signal '" + s->id + "' is given twice");
            into_.signals.push_back(std::move(*s));
        }
    for (const value& entry : watch["specimenFlaws"].elements())
        read_flaw(entry);
}

std::optional<safety_signal> safety_reader::read_signal(value entry) {
    if (!is_object(entry, "a signal", {"id", "kind", "title", "tier", "analyte", "limits", "factor", "days"}))
        return std::nullopt;
    safety_signal out;
    out.id = text(entry, "id");
    out.title = text(entry, "title");
    const auto kind = std::find_if(signal_kinds.begin(), signal_kinds.end(),
                                   [&](const auto& k) { return k.first == entry["kind"].text(); });
    if (kind == signal_kinds.end()) {
        std::vector<std::string_view> names;
        for (const auto& k : signal_kinds)
            names.push_back(k.first);
        error(entry["kind"] ? entry["kind"] : entry, "bad-kind", "'kind' is one of " + names_of(signal_kinds),
              nearest_hint(entry["kind"].text(), names));
        return std::nullopt;
    }
    out.what = kind->second;
    if (const auto t = read_tier(entry["tier"] ? entry["tier"] : entry))
        out.how_soon = *t;
    if (const value analyte = entry["analyte"]) {
        std::string written;
        out.concepts = read_concepts(analyte, written);
    }
    for (const value& limit : entry["limits"].elements())
        if (auto read = read_limit(limit))
            out.limits.push_back(std::move(*read));
    if (const value factor = entry["factor"])
        out.factor = number(factor).value_or(out.factor);
    if (const value days = entry["days"])
        out.days = whole(days, 0, 365).value_or(out.days);
    read_needed(entry, out);
    return out;
}

void safety_reader::read_needed(value entry, safety_signal& into) {
    using kind = safety_signal::kind;
    const std::size_t limits = entry["limits"].size();
    if ((into.what == kind::critical || into.what == kind::limit) && limits == 0)
        error(entry, "missing-member", "'" + into.id + "' needs 'limits'");
    if (into.what == kind::liver_injury && limits != 3)
        error(entry["limits"] ? entry["limits"] : entry, "missing-member",
              "'" + into.id + "' needs three 'limits': transaminases, bilirubin, alkaline phosphatase");
    if (into.what == kind::rise && !entry["analyte"])
        error(entry, "missing-member", "'" + into.id + "' needs 'analyte'");
}

std::optional<safety_limit> safety_reader::read_limit(value entry) {
    if (!is_object(entry, "a limit", {"analyte", "above", "from", "below", "upTo"}))
        return std::nullopt;
    safety_limit out;
    out.concepts = read_concepts(entry["analyte"] ? entry["analyte"] : entry, out.analyte);
    if (!read_edge(entry, out.concepts, out.side, out.bound, out.said))
        return std::nullopt;
    return out;
}

void safety_reader::read_flaw(value entry) {
    if (!is_object(entry, "a flaw of specimens", {"id", "invalidates", "words", "not"}))
        return;
    specimen_flaw out;
    out.id = text(entry, "id");
    std::string written;
    out.invalidates = read_concepts(entry["invalidates"] ? entry["invalidates"] : entry, written);
    for (const auto& [member, to] : {std::pair{"words", &out.words}, std::pair{"not", &out.not_with}})
        for (const value& word : entry[member].elements()) {
            phrase p(word.text());
            if (p.size() == 0)
                error(word, "wrong-type", "a word is needed here");
            else
                to->push_back(std::move(p));
        }
    if (out.words.empty())
        error(entry, "missing-member", "'words' lists what is said of such a specimen");
    into_.flaws.push_back(std::move(out));
}

bool safety_reader::read_edge(value entry, std::span<const concept_id> about, edge& side, grading_bound& bound, std::string& said) {
    bool found = false;
    for (std::size_t n = 0; n < edges.size(); ++n) {
        const value limit = entry[edges[n].first];
        if (!limit)
            continue;
        if (found) {
            error(limit, "unknown-member", "one edge is enough: above, from, below or upTo");
            return false;
        }
        const auto read = read_bound(limit, about);
        if (!read)
            return false;
        found = true;
        side = edges[n].second;
        bound = *read;
        said = std::string(signs[n]);
        if (!limit.is_array())
            said += trimmed(limit.text());
        for (const value& one : limit.elements())
            said += (one.text() == limit.elements()[0].text() ? "" : " or ") + std::string(trimmed(one.text()));
    }
    if (!found)
        error(entry, "missing-member", "an edge is needed: above, from, below or upTo");
    return found;
}

std::optional<grading_bound> safety_reader::read_bound(value list, std::span<const concept_id> about) {
    grading_bound out;
    if (list.is_array()) {
        if (list.size() == 0)
            error(list, "empty-list", "a list of one edge in several units is empty");
        for (const value& one : list.elements())
            if (!read_amount(one, trimmed(one.text()), about, out))
                return std::nullopt;
        return out.amounts.empty() ? std::nullopt : std::optional(out);
    }
    if (!list.is_string()) {
        error(list, "wrong-type", "an edge is a text such as \"10.0 g/dL\", \"LLN\" or \"3.0 x ULN\"");
        return std::nullopt;
    }
    const written_bound said = apart(trimmed(list.text()));
    const auto base = std::find_if(bases.begin(), bases.end(), [&](const auto& b) { return b.first == said.base; });
    if (base == bases.end()) {
        std::vector<std::string_view> names;
        for (const auto& b : bases)
            names.push_back(b.first);
        if (!said.times.empty() || !said.plus.empty()) {
            error(list, "bad-bound", "multiples are of LLN, ULN or baseline, not of '" + std::string(said.base) + "'",
                  nearest_hint(said.base, names));
            return std::nullopt;
        }
        return read_amount(list, said.base, about, out) ? std::optional(out) : std::nullopt;
    }
    out.of = base->second;
    if (!said.times.empty()) {
        bool exact = true;
        const auto times = fhir::parse_decimal(said.times, &exact);
        if (!times || !exact || times->mantissa <= 0) {
            error(list, "bad-number", "'" + std::string(said.times) + "' is no multiple");
            return std::nullopt;
        }
        out.times = *times;
    }
    if (!said.plus.empty() && !read_amount(list, said.plus, about, out))
        return std::nullopt;
    return out;
}

bool safety_reader::read_amount(value at, std::string_view said, std::span<const concept_id> about, grading_bound& into) {
    if (about.empty())
        return false; // reported with the analyte
    for (const concept_id c : about) {
        const analyte* a = codes_.analyte_of(c);
        const std::string name(codes_.id(c));
        if (!a || a->kind == analyte_kind::presence || a->kind == analyte_kind::titer) {
            error(at, "unit-does-not-fit", "'" + name + "' is no quantity in the analytes of the library");
            return false;
        }
        grading_bound::amount read{{}, {}};
        if (const auto rank = a->scale.find(said); rank != a->scale.end()) {
            read.value = rank->second;
        } else {
            const std::size_t space = said.find(' ');
            bool exact = true;
            const auto number = fhir::parse_decimal(said.substr(0, space), &exact);
            const std::string_view unit = space == std::string_view::npos ? std::string_view{} : trimmed(said.substr(space));
            if (!number || !exact) {
                error(at, "bad-bound", "'" + std::string(said) + "' is no edge",
                      "write \"10.0 g/dL\", \"LLN\", \"3.0 x ULN\", \"ULN + 2 g/dL\" or \"1.5 x baseline\"");
                return false;
            }
            const auto rule = unit.empty() ? std::nullopt : a->rule_for(unit);
            if (!rule || rule->offset.mantissa != 0) {
                error(at, "unit-does-not-fit", unit.empty() ? "an edge of '" + name + "' needs its unit"
                                                            : "'" + std::string(unit) + "' is no unit of '" + name + "'",
                      "its unit is " + a->unit);
                return false;
            }
            read = {*number, rule->factor};
        }
        if (c == about.front())
            into.amounts.push_back(read);
        else if (fhir::compare_scaled(read.value, read.factor, into.amounts.back().value, into.amounts.back().factor) != 0) {
            error(at, "unit-does-not-fit", "the edge is not the same for all analytes named");
            return false;
        }
    }
    return true;
}

std::vector<concept_id> safety_reader::read_concepts(value named, std::string& written) {
    std::vector<concept_id> out;
    const auto add = [&](value one) {
        const concept_id c = one.is_string() ? codes_.find(one.text()) : concept_id::none;
        if (c == concept_id::none) {
            const std::string near = codes_.nearest(one.text());
            error(one, one.is_string() ? "unknown-concept" : "wrong-type",
                  one.is_string() ? "there is no concept '" + std::string(one.text()) + "'" : "the id of a concept is needed",
                  near.empty() ? near : "did you mean '" + near + "'?");
            return;
        }
        written += (written.empty() ? "" : ", ") + std::string(one.text());
        // A group holds no facts itself unless it is measured itself.
        for (const concept_id m : codes_.members(c))
            if ((codes_.analyte_of(m) || codes_.members(c).size() == 1) && std::find(out.begin(), out.end(), m) == out.end())
                out.push_back(m);
    };
    if (!named.is_array())
        add(named);
    for (const value& one : named.elements())
        add(one);
    return out;
}

std::optional<fhir::decimal> safety_reader::number(value v) {
    bool exact = true;
    const auto d = v.is_number() || v.is_string() ? fhir::parse_decimal(trimmed(v.text()), &exact) : std::nullopt;
    if (!d || !exact || d->mantissa <= 0) {
        error(v, "bad-number", "a number above 0 is needed here");
        return std::nullopt;
    }
    return d;
}

std::optional<int> safety_reader::whole(value v, int least, int most) {
    for (int n = least; n <= most; ++n)
        if (v.is_number() && v.text() == std::to_string(n))
            return n;
    error(v, "bad-number", "expected a whole number from " + std::to_string(least) + " to " + std::to_string(most));
    return std::nullopt;
}

std::string safety_reader::text(value object, std::string_view member) {
    const value v = object[member];
    if (!v)
        error(object, "missing-member", "'" + std::string(member) + "' is needed");
    else if (!v.is_string() || v.text().empty())
        error(v, "wrong-type", "expected a text, found " + std::string(kind_name(v)));
    return std::string(v.text());
}

std::optional<urgency> safety_reader::read_tier(value v) {
    const auto t = v.is_string() ? tier_of(v.text()) : std::nullopt;
    if (!t)
        error(v, "bad-kind", "a tier is T1, T2, T3 or off");
    return t;
}

bool safety_reader::is_object(value v, std::string_view what, std::initializer_list<std::string_view> members) {
    if (!v.is_object()) {
        error(v, "wrong-type", std::string(what) + " is an object");
        return false;
    }
    for (const json::member& m : v.members())
        if (m.name != "$comment" && std::find(members.begin(), members.end(), m.name) == members.end())
            file_.report(problem::level::error, "unknown-member", m, std::string(what) + " has no member '" + std::string(m.name) + "'",
                         nearest_hint(m.name, members));
    return true;
}

void safety_reader::error(value at, std::string_view code, std::string text, std::string hint) const {
    file_.report(problem::level::error, code, at ? at : file_.root(), std::move(text), std::move(hint));
}

} // namespace trialgate::mappings
