// Laboratory safety of participants: from resources to findings.
#include "mappings/followup/safety.hpp"
#include "fhir/json.hpp"
#include "mappings/engine/extract.hpp"
#include "tests/support/shipped.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

using namespace trialgate;
using namespace trialgate::mappings;

namespace {

const fhir::time_zone site = fhir::time_zone::fixed(3 * 3600);

fhir::date day(std::string_view text) {
    const auto d = fhir::parse_date(text);
    REQUIRE(d);
    return *d;
}

struct lab {
    std::string id, code, value, unit, on;
    std::string low = {}, high = {};
    int version = 1;
    std::string status = "final", remark = {}, specimen = {};
};

std::string json_of(const lab& l) {
    std::string out = R"({"resourceType": "Observation", "id": ")" + l.id + R"(", "meta": {"versionId": ")" + std::to_string(l.version) +
                      R"("}, "status": ")" + l.status + R"(", "code": {"coding": [{"system": "http://loinc.org", "code": ")" + l.code +
                      R"("}]}, "subject": {"reference": "Patient/p1"})";
    if (!l.on.empty())
        out += R"(, "effectiveDateTime": ")" + l.on + '"';
    const bool number = !l.value.empty() && (l.value[0] == '-' || (l.value[0] >= '0' && l.value[0] <= '9'));
    if (number)
        out += R"(, "valueQuantity": {"value": )" + l.value + (l.unit.empty() ? "}" : R"(, "unit": ")" + l.unit + "\"}");
    else if (!l.value.empty())
        out += R"(, "valueString": ")" + l.value + (l.unit.empty() ? "" : ' ' + l.unit) + '"';
    if (!l.low.empty() || !l.high.empty()) {
        out += R"(, "referenceRange": [{)";
        if (!l.low.empty())
            out += R"("low": {"value": )" + l.low + R"(, "unit": ")" + l.unit + "\"}" + (l.high.empty() ? "" : ", ");
        if (!l.high.empty())
            out += R"("high": {"value": )" + l.high + R"(, "unit": ")" + l.unit + "\"}";
        out += "}]";
    }
    if (!l.remark.empty())
        out += R"(, "note": [{"text": ")" + l.remark + R"("}])";
    if (!l.specimen.empty())
        out += R"(, "specimen": {"reference": "Specimen/)" + l.specimen + "\"}";
    return out + "}";
}

record read(const std::string& json) {
    std::string copy = json;
    fhir::json::parser parser;
    const auto document = parser.parse(copy);
    REQUIRE(document.has_value());
    fhir::issue_list issues;
    return extract(fhir::read_resource(*document, issues), {*tests::shipped().codes, site, {}});
}

lab alt(std::string id, std::string value, std::string on) {
    return {std::move(id), "1742-6", std::move(value), "U/L", std::move(on), "7", "40"};
}
lab white_cells(std::string id, std::string value, std::string on) {
    return {std::move(id), "6690-2", std::move(value), "10*9/L", std::move(on), "4", "11"};
}
lab potassium(std::string id, std::string value, std::string on) {
    return {std::move(id), "2823-3", std::move(value), "mmol/L", std::move(on), "3.5", "5.0"};
}

participant dosed() {
    participant p;
    p.number = "S-001";
    p.trial = "sle-uc-msc";
    p.state = participation_state::on_study;
    p.since = day("2026-03-01");
    p.anchors["dosing"] = {day("2026-03-01")};
    return p;
}

const trial& the_trial() {
    for (const auto& t : tests::shipped().trials)
        if (t->id == "sle-uc-msc")
            return *t;
    FAIL("the trial is not there");
    return *tests::shipped().trials.front();
}

patient_data gathered(std::vector<record> records) {
    population all(tests::shipped().codes.get());
    std::uint64_t order = 0;
    for (record& r : records) {
        r.version.read = ++order;
        all.add(std::move(r));
    }
    all.finish();
    patient_data out;
    all.for_each_patient([&](const patient_data& p) { out = p; });
    return out;
}

