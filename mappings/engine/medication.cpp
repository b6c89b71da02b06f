#include "mappings/engine/medication.hpp"

#include "fhir/ascii.hpp"

#include <algorithm>
#include <array>

namespace trialgate::mappings {

using fhir::decimal;

namespace {

constexpr std::array<std::string_view, 31> local_words{
    "topical",    "cutaneous", "ophthalmic", "ocular",    "conjunctival", "intravitreal", "intraocular", "eye drop",
    "eye drops",  "into eye",  "eye route",  "inhal",     "nebuli",       "nasal",        "otic route",  "ear drop",
    "ointment",   "cream",     "lotion",     "shampoo",   "foam",         "skin route",   "gargle",      "mouthwash",
    "mouth wash", "eyedrop",   "aerosol",    "augentrop", "salbe",        "creme",        "nasenspray",
};

/// SNOMED CT routes (topical, ophthalmic: as in the R4 examples) and codes of v3-RouteOfAdministration.
constexpr std::array<std::string_view, 12> local_codes{
    "6064005", "54485002",  "359540000", "SKIN",    "TOPICAL", "OPTHALTA",
    "INHL",    "IPINHL",    "NASINHL",   "NASNEB",  "IVITINJ", "IOINJ",
};

/// Words are looked for at the start of a word: "transnasal" and "subcutaneous" are no local routes, "nasal spray" is.
bool names_local(std::string_view text) {
    const std::string plain = fhir::lower(text);
    return std::any_of(local_words.begin(), local_words.end(), [&](std::string_view word) {
        for (std::size_t at = plain.find(word); at != std::string::npos; at = plain.find(word, at + 1))
            if (at == 0 || plain[at - 1] < 'a' || plain[at - 1] > 'z')
                return true;
        return false;
    });
}

std::optional<decimal> period_days(const fhir::dosage& d) noexcept {
    if (!d.period_length || d.period_length->mantissa <= 0)
        return std::nullopt;
    if (d.period_unit == "d")
        return d.period_length;
    if (d.period_unit == "wk")
        return multiply(*d.period_length, {7, 0});
    if (d.period_unit == "h")
        return divide(*d.period_length, {24, 0});
    return std::nullopt;
}

} // namespace

drug_match match_drug(std::string_view text, const extraction& with) {
    drug_match out;
    for (const concept_id c : with.codes.medications_named(text))
        out.drugs.push_back({c});
    out.by_name = !out.drugs.empty();
    return out;
}

drug_match match_drug(const fhir::codeable_concept& code, const extraction& with, note_set& notes) {
    drug_match out;
    for (const coded_meaning& c : meanings_of(code, with, notes))
        out.drugs.push_back(c.means);
    out.told = !out.drugs.empty() ||
               std::any_of(code.codings.begin(), code.codings.end(), [&](const fhir::coding& c) {
                   return with.codes.known_meaningless(c.system, c.code);
               });
    if (out.told)
        return out;
    // All words at once, so that an exclusion in one text ("ointment") holds for a name in another.
    std::string words(code.text);
    for (const fhir::coding& c : code.codings) {
        words += " ; ";
        words += c.display;
    }
    return match_drug(words, with);
}

bool is_local(const fhir::codeable_concept& c) {
    bool local = names_local(c.text);
    for (const fhir::coding& part : c.codings)
        local = local || names_local(part.display) ||
                std::find(local_codes.begin(), local_codes.end(), part.code) != local_codes.end();
    return local;
}

bool all_local(const std::vector<fhir::dosage>& dosages) {
    bool some = false;
    for (const fhir::dosage& d : dosages) {
        if (d.route.empty() && d.text.empty())
            continue;
        if (!is_local(d.route) && !(d.route.empty() && names_local(d.text)))
            return false;
        some = true;
    }
    return some;
}

std::optional<std::int32_t> whole_days(const fhir::quantity& duration) noexcept {
    if (!duration.value || duration.value->mantissa <= 0)
        return std::nullopt;
    struct unit {
        std::string_view name;
        double days;
    };
    static constexpr std::array<unit, 22> units{{
        {"d", 1},          {"day", 1},        {"days", 1},        {"Day", 1},         {"Days", 1},   {"{Day}", 1},
        {"h", 1.0 / 24},   {"hour", 1.0 / 24}, {"hours", 1.0 / 24}, {"wk", 7},        {"week", 7},   {"weeks", 7},
        {"mo", 30.4375},   {"mo_j", 30.4375}, {"month", 30.4375}, {"months", 30.4375}, {"a", 365.25}, {"a_j", 365.25},
        {"year", 365.25},  {"years", 365.25}, {"Tage", 1},        {"Tag", 1},
    }};
    const std::string_view name = duration.code.empty() ? duration.unit : duration.code;
    // daysSupply without a unit can be nothing but days.
    double factor = name.empty() ? 1 : 0;
    for (const unit& u : units)
        if (u.name == name)
            factor = u.days;
    const double days = duration.value->approximate() * factor;
    // A century: whatever is longer is a slip of the keyboard.
    if (!(days > 0) || days > 36'525)
        return std::nullopt;
    return static_cast<std::int32_t>(days + 1e-9);
}

std::optional<decimal> multiply(const decimal& a, const decimal& b) noexcept {
    decimal out;
    if (__builtin_mul_overflow(a.mantissa, b.mantissa, &out.mantissa))
        return std::nullopt;
    out.exponent = static_cast<std::int16_t>(a.exponent + b.exponent);
    return out;
}

std::optional<decimal> divide(const decimal& a, const decimal& b) noexcept {
    if (a.mantissa < 0 || b.mantissa <= 0 || b.mantissa > 100'000'000'000'000'000)
        return std::nullopt;
    decimal out;
    out.mantissa = a.mantissa / b.mantissa;
    std::int64_t rest = a.mantissa % b.mantissa;
    int exponent = a.exponent - b.exponent;
    while (rest != 0 && out.mantissa < 100'000'000'000) {
        rest *= 10;
        out.mantissa = out.mantissa * 10 + rest / b.mantissa;
        rest %= b.mantissa;
        if (--exponent < -300)
            return std::nullopt;
    }
    out.exponent = static_cast<std::int16_t>(exponent);
    return out;
}

std::optional<daily_amount> daily_dose(const std::vector<fhir::dosage>& dosages) {
    std::optional<daily_amount> out;
    for (const fhir::dosage& d : dosages) {
        const auto days = period_days(d);
        if (d.as_needed || !d.dose || !d.dose->value || !d.dose->value_exact || d.dose->value->mantissa <= 0 || !days ||
            days->mantissa <= 0 || (dosages.size() > 1 && (d.bounds || d.bounds_length)))
            return std::nullopt;
        const auto often = multiply(*d.dose->value, d.frequency.value_or(decimal{1, 0}));
        const auto each = often ? divide(*often, *days) : std::nullopt;
        if (!each)
            return std::nullopt;
        const std::string unit(d.dose->code.empty() ? d.dose->unit : d.dose->code);
        if (!out) {
            out = daily_amount{*each, unit};
            continue;
        }
        decimal a = out->value, b = *each;
        if (out->unit != unit)
            return std::nullopt;
        if (a.exponent < b.exponent)
            std::swap(a, b);
        for (; a.exponent > b.exponent; --a.exponent)
            if (__builtin_mul_overflow(a.mantissa, std::int64_t{10}, &a.mantissa))
                return std::nullopt;
        if (__builtin_add_overflow(a.mantissa, b.mantissa, &out->value.mantissa))
            return std::nullopt;
        out->value.exponent = a.exponent;
    }
    return out;
}

} // namespace trialgate::mappings
