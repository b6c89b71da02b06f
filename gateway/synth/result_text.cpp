#include "gateway/synth/result_text.hpp"

#include <string>

namespace trialgate::gateway::synth {

namespace {

constexpr std::int64_t powers[] = {1, 10, 100, 1000, 10'000};

/// The value in the unit of the style, rounded half up to its decimals, as an integer of its last decimal.
std::int64_t converted(std::int64_t value, const result_style& s) {
    const std::int64_t numerator = value * s.numerator * powers[s.decimals],
                       denominator = s.denominator * powers[scale_of(s.what).decimals];
    return (2 * numerator + denominator) / (2 * denominator);
}

std::string decimal_text(std::int64_t scaled, int decimals, char point) {
    std::string digits = std::to_string(scaled);
    if (decimals == 0)
        return digits;
    const auto places = static_cast<std::size_t>(decimals);
    if (digits.size() <= places)
        digits.insert(0, places + 1 - digits.size(), '0');
    digits.insert(digits.size() - places, 1, point);
    return digits;
}

std::string text_of(std::int64_t value, const result_style& s, char point) {
    return decimal_text(converted(value, s), s.decimals, point);
}

void write_quantity(json_text& out, const std::string& number, const result_style& s, bool above) {
    out.begin_object().key("value").json(number);
    if (above)
        out.key("comparator").string(">");
    if (!s.unit.empty())
        out.key("unit").string(s.unit);
    if (!s.ucum.empty())
        out.key("system").string("http://unitsofmeasure.org").key("code").string(s.ucum);
    out.end_object();
}

/// Serology is positive or negative, everything else low, normal or high.
bool has_sign(analyte what) noexcept {
    return what == analyte::ana || what == analyte::dsdna || what == analyte::sm || what == analyte::lupus_anticoagulant ||
           what == analyte::coombs;
}

std::string_view flag_of(const measured& m) noexcept {
    const scale normal = scale_of(m.what);
    if (has_sign(m.what))
        return m.value > normal.high ? "POS" : "NEG";
    return m.value > normal.high ? "H" : m.value < normal.low ? "L" : "N";
}

void write_coded_sign(json_text& out, bool positive) {
    out.key("valueCodeableConcept")
        .begin_object()
        .key("coding")
        .begin_array()
        .begin_object()
        .key("system")
        .string("http://snomed.info/sct");
    out.key("code")
        .string(positive ? "10828004" : "260385009")
        .key("display")
        .string(positive ? "Positive" : "Negative")
        .end_object()
        .end_array()
        .end_object();
}

/// A field count as people write it; no class reaches over the limit of 5.
std::string_view class_of(std::int64_t n) noexcept {
    return n <= 2 ? "0-2" : n <= 5 ? "3-5" : n <= 10 ? "6-10" : n <= 20 ? "11-20" : ">20";
}

void write_value(json_text& out, const measured& m, const result_style& s, std::string_view language) {
    const bool positive = m.value > scale_of(m.what).high;
    const bool capped = (s.as == form::capped || s.as == form::capped_text) && m.value > 90;
    switch (s.as) {
    case form::quantity:
    case form::capped:
        write_quantity(out.key("valueQuantity"), capped ? "90" : text_of(m.value, s, '.'), s, capped);
        break;
    case form::text:
        out.key("valueString").string(text_of(m.value, s, ',') + ' ' + std::string(s.unit));
        break;
    case form::capped_text:
        out.key("valueString").string((capped ? "> 90" : text_of(m.value, s, ',')) + ' ' + std::string(s.unit));
        break;
    case form::range_text:
        out.key("valueString").string(class_of(m.value));
        break;
    case form::titer_text:
        out.key("valueString").string(m.value < 80 ? "<1:80" : "1:" + std::to_string(m.value));
        break;
    case form::titer_quantity:
        write_quantity(out.key("valueQuantity"), std::to_string(m.value), s, false);
        break;
    case form::coded:
        write_coded_sign(out, positive);
        break;
    case form::word:
        out.key("valueString").string(language == "de" ? (positive ? "positiv" : "negativ") : (positive ? "positive" : "negative"));
        break;
    case form::integer:
        out.key("valueInteger").number(m.value);
        break;
    case form::answer:
        out.key("valueBoolean").boolean(m.value != 0);
        break;
    case form::flag:
        break;
    }
}

} // namespace

void write_result(json_text& out, const measured& m, const result_style& s, std::string_view language) {
    write_value(out, m, s, language);
    if (s.interpretation) {
        out.key("interpretation").begin_array().begin_object().key("coding").begin_array().begin_object();
        out.key("system").string("http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation").key("code").string(flag_of(m));
        out.end_object().end_array().end_object().end_array();
    }
    if (!s.range)
        return;
    const scale normal = scale_of(m.what);
    out.key("referenceRange").begin_array().begin_object();
    if (normal.low != INT64_MIN)
        write_quantity(out.key("low"), text_of(normal.low, s, '.'), s, false);
    if (normal.high != INT64_MAX)
        write_quantity(out.key("high"), text_of(normal.high, s, '.'), s, false);
    out.end_object().end_array();
}

} // namespace trialgate::gateway::synth
