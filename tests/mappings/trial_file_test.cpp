#include "mappings/engine/trial_file.hpp"
#include "small_library.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

using namespace trialgate;
using namespace trialgate::mappings;

namespace {

constexpr const char* tiny_score = R"({
  "id": "tiny-2020", "title": "A tiny score",
  "settings": {"scoreWindow": {"default": "30 days", "sentence": "How far back."}},
  "test": {"atLeast": 2, "of": [
    {"id": "A1", "text": "white cells", "observation": {"concept": "wbc", "<": "4 10*9/L", "within": "$scoreWindow"}},
    {"id": "A9", "any": [
      {"id": "b", "observation": {"concept": "wbc", "<": "4 10*9/L", "occasions": 2, "gap": "1 day"}},
      {"id": "c", "condition": {"concept": "seizure"}}]}]}})";

const std::vector<source_file> scores{{"mappings/library/scores/tiny-2020.json", tiny_score}};

struct outcome_of_reading {
    std::optional<trial> read;
    std::vector<problem> problems;
};

outcome_of_reading read(const std::string& text, const trial_options& chosen = {}) {
    outcome_of_reading out;
    out.read = read_trial({"trial.json", text}, scores, *tests::small_catalog(), chosen, out.problems);
    for (const problem& p : out.problems)
        UNSCOPED_INFO(to_string(p));
    return out;
}

trial good(const std::string& text, const trial_options& chosen = {}) {
    auto r = read(text, chosen);
    REQUIRE(r.problems.empty());
    REQUIRE(r.read);
    return std::move(*r.read);
}

std::string with_test(const std::string& test, const std::string& more = {}) {
    return R"({"id": "t", "title": "T", "versions": ["1", "2"], "consider": ["sle"], )" + more +
           R"( "criteria": [{"id": "c", "text": "C", "decidedBy": "record", "test": )" + test + "}]}";
}

criterion root_of(const std::string& test, const std::string& more = {}, const trial_options& chosen = {}) {
    trial t = good(with_test(test, more), chosen);
    REQUIRE(t.criteria.size() == 1);
    return std::move(t.criteria.front().root);
}

std::set<std::string> ids(const std::vector<concept_id>& of) {
    std::set<std::string> out;
    for (const concept_id c : of)
        out.emplace(tests::small_catalog()->id(c));
    return out;
}

void collect(const criterion& c, std::vector<std::string>& to) {
    if (!c.id.empty())
        to.push_back(c.id);
    for (const criterion& part : c.parts)
        collect(part, to);
}

std::vector<std::string> shown_ids(const criterion& c) {
    std::vector<std::string> out;
    collect(c, out);
    return out;
}

fhir::decimal number(std::string_view text) { return *fhir::parse_decimal(text); }

using names = std::vector<std::string>;

} // namespace

TEST_CASE("trial_file: identity, versions and the people it considers") {
    const trial t = good(R"({
      // a comment
      "$schema": "../../schema/trial.schema.json", "id": "t", "title": "T", "identifiers": ["NCT00000000"], "sources": ["s"],
      "versions": ["2025-06", "2025-07"], "defaultVersion": "2025-06", "consider": ["sle", "dsdna"],
      "criteria": [{"id": "age", "text": "adults", "decidedBy": "record-or-clinician", "needs": "a birth date", "test": {"age": {"min": 18, "max": 75}}},],
      "notes": [{"id": "past-course", "sentence": "P"}, {"id": "own", "sentence": "O", "on": "age", "when": {"sex": "other"}}],
      "visits": [{"id": "v5", "title": "Day 14", "anchor": "dosing", "earliest": 12, "target": "14 days", "latest": 16, "assumed": true, "procedures": ["labs"]}]})");
    CHECK(t.id == "t");
    CHECK(t.identifiers == names{"NCT00000000"});
    CHECK(t.version == "2025-06");
    CHECK(t.versions == names{"2025-06", "2025-07"});
    CHECK(ids(t.consider) == std::set<std::string>{"sle", "dsdna", "dsdna.crithidia"});
    REQUIRE(t.criteria.size() == 1);
    CHECK(t.criteria[0].who == decided_by::record_or_clinician);
    CHECK(t.criteria[0].root.id == "age");
    CHECK(t.criteria[0].root.text == "adults");
    CHECK(t.criteria[0].root.needs == "a birth date");
    const auto& age = std::get<age_test>(t.criteria[0].root.test);
    CHECK(age.min == 18);
    CHECK(age.max == 75);
    REQUIRE(t.notes.size() == 2);
    CHECK_FALSE(t.notes[0].when);
    CHECK(t.notes[1].on == "age");
    REQUIRE(t.notes[1].when);
    CHECK(std::get<sex_test>(t.notes[1].when->test).wanted == sex::other);
    REQUIRE(t.visits.size() == 1);
    CHECK(t.visits[0].earliest == 12);
    CHECK(t.visits[0].target == 14);
    CHECK(t.visits[0].latest == 16);
    CHECK(t.visits[0].assumed);
}