followup watch(std::vector<record> records, const participant& who = dosed(), std::string_view as_of = "2026-06-01",
               const trial& t = the_trial()) {
    const patient_data p = gathered(std::move(records));
    return watch_safety({t, who, p, *tests::shipped().codes, day(as_of), site});
}

std::vector<concern> found(const std::vector<lab>& labs, const participant& who = dosed(), std::string_view as_of = "2026-06-01") {
    std::vector<record> records;
    for (const lab& l : labs)
        records.push_back(read(json_of(l)));
    return watch(std::move(records), who, as_of).findings;
}

std::vector<std::string> keys(const std::vector<concern>& list) {
    std::vector<std::string> out;
    for (const concern& c : list)
        out.push_back(c.key + " T" + std::to_string(static_cast<int>(c.urgency)));
    return out;
}
using texts = std::vector<std::string>;

} // namespace

TEST_CASE("safety: a new grade is a finding with everything that led to it") {
    const auto all = found({alt("b", "30", "2026-02-20"), alt("o1", "250", "2026-03-20")});
    REQUIRE(keys(all) == texts{"lab/alt/Observation/o1 T2"});
    const concern& c = all.front();
    CHECK(c.kind == finding_kind::lab_grade);
    CHECK(c.title == "ALT increased, grade 3 (CTCAE v5.0)");
    CHECK(c.text == "ALT 250 U/L on 2026-03-20 (limits 7 to 40): grade 3 by CTCAE v5.0 (> 5.0 x ULN). "
                    "Baseline ALT 30 U/L on 2026-02-20 (limits 7 to 40), grade 0.");
    CHECK(c.details.at("analyte") == "alt");
    CHECK(c.details.at("value") == "250 U/L");
    CHECK(c.details.at("upperLimit") == "40");
    CHECK(c.details.at("baseline") == "30 U/L");
    CHECK(c.details.at("baselineGrade") == "0");
    CHECK(c.details.at("grade") == "3");
    CHECK(c.details.at("ctcae") == "CTCAE v5.0");
    CHECK(c.details.at("resource") == "Observation/o1");
    CHECK(c.details.at("resourceVersion") == "1");
    REQUIRE(c.evidence.size() == 2);
    CHECK(c.evidence[0].reference == "Observation/o1");
    CHECK(c.evidence[0].version == "1");
    CHECK(c.evidence[1].reference == "Observation/b");
}

TEST_CASE("safety: tiers by grade, by shift and by critical limits") {
    const auto two = [](const lab& before, const lab& after) { return keys(found({before, after})); };
    const lab alt_before = alt("b", "41", "2026-02-20"), wbc_before = white_cells("b", "3.5", "2026-02-20"),
              potassium_before = potassium("b", "4.2", "2026-02-20");
    CHECK(two(alt_before, alt("o", "125", "2026-03-20")) == texts{"lab/alt/Observation/o T2"}); // 3.05 x baseline: 2 from 0
    CHECK(two(wbc_before, white_cells("o", "2.5", "2026-03-20")) == texts{"lab/wbc/Observation/o T3"}); // 2 from 1
    CHECK(two(wbc_before, white_cells("o", "0.9", "2026-03-20")) == texts{"lab/wbc/Observation/o T1"});
    CHECK(two(potassium_before, potassium("o", "6.1", "2026-03-20")) == texts{"lab/potassium/Observation/o T1"}); // grade 3
    CHECK(two(potassium_before, potassium("o", "5.8", "2026-03-20")) == texts{"lab/potassium/Observation/o T2"});
}

