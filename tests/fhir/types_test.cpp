#include "fhir/types.hpp"

#include "tests/support/resource_text.hpp"

using namespace trialgate::fhir;
using trialgate::tests::printed;
using trialgate::tests::resource_text;

namespace {

struct split {
    std::string_view literal, type, id, version;
};

std::string observation_with(std::string_view members) {
    return R"({"resourceType":"Observation","status":"final","code":{"text":"x"},)" + std::string(members) + "}";
}

} // namespace

TEST_CASE("reference: literal references are split into type, id and version") {
    const auto c = GENERATE(values<split>({
        {"Patient/p1", "Patient", "p1", ""},
        {"Patient/p1/_history/3", "Patient", "p1", "3"},
        {"https://x.example.org/fhir/Patient/p1", "Patient", "p1", ""},
        {"http://x/Patient/p-1.a/_history/2", "Patient", "p-1.a", "2"},
        {"https://x.example.org:8443/a/b/c/Observation/o9/_history/12", "Observation", "o9", "12"},
        {"Patient/id_with_underscore", "Patient", "id_with_underscore", ""},
    }));
    CAPTURE(c.literal);
    const reference r = parse_reference(c.literal);
    CHECK(r.literal == c.literal);
    CHECK(r.type == c.type);
    CHECK(r.id == c.id);
    CHECK(r.version == c.version);
    CHECK_FALSE(r.empty());
}

TEST_CASE("reference: what names no resource is not split") {
    const std::string text = GENERATE(
        "", "#", "#c1", "urn:uuid:0b4f36ce-1f2e-4f3e-9d1a-52c1f6a3a001", "urn:oid:1.2.3", "Patient", "Patient/",
        "/p1", "patient/p1", "Patient?identifier=a|b", "Patient/p1?_format=json",
        "https://x/fhir/Patient?identifier=http://y/Patient/p1", "https://x/fhir/Patient/p1#a",
        "https://x/search?u=a/Patient/p1", "https://Patient/p1", "Patient/p1/_history/", "Patient/p1/_history",
        "Patient/_history/3", "a/Patient/p1", "ftp://x/Patient/p1", "Patient/$everything", "https://", "https:///",
        "_history/3", "http://x/_history/3", "Patient/a b", "http://x/Questionnaire/q|1.0"
    );
    CAPTURE(text);
    const reference r = parse_reference(text);
    CHECK(r.literal == text);
    CHECK(r.type.empty());
    CHECK(r.id.empty());
    CHECK(r.version.empty());
}

TEST_CASE("reference: contained and urn are told apart") {
    CHECK(parse_reference("#c1").is_contained());
    CHECK(parse_reference("urn:uuid:1").is_urn());
    CHECK_FALSE(parse_reference("Patient/p1").is_contained());
    CHECK_FALSE(parse_reference("Patient/p1").is_urn());
    CHECK(reference{}.empty());
}

TEST_CASE("concept: finds the first coding of a system") {
    codeable_concept c;
    CHECK(c.empty());
    CHECK(c.find("http://loinc.org") == nullptr);
    c.codings = {{"urn:a", "1", {}}, {"http://loinc.org", "2", {}}, {"http://loinc.org", "3", {}}};
    REQUIRE(c.find("http://loinc.org"));
    CHECK(c.find("http://loinc.org")->code == "2");
    CHECK(c.find("http://snomed.info/sct") == nullptr);
}