TEST_CASE("trial_file: the ids of parts are put below those around them") {
    const criterion c = root_of(R"({"any": [{"id": "ana", "sex": "male"}, {"all": [{"id": "x", "any": [{"id": "y", "sex": "male"}]}]}]})");
    CHECK(shown_ids(c) == names{"c", "c/ana", "c/x", "c/x/y"});
}

TEST_CASE("trial_file: parts of a used score are named after the score") {
    const criterion c = root_of(R"({"any": [{"use": "tiny-2020"}, {"id": "own", "sex": "male"}]})");
    CHECK(shown_ids(c) == names{"c", "tiny-2020", "tiny-2020/A1", "tiny-2020/A9", "tiny-2020/A9/b", "tiny-2020/A9/c", "c/own"});
    CHECK(c.parts[0].text == "A tiny score");
    CHECK(std::get<count_test>(c.parts[0].test).at_least == 2);
    CHECK(std::get<observation_test>(c.parts[0].parts[0].test).within == window{0, 30});
}

TEST_CASE("trial_file: a criterion that is a score keeps both names") {
    const criterion c = root_of(R"({"use": "tiny-2020"})");
    CHECK(shown_ids(c).front() == "c");
    CHECK(shown_ids(c)[1] == "tiny-2020");
    CHECK(std::get<logic_test>(c.test).op == logic::all);
}

TEST_CASE("trial_file: one score may be used twice") {
    CHECK(root_of(R"({"any": [{"use": "tiny-2020"}, {"not": {"use": "tiny-2020"}}]})").parts.size() == 2);
}

TEST_CASE("trial_file: a setting stands for its value, and options override it") {
    const std::string settings = R"("settings": {"labWindow": {"default": "6 months", "sentence": "S"}, "cut": {"default": 160}},)";
    const std::string test = R"({"observation": {"concept": "ana.titer", ">=": "$cut", "within": "$labWindow"}})";
    const auto as_written = std::get<observation_test>(root_of(test, settings).test);
    CHECK(as_written.within == window{6, 0});
    CHECK(std::get<limit_test>(as_written.test).limit == number("160"));
    const trial_options chosen{"", {{"labWindow", "180 days"}, {"cut", "320"}}};
    const trial t = good(with_test(test, settings), chosen);
    const auto& overridden = std::get<observation_test>(t.criteria[0].root.test);
    CHECK(overridden.within == window{0, 180});
    CHECK(std::get<limit_test>(overridden.test).limit == number("320"));
    REQUIRE(t.settings.size() == 2);
    CHECK(t.settings[0].name == "labWindow");
    CHECK(t.settings[0].value == "180 days");
    CHECK(t.settings[0].sentence == "S");
}