TEST_CASE("safety: what was so at baseline is no finding, what comes back is") {
    const auto& wbc = white_cells;
    CHECK(found({wbc("b", "2.5", "2026-02-20"), wbc("o", "2.4", "2026-03-20")}).empty());
    CHECK(found({wbc("b", "1.5", "2026-02-20"), wbc("o", "1.6", "2026-03-20")}).empty());
    CHECK(keys(found({wbc("b", "1.5", "2026-02-20"), wbc("o1", "3.9", "2026-03-10"), wbc("o2", "1.6", "2026-03-20"),
                      wbc("o3", "1.6", "2026-03-21")})) == texts{"lab/wbc/Observation/o2 T2"});
    CHECK(found({wbc("b", "5", "2026-02-20"), wbc("o", "3.5", "2026-03-20")}).empty()); // grade 1
}

TEST_CASE("safety: a critical value that is worse than the baseline is told though the grade is the same") {
    const auto two = [](const lab& before, const lab& after) { return keys(found({before, after})); };
    const auto k = [](std::string id, std::string value, std::string on) { return potassium(std::move(id), std::move(value), std::move(on)); };
    CHECK(two(k("b", "6.1", "2026-02-20"), k("o", "6.9", "2026-03-20")) == texts{"lab/potassium/Observation/o T1"});
    CHECK(two(k("b", "2.4", "2026-02-20"), k("o", "2.0", "2026-03-20")) == texts{"lab/potassium/Observation/o T1"});
    CHECK(two(k("b", "6.9", "2026-02-20"), k("o", "6.9", "2026-03-20")).empty());
    CHECK(two(k("b", "6.9", "2026-02-20"), k("o", "6.1", "2026-03-20")).empty());
}

TEST_CASE("safety: a result of the day of the dose whose time is not known is a baseline, and is told") {
    const auto k = [](std::string id, std::string value, std::string on) { return potassium(std::move(id), std::move(value), std::move(on)); };
    CHECK(keys(found({k("b", "4.2", "2026-02-20"), k("d", "7.2", "2026-03-01")})) == texts{"lab/potassium/Observation/d T1"});
    CHECK(keys(found({k("d", "7.2", "2026-03-01T15:00:00+03:00")})) == texts{"lab/potassium/Observation/d T1"}); // the dose has no time
    CHECK(keys(found({k("b", "4.2", "2026-02-20"), k("d", "7.2", "2026-03-01"), k("o", "7.4", "2026-03-02")})) ==
          texts{"lab/potassium/Observation/d T1", "lab/potassium/Observation/o T1"});
    CHECK(found({k("b", "7.2", "2026-02-20"), k("d", "7.2", "2026-03-01")}).empty()); // it was so before
}

TEST_CASE("safety: no cells at all is the lowest count, not an unreadable one") {
    for (const auto& [code, name] : {std::pair{"6690-2", "wbc"}, {"731-0", "lymphocytes"}, {"777-3", "platelets"}, {"751-8", "neutrophils"}}) {
        INFO(name);
        const auto all = found({{"o", code, "0.0", "10*9/L", "2026-03-20", "1", "400"}});
        REQUIRE(all.size() == 1);
        CHECK(all[0].details.at("grade") == "4");
        CHECK(all[0].urgency == tier::t1);
    }
}

TEST_CASE("safety: the baseline is the last valid value before the dose") {
    // Day 0 counts as before unless the times of day say otherwise.
    auto all = found({alt("s", "30", "2026-02-10"), alt("d0", "39", "2026-03-01"), alt("o", "250", "2026-03-02")});
    REQUIRE(all.size() == 1);
    CHECK(all[0].details.at("baseline") == "39 U/L");
    participant who = dosed();
    who.anchors["dosing"].at = std::int64_t{day("2026-03-01").days} * 86'400 + 7 * 3600; // 10:00 at the site
    all = found({alt("s", "30", "2026-02-10"), alt("pre", "35", "2026-03-01T09:59:00+03:00"),
                 alt("post", "250", "2026-03-01T10:00:00+03:00")}, who);
    REQUIRE(keys(all) == texts{"lab/alt/Observation/post T2"});
    CHECK(all[0].details.at("baseline") == "35 U/L");
    // An unreadable one is none.
    all = found({alt("s", "30", "2026-02-10"), {"d0", "1742-6", "39", "mg", "2026-03-01", "7", "40"}, alt("o", "250", "2026-03-02")});
    REQUIRE(all.size() == 1);
    CHECK(all[0].details.at("baseline") == "30 U/L");
    all = found({alt("o", "250", "2026-03-02")});
    REQUIRE(all.size() == 1);
    CHECK(all[0].details.at("baselineGrade") == "missing");
    CHECK(all[0].text.find("Baseline missing.") != std::string::npos);
}

