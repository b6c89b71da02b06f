#include "mappings/engine/result_value.hpp"

#include "fhir/ascii.hpp"
#include "mappings/engine/text_number.hpp"
#include "mappings/engine/unit_choice.hpp"
#include "tests/support/result_library.hpp"

using namespace trialgate;
using namespace trialgate::mappings;
using tests::fact_of;
using tests::interval_text;
using tests::value_text;

namespace {

std::string number(std::string_view text) {
    const std::string lower = fhir::lower(written::plain_text(text));
    std::string_view rest = lower;
    const auto read = written::take_interval(rest);
    return read ? interval_text(*read) + (rest.empty() ? "" : "|" + std::string(rest)) : "none";
}

std::string quantity(const std::string& inside) { return "'valueQuantity': {" + inside + "}"; }
std::string text(const std::string& value) { return "'valueString': '" + value + "'"; }

const analyte& analyte_named(const char* id) {
    const auto codes = tests::result_catalog();
    const analyte* a = codes->analyte_of(codes->find(id));
    REQUIRE(a);
    return *a;
}

/// The value as canonical decimal text.
std::string canonical(const fact& f) {
    REQUIRE(f.observation.has_value);
    const auto d = rescale(*f.observation.value.low, f.observation.factor, {});
    return d ? d->to_string() : "not finite";
}

} // namespace

TEST_CASE("text number: comparators, ranges and open ends") {
    CHECK(number("12") == "[12,12]");
    CHECK(number("12 mg/dL") == "[12,12]| mg/dl");
    CHECK(number("-1.5") == "[-1.5,-1.5]");
    CHECK(number("> 60") == "(60,inf)");
    CHECK(number("Greater than 60") == "(60,inf)");
    CHECK(number("\xE2\x89\xA5 60") == "[60,inf)");
    CHECK(number("GT 45") == "(45,inf)");
    CHECK(number("LE 45") == "(-inf,45]");
    CHECK(number("up to 5") == "(-inf,5]");
    CHECK(number("60+") == "[60,inf)");
    CHECK(number("60 or more") == "[60,inf)");
    CHECK(number("6-10 /hpf") == "[6,10]| /hpf");
    CHECK(number("6 - 10") == "[6,10]");
    CHECK(number("6 to 10") == "[6,10]");
    CHECK(number("between 6 and 10") == "[6,10]");
    CHECK(number("=5") == "[5,5]");
}

TEST_CASE("text number: a comma is a decimal one only where it cannot separate thousands") {
    CHECK(number("1,280") == "[1280,1280]");
    CHECK(number("1,310,720") == "[1310720,1310720]");
    CHECK(number("1,280.5") == "[1280.5,1280.5]");
    CHECK(number("4,2") == "[4.2,4.2]");
    CHECK(number("0,125") == "[0.125,0.125]");
    CHECK(number("1234,567") == "[1234.567,1234.567]");
    CHECK(number("12,34") == "[12.34,12.34]");
    CHECK(number("1,28,0") == "none");
    CHECK(number("1,280,5") == "none");
}

TEST_CASE("text number: what is a part of something else is not read") {
    for (const char* t : {"2026-02-20", "12:30", "1/16/2025", "1.2.3", "10*3", "10^3", "10-6", "abc", "", ">", "-", "gt", "greater", "6-10-12"})
        CHECK(number(t) == "none");
}

TEST_CASE("text number: digits beyond exactness widen the number") {
    const std::string read = number("1.23456789012345678901");
    CHECK(read == "[1.23456789012345678,1.23456789012345679]");
}

TEST_CASE("unit: aliases of the analyte come before UCUM") {
    const analyte& wbc = analyte_named("wbc");
    CHECK(wbc.rule_for("10*9/L")->factor == fhir::ratio{});
    CHECK(wbc.rule_for("K/uL")->factor == fhir::ratio{});
    CHECK(wbc.rule_for("K/uL")->by_alias);
    CHECK(wbc.rule_for("G/L")->factor == fhir::ratio{});
    CHECK(wbc.rule_for("K/\xC2\xB5L")->factor == fhir::ratio{});
    CHECK(wbc.rule_for(" K/\xCE\xBCL ")->factor == fhir::ratio{});
    CHECK(wbc.rule_for("/mm3")->factor == fhir::ratio{1, 1000});
    CHECK_FALSE(wbc.rule_for("/mm3")->by_alias);
    CHECK_FALSE(wbc.rule_for("mg/dL"));
    CHECK_FALSE(wbc.rule_for(""));
    CHECK_FALSE(wbc.rule_for(std::string(5000, 'x')));
}