TEST_CASE("trial_file: a wrong override is reported where the setting is used") {
    const auto r = read(
        with_test("\n" R"({"observation": {"concept": "wbc", "<": "4 10*9/L", "within": "$w"}})", R"("settings": {"w": {"default": "6 months"}},)"),
        {"", {{"w", "6 moons"}, {"v", "1"}}}
    );
    REQUIRE(r.problems.size() == 2);
    CHECK(r.problems[0].code == "unknown-setting");
    CHECK(r.problems[1].code == "bad-duration");
    CHECK(r.problems[1].line == 2);
    CHECK(r.problems[1].column == 63);
    CHECK_FALSE(r.read);
}

TEST_CASE("trial_file: an override that is no list where a list is wanted is one error, and the default stays") {
    const auto r = read(with_test(R"({"any": [{"observation": {"concept": "$what", "<": "4 10*9/L"}}, {"observation": {"concept": "$what", ">": "9 10*9/L"}}]})",
                                  "\n" R"("settings": {"what": {"default": ["wbc"]}},)"),
                        {"", {{"what", "wbc"}}});
    REQUIRE(r.problems.size() == 1);
    CHECK(r.problems[0].code == "wrong-type");
    CHECK(r.problems[0].text.find("'what' was given as wbc") != std::string::npos);
    CHECK(r.problems[0].hint == "as in wbc");
}

TEST_CASE("trial_file: the chosen version decides, and a version that leaves a part out leaves it out") {
    const std::string test = R"({"all": [{"byVersion": {"1": {"age": {"min": 18}}, "2": {"age": {"min": 21}}}},
      {"byVersion": {"1": {"id": "old", "sex": "male"}}}, {"any": [{"byVersion": {"1": {"sex": "female"}}}]}]})";
    const criterion first = root_of(test, {}, {"1", {}});
    REQUIRE(first.parts.size() == 3);
    CHECK(std::get<age_test>(first.parts[0].test).min == 18);
    const criterion second = root_of(test, {}, {"2", {}});
    REQUIRE(second.parts.size() == 1);
    CHECK(std::get<age_test>(second.parts[0].test).min == 21);
    CHECK(good(with_test(R"({"byVersion": {"1": {"sex": "male"}}})")).criteria.empty());
    CHECK(good(with_test(R"({"sex": "male"})", R"("defaultVersion": "1",)")).version == "1");
    CHECK(good(with_test(R"({"sex": "male"})")).version == "2");
}

TEST_CASE("trial_file: mistakes in a version that is not chosen are found too") {
    const auto r = read(with_test(R"({"byVersion": {"1": {"sex": "femal"}, "2": {"sex": "male"}}})"));
    REQUIRE(r.problems.size() == 1);
    CHECK(r.problems[0].code == "wrong-type");
    CHECK(r.problems[0].hint == "did you mean 'female'?");
}

TEST_CASE("trial_file: a value may differ by version") {
    const std::string settings = R"("settings": {"w": {"default": {"byVersion": {"1": "30 days", "2": "90 days"}}}},)";
    const std::string test = R"({"drug": {"concept": "drug.azathioprine", "within": "$w"}})";
    CHECK(std::get<drug_test>(root_of(test, settings, {"1", {}}).test).within == window{0, 30});
    CHECK(std::get<drug_test>(root_of(test, settings, {"2", {}}).test).within == window{0, 90});
}

TEST_CASE("trial_file: a version that the trial does not have is an error with the nearest name") {
    const auto r = read(R"({"id": "t", "title": "T", "versions": ["2025-06"], "consider": ["sle"],
      "criteria": [{"id": "c", "text": "C", "decidedBy": "record", "test": {"sex": "male"}}]})", {"2025-07", {}});
    REQUIRE(r.problems.size() == 1);
    CHECK(to_string(r.problems[0]) == "trial.json:1:39: error: the trial has no version '2025-07' (did you mean '2025-06'?)");
}