TEST_CASE("safety: nothing before the dose, and nothing for whoever is out") {
    const std::vector<lab> labs{alt("b", "30", "2026-02-20"), alt("o", "250", "2026-03-20")};
    for (const participation_state s : {participation_state::screening, participation_state::withdrawn,
                                        participation_state::screen_failure, participation_state::died}) {
        participant who = dosed();
        who.state = s;
        CHECK(found(labs, who).empty());
    }
    for (const participation_state s : {participation_state::on_study, participation_state::ended_early}) {
        participant who = dosed();
        who.state = s;
        CHECK(found(labs, who).size() == 1);
    }
    participant waiting = dosed(); // nobody said when the dose was given: from the first day on study
    waiting.anchors.clear();
    CHECK(found(labs, waiting).size() == 1);
    waiting.state = participation_state::ended_early;
    CHECK(found(labs, waiting).empty());
    CHECK(found(labs, dosed(), "2026-02-25").empty());
    CHECK(found(labs, dosed(), "2026-03-19").empty());
    CHECK(watch({read(json_of(labs[1]))}, dosed(), "2026-03-19").changes_on == day("2026-03-20"));
    CHECK(watch({}, dosed(), "2026-02-25").changes_on == day("2026-03-01"));
    participant done = dosed();
    done.state = participation_state::completed;
    done.since = day("2026-03-20");
    CHECK(found(labs, done).size() == 1);
    done.since = day("2026-03-19");
    CHECK(found(labs, done).empty());
    CHECK(found({alt("o", "250", "2026-02-25")}).empty());
}

TEST_CASE("safety: a corrected result keeps its key, one entered in error takes its finding away") {
    lab o = alt("o1", "250", "2026-03-20");
    const lab b = alt("b", "30", "2026-02-20");
    lab second = o;
    second.version = 2;
    second.value = "850";
    second.status = "corrected";
    auto all = found({b, second, o});
    REQUIRE(keys(all) == texts{"lab/alt/Observation/o1 T1"});
    CHECK(all[0].details.at("resourceVersion") == "2");
    lab gone = second;
    gone.version = 3;
    gone.status = "entered-in-error";
    CHECK(found({gone, b, second, o}).empty());
    second.value = "45";
    CHECK(found({b, o, second}).empty());
}