TEST_CASE("unit: capital letters throughout are understood, as an alias") {
    CHECK(analyte_named("creatinine").rule_for("MG/DL")->by_alias);
    CHECK(analyte_named("creatinine").rule_for("UMOL/L")->factor == fhir::ratio{5, 442});
    CHECK(analyte_named("egfr").rule_for("ML/MIN/1.73 M2")->factor == fhir::ratio{});
}

TEST_CASE("unit: a point that UCUM would multiply by is refused where no alias says better") {
    const analyte& egfr = analyte_named("egfr");
    CHECK(egfr.rule_for("mL/min/1.73")->factor == fhir::ratio{});
    CHECK(egfr.rule_for("mL/min/{1.73_m2}")->factor == fhir::ratio{});
    CHECK_FALSE(egfr.rule_for("mL/min/(1.73)"));
    CHECK_FALSE(egfr.rule_for("L/h/1.73"));
}

TEST_CASE("unit: printed unit and code must agree") {
    const analyte& a = analyte_named("creatinine");
    const auto state = [&a](std::string_view unit, std::string_view system, std::string_view code) {
        fhir::quantity q;
        q.unit = unit;
        q.system = system;
        q.code = code;
        return choose_unit(a, q).state;
    };
    const char* ucum = "http://unitsofmeasure.org";
    CHECK(state("mg/dl", ucum, "mg/dL") == unit_state::fits);
    CHECK(state("mg/dL", ucum, "umol/L") == unit_state::unusable);
    CHECK(state("mmol/L", ucum, "mg/dL") == unit_state::unusable);
    CHECK(state("percent", ucum, "mg/dL") == unit_state::fits);
    CHECK(state("mol/kg", ucum, "mg/dL") == unit_state::unusable);
    CHECK(state("", ucum, "mg/dL") == unit_state::fits);
    CHECK(state("mg/dL", "", "") == unit_state::fits);
    CHECK(state("", "(HL7_V2)", "mg/dL") == unit_state::fits);
    CHECK(state("mg/dL", "(HL7_V2)", "MGDL") == unit_state::fits);
    CHECK(state("mg/dL", ucum, "10*9/L") == unit_state::unusable);
    CHECK(state("", "", "") == unit_state::missing);
    CHECK(state("N/A", "", "") == unit_state::missing);
    CHECK(state("furlong", "", "") == unit_state::unusable);
}

TEST_CASE("exact arithmetic: differences and conversions are exact or nothing") {
    CHECK(minus({1004, -1}, {32, 0}) == fhir::decimal{684, -1});
    CHECK_FALSE(minus({9'000'000'000'000'000'000, 0}, {-9'000'000'000'000'000'000, 0}));
    CHECK_FALSE(minus({1, 30000}, {1, -30000}));
    CHECK(rescale({684, -1}, {5, 9}, {}) == fhir::decimal{38, 0});
    CHECK(rescale({177, 0}, {1, 1}, {1000, 1}) == fhir::decimal{177, -3});
    CHECK_FALSE(rescale({177, 0}, {5, 442}, {}));
    CHECK(rescale({442, 0}, {5, 442}, {}) == fhir::decimal{5, 0});
    CHECK_FALSE(rescale({1, 0}, {9'000'000'000'000'000'000, 1}, {1, 9'000'000'000'000'000'000}));
}

TEST_CASE("result: quantities keep their unit and convert exactly (R05, R08, L02, L05, L07)") {
    const fact e = fact_of("98979-8", quantity("'value': 74, 'unit': 'mL/min/1.73m2', 'system': 'http://unitsofmeasure.org', 'code': 'mL/min/{1.73_m2}'"));
    CHECK(e.observation.use == usability::usable);
    CHECK(value_text(e) == "[74,74]");
    CHECK(e.text == "74 mL/min/1.73m2");
    const fact c = fact_of("2160-0", quantity("'value': 177, 'unit': 'umol/L'"));
    CHECK(c.observation.factor == fhir::ratio{5, 442});
    CHECK(std::is_gt(fhir::compare_scaled(*c.observation.value.low, c.observation.factor, {2, 0}, {})));
    const fact w = fact_of("6690-2", quantity("'value': 3.0, 'code': '10*3/uL', 'system': 'http://unitsofmeasure.org'"));
    CHECK(canonical(w) == "3.0");
    CHECK(canonical(fact_of("6690-2", quantity("'value': 3000, 'unit': '/uL'"))) == "3");
    CHECK(canonical(fact_of("8310-5", quantity("'value': 100.4, 'unit': '[degF]'"))) == "38.0");
    CHECK(canonical(fact_of("2890-2", quantity("'value': 0.5, 'unit': 'mg/mg'"))) == "500.0");
    CHECK(canonical(fact_of("2890-2", quantity("'value': 0.5, 'unit': 'g/g'"))) == "500.0");
    CHECK(canonical(fact_of("2890-2", quantity("'value': 500, 'unit': 'mg/g'"))) == "500");
}

