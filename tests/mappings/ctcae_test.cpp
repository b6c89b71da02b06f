// Grades of single results: the vectors of the clinical reference (10.4), every edge of the table, and what must not be graded.
#include "mappings/followup/ctcae.hpp"
#include "mappings/engine/record.hpp"
#include "tests/support/shipped.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace trialgate;
using namespace trialgate::mappings;

namespace {

const grading_term& term(std::string_view id) {
    const grading_table* table = tests::shipped().codes->safety().table("ctcae-5");
    REQUIRE(table);
    const auto found = std::find_if(table->terms.begin(), table->terms.end(), [id](const auto& t) { return t.id == id; });
    REQUIRE(found != table->terms.end());
    return *found;
}

fhir::decimal number(std::string_view text) {
    const auto d = fhir::parse_decimal(text);
    REQUIRE(d);
    return *d;
}

/// "120", ">120", "<5" in a unit of the term's analyte (empty: the canonical one), with the limits sent with it (empty: none).
measurement measured(const grading_term& t, std::string_view value, std::string_view unit = {}, std::string_view lln = {},
                     std::string_view uln = {}) {
    observation_fact f;
    const analyte* a = tests::shipped().codes->analyte_of(t.concepts.front());
    REQUIRE(a);
    if (!unit.empty()) {
        const auto rule = a->rule_for(unit);
        REQUIRE(rule);
        f.factor = rule->factor;
    }
    f.has_value = true;
    if (value.starts_with('>'))
        f.value = {number(value.substr(1)), std::nullopt, true, false};
    else if (value.starts_with('<'))
        f.value = {std::nullopt, number(value.substr(1)), false, true};
    else
        f.value = interval::point(number(value));
    if (!lln.empty())
        f.range_low = number(lln);
    if (!uln.empty())
        f.range_high = number(uln);
    return measurement_of(f);
}

struct limits {
    std::string_view lln, uln;
};

/// -1: ungradable.
int grade_of(std::string_view id, std::string_view value, limits l, std::string_view baseline = {}, std::string_view baseline_uln = {}) {
    const grading_term& t = term(id);
    const measurement now = measured(t, value, {}, l.lln, l.uln);
    std::optional<measurement> before;
    if (!baseline.empty())
        before = measured(t, baseline, {}, l.lln, baseline_uln.empty() ? l.uln : baseline_uln);
    return grade(t, now, before ? &*before : nullptr).grade.value_or(-1);
}

} // namespace

TEST_CASE("ctcae: the vectors of the reference") {
    CHECK(tests::shipped().codes->safety().table("ctcae-5")->version == "CTCAE v5.0");
    const limits hgb{"12", ""}, wbc{"4", ""}, anc{"1.8", ""}, alc{"1.0", ""}, plt{"150", ""}, alt{"", "40"};
    CHECK(grade_of("anemia", "10.0", hgb) == 1);
    CHECK(grade_of("anemia", "9.9", hgb) == 2);
    CHECK(grade_of("anemia", "8.0", hgb) == 2);
    CHECK(grade_of("anemia", "7.9", hgb) == 3);
    CHECK(grade_of("white-blood-cell-decreased", "3.0", wbc) == 1);
    CHECK(grade_of("white-blood-cell-decreased", "2.9", wbc) == 2);
    CHECK(grade_of("neutrophil-count-decreased", "1.0", anc) == 2);
    CHECK(grade_of("neutrophil-count-decreased", "0.99", anc) == 3);
    CHECK(grade_of("neutrophil-count-decreased", "0.49", anc) == 4);
    CHECK(grade_of("lymphocyte-count-decreased", "0.5", alc) == 2);
    CHECK(grade_of("lymphocyte-count-decreased", "0.49", alc) == 3);
    CHECK(grade_of("lymphocyte-count-decreased", "0.19", alc) == 4);
    CHECK(grade_of("platelet-count-decreased", "75", plt) == 1);
    CHECK(grade_of("platelet-count-decreased", "74", plt) == 2);
    CHECK(grade_of("platelet-count-decreased", "49", plt) == 3);
    CHECK(grade_of("platelet-count-decreased", "24", plt) == 4);
    CHECK(grade_of("platelet-count-decreased", "40", {}) == 3);
    CHECK(grade_of("alt-increased", "120", alt, "30") == 1);
    CHECK(grade_of("alt-increased", "121", alt, "30") == 2);
    CHECK(grade_of("alt-increased", "120", alt, "80") == 1);
    CHECK(grade_of("alt-increased", "119", alt, "80") == 0);
    CHECK(grade_of("alt-increased", "250", alt, "80") == 2);
    CHECK(grade_of("alp-increased", "190", {"", "120"}, "150") == 0);
    CHECK(grade_of("blood-bilirubin-increased", "1.9", {"", "1.2"}, "0.8") == 2);
    CHECK(grade_of("blood-bilirubin-increased", "1.6", {"", "1.2"}, "1.5") == 1);
    CHECK(grade_of("creatinine-increased", "1.3", {"", "1.1"}, "0.8") == 2);
    CHECK(grade_of("creatinine-increased", "1.1", {"", "1.1"}, "0.6") == 2);
    CHECK(grade_of("creatinine-increased", "6.7", {"", "1.1"}, "2.0") == 4);
    CHECK(grade_of("cpk-increased", "500", {"", "200"}) == 1);
    for (const auto& [value, expected] : {std::pair{"5.5", 1}, {"5.6", 2}, {"6.1", 3}, {"7.1", 4}})
        CHECK(grade_of("hyperkalemia", value, {"", "5.0"}) == expected);
    CHECK(grade_of("hyponatremia", "124", {"135", ""}) == 3);
    CHECK(grade_of("hyponatremia", "119", {"135", ""}) == 4);
    CHECK(grade_of("hypoglycemia", "54", {"70", ""}) == 2);
    CHECK(grade_of("alt-increased", "130", {}, "30") == -1);
}