TEST_CASE("safety: what cannot be graded is told, never taken for normal") {
    const auto k = [](std::string value, std::string unit, std::string remark = {}) {
        lab l = potassium("o", std::move(value), "2026-03-20");
        l.unit = std::move(unit);
        l.remark = std::move(remark);
        return l;
    };
    auto all = found({k("7.5", "mmol/L", "Specimen hemolyzed, please repeat")});
    REQUIRE(keys(all) == texts{"lab/potassium/ungraded T3"});
    CHECK(all[0].details.at("reason") == "spoiled");
    CHECK(all[0].details.at("grade") == "ungradable");
    for (const char* denied : {"No hemolysis", "No evidence of hemolysis.", "no visible haemolysis", "free of hemolysis", "Hemolysis index: 0",
                               "HEMOLYSIS: NONE", "Hämolyse: nein", "keine sichtbare Hämolyse", "Kein Hinweis auf Hämolyse", "pas d'hémolyse"}) {
        INFO(denied);
        CHECK(keys(found({k("7.5", "mmol/L", denied)})) == texts{"lab/potassium/Observation/o T1"});
    }
    for (const char* spoiled : {"No clots, hemolyzed", "Hemolysis +++", "hämolytisch", "Not repeated. Sample haemolysed"}) {
        INFO(spoiled);
        CHECK(keys(found({k("7.5", "mmol/L", spoiled)})) == texts{"lab/potassium/ungraded T3"});
    }
    CHECK(found({k("7.5", "pounds")})[0].details.at("reason") == "unit");
    CHECK(found({k("750", "mmol/L")})[0].details.at("reason") == "unreadable");
    lab none = alt("o", "130", "2026-03-20");
    none.low = none.high = "";
    CHECK(found({none})[0].details.at("reason") == "no-limits");
    none.low = none.high = "0"; // how some laboratories send no limits
    CHECK(found({none})[0].details.at("reason") == "no-limits");
    // A hemolyzed specimen does not spoil what hemolysis does not change.
    lab spoiled = alt("o", "250", "2026-03-20");
    spoiled.remark = "hemolysed";
    CHECK(keys(found({spoiled})) == texts{"lab/alt/Observation/o T2"});
    // A later result that can be graded ends the matter; a value without limits of which grade 1 is the worst is none.
    CHECK(found({k("7.5", "pounds"), potassium("p", "4.2", "2026-03-21")}).empty());
    CHECK(found({{"w", "6690-2", "3.5", "10*9/L", "2026-03-20"}}).empty());
    CHECK(keys(found({{"o", "2823-3", "7.5", "mmol/L", "", "3.5", "5.0"}})) == texts{"lab/potassium/Observation/o T1"}); // no date
}

TEST_CASE("safety: a preliminary value is graded and said to be one") {
    lab o = potassium("o", "7.5", "2026-03-20");
    o.status = "preliminary";
    const auto all = found({o});
    REQUIRE(keys(all) == texts{"lab/potassium/Observation/o T1"});
    CHECK(all[0].details.at("preliminary") == "true");
    CHECK(all[0].text.find("preliminary") != std::string::npos);
    lab waiting = o;
    waiting.value = "";
    CHECK(found({waiting}).empty());
}

TEST_CASE("safety: calcium is corrected by the albumin of the same specimen or day") {
    const auto calcium = [](std::string value, std::string specimen = {}) {
        return lab{"ca", "17861-6", std::move(value), "mg/dL", "2026-03-20", "8.5", "10.5", 1, "final", "", std::move(specimen)};
    };
    const auto albumin = [](std::string id, std::string value, std::string on, std::string specimen = {}) {
        return lab{std::move(id), "1751-7", std::move(value), "g/dL", std::move(on), "3.5", "5.2", 1, "final", "", std::move(specimen)};
    };
    // The albumin was as low before the dose: no finding of its own.
    const lab before = albumin("b", "2.0", "2026-02-20");
    CHECK(found({before, calcium("8.0"), albumin("a", "2.0", "2026-03-20")}).empty());
    // The specimen counts before the day.
    const auto high = found({before, calcium("11.0", "s1"), albumin("a", "4.0", "2026-03-20", "s2"),
                             albumin("c", "2.0", "2026-03-20", "s1")});
    REQUIRE(keys(high) == texts{"lab/calcium/Observation/ca T2"});
    CHECK(high[0].title == "Hypercalcemia, grade 3 (CTCAE v5.0)"); // 12.6
    CHECK(high[0].details.at("correctedBy") == "2.0 g/dL");
    // Another day's albumin is no help: what is low is told, what looks normal is not taken for it.
    auto all = found({before, calcium("6.5"), albumin("a", "2.0", "2026-03-19")});
    REQUIRE(keys(all) == texts{"lab/calcium/Observation/ca T2"});
    CHECK(all[0].text.find("Not corrected") != std::string::npos);
    all = found({before, calcium("9.5"), albumin("a", "2.0", "2026-03-19")});
    REQUIRE(keys(all) == texts{"lab/calcium/ungraded T3"});
    CHECK(all[0].details.at("reason") == "uncorrected");
}