TEST_CASE("result: an alias is noted (L08, R20)") {
    const fact ratio = fact_of("2890-2", quantity("'value': 0.6, 'unit': 'Ratio'"));
    CHECK(canonical(ratio) == "600.0");
    CHECK(ratio.notes.has(note::unit_by_alias));
    const fact e = fact_of("98979-8", quantity("'value': 52, 'unit': 'mL/min/1.73'"));
    CHECK(canonical(e) == "52");
    CHECK(e.notes.has(note::unit_by_alias));
}

TEST_CASE("result: comparators of quantities (R02, R03)") {
    CHECK(value_text(fact_of("98979-8", quantity("'value': 60, 'comparator': '<', 'unit': 'mL/min'"))) == "(-inf,60)");
    CHECK(value_text(fact_of("98979-8", quantity("'value': 30, 'comparator': '>=', 'unit': 'mL/min'"))) == "[30,inf)");
    CHECK(fact_of("98979-8", quantity("'value': 60, 'comparator': '>', 'unit': 'mL/min'")).text == "> 60 mL/min");
    const fact end_of_scale = fact_of(
        "98979-8", quantity("'value': 60, 'unit': 'mL/min'") + ", 'interpretation': [{'coding': [{'code': '>'}]}]"
    );
    CHECK(value_text(end_of_scale) == "[60,inf)");
}

TEST_CASE("result: a missing or impossible unit makes a quantity unusable (R09, R11, L34)") {
    const fact none = fact_of("2160-0", quantity("'value': 88"));
    CHECK(none.observation.use == usability::unit_unusable);
    CHECK(none.notes.has(note::unit_missing));
    CHECK_FALSE(none.observation.has_value);
    CHECK(none.text == "88");
    CHECK(fact_of("2160-0", quantity("'value': 1.0, 'unit': 'umol/L'")).observation.use == usability::value_unusable);
    CHECK(fact_of("2160-0", quantity("'value': 88, 'unit': 'mg/dL'")).observation.use == usability::value_unusable);
    CHECK(fact_of("2160-0", quantity("'value': 1.0, 'unit': 'mg/g'")).observation.use == usability::unit_unusable);
    CHECK(canonical(fact_of("1988-5", quantity("'value': 12, 'unit': 'mg/dL'"))) == "120");
    CHECK(canonical(fact_of("1988-5", quantity("'value': 12, 'unit': 'mg/L'"))) == "12");
}

TEST_CASE("result: a range stands in for the unit when it fits one unit only") {
    const std::string range = ", 'referenceRange': [{'low': {'value': 4}, 'high': {'value': 11}}]";
    const fact fits = fact_of("6690-2", quantity("'value': 5.2") + range);
    CHECK(fits.observation.use == usability::usable);
    CHECK(fits.notes.has(note::unit_missing));
    CHECK(canonical(fits) == "5.2");
    CHECK(fact_of("6690-2", quantity("'value': 5.2")).observation.use == usability::unit_unusable);
    const fact thousands =
        fact_of("6690-2", quantity("'value': 5200") + ", 'referenceRange': [{'low': {'value': 4000}, 'high': {'value': 11000}}]");
    CHECK(thousands.observation.use == usability::unit_unusable);
    const fact two_units =
        fact_of("6690-2", quantity("'value': 200") + ", 'referenceRange': [{'low': {'value': 150}, 'high': {'value': 400}}]");
    CHECK(two_units.observation.use == usability::unit_unusable);
}

