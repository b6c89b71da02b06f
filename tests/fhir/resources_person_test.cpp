#include "tests/support/resource_text.hpp"

using namespace trialgate::fhir;
using trialgate::tests::printed;
using trialgate::tests::resource_text;

namespace {

std::string patient_with(std::string_view members) {
    return R"({"resourceType":"Patient",)" + std::string(members) + "}";
}

std::string condition_with(std::string_view members) {
    return R"({"resourceType":"Condition","subject":{"reference":"Patient/1"},)" + std::string(members) + "}";
}

std::string subject_with(std::string_view members) {
    return R"({"resourceType":"ResearchSubject","study":{"reference":"ResearchStudy/1"},"subject":{"reference":"Patient/1"},)" +
           std::string(members) + "}";
}

} // namespace

TEST_CASE("patient: what is read of one") {
    const resource_text<patient> p(patient_with(
        R"("identifier":[{"system":"urn:s","value":"v"},{"system":"urn:s"}],"active":false,"gender":"female","birthDate":"1980-05",
           "link":[{"other":{"reference":"Patient/2"},"type":"replaced-by"}])"
    ));
    CHECK(p->identifiers.size() == 1);
    CHECK(p->active == false);
    CHECK(p->gender == "female");
    CHECK(printed(p->birth_date) == "1980-05");
    CHECK_FALSE(p->deceased);
    REQUIRE(p->links.size() == 1);
    CHECK(p->links[0].other.id == "2");
    CHECK(p->links[0].type == "replaced-by");
    CHECK(p.clean());
}

TEST_CASE("patient: a birth date is the date as written, an absent one has no issue") {
    const resource_text<patient> timed(patient_with(R"("birthDate":"1980-05-01T23:00:00-05:00")"));
    CHECK(printed(timed->birth_date) == "1980-05-01");
    CHECK(timed.has("Patient.birthDate", severity::warning, issue_type::value));

    const resource_text<patient> absent(patient_with(
        R"("_birthDate":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]})"
    ));
    CHECK_FALSE(absent->birth_date);
    CHECK(absent.clean());
}

TEST_CASE("patient: who is deceased") {
    const auto [sent, deceased, on] = GENERATE(table<const char*, bool, const char*>(
        {{R"("deceasedBoolean":true)", true, "none"},
         {R"("deceasedBoolean":false)", false, "none"},
         {R"("deceasedDateTime":"2020-01")", true, "2020-01"},
         {R"("deceasedDateTime":"last year")", true, "none"},
         {R"("deceasedBoolean":false,"deceasedDateTime":"2020")", true, "2020"},
         {R"("_deceasedDateTime":{"extension":[{"url":"u"}]})", false, "none"},
         {R"("deceasedBoolean":"true")", false, "none"},
         {R"("active":true)", false, "none"}}
    ));
    CAPTURE(sent);
    const resource_text<patient> p(patient_with(sent));
    CHECK(p->deceased == deceased);
    CHECK(printed(p->deceased_on) == on);
}

TEST_CASE("patient: gender outside the value set is left out") {
    const resource_text<patient> p(patient_with(R"("gender":"F")"));
    CHECK(p->gender.empty());
    CHECK(p.has("Patient.gender", severity::error, issue_type::code_invalid));
}

TEST_CASE("condition: onset and abatement of every type") {
    const resource_text<condition> time(condition_with(R"("onsetDateTime":"2012-05-24","abatementString":"in spring")"));
    CHECK(printed(std::get<date_time>(time->onset)) == "2012-05-24");
    CHECK(std::get<std::string_view>(time->abatement) == "in spring");
    const resource_text<condition> age(
        condition_with(R"("onsetAge":{"value":30,"code":"a"},"abatementRange":{"low":{"value":40}})")
    );
    CHECK(printed(std::get<quantity>(age->onset).value) == "30");
    CHECK(std::holds_alternative<range>(age->abatement));
    const resource_text<condition> span(condition_with(R"("onsetPeriod":{"start":"2012"},"abatementBoolean":true)"));
    CHECK(printed(std::get<period>(span->onset).start) == "2012");
    CHECK(span.has("Condition.abatementBoolean", severity::warning, issue_type::not_supported));
}

TEST_CASE("condition: a status that cannot be read makes the whole unusable") {
    const std::string sent = GENERATE("7", "[]", R"({"coding":[{"code":"refuted"}],"modifierExtension":[{"url":"u"}]})");
    const std::string name = GENERATE("verificationStatus", "clinicalStatus");
    CAPTURE(sent, name);
    const resource_text<condition> c(condition_with("\"code\":{\"text\":\"SLE\"},\"" + name + "\":" + sent));
    CHECK_FALSE(c->header.usable);
    CHECK(c->code.empty());
    CHECK(c.issues.has(severity::fatal));
}