TEST_CASE("reference element: logical, typed and display-only references are kept") {
    const resource_text<observation> o(observation_with(R"(
        "subject":{"type":"http://hl7.org/fhir/StructureDefinition/Patient","identifier":{"system":"urn:s","value":"v"},
                   "display":"d"},
        "specimen":{"display":"only words"},
        "hasMember":[{"reference":"urn:uuid:1","type":"Observation"},{"reference":"Observation/2","type":"Patient"}])"));
    CHECK(o->subject.type == "Patient");
    CHECK(o->subject.logical.system == "urn:s");
    CHECK(o->subject.logical.value == "v");
    CHECK(o->subject.display == "d");
    CHECK_FALSE(o->subject.empty());
    CHECK(o->specimen.empty());
    CHECK(o->specimen.display == "only words");
    REQUIRE(o->has_member.size() == 2);
    CHECK(o->has_member[0].type == "Observation");
    CHECK(o->has_member[0].is_urn());
    CHECK(o->has_member[1].type == "Observation");
    CHECK(o.issues.issues.size() == 1);
    CHECK(o.has("Observation.hasMember[1].type", severity::warning, issue_type::invariant));
}

TEST_CASE("reference element: a contained reference must point somewhere") {
    const resource_text<observation> o(observation_with(R"(
        "contained":[{"resourceType":"Patient","id":"p"},{"resourceType":"Specimen","id":"#s"},null,7],
        "subject":{"reference":"#p"},"specimen":{"reference":"#s"},"hasMember":[{"reference":"#nowhere"},{"reference":"#"}])"));
    CHECK(o->subject.literal == "#p");
    CHECK(o.issues.issues.size() == 1);
    CHECK(o.has("Observation.hasMember[0].reference", severity::warning, issue_type::structure));
    CHECK(o->has_member.size() == 2);
}

TEST_CASE("quantity: the number keeps its text and its comparator") {
    const resource_text<observation> o(observation_with(
        R"("valueQuantity":{"value":8.20,"comparator":">=","unit":"mg/dl","system":"http://unitsofmeasure.org","code":"mg/dL"})"
    ));
    REQUIRE(std::holds_alternative<quantity>(o->value));
    const auto& q = std::get<quantity>(o->value);
    CHECK(printed(q) == "8.20|mg/dl|http://unitsofmeasure.org|mg/dL");
    CHECK(q.value_exact);
    CHECK(q.compare == comparator::greater_or_equal);
    CHECK(o.clean());
}

TEST_CASE("quantity: every comparator code") {
    const auto [text, expected] = GENERATE(table<const char*, comparator>(
        {{"<", comparator::less},
         {"<=", comparator::less_or_equal},
         {">=", comparator::greater_or_equal},
         {">", comparator::greater},
         {"ad", comparator::sufficient},
         {" < ", comparator::less}}
    ));
    const resource_text<observation> o(
        observation_with(R"("valueQuantity":{"value":5,"comparator":")" + std::string(text) + "\"}")
    );
    CHECK(std::get<quantity>(o->value).compare == expected);
    CHECK(printed(std::get<quantity>(o->value).value) == "5");
}

TEST_CASE("quantity: a number under a comparator that is not understood is not used") {
    const std::string sent = GENERATE(R"("~")", R"("less")", "1", "{}", "[\"<\"]", "true");
    CAPTURE(sent);
    const resource_text<observation> o(
        observation_with(R"("valueQuantity":{"value":5,"unit":"mg","comparator":)" + sent + "}")
    );
    REQUIRE(std::holds_alternative<quantity>(o->value));
    CHECK(printed(std::get<quantity>(o->value)) == "none|mg||");
    REQUIRE(o.at("Observation.valueQuantity.comparator"));
    CHECK(o.at("Observation.valueQuantity.comparator")->severity_ == severity::error);
}

TEST_CASE("quantity: a numeric string is tolerated, other text is not a number") {
    const resource_text<observation> good(observation_with(R"("valueQuantity":{"value":" 6.30 "})"));
    CHECK(printed(std::get<quantity>(good->value).value) == "6.30");
    CHECK(good.has("Observation.valueQuantity.value", severity::warning, issue_type::structure));

    const std::string sent = GENERATE(R"("<5")", R"("6.3 mmol/L")", R"("")", R"("NaN")", R"("1,5")", R"("1e")");
    CAPTURE(sent);
    const resource_text<observation> bad(observation_with(R"("valueQuantity":{"unit":"g","value":)" + sent + "}"));
    CHECK(printed(std::get<quantity>(bad->value)) == "none|g||");
    CHECK(bad.has("Observation.valueQuantity.value", severity::error, issue_type::value));
}

TEST_CASE("quantity: more digits than fit are cut and said so") {
    const resource_text<observation> o(observation_with(R"("valueQuantity":{"value":1.23456789012345678901})"));
    const auto& q = std::get<quantity>(o->value);
    CHECK(q.value);
    CHECK_FALSE(q.value_exact);
}

TEST_CASE("range, ratio, period: one unreadable limit makes the whole unusable") {
    const auto [value, path] = GENERATE(table<const char*, const char*>(
        {{R"("valueRange":{"low":{"value":1},"high":{"value":"x"}})", "Observation.valueRange.high.value"},
         {R"("valueRange":{"low":7,"high":{"value":2}})", "Observation.valueRange.low"},
         {R"("valueRatio":{"numerator":{"value":1},"denominator":{"value":{}}})",
          "Observation.valueRatio.denominator.value"},
         {R"("valuePeriod":{"start":"2026-01-01","end":"soon"})", "Observation.valuePeriod.end"},
         {R"("valuePeriod":{"start":1,"end":"2026-01-01"})", "Observation.valuePeriod.start"}}
    ));
    const resource_text<observation> o(observation_with(value));
    CHECK(std::holds_alternative<std::monostate>(o->value));
    REQUIRE(o.at(path));
    CHECK(o.at(path)->severity_ == severity::error);
}

TEST_CASE("period: open ends stay open, a surely reversed one is refused") {
    const resource_text<observation> open(observation_with(R"("effectivePeriod":{"start":"2026-03"})"));
    CHECK(printed(std::get<period>(open->effective).start) == "2026-03");
    CHECK_FALSE(std::get<period>(open->effective).end);
    CHECK(open.clean());

    const auto [sent, usable] = GENERATE(table<const char*, bool>(
        {{R"({"start":"2026-03-02","end":"2026-02-27"})", false},
         {R"({"start":"2026-03-02","end":"2026-03-02"})", true},
         {R"({"start":"2026-03-15","end":"2026-03"})", true},
         {R"({"start":"2026-03-15T01:00:00+03:00","end":"2026-03-14T23:00:00Z"})", true},
         {R"({"start":"2026-03-15T01:00:00Z","end":"2026-03-15T00:59:59Z"})", false},
         {R"({"start":"2026-03-15T00:30:00+09:00","end":"2026-03-14"})", true}}
    ));
    CAPTURE(sent);
    const resource_text<observation> o(observation_with(R"("effectivePeriod":)" + std::string(sent)));
    CHECK(std::holds_alternative<period>(o->effective) == usable);
    CHECK(o.clean() == usable);
    if (!usable)
        CHECK(o.has("Observation.effectivePeriod", severity::error, issue_type::invariant));
}

TEST_CASE("date: wrong text is an error, a time without zone a warning") {
    const resource_text<observation> bad(observation_with(R"("issued":"15.03.2026")"));
    CHECK_FALSE(bad->issued);
    REQUIRE(bad.has("Observation.issued", severity::error, issue_type::value));
    CHECK(bad.at("Observation.issued")->theirs == "15.03.2026");
    CHECK(bad.at("Observation.issued")->text.find("15.03") == std::string::npos);

    const resource_text<observation> zoneless(observation_with(R"("issued":"2026-03-15T10:00:00")"));
    CHECK(printed(zoneless->issued) == "2026-03-15T10:00:00");
    CHECK(zoneless.has("Observation.issued", severity::warning, issue_type::value));
}

TEST_CASE("primitives: JSON of another type is an error and reads as absent") {
    const std::string sent = GENERATE("{}", "[]", "7", "true", "[\"final\"]");
    CAPTURE(sent);
    const resource_text<observation> o(
        R"({"resourceType":"Observation","code":{"text":)" + sent + R"(},"status":)" + sent + "}"
    );
    CHECK(o->status.empty());
    CHECK(o->code.empty());
    CHECK(o.has("Observation.status", severity::error, issue_type::structure));
    CHECK(o.has("Observation.code.text", severity::error, issue_type::structure));
    CHECK(o->header.usable);
}

TEST_CASE("primitives: null and null array slots are absent without an issue") {
    const resource_text<observation> o(observation_with(R"("issued":null,"valueString":null,"valueQuantity":{"value":1},
        "category":[null,{"text":"a"},null],"note":null,"_issued":{"extension":[{"url":"u"}]})"));
    CHECK(o.clean());
    CHECK(o->category.size() == 1);
    CHECK(std::holds_alternative<quantity>(o->value));
}

TEST_CASE("lists: one object reads as a list of one, with a warning") {
    const resource_text<observation> o(observation_with(R"("category":{"text":"a"},"note":"words")"));
    CHECK(o->category.size() == 1);
    CHECK(o.has("Observation.category", severity::warning, issue_type::structure));
    CHECK(o.has("Observation.note", severity::error, issue_type::structure));
}

TEST_CASE("lists: beyond ten thousand elements the rest is left out, with an issue") {
    std::string text = R"("category":[)";
    for (int i = 0; i < 10'001; ++i)
        text += R"({"text":"a"},)";
    text.back() = ']';
    const resource_text<observation> o(observation_with(text));
    CHECK(o->category.size() == 10'000);
    CHECK(o.issues.issues.size() == 1);
    CHECK(o.has("Observation.category", severity::error, issue_type::too_costly));
}

TEST_CASE("issues: their number is limited, fatal ones excepted") {
    std::string text = R"("category":[)";
    for (int i = 0; i < 5000; ++i)
        text += "1,";
    text.back() = ']';
    const resource_text<observation> o(observation_with(text));
    REQUIRE(o.issues.issues.size() == 1001);
    CHECK(o.issues.issues.back().type == issue_type::too_costly);
    CHECK(o.issues.issues.front().path == "Observation.category[0]");
}

TEST_CASE("issues: offset is where the value stands, theirs is shortened at a character") {
    const std::string text = observation_with(R"("issued":"no date")");
    const resource_text<observation> o(text);
    REQUIRE(o.at("Observation.issued"));
    const auto start = text.find("\"no date\"");
    CHECK(o.at("Observation.issued")->offset >= start);
    CHECK(o.at("Observation.issued")->offset <= start + 9);

    std::string umlauts;
    for (int i = 0; i < 300; ++i)
        umlauts += i == 0 ? "x" : "\xC3\xA4";
    const resource_text<observation> longer(observation_with("\"issued\":\"" + umlauts + "\""));
    REQUIRE(longer.at("Observation.issued"));
    CHECK(longer.at("Observation.issued")->theirs.size() == 199);
}

TEST_CASE("codes: white space around is cut with a warning") {
    const resource_text<observation> o(
        R"({"resourceType":"Observation","status":"final","code":{"coding":[{"system":"http://loinc.org","code":" 33914-3\n"}]}})"
    );
    REQUIRE(o->code.codings.size() == 1);
    CHECK(o->code.codings[0].code == "33914-3");
    CHECK(o.has("Observation.code.coding[0].code", severity::warning, issue_type::value));
}