TEST_CASE("ctcae: what depends on symptoms is said to") {
    const grading_term& k = term("hypokalemia");
    const grade_result low = grade(k, measured(k, "3.2", {}, "3.5"), nullptr);
    CHECK(low.grade == 2);
    CHECK(low.least == 1);
    CHECK(low.symptoms);
    CHECK_FALSE(grade(k, measured(k, "2.9", {}, "3.5"), nullptr).symptoms);
    const grading_term& na = term("hyponatremia");
    for (const auto& [value, least, worst] : {std::tuple{"129.5", 1, 1}, {"130", 1, 1}, {"129", 2, 3}, {"127", 2, 3}, {"125", 2, 3},
                                              {"124.5", 3, 3}, {"120", 3, 3}, {"119.9", 4, 4}, {"135", 0, 0}}) {
        INFO(value);
        const grade_result r = grade(na, measured(na, value, {}, "135"), nullptr);
        CHECK(r.least == least);
        CHECK(r.grade == worst);
        CHECK(r.symptoms == (least != worst));
    }
}

TEST_CASE("ctcae: corrected calcium") {
    const grading_term& low = term("hypocalcemia");
    const grading_term& high = term("hypercalcemia");
    const grading_term& albumin = term("hypoalbuminemia");
    const auto both = [&](const measurement& ca, const measurement& by) {
        const measurement c = corrected(ca, by, *low.corrected);
        return std::pair(grade(low, c, nullptr).grade, grade(high, c, nullptr).grade);
    };
    const auto calcium = [&](std::string_view v) { return measured(low, v, {}, "8.5", "10.5"); };
    CHECK(both(calcium("8.0"), measured(albumin, "2.0")) == std::pair(std::optional(0), std::optional(0))); // 9.6
    CHECK(both(calcium("8.0"), measured(albumin, "20", "g/L")) == std::pair(std::optional(0), std::optional(0)));
    CHECK(both(calcium("8.0"), measured(albumin, "4.5")) == std::pair(std::optional(2), std::optional(0))); // 7.6
    CHECK(both(calcium("10.4"), measured(albumin, "2.0")).second == 2);                                     // 12.0
    CHECK(both(calcium("9.9"), measured(albumin, "2.0")).second == 1);                                      // exactly 11.5
    // An albumin that is a bound makes the calcium one.
    CHECK(both(calcium("8.0"), measured(albumin, "<2.0")).second == std::nullopt);
    const measurement without = corrected(calcium("8.0"), measurement{}, *low.corrected);
    CHECK(without.why == ungradable::uncorrected);
}

