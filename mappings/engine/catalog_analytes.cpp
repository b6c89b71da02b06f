#include "fhir/ascii.hpp"
#include "fhir/ucum.hpp"
#include "mappings/engine/catalog_builder.hpp"
#include "mappings/engine/code_check.hpp"
#include "mappings/engine/phrases.hpp"
#include "mappings/engine/spelling.hpp"

#include <algorithm>
#include <array>

namespace trialgate::mappings {

namespace {

using fhir::json::value;

template <class Enum>
using choice = std::pair<std::string_view, Enum>;

constexpr std::array<choice<analyte_kind>, 6> kinds{
    {{"quantity", analyte_kind::quantity},
     {"titer", analyte_kind::titer},
     {"presence", analyte_kind::presence},
     {"ordinal", analyte_kind::ordinal},
     {"count", analyte_kind::count},
     {"score", analyte_kind::score}}};

constexpr std::array<choice<analyte::no_unit>, 3> no_units{
    {{"refuse", analyte::no_unit::refuse},
     {"by-range", analyte::no_unit::by_range},
     {"accept", analyte::no_unit::accept}}};

constexpr std::array<choice<catalog::word>, 5> word_kinds{
    {{"positive", catalog::word::positive},
     {"negative", catalog::word::negative},
     {"equivocal", catalog::word::equivocal},
     {"noResult", catalog::word::no_result},
     {"no-result", catalog::word::no_result}}};

template <class Choices>
std::string choice_hint(std::string_view wanted, const Choices& choices) {
    nearest_name near(wanted);
    for (const auto& c : choices)
        near.consider(c.first);
    return near.hint();
}

template <class Choices>
auto choose(std::string_view wanted, const Choices& choices)
    -> std::optional<typename Choices::value_type::second_type> {
    for (const auto& [name, meant] : choices)
        if (name == wanted)
            return meant;
    return std::nullopt;
}

// Lower case, single spaces, as texts of results are compared.
std::string plain_text(std::string_view text) {
    std::string out;
    for (const char c : trimmed(text)) {
        const bool space = c == ' ' || (c >= '\t' && c <= '\r');
        if (space && out.ends_with(' '))
            continue;
        out += space ? ' ' : fhir::lower(c);
    }
    return out;
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
    for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
}

// The forms under which a unit string may be asked for: as written, with both micro signs as "u", with single
// spaces, without spaces.
std::vector<std::string> unit_spellings(std::string_view written) {
    std::string micro(trimmed(written));
    replace_all(micro, "\xC2\xB5", "u");
    replace_all(micro, "\xCE\xBC", "u");
    std::string single, none;
    for (const char c : micro) {
        const bool space = c == ' ' || (c >= '\t' && c <= '\r');
        if (!space)
            none += c;
        if (!space || !single.ends_with(' '))
            single += space ? ' ' : c;
    }
    std::vector<std::string> all{std::string(trimmed(written)), micro, single, none};
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
}

std::optional<fhir::decimal> number(value v) {
    bool exact = true;
    const auto d =
        v.is_number() || v.is_string() ? fhir::parse_decimal(trimmed(v.text()), &exact) : std::nullopt;
    return exact ? d : std::nullopt;
}

// ">50", "<= 5", "0", "6-10".
std::optional<word_value> parse_word_value(std::string_view text) {
    word_value out;
    text = trimmed(text);
    const bool above = text.starts_with('>'), below = text.starts_with('<');
    if (above || below) {
        const bool equal = text.substr(1).starts_with('=');
        const auto limit = fhir::parse_decimal(trimmed(text.substr(equal ? 2 : 1)));
        if (!limit)
            return std::nullopt;
        (above ? out.low : out.high) = limit;
        (above ? out.low_open : out.high_open) = !equal;
        return out;
    }
    const std::size_t dash = text.find('-', 1);
    out.low = fhir::parse_decimal(trimmed(text.substr(0, dash)));
    out.high = dash == std::string_view::npos ? out.low : fhir::parse_decimal(trimmed(text.substr(dash + 1)));
    if (!out.low || !out.high || *out.high < *out.low)
        return std::nullopt;
    return out;
}

constexpr std::array<std::string_view, 16> analyte_members{
    "concept", "kind",   "unit",  "units",   "offsets", "plausible",         "integer", "specimen",
    "words",   "noUnit", "scale", "derived", "note",    "screeningDilution", "source",  "$comment"};

} // namespace

void catalog_builder::read_analytes(const item& from) {
    for (const value& entry : from.content["analytes"].elements())
        read_analyte(from, entry);
}

void catalog_builder::read_analyte(const item& from, value entry) {
    if (!entry.is_object()) {
        error(from, "wrong-type", entry, "an analyte is an object");
        return;
    }
    for (const fhir::json::member& m : entry.members())
        if (std::find(analyte_members.begin(), analyte_members.end(), m.name) == analyte_members.end())
            from.file->report(
                problem::level::error, "unknown-member", m,
                "an analyte has no member '" + std::string(m.name) + "'",
                nearest_hint(m.name, analyte_members)
            );
    analyte a;
    a.concept_ = concept_named(from, entry["concept"], "an analyte");
    if (a.concept_ == concept_id::none)
        return;
    const auto kind = choose(entry["kind"].text(), kinds);
    if (!kind) {
        error(
            from, entry["kind"] ? "bad-kind" : "missing-member", entry["kind"] ? entry["kind"] : entry,
            "'kind' is one of quantity, titer, presence, ordinal, count, score",
            choice_hint(entry["kind"].text(), kinds)
        );
        return;
    }
    a.kind = *kind;
    if (const value rule = entry["noUnit"]) {
        if (const auto chosen = choose(rule.text(), no_units))
            a.without_unit = *chosen;
        else
            error(
                from, "bad-kind", rule, "'noUnit' is one of refuse, by-range, accept",
                choice_hint(rule.text(), no_units)
            );
    }
    a.integer = entry["integer"].as_bool();
    for (const value& s : entry["specimen"].elements())
        a.specimens.push_back(plain_text(s.text()));
    for (const auto& [name, to] : {std::pair{"min", &a.plausible_min}, std::pair{"max", &a.plausible_max}})
        if (const value limit = entry["plausible"][name]) {
            *to = number(limit);
            if (!*to)
                error(from, "bad-number", limit, "a number is needed here");
        }
    if (const value dilution = entry["screeningDilution"]) {
        const auto d = number(dilution);
        if (d && d->is_integer() && d->exponent >= 0 && d->exponent <= 6 && d->mantissa > 0 &&
            d->mantissa < 10'000'000) {
            a.screening_dilution = d->mantissa;
            for (int i = 0; i < d->exponent; ++i)
                a.screening_dilution *= 10;
        } else {
            error(from, "bad-number", dilution, "a dilution is a whole number such as 80 (for 1:80)");
        }
    }
    read_units(from, entry, a);
    read_scales(from, entry, a);
    read_derivation(from, entry, a);

    std::uint16_t& index = out_->analyte_index_[static_cast<std::size_t>(a.concept_)];
    if (index != 0xffff) {
        error(
            from, "duplicate-analyte", entry["concept"],
            "the analyte '" + std::string(entry["concept"].text()) + "' is given twice"
        );
        return;
    }
    index = static_cast<std::uint16_t>(out_->analytes_.size());
    out_->analytes_.push_back(std::move(a));
}

void catalog_builder::read_units(const item& from, value entry, analyte& into) {
    const value unit = entry["unit"];
    into.unit = unit.text();
    std::optional<fhir::ucum::unit> canonical;
    if (!into.unit.empty()) {
        const auto parsed = fhir::ucum::parse(into.unit);
        if (parsed)
            canonical = *parsed;
        else
            error(from, "unknown-unit", unit, "'" + into.unit + "' is no UCUM unit: " + parsed.error().text);
    } else if (into.kind == analyte_kind::quantity) {
        error(from, "missing-member", entry, "a quantity needs 'unit', its canonical unit");
    }
    for (const fhir::json::member& m : entry["units"].members()) {
        unit_rule rule;
        const auto factor =
            m.content.is_string() || m.content.is_number() ? parse_ratio(m.content.text()) : std::nullopt;
        if (!factor) {
            error(
                from, "bad-ratio", m.content,
                "'" + std::string(m.content.text()) +
                    "' is no exact factor; write \"1/1000\", \"5/442\" or \"1.6114\""
            );
            continue;
        }
        rule.factor = *factor;
        if (const value offset = entry["offsets"][m.name]) {
            if (const auto d = number(offset))
                rule.offset = *d;
            else
                error(from, "bad-number", offset, "an offset is a number");
        }
        const auto proper = fhir::ucum::parse(m.name);
        const auto by_ucum = proper && canonical ? fhir::ucum::factor(*proper, *canonical) : std::nullopt;
        // Worth a note is a string that UCUM refuses or understands as something else (K/uL is kelvin). A proper unit of another
        // dimension with a factor of its own is the analyte's molar mass at work (umol/L), and no news.
        const bool offset = entry["offsets"][m.name].type() != fhir::json::kind::missing;
        const bool molar = proper && canonical && !comparable(*proper, *canonical) && rule.factor != fhir::ratio{} && !offset;
        rule.by_alias = !(proper && canonical && (by_ucum ? *by_ucum == rule.factor : molar || (offset && comparable(*proper, *canonical))));
        for (const std::string& spelling : unit_spellings(m.name))
            into.units.try_emplace(spelling, rule);
    }
    for (const fhir::json::member& m : entry["offsets"].members())
        if (!entry["units"][m.name])
            from.file->report(
                problem::level::error, "bad-ratio", m,
                "an offset for '" + std::string(m.name) + "', which 'units' does not list"
            );
}

void catalog_builder::read_scales(const item& from, value entry, analyte& into) {
    for (const fhir::json::member& m : entry["scale"].members()) {
        if (const auto rank = number(m.content))
            into.scale.insert_or_assign(plain_text(m.name), *rank);
        else
            error(from, "bad-number", m.content, "the rank of '" + std::string(m.name) + "' is a number");
    }
    if (into.kind == analyte_kind::ordinal && into.scale.empty())
        error(from, "missing-member", entry, "an ordinal needs 'scale', its texts with their ranks");
    for (const fhir::json::member& m : entry["words"].members()) {
        if (const auto meant = parse_word_value(m.content.text()))
            into.words.insert_or_assign(plain_text(m.name), *meant);
        else
            error(
                from, "bad-number", m.content,
                "a word stands for a number or a range: \"0\", \">50\", \"6-10\""
            );
    }
}

void catalog_builder::read_derivation(const item& from, value entry, analyte& into) {
    const value derived = entry["derived"];
    if (!derived)
        return;
    const value parts = derived["from"];
    const std::string_view rule = derived["rule"].text();
    if (parts.size() != 2 || (rule != "product" && rule != "quotient")) {
        error(
            from, "missing-member", derived,
            "'derived' needs 'from' (two concepts) and 'rule' (product or quotient)"
        );
        return;
    }
    analyte::derivation d;
    d.left = concept_named(from, parts[std::size_t{0}], "a derivation");
    d.right = concept_named(from, parts[std::size_t{1}], "a derivation");
    d.quotient = rule == "quotient";
    if (const value factor = derived["factor"]) {
        const auto r = parse_ratio(factor.text());
        if (!r) {
            error(from, "bad-ratio", factor, "'" + std::string(factor.text()) + "' is no exact factor");
            return;
        }
        d.factor = *r;
    }
    if (d.left != concept_id::none && d.right != concept_id::none)
        into.derived = d;
}

void catalog_builder::read_medication_names(const item& from) {
    for (const value& entry : from.content["medications"].elements()) {
        catalog::names::drug d;
        d.concept_ = concept_named(from, entry["concept"], "a medication name");
        for (const auto& [member, to] : {std::pair{"words", &d.named}, std::pair{"not", &d.not_with}})
            for (const value& text : entry[member].elements()) {
                phrase p(text.text());
                if (p.size() == 0)
                    error(from, "wrong-type", text, "a word is needed here");
                else
                    to->push_back(std::move(p));
            }
        if (d.named.empty())
            error(from, "missing-member", entry, "'words' lists the names of the medication");
        if (d.concept_ != concept_id::none)
            drugs_->drugs.push_back(std::move(d));
    }
}

void catalog_builder::read_words(const item& from) {
    for (const fhir::json::member& m : from.content["words"].members()) {
        const auto means = choose(m.name, word_kinds);
        if (!means) {
            from.file->report(
                problem::level::error, "unknown-member", m,
                "there is no kind of result word '" + std::string(m.name) + "'",
                choice_hint(m.name, word_kinds)
            );
            continue;
        }
        if (m.content.is_object())
            for (const fhir::json::member& language : m.content.members())
                read_words_of_kind(from, language.content, *means);
        else
            read_words_of_kind(from, m.content, *means);
    }
}

void catalog_builder::read_words_of_kind(const item& from, value list, catalog::word means) {
    if (!list.is_array())
        error(from, "wrong-type", list, "a list of words is needed here");
    for (const value& text : list.elements()) {
        phrase p(text.text());
        if (p.size() == 0) {
            error(from, "wrong-type", text, "a word is needed here");
            continue;
        }
        const auto other = std::find_if(words_->results.begin(), words_->results.end(), [&](const auto& r) {
            return r.means != means && r.said.words() == p.words();
        });
        if (other != words_->results.end())
            error(
                from, "duplicate-word", text,
                "'" + std::string(text.text()) + "' is in two lists that mean different things"
            );
        else
            words_->results.push_back({means, std::move(p)});
    }
}

} // namespace trialgate::mappings