TEST_CASE("safety: potential Hy's law") {
    const lab b = alt("b", "30", "2026-02-20"), high = alt("a", "130", "2026-03-20");
    const auto bilirubin = [](std::string value, std::string on) {
        return lab{"bil", "1975-2", std::move(value), "mg/dL", std::move(on), "0.2", "1.2"};
    };
    const auto alp = [](std::string value) { return lab{"alp", "6768-6", std::move(value), "U/L", "2026-03-20", "40", "120"}; };
    const auto hys = [](const std::vector<concern>& all) {
        return std::count_if(all.begin(), all.end(), [](const concern& c) { return c.kind == finding_kind::hys_law; });
    };
    const auto all = found({b, high, bilirubin("2.5", "2026-03-22"), alp("100")});
    REQUIRE(hys(all) == 1);
    const auto c = std::find_if(all.begin(), all.end(), [](const concern& one) { return one.kind == finding_kind::hys_law; });
    CHECK(c->key == "hys-law/Observation/bil");
    CHECK(c->urgency == tier::t1);
    CHECK(c->evidence.size() == 3);
    CHECK(hys(found({b, high, bilirubin("2.4", "2026-03-22"), alp("100")})) == 0);  // exactly 2 x
    CHECK(hys(found({b, alt("a", "120", "2026-03-20"), bilirubin("2.5", "2026-03-22"), alp("100")})) == 0); // exactly 3 x
    CHECK(hys(found({b, high, bilirubin("2.5", "2026-03-22"), alp("240")})) == 0);  // cholestasis
    CHECK(hys(found({b, high, bilirubin("2.5", "2026-03-28"), alp("100")})) == 0);  // eight days
    CHECK(hys(found({b, high, bilirubin("2.5", "2026-03-22")})) == 1);              // alkaline phosphatase not known
    CHECK(hys(found({alt("a", "130", "2026-02-25"), bilirubin("2.5", "2026-02-26")})) == 0);
}

TEST_CASE("safety: creatinine that rises to 1.5 times within seven days") {
    const auto creatinine = [](std::string id, std::string value, std::string on) {
        return lab{std::move(id), "2160-0", std::move(value), "mg/dL", std::move(on), "0.5", "1.2"};
    };
    const auto risen = [](const std::vector<concern>& all) {
        texts out;
        for (const concern& c : all)
            if (c.kind == finding_kind::kidney_injury)
                out.push_back(c.key);
        return out;
    };
    CHECK(risen(found({creatinine("b", "0.8", "2026-02-26"), creatinine("o", "1.2", "2026-03-05")})) ==
          texts{"kidney-injury/Observation/o"});
    CHECK(risen(found({creatinine("b", "0.8", "2026-02-26"), creatinine("o", "1.19", "2026-03-05")})).empty());
    CHECK(risen(found({creatinine("b", "0.8", "2026-02-26"), creatinine("o", "1.2", "2026-03-06")})).empty());
    CHECK(risen(found({creatinine("b", "0.8", "2026-02-20"), creatinine("o", "0.7", "2026-03-20"),
                       creatinine("p", "1.1", "2026-03-25")})) == texts{"kidney-injury/Observation/p"});
}