TEST_CASE("ctcae: units are exact, and printed pairs are compared in the unit of the result") {
    const grading_term& hgb = term("anemia");
    CHECK(grade(hgb, measured(hgb, "6.2", "mmol/L", "7.4"), nullptr).grade == 1);
    CHECK(grade(hgb, measured(hgb, "6.1", "mmol/L", "7.4"), nullptr).grade == 2);
    CHECK(grade(hgb, measured(hgb, "100", "g/L", "120"), nullptr).grade == 1);
    CHECK(grade(hgb, measured(hgb, "99.9", "g/L", "120"), nullptr).grade == 2);
    const grading_term& ca = term("hypercalcemia");
    CHECK(grade(ca, measured(ca, "2.9", "mmol/L", "2.1", "2.6"), nullptr).grade == 1);
    CHECK(grade(ca, measured(ca, "2.91", "mmol/L", "2.1", "2.6"), nullptr).grade == 2);
    const grading_term& wbc = term("white-blood-cell-decreased");
    CHECK(grade(wbc, measured(wbc, "3000", "/uL", "4000"), nullptr).grade == 1);
    CHECK(grade(wbc, measured(wbc, "2999", "/uL", "4000"), nullptr).grade == 2);
    // Baseline and result in different units: 1.5 x 0.8 mg/dL is 106.08 umol/L.
    const grading_term& cr = term("creatinine-increased");
    const measurement baseline = measured(cr, "0.8", "mg/dL", "0.5", "1.1");
    CHECK(grade(cr, measured(cr, "106.08", "umol/L", "44", "110"), &baseline).grade == 0);
    CHECK(grade(cr, measured(cr, "106.09", "umol/L", "44", "110"), &baseline).grade == 2);
}

TEST_CASE("ctcae: edges belong to the milder grade") {
    using values_of = std::array<const char*, 7>;
    for (const auto& [id, uln, values] :
         {std::tuple{"alt-increased", "40", values_of{"40", "40.1", "120", "200", "200.1", "800", "800.1"}},
          std::tuple{"cpk-increased", "80", values_of{"80", "80.1", "200", "400", "400.1", "800", "800.1"}}}) {
        INFO(id);
        CHECK(grade_of(id, values[0], {"", uln}, "30") == 0);
        CHECK(grade_of(id, values[1], {"", uln}, "30") == 1);
        CHECK(grade_of(id, values[2], {"", uln}, "30") == 1);
        CHECK(grade_of(id, values[3], {"", uln}, "30") == 2);
        CHECK(grade_of(id, values[4], {"", uln}, "30") == 3);
        CHECK(grade_of(id, values[5], {"", uln}, "30") == 3);
        CHECK(grade_of(id, values[6], {"", uln}, "30") == 4);
    }
    CHECK(grade_of("hemoglobin-increased", "18", {"", "16"}) == 1);
    CHECK(grade_of("hemoglobin-increased", "18.01", {"", "16"}) == 2);
    CHECK(grade_of("hemoglobin-increased", "20.01", {"", "16"}) == 3);
    CHECK(grade_of("leukocytosis", "100", {}) == 0);
    CHECK(grade_of("leukocytosis", "100.1", {}) == 3);
    CHECK(grade_of("lymphocyte-count-increased", "4", {}) == 0);
    CHECK(grade_of("lymphocyte-count-increased", "20", {}) == 2);
    CHECK(grade_of("ldh-increased", "10000", {"", "250"}) == 1);
    CHECK(grade_of("hypernatremia", "155", {"", "145"}) == 2);
    CHECK(grade_of("hypomagnesemia", "0.69", {"1.6", ""}) == 4);
    CHECK(grade_of("hypercalcemia-ionized", "1.55", {"", "1.3"}) == 2);
    CHECK(grade_of("hypocalcemia-ionized", "0.79", {"1.1", ""}) == 4);
    CHECK(grade_of("ggt-increased", "151", {"", "60"}, "30") == 2);
    CHECK(grade_of("ast-increased", "60", {"", "40"}, "40") == 1); // a baseline on its limit is normal
}