TEST_CASE("trial_file: groups of concepts are expanded, and a code stands for its concept") {
    const auto t = std::get<observation_test>(root_of(R"({"observation": {"concept": "dsdna", "finding": "positive"}})").test);
    CHECK(ids(t.concepts) == std::set<std::string>{"dsdna", "dsdna.crithidia"});
    const auto by_code = std::get<observation_test>(root_of(R"({"observation": {"concept": ["http://loinc.org|6457-6"], "finding": "positive"}})").test);
    CHECK(ids(by_code.concepts) == std::set<std::string>{"dsdna.crithidia"});
}

TEST_CASE("trial_file: limits are converted to the canonical unit without rounding") {
    struct row {
        const char *concept_, *limit, *canonical;
    };
    const auto r = GENERATE(
        row{"egfr.reported", "\"30 mL/min/{1.73_m2}\"", "30"}, row{"egfr.reported", "\"30 mL/min/1.73m2\"", "30"},
        row{"wbc", "\"3000 /uL\"", "3"}, row{"wbc", "\"3.0 K/uL\"", "3"}, row{"wbc", "\"3.0 10*9/L\"", "3"},
        row{"creatinine.serum", "\"88.4 umol/L\"", "1"}, row{"creatinine.serum", "\"0.01 g/L\"", "1"},
        row{"temperature", "\"100.4 [degF]\"", "38"}, row{"ana.titer", "160", "160"}, row{"ana.titer", "\"1:160\"", "160"},
        row{"urine.protein-dipstick", "\"3+\"", "3"}, row{"urine.protein-dipstick", "0.5", "0.5"}, row{"activity.total", "6", "6"}
    );
    INFO(r.concept_ << ' ' << r.limit);
    const auto t = std::get<observation_test>(
        root_of(std::string(R"({"observation": {"concept": ")") + r.concept_ + R"(", ">": )" + r.limit + "}}").test
    );
    CHECK(std::get<limit_test>(t.test).limit == number(r.canonical));
    CHECK(std::get<limit_test>(t.test).op == relation::above);
}

TEST_CASE("trial_file: a limit on titers may stand beside their presence") {
    const auto t = std::get<observation_test>(root_of(R"({"observation": {"concept": ["ana.titer", "ana.presence"], ">=": 160, "unsureFrom": 80}})").test);
    CHECK(std::get<limit_test>(t.test).limit == number("160"));
    CHECK(*std::get<limit_test>(t.test).unsure_from == number("80"));
}

TEST_CASE("trial_file: an observation test has the defaults of the documentation") {
    const auto t = std::get<observation_test>(root_of(R"({"observation": {"concept": "wbc", "<": "4 10*9/L"}})").test);
    CHECK(t.within.unlimited());
    CHECK_FALSE(t.latest);
    CHECK(t.occasions == 1);
    CHECK(t.gap_days == 1);
    CHECK(t.disproves);
    CHECK(t.coincides.empty());
}

TEST_CASE("trial_file: every member of an observation test arrives") {
    const auto t = std::get<observation_test>(root_of(R"({"observation": {"concept": "dsdna", "range": "above", "times": 1.5, "timesByImmunoassay": 2,
      "within": "6 months", "pick": "latest", "gap": "2 weeks", "disproves": false, "coincides": [
        {"concept": "drug.azathioprine", "before": "30 days", "effect": "note", "note": "drug-cause-possible"},
        {"concept": ["sle.drug-induced"], "after": "1 day", "effect": "cause"}]}})").test);
    const auto& range = std::get<range_test>(t.test);
    CHECK_FALSE(range.below);
    CHECK(range.times == number("1.5"));
    CHECK(range.times_by_immunoassay == number("2"));
    CHECK(t.latest);
    CHECK(t.gap_days == 14);
    CHECK_FALSE(t.disproves);
    REQUIRE(t.coincides.size() == 2);
    CHECK(t.coincides[0].days_before == 30);
    CHECK(t.coincides[0].raised == note::drug_cause_possible);
    CHECK(t.coincides[1].what == coincidence::effect::cause);
    CHECK(t.coincides[1].days_after == 1);
}

TEST_CASE("trial_file: coded findings count or support, as the setting says, proofs and supports stay") {
    const auto kind = [](const std::string& member, const std::string& setting, const trial_options& chosen = {}) {
        return std::get<condition_test>(root_of(R"({"condition": {"concept": "seizure")" + member + "}}", setting, chosen).test).kind;
    };
    const std::string declared = R"("settings": {"codedFindings": {"default": "support", "sentence": "S"}},)";
    CHECK(kind("", "") == coded::finding);
    CHECK(kind("", declared) == coded::support);
    CHECK(kind("", declared, {"", {{"codedFindings", "count"}}}) == coded::finding);
    CHECK(kind("", "", {"", {{"codedFindings", "support"}}}) == coded::support);
    CHECK(kind(R"(, "coded": "proof")", declared) == coded::proof);
    CHECK(kind(R"(, "coded": "support")", "") == coded::support);
    CHECK(read(with_test(R"({"sex": "male"})"), {"", {{"codedFindings", "suport"}}}).problems.front().hint == "did you mean 'support'?");
}

TEST_CASE("trial_file: conditions, diagnoses, procedures and changes") {
    const criterion c = root_of(R"({"all": [
      {"condition": {"concept": "seizure", "supports": ["sle"], "causes": ["dialysis"], "within": "1 year", "current": true, "with": [{"id": "w", "sex": "male"}]}},
      {"diagnosis": {"include": ["sle"], "exclude": ["sle.drug-induced"]}},
      {"procedure": {"concept": "dialysis", "within": "90 days"}},
      {"change": {"concept": "creatinine.serum", "factor": 1.5, "within": "7 days", "direction": "either", "lookback": "90 days"}},
      {"person": {"question": "Is she willing?", "concept": "activity.total"}}]})");
    const auto& condition = std::get<condition_test>(c.parts[0].test);
    CHECK(condition.current);
    CHECK(condition.within == window{12, 0});
    CHECK(ids(condition.causes) == std::set<std::string>{"dialysis"});
    REQUIRE(c.parts[0].parts.size() == 1);
    CHECK(c.parts[0].parts[0].id == "c/w");
    const auto& diagnosis = std::get<diagnosis_test>(c.parts[1].test);
    CHECK(diagnosis.encounter_days == 2);
    CHECK(ids(diagnosis.exclude) == std::set<std::string>{"sle.drug-induced"});
    CHECK(std::get<procedure_test>(c.parts[2].test).within == window{0, 90});
    const auto& change = std::get<change_test>(c.parts[3].test);
    CHECK(change.factor == Approx(1.5));
    CHECK(change.way == change_test::direction::either);
    CHECK(c.parts[4].text == "Is she willing?");
    CHECK(std::get<person_test>(c.parts[4].test).answer != concept_id::none);
}