TEST_CASE("condition: STU3's status code is read as a concept") {
    const resource_text<condition> c(condition_with(R"("verificationStatus":"refuted")"));
    REQUIRE(c->verification_status.find("http://terminology.hl7.org/CodeSystem/condition-ver-status"));
    CHECK(c->verification_status.codings[0].code == "refuted");
    CHECK(c.has("Condition.verificationStatus", severity::warning, issue_type::structure));
}

TEST_CASE("procedure: R4 and R5") {
    const resource_text<procedure> r4(
        R"({"resourceType":"Procedure","status":"completed","subject":{"reference":"Patient/1"},"performedPeriod":{"start":"2020"},
            "reasonCode":[{"text":"a"}],"performer":[{}]})"
    );
    CHECK(std::holds_alternative<period>(r4->performed));
    CHECK(r4->reasons.size() == 1);
    CHECK(r4.clean());
    const resource_text<procedure> r5(
        R"({"resourceType":"Procedure","status":"completed","subject":{"reference":"Patient/1"},"occurrenceDateTime":"2020",
            "reason":[{"concept":{"text":"a"}}]})"
    );
    CHECK(printed(std::get<date_time>(r5->performed)) == "2020");
    CHECK(r5->reasons.at(0).text == "a");
    CHECK(r5.clean());
}

TEST_CASE("encounter: R4 and R5") {
    const resource_text<encounter> r4(
        R"({"resourceType":"Encounter","status":"finished","class":{"system":"s","code":"AMB"},"period":{"start":"2020"}})"
    );
    CHECK(r4->class_.codings.at(0).code == "AMB");
    CHECK(printed(r4->period_->start) == "2020");
    CHECK(r4.clean());
    const resource_text<encounter> r5(
        R"({"resourceType":"Encounter","status":"completed","class":[{"coding":[{"code":"IMP"}]},{"coding":[{"code":"EMER"}],"text":"t"}],
            "actualPeriod":{"start":"2021"},"type":[{"text":"x"}]})"
    );
    CHECK(r5->class_.codings.size() == 2);
    CHECK(r5->class_.text == "t");
    CHECK(printed(r5->period_->start) == "2021");
    CHECK(r5->types.size() == 1);
    CHECK(r5.clean());
}

TEST_CASE("consent: R4 and R5") {
    const resource_text<consent> r4(
        R"({"resourceType":"Consent","status":"active","scope":{"text":"research"},"patient":{"reference":"Patient/1"},
            "dateTime":"2026-01-01","sourceReference":{"reference":"DocumentReference/1"},
            "provision":{"type":"permit","period":{"end":"2027"},"provision":[{"type":"deny"}]}})"
    );
    CHECK(r4->patient.id == "1");
    CHECK(r4->scope.text == "research");
    CHECK(r4->decision == "permit");
    CHECK(printed(r4->valid->end) == "2027");
    CHECK(r4->sources.size() == 1);
    CHECK(r4.issues.issues.size() == 1);
    CHECK(r4.has("Consent.provision.provision", severity::warning, issue_type::not_supported));
    const resource_text<consent> r5(
        R"({"resourceType":"Consent","status":"active","subject":{"reference":"Patient/2"},"date":"2026-01-01","decision":"deny",
            "period":{"start":"2026"},"sourceReference":[{"reference":"Contract/1"}]})"
    );
    CHECK(r5->patient.id == "2");
    CHECK(printed(r5->date_) == "2026-01-01");
    CHECK(r5->decision == "deny");
    CHECK(printed(r5->valid->start) == "2026");
    CHECK(r5.clean());
    const resource_text<consent> modified(
        R"({"resourceType":"Consent","status":"active","provision":{"type":"permit","modifierExtension":[{"url":"u"}]}})"
    );
    CHECK(modified->decision.empty());
    CHECK(modified.has("Consent.provision.modifierExtension", severity::error, issue_type::not_supported));
}

TEST_CASE("research study and subject: R4") {
    const resource_text<research_study> study(R"({"resourceType":"ResearchStudy","status":"active","title":"t"})");
    CHECK(study->status == "active");
    CHECK(study->title == "t");
    const resource_text<research_subject> s(
        R"({"resourceType":"ResearchSubject","status":"on-study","study":{"reference":"ResearchStudy/1"},
            "individual":{"reference":"Patient/1"},"period":{"start":"2026"}})"
    );
    CHECK(s->status == "on-study");
    CHECK(s->individual.id == "1");
    CHECK(s->period_);
    CHECK(s.clean());
}