TEST_CASE("ctcae: a baseline above its own limit is graded by multiples of it alone") {
    CHECK(grade_of("alp-increased", "300", {"", "120"}, "150") == 1); // exactly 2.0 x
    CHECK(grade_of("alp-increased", "299", {"", "120"}, "150") == 0);
    CHECK(grade_of("blood-bilirubin-increased", "1.5", {"", "1.2"}, "1.5") == 0);
    CHECK(grade_of("alt-increased", "1700", {"", "40"}, "80") == 4);
    // Its own limit, not that of the result.
    CHECK(grade_of("alt-increased", "125", {"", "40"}, "50", "60") == 2);

    const grading_term& alt = term("alt-increased");
    const grade_result none = grade(alt, measured(alt, "125", {}, {}, "40"), nullptr);
    CHECK(none.grade == 2);
    CHECK(none.baseline_missing);
    const measurement without_limit = measured(alt, "80");
    const grade_result unsure = grade(alt, measured(alt, "125", {}, {}, "40"), &without_limit);
    CHECK(unsure.grade == 2);
    CHECK(unsure.baseline_missing);
}

TEST_CASE("ctcae: both arms of creatinine, the worse one wins") {
    CHECK(grade_of("creatinine-increased", "3.3", {"", "1.1"}, "3.0") == 2); // 3.0 x ULN, 1.1 x baseline
    CHECK(grade_of("creatinine-increased", "2.0", {"", "1.1"}, "0.6") == 3); // 3.33 x baseline
    const grading_term& cr = term("creatinine-increased");
    const measurement baseline = measured(cr, "0.8");
    const grade_result firm = grade(cr, measured(cr, "1.3"), &baseline);
    CHECK(firm.grade == 2);
    CHECK(firm.limits_missing);
    const grade_result open = grade(cr, measured(cr, "0.9"), &baseline);
    CHECK_FALSE(open.grade);
    CHECK(open.why == ungradable::no_limits);
    CHECK(grade(cr, measured(cr, "1.3", {}, {}, "1.1"), nullptr).baseline_missing);
}

TEST_CASE("ctcae: without limits grade 1 cannot be told, and is never taken for 0") {
    const grading_term& wbc = term("white-blood-cell-decreased");
    const grade_result r = grade(wbc, measured(wbc, "3.5"), nullptr);
    CHECK_FALSE(r.grade);
    CHECK(r.why == ungradable::no_limits);
    CHECK(r.most == 1);
    CHECK(grade_of("white-blood-cell-decreased", "2.9", {}) == 2);
    CHECK(grade_of("alt-increased", "10", {}) == -1);
}

TEST_CASE("ctcae: limits of the laboratory beyond the edge of grade 2") {
    const grading_term& wbc = term("white-blood-cell-decreased");
    const grade_result r = grade(wbc, measured(wbc, "2.9", {}, "2.8"), nullptr);
    CHECK(r.grade == 2);
    CHECK(r.limit_beyond_floor);
    CHECK_FALSE(grade(wbc, measured(wbc, "2.7", {}, "2.8"), nullptr).limit_beyond_floor);
}

TEST_CASE("ctcae: values that are bounds") {
    const grading_term& k = term("hyperkalemia");
    const grade_result high = grade(k, measured(k, ">6.5", {}, {}, "5.0"), nullptr);
    CHECK(high.grade == 4);
    CHECK(high.least == 3);
    CHECK(high.value_is_bound);
    const grading_term& plt = term("platelet-count-decreased");
    CHECK(grade(plt, measured(plt, "<10", {}, "150"), nullptr).grade == 4);
    CHECK(grade(plt, measured(plt, "<25", {}, "150"), nullptr).least == 4);
    CHECK(grade(plt, measured(plt, "<200", {}, "150"), nullptr).why == ungradable::imprecise);
    CHECK(grade(plt, measured(plt, ">150", {}, "150"), nullptr).grade == 0);
    const grading_term& alt = term("alt-increased");
    CHECK(grade(alt, measured(alt, "<5", {}, {}, "40"), nullptr).grade == 0);
}