TEST_CASE("trial_file: an exposure has one list and one gap for each ingredient") {
    const auto t = std::get<exposure_test>(root_of(R"({"exposure": {"drugs": ["drug.hydroxychloroquine", ["drug.azathioprine"]], "atLeast": "12 weeks",
      "maxGap": "30 days", "maxGapFor": {"drug.azathioprine": "60 days"}, "shortCourses": {"concepts": ["drug.hydroxychloroquine"], "days": 28},
      "otherDrugs": ["drug.prednisone"], "stableDose": "56 days"}})", {}, {"", {{"historyComplete", "true"}}}).test);
    REQUIRE(t.drugs.size() == 2);
    CHECK(ids(t.drugs[1]) == std::set<std::string>{"drug.azathioprine"});
    CHECK(t.max_gap == std::vector<int>{30, 60});
    CHECK(t.at_least_days == 84);
    CHECK(t.short_course_days == 28);
    CHECK(t.stable_dose_days == 56);
    CHECK(ids(t.other_drugs) == std::set<std::string>{"drug.prednisone"});
    CHECK(t.history_complete);
}

TEST_CASE("trial_file: kidney function keeps the ranks of what is reported") {
    const auto t = std::get<egfr_test>(root_of(R"({"egfr": {"limit": 30, "within": "90 days", "reported": ["egfr.reported", ["egfr.mdrd"]],
      "oldFormula": ["egfr.mdrd"], "racePairs": [["egfr.reported", "egfr.mdrd"]], "creatinine": "creatinine.serum", "cystatinC": ["cystatin-c"],
      "borderline": [28, "32 mL/min/1.73m2"], "persistent": "12 weeks"}})").test);
    REQUIRE(t.reported.size() == 2);
    CHECK(ids(t.reported[1]) == std::set<std::string>{"egfr.mdrd"});
    CHECK(t.race_pairs.size() == 1);
    CHECK(t.borderline_low == number("28"));
    CHECK(t.borderline_high == number("32"));
    CHECK(t.persistent_days == 84);
}

