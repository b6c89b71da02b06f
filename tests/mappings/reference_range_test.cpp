#include "mappings/engine/reference_range.hpp"

#include "tests/support/result_library.hpp"

using namespace trialgate;
using namespace trialgate::mappings;
using tests::fact_of;
using tests::interval_text;

namespace {

result_limits limits_of(std::string_view text, bool titers = false) {
    return read_range_text(text, titers, *tests::result_catalog());
}

std::string shown(const result_limits& l) {
    std::string out;
    for (const result_band& b : l.bands) {
        static constexpr const char* names[] = {"none", "negative", "equivocal", "positive"};
        out += std::string(names[static_cast<int>(b.means)]) + interval_text(b.span) + ' ';
    }
    return out.empty() && (l.normal.low || l.normal.high) ? interval_text(l.normal) : out;
}

fhir::decimal whole(std::int64_t n) { return {n, 0}; }

finding weighed(std::string_view range, interval value) { return weigh_limits(limits_of(range), value); }

} // namespace

TEST_CASE("range text: limits and intervals") {
    CHECK(shown(limits_of("<10")) == "(-inf,10)");
    CHECK(shown(limits_of("<=4")) == "(-inf,4]");
    CHECK(shown(limits_of("< or = 4 IU/mL")) == "(-inf,4]");
    CHECK(shown(limits_of("0-30")) == "[0,30]");
    CHECK(shown(limits_of("0 - 30 IU/mL")) == "[0,30]");
    CHECK(shown(limits_of("0.0 \xE2\x80\x93 3.5")) == "[0.0,3.5]");
    CHECK(shown(limits_of(">60")) == "(60,inf)");
    CHECK(shown(limits_of("less than 1:80", true)) == "(-inf,80)");
    CHECK(shown(limits_of("<1:40")) == "(-inf,40)");
    CHECK(shown(limits_of("Normal range: 4-11")) == "[4,11]");
}

TEST_CASE("range text: words without numbers, ages and nonsense are no limits") {
    for (const char* text :
         {"", "Negative", "see note", "IU/mL", ">18 years: 4-11", "Male 4-11 Female 5-12", "2025-01-16", "10/12/2025 <5", "5-4"})
        CHECK_FALSE(limits_of(text).known());
}

TEST_CASE("range text: bands with words in front or behind") {
    const std::string expected = "negative(-inf,4] equivocal[5,9] positive[10,inf) ";
    CHECK(shown(limits_of("<=4 negative / 5-9 borderline / >=10 positive")) == expected);
    CHECK(shown(limits_of("Negative: <=4; Borderline: 5-9; Positive: >=10")) == expected);
    CHECK(shown(limits_of("Negative <=4 IU/mL, Equivocal 5-9 IU/mL, Positive >=10 IU/mL")) == expected);
    CHECK(shown(limits_of("<=4.0 IU/mL (negative) 5-9 IU/mL (indeterminate) >=10 IU/mL (positive)")) ==
          "negative(-inf,4.0] equivocal[5,9] positive[10,inf) ");
    CHECK(shown(limits_of("<=4 / 5-9 / >=10")) == expected);
    CHECK(shown(limits_of("<100 / >=100")) == "negative(-inf,100) positive[100,inf) ");
    CHECK(shown(limits_of("Negative, less than 1:80", true)) == "(-inf,80)");
    CHECK(shown(limits_of("Positive, greater than 1:80", true)) == "positive(80,inf) ");
    CHECK(interval_text(limits_of("<=4 / 5-9 / >=10").normal) == "(-inf,4]");
}

TEST_CASE("range text: bands that overlap or cannot be paired are none") {
    CHECK_FALSE(limits_of("Negative <10, Positive >5").known());
    CHECK_FALSE(limits_of("Negative <10 Positive").known());
    CHECK_FALSE(limits_of("4-11 / 5-12").known());
}

TEST_CASE("range: a value is above, inside or on both sides of the limits (S23, S25, S26)") {
    CHECK(weighed("0-30", interval::point(whole(33))) == finding::positive);
    CHECK(weighed("0-30", interval::point(whole(30))) == finding::negative);
    CHECK(weighed("<10", interval::point(whole(10))) == finding::positive);
    CHECK(weighed("<10", {whole(1000), std::nullopt, true, false}) == finding::positive);
    CHECK(weighed("<10", {whole(5), std::nullopt, true, false}) == finding::none);
    CHECK(weighed("<10", {std::nullopt, whole(10), false, true}) == finding::negative);
    CHECK(weighed("0-30", {std::nullopt, whole(40), false, true}) == finding::none);
    CHECK(weighed(">60", interval::point(whole(70))) == finding::none);
    const char* bands = "<=4 negative / 5-9 borderline / >=10 positive";
    CHECK(weighed(bands, interval::point(whole(3))) == finding::negative);
    CHECK(weighed(bands, interval::point(whole(7))) == finding::equivocal);
    CHECK(weighed(bands, interval::point(whole(10))) == finding::positive);
    CHECK(weighed(bands, interval::point({45, -1})) == finding::none);
}

TEST_CASE("range: elements of a type other than normal and empty ones are passed over") {
    const auto high = [](const std::string& ranges) {
        return fact_of("31348-6", "'valueQuantity': {'value': 33, 'unit': 'IU/mL'}, 'referenceRange': [" + ranges + "]").observation;
    };
    const std::string therapeutic =
        "{'type': {'coding': [{'system': 'http://terminology.hl7.org/CodeSystem/referencerange-meaning', 'code': 'therapeutic'}]}, "
        "'low': {'value': 40}, 'high': {'value': 50}}";
    CHECK(high(therapeutic).range_high == std::nullopt);
    CHECK(high(therapeutic + ", {'high': {'value': 30}}").range_high == whole(30));
    CHECK(high("{'high': {'unit': 'IU/mL'}}, {'high': {'value': 30, 'unit': 'IU/mL'}}").range_high == whole(30));
    CHECK(high("{'high': {'value': 30}}, {'high': {'value': 30.0}}").range_high == whole(30));
    CHECK(high("{'high': {'value': 30}}, {'high': {'value': 40}}").range_high == std::nullopt);
    CHECK(high("{'text': '0-30'}").found == finding::positive);
    CHECK(high("{'high': {'value': 30, 'unit': 'k[IU]/L'}}").range_high == whole(30));
    CHECK(high("{'high': {'value': 30, 'unit': 'mg/dL'}}").range_high == std::nullopt);
}

TEST_CASE("range: several elements make bands") {
    const std::string bands = "'referenceRange': [{'high': {'value': 4}, 'text': 'Negative'}, "
                              "{'low': {'value': 5}, 'high': {'value': 9}, 'text': 'Equivocal'}, {'low': {'value': 10}, 'text': 'Positive'}]";
    const auto found = [&](const char* value) {
        return fact_of("31348-6", "'valueQuantity': {'value': " + std::string(value) + "}, " + bands).observation;
    };
    CHECK(found("3").found == finding::negative);
    CHECK(found("7").found == finding::equivocal);
    CHECK(found("12").found == finding::positive);
    CHECK(found("12").range_high == whole(4));
}

TEST_CASE("range: the limits of a temperature are shifted and scaled with the value") {
    const fact f = fact_of(
        "8310-5", "'valueQuantity': {'value': 100.4, 'unit': '[degF]'}, 'referenceRange': [{'high': {'value': 38, 'unit': 'Cel'}}]"
    );
    REQUIRE(f.observation.range_high);
    CHECK(*f.observation.range_high == fhir::decimal{684, -1});
    CHECK(interval_text(f.observation.value) == "[68.4,68.4]");
}