TEST_CASE("ctcae: what cannot be read is ungradable") {
    const grading_term& k = term("hyperkalemia");
    for (const auto& [use, why] : {std::pair{usability::unit_unusable, ungradable::unit},
                                   {usability::value_unusable, ungradable::unreadable},
                                   {usability::conflicting, ungradable::contradictory}}) {
        observation_fact f;
        f.use = use;
        const grade_result r = grade(k, measurement_of(f), nullptr);
        CHECK_FALSE(r.grade);
        CHECK(r.why == why);
        CHECK(r.most == 4);
    }
    observation_fact words; // "positive" for a potassium
    CHECK_FALSE(grade(k, measurement_of(words), nullptr).grade);
    observation_fact spoiled;
    spoiled.has_value = true;
    spoiled.value = interval::point(number("7.5"));
    spoiled.range_high = number("5.0");
    CHECK(grade(k, measurement_of(spoiled, true), nullptr).why == ungradable::spoiled);
    // Digits that no exact fraction holds: never rounded.
    observation_fact endless = spoiled;
    endless.value = interval::point({123'456'789'012'345'678, -18});
    endless.factor = {5, 442};
    CHECK(measurement_of(endless).why == ungradable::unreadable);
}

TEST_CASE("ctcae: rows that were recalled are in force with unverified codes only") {
    const auto has = [](const grading_table& t, std::string_view id) {
        return std::any_of(t.terms.begin(), t.terms.end(), [id](const grading_term& one) { return one.id == id; });
    };
    const grading_table& usual = *tests::shipped().codes->safety().table("ctcae-5");
    for (const char* id : {"proteinuria", "proteinuria-dipstick", "chronic-kidney-disease"})
        CHECK_FALSE(has(usual, id));
    const auto& all = tests::shipped_unverified();
    const grading_table* table = all->safety().table("ctcae-5");
    REQUIRE(table);
    for (const char* id : {"proteinuria", "proteinuria-dipstick", "chronic-kidney-disease"})
        CHECK(has(*table, id));
    // No table of version 5 grades a high glucose by its number.
    for (const grading_term& t : usual.terms)
        CHECK(t.id.find("hyperglycemia") == std::string::npos);
}

TEST_CASE("ctcae: mistakes in a grading table are reported at their places") {
    const auto complaints = [](std::string terms) {
        std::vector<source_file> files{
            {"codes.json", R"({"resourceType": "ValueSet", "id": "wbc", "url": "urn:trialgate:concept/wbc", "compose": {"include": []}})"},
            {"analytes.json", R"({"analytes": [{"concept": "wbc", "kind": "quantity", "unit": "10*9/L", "units": {"K/uL": "1"}}]})"},
            {"table.json", R"({"id": "t", "version": "T", "sources": ["s"], "terms": [)" + terms + "]}"}};
        std::vector<problem> problems;
        catalog::load(files, {}, problems);
        std::vector<std::string> out;
        for (const problem& p : problems)
            if (p.file == "table.json")
                out.push_back(p.code + ' ' + std::to_string(p.line) + ':' + std::to_string(p.column) +
                              (p.hint.empty() ? "" : " " + p.hint));
        return out;
    };
    using texts = std::vector<std::string>;
    const auto with = [&](std::string step) {
        return complaints("\n{\"id\": \"x\", \"title\": \"X\", \"analyte\": \"wbc\", \"arms\": [{\"steps\": [\n" + step + "]}]}");
    };
    CHECK(with(R"({"grade": 1, "below": "LLN"}, {"grade": 2, "below": "3.0 K/uL"})").empty());
    CHECK(with(R"({"grade": 1, "below": "3 x LNL"})") == texts{"bad-bound 3:23 did you mean 'LLN'?"});
    CHECK(with(R"({"grade": 5, "below": "LLN"})") == texts{"bad-number 3:11"});
    CHECK(with(R"({"grade": 1, "belo": "LLN"})") == texts{"missing-member 3:1", "unknown-member 3:14 did you mean 'below'?"});
    CHECK(with(R"({"grade": 1, "below": "3.0 mg/dL"})") == texts{"unit-does-not-fit 3:23 its unit is 10*9/L"});
    CHECK(with(R"({"grade": 1, "below": "3.0"})") == texts{"unit-does-not-fit 3:23 its unit is 10*9/L"});
    CHECK(with(R"({"grade": 1, "below": "few"})").front().starts_with("bad-bound 3:23"));
    CHECK(with(R"({"grade": 1, "below": "LLN", "above": "ULN"})").front().starts_with("unknown-member 3:"));
    CHECK(complaints("\n" R"({"id": "x", "title": "X", "analyte": "wcb", "arms": [{"steps": [{"grade": 1, "below": "LLN"}]}]})") ==
          texts{"unknown-concept 2:38 did you mean 'wbc'?"});
}