TEST_CASE("result: numbers in texts, with units and flags") {
    CHECK(canonical(fact_of("2160-0", text("1.2 mg/dL"))) == "1.2");
    CHECK(canonical(fact_of("2160-0", text("1,2 mg/dL"))) == "1.2");
    CHECK(canonical(fact_of("2160-0", text("1.2 mg/dL H"))) == "1.2");
    CHECK(canonical(fact_of("2160-0", text("1.2 mg/dL (H)"))) == "1.2");
    CHECK(canonical(fact_of("2160-0", text("1.2 mg/dL (enzymatic)"))) == "1.2");
    CHECK(canonical(fact_of("2160-0", text("106 \xC2\xB5mol/L"))) == "not finite");
    CHECK(value_text(fact_of("98979-8", text("> 60 mL/min/1.73 m2"))) == "(60,inf)");
    CHECK(value_text(fact_of("98979-8", text("Greater than 60 mL/min/1.73m2"))) == "(60,inf)");
    CHECK(value_text(fact_of("2890-2", text("1,280 mg/g"))) == "[1280,1280]");
    CHECK(fact_of("2160-0", text("1.2 H")).observation.use == usability::unit_unusable);
    CHECK(fact_of("2160-0", text("1.2 elephants")).observation.use == usability::unit_unusable);
    CHECK(fact_of("2160-0", text("about 1.2 mg/dL")).observation.use == usability::value_unusable);
    CHECK(fact_of("2160-0", text("1.2 mg/dL hemolyzed")).observation.use == usability::value_unusable);
    CHECK(fact_of("2160-0", text("1 280 mg/dL")).observation.use == usability::value_unusable);
    CHECK(canonical(fact_of("2160-0", "'valueCodeableConcept': {'text': '1.2 mg/dL'}")) == "1.2");
}

TEST_CASE("result: counts per field may be ranges and words (L14, L16)") {
    CHECK(value_text(fact_of("13945-1", text("6-10 /hpf"))) == "[6,10]");
    CHECK(value_text(fact_of("13945-1", text("6-10"))) == "[6,10]");
    CHECK(value_text(fact_of("13945-1", text("TNTC"))) == "(50,inf)");
    CHECK(value_text(fact_of("13945-1", text("TNTC /hpf"))) == "(50,inf)");
    CHECK(value_text(fact_of("13945-1", text("packed"))) == "(50,inf)");
    CHECK(value_text(fact_of("13945-1", text(">50"))) == "(50,inf)");
    CHECK(value_text(fact_of("13945-1", text("None  seen"))) == "[0,0]");
    CHECK(value_text(fact_of("13945-1", "'valueRange': {'low': {'value': 6}, 'high': {'value': 10, 'unit': '/hpf'}}")) == "[6,10]");
    CHECK(value_text(fact_of("13945-1", "'valueCodeableConcept': {'text': 'TNTC'}")) == "(50,inf)");
    const fact bare = fact_of("13945-1", quantity("'value': 7"));
    CHECK(value_text(bare) == "[7,7]");
    CHECK(bare.notes.has(note::unit_missing));
    CHECK(fact_of("13945-1", text("Negative")).observation.found == finding::negative);
    CHECK(fact_of("13945-1", text("many")).observation.use == usability::value_unusable);
    CHECK(fact_of("13945-1", quantity("'value': 7, 'unit': '/uL'")).observation.use == usability::unit_unusable);
}

TEST_CASE("result: ordinals are ranks, in plus signs and in concentrations (L13)") {
    const auto rank = [](const std::string& value) { return value_text(fact_of("20454-5", value)); };
    CHECK(rank(text("3+")) == "[3,3]");
    CHECK(rank(text("3 +")) == "[3,3]");
    CHECK(rank(text("+++")) == "[3,3]");
    CHECK(rank(text("+3")) == "[3,3]");
    CHECK(rank(text("Trace")) == "[0.5,0.5]");
    CHECK(rank(text("NEGATIVE")) == "[0,0]");
    CHECK(rank(text("not detected")) == "[0,0]");
    CHECK(rank(text("30 mg/dL")) == "[1,1]");
    CHECK(rank(text("30mg/dL")) == "[1,1]");
    CHECK(rank(text(">=300 mg/dL")) == "[3,inf)");
    CHECK(rank(text("1+ - 2+")) == "[1,2]");
    CHECK(rank(text("2+ (100 mg/dL)")) == "[2,2]");
    CHECK(rank(quantity("'value': 100, 'unit': 'mg/dL'")) == "[2,2]");
    CHECK(rank("'valueCodeableConcept': {'coding': [{'system': 'urn:local', 'code': '2+'}]}") == "[2,2]");
    CHECK(rank("'valueCodeableConcept': {'coding': [{'system': 'http://snomed.info/sct', 'code': '1', 'display': '2+'}]}") == "[2,2]");
    CHECK(fact_of("20454-5", text("2+ (300 mg/dL)")).observation.use == usability::value_unusable);
    CHECK(fact_of("20454-5", quantity("'value': 45, 'unit': 'mg/dL'")).observation.use == usability::value_unusable);
    const fact positive = fact_of("20454-5", text("Positive"));
    CHECK(positive.observation.found == finding::positive);
    CHECK_FALSE(positive.observation.has_value);
}