TEST_CASE("trial_file: weighted scores, preferences and causes") {
    const criterion score = root_of(R"({"atLeast": 6, "score": [{"weight": 4, "id": "13", "text": "proteinuria", "test": {"sex": "male"}},
      {"weight": 2, "id": "18", "observation": {"concept": "wbc", "<": "3 10*9/L"}}]})");
    CHECK(std::get<score_test>(score.test).weights == std::vector<int>{4, 2});
    CHECK(std::get<score_test>(score.test).at_least == 6);
    CHECK(score.parts[0].id == "c/13");
    CHECK(score.parts[0].text == "proteinuria");
    CHECK(std::holds_alternative<sex_test>(score.parts[0].test));
    const criterion pair = root_of(R"({"prefer": {"sex": "male"}, "over": {"age": {"min": 18}}})");
    CHECK(std::holds_alternative<prefer_test>(pair.test));
    CHECK(pair.parts.size() == 2);
    const criterion unless = root_of(R"({"test": {"sex": "male"}, "unless": [{"condition": {"concept": "dialysis"}}, {"sex": "female"}]})");
    CHECK(std::holds_alternative<unless_test>(unless.test));
    CHECK(unless.parts.size() == 3);
}

TEST_CASE("trial_file: a problem in a score names the score's file") {
    std::vector<problem> problems;
    const std::vector<source_file> bad{{"scores/loop.json", "{\"test\": {\"any\": [{\"use\": \"loop\"},\n {\"sex\": \"femal\"}]}}"}};
    const auto t = read_trial({"trial.json", with_test(R"({"any": [{"use": "loop"}, {"use": "loop"}]})")}, bad, *tests::small_catalog(), {}, problems);
    CHECK_FALSE(t);
    REQUIRE(problems.size() == 2);
    CHECK(to_string(problems[0]) == "scores/loop.json:1:27: error: the score 'loop' uses itself");
    CHECK(problems[1].line == 2);
    CHECK(problems[1].column == 10);
}

TEST_CASE("trial_file: no text is too strange to be refused in peace") {
    std::string deep = R"({"sex": "male"})";
    for (int i = 0; i < 20; ++i)
        deep = R"({"all": [)" + deep + "]}";
    CHECK(read(with_test(deep)).read);
    for (const char* text : {"", "null", "[]", "3", "{}", "{\"criteria\": 1}", "{\"criteria\": [1, null, {}], \"notes\": {}, \"visits\": [1], \"settings\": [], \"versions\": 3, \"consider\": {}}",
                             "{\"settings\": {\"a\": 1}, \"criteria\": [{\"id\": 1, \"text\": [], \"decidedBy\": {}, \"test\": \"$a\"}]}"})
        CHECK_FALSE(read(text).read);
    for (const char* kind : {"age", "sex", "all", "any", "not", "score", "use", "prefer", "test", "observation", "condition", "diagnosis", "procedure",
                             "exposure", "drug", "egfr", "change", "person", "byVersion"})
        for (const char* content : {"null", "1", "\"x\"", "[]", "[[]]", "{}", "{\"concept\": {}}", "{\"drugs\": 3, \"reported\": 3, \"limit\": [], \"factor\": {}}"}) {
            INFO(kind << ' ' << content);
            const auto r = read(with_test("{\"" + std::string(kind) + "\": " + content + "}"));
            CHECK_FALSE(r.problems.empty());
        }
}