TEST_CASE("safety: eGFR below 30, pregnancy test") {
    const auto egfr = [](std::string id, std::string value, std::string on) {
        return lab{std::move(id), "98979-8", std::move(value), "mL/min/{1.73_m2}", std::move(on)};
    };
    CHECK(keys(found({egfr("b", "80", "2026-02-20"), egfr("o", "29.9", "2026-03-20")})) == texts{"egfr-low/Observation/o T2"});
    CHECK(found({egfr("b", "80", "2026-02-20"), egfr("o", "30", "2026-03-20")}).empty());
    CHECK(found({egfr("b", "28", "2026-02-20"), egfr("o", "27", "2026-03-20")}).empty());

    const auto test = [](std::string value, std::string on = "2026-03-20") {
        return lab{"o", "2106-3", std::move(value), "", std::move(on)};
    };
    auto all = found({test("Positive")});
    REQUIRE(keys(all) == texts{"pregnancy/Observation/o T1"});
    CHECK(all[0].kind == finding_kind::pregnancy);
    CHECK(found({test("Negative")}).empty());
    CHECK(found({test("Positive", "2026-02-20")}).empty());
    CHECK(keys(found({test("Equivocal")})) == texts{"pregnancy/Observation/o T1"});
    const auto hcg = [](std::string value) { return lab{"o", "19080-1", std::move(value), "m[IU]/mL", "2026-03-20"}; };
    CHECK(keys(found({hcg("5")})) == texts{"pregnancy/Observation/o T1"});
    CHECK(found({hcg("4.9")}).empty());
    CHECK(found({hcg("<5")}).empty());
    CHECK(keys(found({{"o", "19080-1", "12", "", "2026-03-20"}})) == texts{"pregnancy/unclear T3"});
}

TEST_CASE("safety: rules of the trial look at what came after the dose") {
    const auto infection = [](std::string on) {
        return read(R"({"resourceType": "Condition", "id": "c",
  "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "A41.9"}]},
  "clinicalStatus": {"coding": [{"code": "active"}]}, "verificationStatus": {"coding": [{"code": "confirmed"}]},
  "subject": {"reference": "Patient/p1"}, "onsetDateTime": ")" + on + R"("})");
    };
    const auto all = watch({infection("2026-03-20")}).findings;
    REQUIRE(keys(all) == texts{"rule/infection T2"});
    CHECK(all[0].kind == finding_kind::trial_rule);
    REQUIRE(all[0].evidence.size() == 1);
    CHECK(all[0].evidence[0].reference == "Condition/c");
    CHECK(watch({infection("2026-02-20")}).findings.empty());
    CHECK(watch({infection("2026-03-20")}, dosed(), "2026-03-19").findings.empty());
    CHECK(watch({infection("2026-03-20")}, dosed(), "2026-03-19").changes_on == day("2026-03-20"));
}

TEST_CASE("safety: a trial overrides tiers and switches findings off") {
    const auto chosen = [](std::string tiers) {
        const source_file file{"t.json", R"({"id": "t", "title": "T", "consider": ["sle"], "criteria": [
          {"id": "age", "text": "adult", "decidedBy": "record", "test": {"age": {"min": 18}}}],
          "safety": {"grading": "ctcae-5", "tiers": {)" + tiers + R"(}, "rules": [
            {"id": "low", "title": "Sodium fell", "tier": "T1", "since": "ever",
             "test": {"observation": {"concept": "sodium", "<": "130 mmol/L", "pick": "latest"}}}]}})"};
        std::vector<problem> problems;
        auto t = read_trial(file, {}, *tests::shipped().codes, {}, problems);
        for (const problem& p : problems)
            UNSCOPED_INFO(to_string(p));
        REQUIRE(t);
        return *t;
    };
    const std::vector<record> labs{read(json_of(alt("b", "30", "2026-02-20"))), read(json_of(alt("o", "250", "2026-03-20")))};
    const auto by = [&](const std::vector<record>& records, std::string tiers) {
        return keys(watch(records, dosed(), "2026-06-01", chosen(std::move(tiers))).findings);
    };
    CHECK(by(labs, R"("grade-3": "T3", "shift-2": "off")") == texts{"lab/alt/Observation/o T3"});
    CHECK(by(labs, R"("alt-increased": "T1")") == texts{"lab/alt/Observation/o T1"});
    CHECK(by(labs, R"("alt-increased": "off")").empty());
    const std::vector<record> egfr{read(json_of({"o", "98979-8", "20", "mL/min/{1.73_m2}", "2026-03-20"}))};
    CHECK(by(egfr, R"("egfr-low": "T1")") == texts{"egfr-low/Observation/o T1"});
    CHECK(by(egfr, R"("egfr-low": "off")").empty());
    const std::vector<record> sodium{read(json_of({"o", "2951-2", "128", "mmol/L", "2026-02-20", "135", "145"}))};
    CHECK(by(sodium, "") == texts{"rule/low T1"});
    // Without "safety" nothing is watched.
    trial bare = chosen("");
    bare.safety.reset();
    CHECK(watch(labs, dosed(), "2026-06-01", bare).findings.empty());
}