TEST_CASE("research subject: R5's latest state, where it can be told and R4 has the word") {
    const auto [sent, expected] = GENERATE(table<const char*, const char*>(
        {{R"([{"subjectState":{"coding":[{"code":"screening"}]}}])", "screening"},
         {R"([{"subjectState":{"coding":[{"code":"on-study"}]},"startDate":"2026-02"},
              {"subjectState":{"coding":[{"code":"screening"}]},"startDate":"2026-01"}])", "on-study"},
         {R"([{"subjectState":{"coding":[{"code":"on-study"}]},"startDate":"2026"},
              {"subjectState":{"coding":[{"code":"screening"}]},"startDate":"2026-01"}])", ""},
         {R"([{"subjectState":{"coding":[{"code":"on-study"}]}},
              {"subjectState":{"coding":[{"code":"screening"}]},"endDate":"2026-01"}])", "on-study"},
         {R"([{"subjectState":{"coding":[{"code":"on-study"}]}},{"subjectState":{"coding":[{"code":"withdrawn"}]}}])", ""},
         {R"([{"subjectState":{"coding":[{"code":"screening"}]},"startDate":"2026-01"},
              {"subjectState":{"coding":[{"code":"abducted"}]},"startDate":"2026-02"}])", ""},
         {R"([{"milestone":[{"text":"m"}]}])", ""},
         {"[]", ""}}
    ));
    CAPTURE(sent);
    const resource_text<research_subject> s(subject_with(R"("status":"active","progress":)" + std::string(sent)));
    CHECK(s->status == expected);
    CHECK(s->individual.id == "1");
}

TEST_CASE("questionnaire response: all answers at all depths, in order") {
    const resource_text<questionnaire_response> q(
        R"({"resourceType":"QuestionnaireResponse","status":"completed","questionnaire":"http://x/q|1","identifier":{"value":"i"},
            "subject":{"reference":"Patient/1"},"authored":"2026","item":[{"linkId":"1","text":"group","item":[
              {"linkId":"1.1","answer":[{"valueCoding":{"code":"y"},"item":[{"linkId":"1.1.1","answer":[{"valueDecimal":3.25}]}]},
                                        {"valueBoolean":true}]},
              {"linkId":"1.2","answer":[{"valueDate":"1972-11-30"}]}]},
              {"linkId":"2","answer":[{"valueAttachment":{}},{"valueUri":"urn:x"}]},
              {"linkId":"3","modifierExtension":[{"url":"u"}],"answer":[{"valueBoolean":true}]}]})"
    );
    std::string order;
    for (const auto& a : q->answers)
        order += a.link_id + " ";
    CHECK(order == "1 1.1 1.1.1 1.1 1.2 2 2 ");
    CHECK(q->identifiers.size() == 1);
    CHECK(q->answers[0].text == "group");
    CHECK(std::holds_alternative<std::monostate>(q->answers[0].value));
    CHECK(std::get<codeable_concept>(q->answers[1].value).codings.at(0).code == "y");
    CHECK(printed(std::get<quantity>(q->answers[2].value).value) == "3.25");
    CHECK(std::get<bool>(q->answers[3].value));
    CHECK(printed(std::get<date_time>(q->answers[4].value)) == "1972-11-30");
    CHECK(std::get<std::string_view>(q->answers[6].value) == "urn:x");
    CHECK(q.issues.issues.size() == 2);
    CHECK(q.has("QuestionnaireResponse.item[1].answer[0].valueAttachment", severity::warning, issue_type::not_supported));
    CHECK(q.has("QuestionnaireResponse.item[2].modifierExtension", severity::error, issue_type::not_supported));
}

TEST_CASE("questionnaire response: nesting is limited even when the parser allows more") {
    std::string text = R"({"resourceType":"QuestionnaireResponse","status":"completed")";
    for (int i = 0; i < 5000; ++i)
        text += R"(,"item":[{"linkId":"1")";
    for (int i = 0; i < 5000; ++i)
        text += "}]";
    text += "}";
    json::parser deep({.depth = 100'000});
    const auto root = deep.parse_copy(text);
    REQUIRE(root.has_value());
    issue_list issues;
    const resource read = read_resource(*root, issues);
    CHECK(std::get<questionnaire_response>(read).answers.size() == 33);
    REQUIRE(issues.issues.size() == 1);
    CHECK(issues.issues[0].type == issue_type::too_costly);
}