TEST_CASE("result: a score is a whole number in its bounds (L31)") {
    const auto score = [](const std::string& value) {
        return tests::record_of(
                   "{'resourceType': 'Observation', 'status': 'final', 'code': {'coding': [{'system': 'urn:trialgate:concept', "
                   "'code': 'sledai2k.total'}]}, " +
                   value + "}"
        )
            .facts.at(0);
    };
    CHECK(value_text(score("'valueInteger': 8")) == "[8,8]");
    CHECK(value_text(score("'valueQuantity': {'value': 8.0, 'unit': '{score}'}")) == "[8.0,8.0]");
    CHECK(value_text(score("'valueQuantity': {'value': 8, 'unit': '{score}', 'system': 'http://unitsofmeasure.org', 'code': '{score}'}")) ==
          "[8,8]");
    CHECK(score("'valueQuantity': {'value': 8, 'unit': '{score}'}").text == "8");
    for (const char* value : {"110", "-1"})
        CHECK(score("'valueInteger': " + std::string(value)).observation.use == usability::value_unusable);
    CHECK(score("'valueQuantity': {'value': 7.5}").observation.use == usability::value_unusable);
    CHECK(score("'valueString': 'normal'").observation.use == usability::value_unusable);
    CHECK(score("'valueBoolean': true").observation.use == usability::value_unusable);
}

TEST_CASE("result: a word for a quantity is an answer, 'normal' is none") {
    const fact normal = fact_of("98979-8", text("Normal"));
    CHECK(normal.observation.use == usability::value_unusable);
    CHECK(normal.observation.found == finding::none);
    CHECK(fact_of("98979-8", "'interpretation': [{'coding': [{'code': 'N'}]}]").observation.use == usability::value_unusable);
}

TEST_CASE("result: low and high of a quantity, against its own range (L20)") {
    const std::string range = ", 'referenceRange': [{'low': {'value': 90, 'unit': 'mg/dL'}, 'high': {'value': 180, 'unit': 'mg/dL'}}]";
    const auto flagged = [&](const char* value, const char* flag) {
        return fact_of(
            "4485-9", quantity("'value': " + std::string(value) + ", 'unit': 'mg/dL'") + range +
                          ", 'interpretation': [{'coding': [{'code': '" + flag + "'}]}]"
        );
    };
    const fact low = flagged("70", "L");
    CHECK(low.observation.use == usability::usable);
    CHECK(low.observation.low);
    CHECK(low.observation.range_low == fhir::decimal{90, 0});
    CHECK(low.observation.range_high == fhir::decimal{180, 0});
    CHECK(flagged("100", "L").observation.use == usability::conflicting);
    CHECK(flagged("90", "L").observation.use == usability::usable);
    CHECK(flagged("100", "HH").observation.use == usability::conflicting);
    CHECK(flagged("200", "H").observation.high);
    CHECK(flagged("70", "N").observation.use == usability::conflicting);
    CHECK(flagged("100", "N").observation.use == usability::usable);
    const fact bare = fact_of("4485-9", quantity("'value': 70, 'unit': 'mg/dL'"));
    CHECK_FALSE(bare.observation.range_low);
    CHECK_FALSE(bare.observation.low);
    const fact grams = fact_of("4485-9", quantity("'value': 0.7, 'unit': 'g/L'") + range);
    CHECK(grams.observation.range_low == fhir::decimal{9, -1});
}

TEST_CASE("result: a value and the reason for its absence exclude each other") {
    const fact f = fact_of("2160-0", quantity("'value': 1, 'unit': 'mg/dL'") + ", 'dataAbsentReason': {'text': 'unknown'}");
    CHECK(f.observation.use == usability::value_unusable);
}

TEST_CASE("result: what people read is short") {
    CHECK(compact_text("  a \n b\t ") == "a b");
    const std::string cut = compact_text(std::string(59, 'a') + "\xC3\xA9" + std::string(40, 'b'));
    CHECK(cut.size() <= 60);
    CHECK(cut.ends_with("..."));
    const std::string wide = compact_text(std::string(56, 'a') + "\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9");
    CHECK(wide == std::string(56, 'a') + "...");
}