TEST_CASE("safety: what is watched is read, and asks nothing of the criteria") {
    const network& net = *tests::shipped().net;
    const catalog& codes = *tests::shipped().codes;
    for (const char* name : {"potassium", "sodium", "calcium", "albumin", "glucose", "magnesium", "ggt", "alkaline-phosphatase",
                             "hcg.presence", "active-infection"}) {
        INFO(name);
        CHECK(net.watches(codes.find(name)));
    }
    CHECK(net.readers(codes.find("ggt")).empty());
    CHECK_FALSE(net.reads(codes.find("ggt")));
    CHECK_FALSE(net.watches(codes.find("hba1c")));
}

TEST_CASE("safety: any order of the same versions gives the same findings") {
    std::mt19937 random(17);
    const auto below = [&random](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
    struct kind {
        const char *code, *unit, *low, *high;
        int least, span, scale;
    };
    static constexpr kind kinds[] = {{"1742-6", "U/L", "7", "40", 20, 400, 1},         {"1975-2", "mg/dL", "0.2", "1.2", 3, 60, 10},
                                     {"2160-0", "mg/dL", "0.5", "1.2", 5, 60, 10},     {"2823-3", "mmol/L", "3.5", "5.0", 20, 60, 10},
                                     {"17861-6", "mg/dL", "8.5", "10.5", 60, 80, 10},  {"1751-7", "g/dL", "3.5", "5.2", 15, 35, 10},
                                     {"777-3", "10*9/L", "150", "400", 10, 200, 1},    {"6768-6", "U/L", "40", "120", 40, 300, 1},
                                     {"98979-8", "mL/min/{1.73_m2}", "", "", 10, 80, 1}};
    std::size_t seen = 0;
    for (int round = 0; round < 60; ++round) {
        std::vector<lab> labs;
        for (int n = 0; n < 25; ++n) {
            const kind& k = kinds[below(static_cast<int>(std::size(kinds)))];
            const int v = k.least + below(k.span);
            const std::string value = k.scale == 1 ? std::to_string(v) : std::to_string(v / 10) + '.' + std::to_string(v % 10);
            lab l{"o" + std::to_string(below(18)), k.code, value, k.unit, to_string(day("2026-02-20") + below(40)), k.low, k.high};
            l.version = n + 1; // another version of the same resource, or a first one
            if (below(8) == 0)
                l.low = l.high = "";
            if (below(10) == 0)
                l.unit = "furlong";
            if (below(10) == 0)
                l.status = below(2) == 0 ? "entered-in-error" : "preliminary";
            if (below(6) == 0)
                l.on += "T0" + std::to_string(below(10)) + ":30:00+03:00";
            labs.push_back(std::move(l));
        }
        const auto described = [](const std::vector<concern>& all) {
            texts out;
            for (const concern& c : all) {
                std::string line = c.key + '|' + c.title + '|' + c.text + "|T" + std::to_string(static_cast<int>(c.urgency));
                for (const auto& [name, value] : c.details)
                    line += '|' + name + '=' + value;
                for (const evidence_item& e : c.evidence)
                    line += '|' + e.reference + '/' + e.version;
                out.push_back(std::move(line));
            }
            return out;
        };
        const texts first = described(found(labs));
        CHECK(std::is_sorted(first.begin(), first.end(),
                             [](const auto& a, const auto& b) { return a.substr(0, a.find('|')) < b.substr(0, b.find('|')); }));
        seen += first.size();
        for (int again = 0; again < 3; ++again) {
            std::shuffle(labs.begin(), labs.end(), random);
            REQUIRE(described(found(labs)) == first);
        }
    }
    CHECK(seen > 100);
}
