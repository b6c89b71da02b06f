// The worklist and one person, as the page reads them.
#include "gateway/core/report_json.hpp"
#include "tests/page/page_bench.hpp"

using namespace trialgate;
using namespace trialgate::gateway;
using namespace trialgate::tests;

namespace {

/// Of the person of work_bench.hpp: nothing that names them or a resource of theirs.
void names_nobody(const answer& a) {
    for (const char* word : {"Patient/p\"", "Patient/p ", "Observation/e", "Condition/c", "urn:mrn", "1990-05-04", "\"p\"", "ehr.example.org"})
        CHECK_FALSE(a.has(word));
}

/// Every member of `part` is in `whole`, with an equal value where it is a scalar; arrays of the same length.
void is_part_of(fhir::json::value part, fhir::json::value whole, const std::string& where) {
    INFO(where);
    if (part.is_object()) {
        for (const fhir::json::member& m : part.members())
            if (m.name != "notes") // here as ids, there with sentences
                is_part_of(m.content, whole[m.name], where + '.' + std::string(m.name));
        return;
    }
    CHECK(part.type() == whole.type());
    CHECK(part.size() == whole.size());
    CHECK(part.text() == whole.text());
    for (std::size_t n = 0; n < part.elements().size(); ++n)
        is_part_of(part[n], whole[n], where + '[' + std::to_string(n) + ']');
}

fhir::json::value criterion_of(const answer& a, std::string_view id) {
    for (const fhir::json::value& c : a["criteria"].elements())
        if (c["id"].text() == id)
            return c;
    return {};
}

std::int64_t say(page_bench& b, judgement_kind kind, std::string what, std::string value, std::string by = "local") {
    judgement_row j;
    j.source = "ehr";
    j.patient = "Patient/p";
    j.trial = "sle-uc-msc";
    j.kind = kind;
    j.what = std::move(what);
    j.value = std::move(value);
    j.reason = "seen on paper";
    j.by = std::move(by);
    j.name = "Ann";
    j.role = "investigator";
    j.at = b.at;
    b.now->begin();
    const std::int64_t id = b.now->judgement_add(j);
    b.now->commit();
    b.work();
    return id;
}

} // namespace

TEST_CASE("page api: trials with their criteria and counts, only those of the visitor") {
    page_bench b;
    b.history();
    const answer all = b.get("/api/v1/trials");
    REQUIRE(all["trials"].size() == 2);
    const auto trial = all["trials"][0]["id"].text() == "sle-uc-msc" ? all["trials"][0] : all["trials"][1];
    CHECK(trial["counts"]["possible"].text() == "1");
    CHECK(trial["criteria"].size() == 8);
    CHECK(trial["criteria"][0]["id"].is_string());
    b.who.may.of_trial = {{"dapa-hf", {role::coordinator}}};
    CHECK(b.get("/api/v1/trials")["trials"].size() == 1);
    b.who.may.of_trial = {{"*", {role::operator_, role::auditor}}};
    CHECK(b.get("/api/v1/trials").body == R"({"trials":[]})");
}

TEST_CASE("page api: a worklist shows who is listed, and its deltas what changed since") {
    page_bench b;
    CHECK(b.get("/api/v1/trials/sle-uc-msc/worklist")["rows"].size() == 0);
    CHECK(b.get("/api/v1/trials/none/worklist").status == 404);
    CHECK(b.get("/api/v1/trials/sle-uc-msc/worklist?since=x").status == 400);
    b.history();
    const answer first = b.get("/api/v1/trials/sle-uc-msc/worklist");
    REQUIRE(first["rows"].size() == 1);
    const auto row = first["rows"][0];
    CHECK(first.text("today") == "2026-03-15");
    CHECK(row[0].text() == b.subject());
    CHECK(row[1].text() == "possible");
    CHECK(row[2].text().size() == 8);
    CHECK(row[4].text() == std::to_string(start));
    CHECK(row[5].text().empty());
    CHECK(row[8].text() == "0");
    CHECK(row[10].text() == b.subject().substr(0, 8));
    names_nobody(first);
    const std::string since = "/api/v1/trials/sle-uc-msc/worklist?since=" + first.text("stamp");
    CHECK(b.get(since)["rows"].size() == 0);

    say(b, judgement_kind::comment, "", "");
    const answer commented = b.get(since);
    REQUIRE(commented["rows"].size() == 1);
    CHECK(commented["rows"][0][8].text() == "1");

    // Who opted out of life here is listed no more: the delta says so, the whole list is without them.
    b.at += hour_ms;
    b.arrive(arrival::resource, R"({"resourceType":"Patient","id":"p","meta":{"versionId":"2"},"deceasedBoolean":true})");
    b.work();
    const answer gone = b.get(since);
    REQUIRE(gone["rows"].size() == 1);
    CHECK(gone["rows"][0][1].text().empty());
    CHECK(b.get("/api/v1/trials/sle-uc-msc/worklist")["rows"].size() == 0);
    b.config.page.shows = page_config::identity::reference;
    CHECK(b.get(since)["rows"][0][10].text() == "Patient/p");
}

TEST_CASE("page api: what one user has seen of a worklist is remembered for that user, and never less") {
    page_bench b;
    b.history();
    const std::string list = "/api/v1/trials/sle-uc-msc/worklist", seen = "/api/v1/trials/sle-uc-msc/seen";
    const std::string stamp = b.get(list).text("stamp");
    CHECK(b.get(list).text("seen") == "0");
    CHECK(b.post(seen, R"({"stamp":)" + stamp + '}').status == 204);
    CHECK(b.get(list).text("seen") == stamp);
    CHECK(b.post(seen, R"({"stamp":0})").status == 204);
    CHECK(b.get(list).text("seen") == stamp);
    for (const char* wrong : {"", "{}", "[]", R"({"stamp":-1})", R"({"stamp":"1"})", R"({"stamp":1,"more":2})", R"({"stamp":99999})"})
        CHECK(b.post(seen, wrong).status == 400);
    b.who.id = "oidc:https://id.example.org|u1";
    CHECK(b.get(list).text("seen") == "0");
}

TEST_CASE("page api: a person's report holds all of the report that study systems get, and words") {
    page_bench b;
    b.history();
    const answer a = b.get(b.person_path());
    REQUIRE(a.status == 200);
    CHECK(a.note.trial == "sle-uc-msc");
    CHECK(a.note.subject == b.subject());
    names_nobody(a);
    fhir::json::parser parser;
    const std::string key = b.options.pseudonym_key;
    const auto report = parser.parse_copy(
        report_json(b.report("Patient/p"), {"", [&](std::string_view r) { return hidden_reference(key, "ehr", r); }}));
    REQUIRE(report.has_value());
    is_part_of((*report)["criteria"], a["criteria"], "criteria");
    for (const char* name : {"trial", "protocolVersion", "asOf", "status", "changesOn"})
        is_part_of((*report)[name], a[name], name);
    const auto renal = criterion_of(a, "renal-function");
    CHECK(renal["verdict"].text() == "met");
    CHECK(renal["evidence"][0]["reference"].text() == hidden_reference(key, "ehr", "Observation/e"));
    CHECK(renal["evidence"][0]["version"].text() == "1");
    CHECK(renal["decidedBy"].text() == "record");
    CHECK(renal["confirmed"].is_null());
    CHECK(a["person"]["born"].text() == "1990");
    CHECK(a["person"]["age"].text() == "35");
    CHECK(a["person"]["sex"].text() == "female");
    CHECK(a["identity"].is_null());
    CHECK(a["history"].size() == 1);
    CHECK(a["history"][0]["cause"]["by"].text() == "record");
    CHECK(a["machineStatus"].text() == "possible");
    CHECK(renal["evidence"][0]["what"].text() == "eGFR (CKD-EPI 2021)");
    CHECK(a["history"][0]["sameCriteria"].as_bool());
    CHECK(a["decided"].text().empty());
    CHECK(a["mergedInto"].is_null());
}

TEST_CASE("page api: what a person confirmed is shown with the machine's word beside it, and who may take it back") {
    page_bench b;
    b.history();
    const std::int64_t id = say(b, judgement_kind::criterion, "renal-function", "not-met", "oidc:x|other");
    const answer a = b.get(b.person_path());
    const auto renal = criterion_of(a, "renal-function");
    CHECK(renal["verdict"].text() == "not-met");
    CHECK(renal["confirmed"]["machine"].text() == "met");
    CHECK(renal["confirmed"]["judgement"].text() == std::to_string(id));
    CHECK(renal["changesOn"].is_null());
    CHECK(a["status"].text() == b.status());
    CHECK(a["status"].text() != a["machineStatus"].text());
    REQUIRE(a["judgements"].size() == 1);
    CHECK(a["judgements"][0]["mayUndo"].as_bool());
    b.who.may.of_trial = {{"sle-uc-msc", {role::coordinator}}};
    CHECK_FALSE(b.get(b.person_path())["judgements"][0]["mayUndo"].as_bool());
    b.now->judgement_undo(id, {"oidc:ann", "Ann"}, b.at);
    b.work();
    const answer after = b.get(b.person_path());
    CHECK(criterion_of(after, "renal-function")["verdict"].text() == "met");
    CHECK(after["judgements"][0]["undone"]["by"].text() == "Ann");
}

TEST_CASE("page api: an identity is told once it was revealed, for a reason, and of that person only") {
    page_bench b;
    b.config.page.ehr_link = "https://ehr.example.com/chart?id={id}";
    b.history();
    for (const char* body : {"{}", R"({"reason":"  "})", R"({"reason":7})", R"({"reason":"a\u0000b"})", R"({"reason":"a\u001bb"})", "x"})
        CHECK(b.post(b.person_path() + "/reveal", body).status == 400);
    const answer told = b.post(b.person_path() + "/reveal", R"({"reason":"call her"})");
    CHECK(told.body == R"({"source":"ehr","reference":"Patient/p","link":"https://ehr.example.com/chart?id=p"})");
    CHECK(told.note.detail == "call her"); // into the trail, and from there into archives
    CHECK(told.note.subject == b.subject());
    b.who.revealed.insert("another");
    names_nobody(b.get(b.person_path()));
    b.who.revealed.insert(b.subject());
    const answer a = b.get(b.person_path());
    CHECK(a["identity"]["reference"].text() == "Patient/p");
    CHECK(a["label"].text() == "Patient/p");
    CHECK(a["person"]["born"].text() == "1990-05-04");
    CHECK(criterion_of(a, "renal-function")["evidence"][0]["reference"].text() == "Observation/e");
    CHECK(b.get(b.person_path() + "/timeline")["labs"][0]["points"][0]["reference"].text() == "Observation/e");
}

TEST_CASE("page api: who is not known in a trial is not found there") {
    page_bench b;
    b.history();
    for (const char* rest : {"", "/timeline"}) {
        CHECK(b.get(b.person_path("dapa-hf") + rest).status == 404);
        CHECK(b.get(b.person_path("none") + rest).status == 404);
        CHECK(b.get("/api/v1/trials/sle-uc-msc/people/0123" + std::string(rest)).status == 404);
        CHECK(b.get("/api/v1/trials/sle-uc-msc/people/Patient%2Fp" + std::string(rest)).status == 404);
    }
    CHECK(b.post(b.person_path("dapa-hf") + "/reveal", R"({"reason":"x"})").status == 404);
}

TEST_CASE("page api: a person of whom nothing is kept any more is shown without criteria") {
    page_bench b;
    b.history();
    b.now->patient_remove("ehr", "Patient/p");
    const answer a = b.get(b.person_path());
    CHECK(a.status == 200);
    CHECK(a["criteria"].size() == 0);
    CHECK(a["status"].is_null());
    const answer t = b.get(b.person_path() + "/timeline");
    CHECK(t["labs"].is_array());
    CHECK(t["labs"].size() == 0);
}

TEST_CASE("page api: of a person who opted out, whose record is restricted, or who died nothing of the record is shown") {
    const std::string opted_out = R"({"resourceType":"Consent","id":"o","meta":{"versionId":"1"},"status":"active","patient":{"reference":"Patient/p"},
        "scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"research"}]},
        "dateTime":"2026-03-01","provision":{"type":"deny"}})";
    const std::string restricted = R"({"resourceType":"Patient","id":"p","meta":{"versionId":"2","security":[
        {"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"R"}]},"gender":"female","birthDate":"1990-05-04"})";
    const std::string died = R"({"resourceType":"Patient","id":"p","meta":{"versionId":"2"},"gender":"female","birthDate":"1990-05-04","deceasedBoolean":true})";
    for (const std::string& news : {opted_out, restricted, died}) {
        INFO(news);
        page_bench b;
        b.history();
        b.now->local_code_put("ehr", "Patient/p", {"Observation", "urn:lab", "X1", "free text"});
        CHECK(b.get(b.person_path())["localCodes"].size() == 1);
        b.arrive(arrival::resource, news);
        b.work();
        const answer a = b.get(b.person_path());
        REQUIRE(a.status == 200);
        CHECK(a["status"].is_null());
        CHECK(a["criteria"].size() == 0);
        CHECK(a["notes"].size() > 0);
        for (const char* name : {"sex", "born", "age"})
            CHECK(a["person"][name].is_null());
        CHECK(a["localCodes"].size() == 0);
        const answer t = b.get(b.person_path() + "/timeline");
        for (const char* part : {"labs", "medications", "conditions"}) {
            CHECK(t[part].is_array());
            CHECK(t[part].size() == 0);
        }
    }
}

TEST_CASE("page api: a series shows limit and window of one criterion, a whole one before an item of a score") {
    page_bench b;
    b.history();
    b.arrive(arrival::resource, R"({"resourceType":"Observation","id":"a","meta":{"versionId":"1"},"status":"final","subject":{"reference":"Patient/p"},
        "code":{"coding":[{"system":"http://loinc.org","code":"5048-4"}]},"effectiveDateTime":"2019-03","valueString":"1:640"})");
    b.work();
    const answer a = b.get(b.person_path() + "/timeline");
    for (const fhir::json::value& lab : a["labs"].elements()) {
        if (lab["concept"].text() != "ana.titer")
            continue;
        REQUIRE(lab["points"].size() == 1);
        CHECK(lab["points"][0]["on"].text() == "2019-03-01");
        CHECK(lab["points"][0]["when"].text() == "2019-03");
        REQUIRE(lab["asked"].size() > 1);
        CHECK(lab["asked"][0]["criterion"].text() == "serology/ana");
        CHECK(lab["limit"]["value"].text() == "160");
        REQUIRE(lab["window"].is_object()); // what is older does not count, though classification takes any
        CHECK(lab["window"]["from"].text() > "2025-01-01");
        bool any_time = false;
        for (const fhir::json::value& one : lab["asked"].elements())
            any_time = any_time || one["window"].is_null();
        CHECK(any_time);
        return;
    }
    FAIL("no course of ANA");
}

TEST_CASE("page api: refuted and mistaken diagnoses are in no picture, and what ended says so") {
    page_bench b;
    b.history();
    const auto condition = [](const char* id, const char* code, const char* clinical, const char* verified) {
        return std::string(R"({"resourceType":"Condition","id":")") + id + R"(","meta":{"versionId":"1"},"subject":{"reference":"Patient/p"},
            "clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":")" + clinical + R"("}]},
            "verificationStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-ver-status","code":")" + verified + R"("}]},
            "code":{"coding":[{"system":"http://snomed.info/sct","code":")" + code + R"("}],"text":")" + id + R"("}})";
    };
    b.arrive(arrival::resource, condition("was-refuted", "55464009", "active", "refuted"));
    b.arrive(arrival::resource, condition("was-mistaken", "55464009", "active", "entered-in-error"));
    b.arrive(arrival::resource, condition("is-past", "55464009", "resolved", "confirmed"));
    for (const char* end : {"2025-12-01", "2026-12-01"})
        b.arrive(arrival::resource, std::string(R"({"resourceType":"MedicationRequest","id":"m)") + end + R"(","meta":{"versionId":"1"},"status":"active","intent":"order",
            "subject":{"reference":"Patient/p"},"authoredOn":"2025-09-01","medicationCodeableConcept":{"coding":[{
            "system":"http://www.nlm.nih.gov/research/umls/rxnorm","code":"5521"}]},"dosageInstruction":[{"timing":{"repeat":{"boundsPeriod":{
            "start":"2025-09-01","end":")" + end + R"("}}}}]})");
    b.work();
    const answer a = b.get(b.person_path() + "/timeline");
    CHECK_FALSE(a.has("was-refuted"));
    CHECK_FALSE(a.has("was-mistaken"));
    REQUIRE(a.has("is-past"));
    for (const fhir::json::value& c : a["conditions"].elements())
        CHECK(c["current"].as_bool() == (c["text"].text() != "is-past"));
    REQUIRE(a["medications"].size() == 2);
    for (const fhir::json::value& m : a["medications"].elements())
        CHECK(m["ongoing"].as_bool() == m["end"].is_null());
    CHECK(a.has("2025-12-01"));
    CHECK_FALSE(a.has("2026-12-01"));
}

TEST_CASE("page api: a timeline has results as reported, with limit, window and the day on which they expire") {
    page_bench b;
    b.history();
    b.arrive(arrival::resource, R"({"resourceType":"MedicationRequest","id":"m","meta":{"versionId":"3"},"status":"active","intent":"order",
        "subject":{"reference":"Patient/p"},"authoredOn":"2025-09-01","medicationCodeableConcept":{"text":"<b>Plaquenil</b> 200 mg",
        "coding":[{"system":"http://www.nlm.nih.gov/research/umls/rxnorm","code":"5521"}]}})");
    b.work();
    const answer a = b.get(b.person_path() + "/timeline");
    REQUIRE(a.status == 200);
    names_nobody(a);
    CHECK(a.text("today") == "2026-03-15");
    REQUIRE(a["labs"].size() == 1);
    const auto lab = a["labs"][0];
    CHECK(lab["criteria"][0].text() == "renal-function");
    CHECK(lab["unit"].text() == "mL/min/{1.73_m2}");
    REQUIRE(lab["points"].size() == 1);
    CHECK(lab["points"][0]["value"].text() == "74");
    CHECK(lab["points"][0]["on"].text() == "2026-03-01");
    CHECK(lab["points"][0]["when"].text() == "2026-03-01");
    CHECK(lab["points"][0]["low"].is_null());
    CHECK(lab["limit"]["op"].text() == ">=");
    CHECK(lab["limit"]["value"].text() == "30");
    CHECK(lab["window"]["to"].text() == "2026-03-15");
    REQUIRE(lab["asked"].size() == 1);
    CHECK(lab["asked"][0]["criterion"].text() == "renal-function");
    CHECK(lab["asked"][0]["limit"]["value"].text() == "30");
    CHECK(lab["expires"].text() > "2026-03-15");
    CHECK(a["conditions"].size() == 1);
    REQUIRE(a["medications"].size() == 1);
    const auto drug = a["medications"][0];
    CHECK(drug["start"].text() == "2025-09-01");
    CHECK(drug["end"].is_null());
    CHECK(drug["ongoing"].as_bool());
    CHECK(drug["version"].text() == "3");
    CHECK(drug["text"].text().find("<b>") != std::string_view::npos); // what a hospital wrote is text, whatever it looks like
}

TEST_CASE("page api: results in two units are drawn in that of the newest, each told as it was reported") {
    page_bench b;
    b.history();
    const auto creatinine = [](const char* id, const char* day, const char* value, const char* unit) {
        return std::string(R"({"resourceType":"Observation","id":")") + id + R"(","meta":{"versionId":"1"},"status":"final","subject":{"reference":"Patient/p"},
            "code":{"coding":[{"system":"http://loinc.org","code":"2160-0"}]},"effectiveDateTime":")" + day + R"(","valueQuantity":{"value":)" + value +
               R"(,"unit":")" + unit + R"(","system":"http://unitsofmeasure.org","code":")" + unit + R"("}})";
    };
    b.arrive(arrival::resource, creatinine("k1", "2026-01-10", "0.90", "mg/dL"));
    b.arrive(arrival::resource, creatinine("k2", "2026-02-10", "80.0", "umol/L"));
    b.work();
    const answer a = b.get(b.person_path() + "/timeline");
    for (const fhir::json::value& lab : a["labs"].elements()) {
        if (lab["points"].size() != 2)
            continue;
        CHECK(lab["unit"].text() == "umol/L");
        CHECK(std::stod(std::string(lab["points"][0]["value"].text())) == Approx(79.6).margin(0.2));
        CHECK(lab["points"][0]["text"].text() == "0.90 mg/dL");
        CHECK(lab["points"][1]["value"].text() == "80.0");
        return;
    }
    FAIL("no course of creatinine");
}

TEST_CASE("page api: a temperature in Fahrenheit is drawn in the unit of the limit") {
    page_bench b;
    b.history();
    b.arrive(arrival::resource, R"({"resourceType":"Observation","id":"t","meta":{"versionId":"1"},"status":"final","subject":{"reference":"Patient/p"},
        "code":{"coding":[{"system":"http://loinc.org","code":"8310-5"}]},"effectiveDateTime":"2026-03-10",
        "valueQuantity":{"value":100.4,"unit":"F","system":"http://unitsofmeasure.org","code":"[degF]"}})");
    b.work();
    const answer a = b.get(b.person_path() + "/timeline");
    for (const fhir::json::value& lab : a["labs"].elements()) {
        if (lab["concept"].text() != "temperature")
            continue;
        CHECK(lab["unit"].text() == "Cel");
        CHECK(lab["points"][0]["value"].text() == "38");
        CHECK(lab["points"][0]["text"].text().starts_with("100.4"));
        CHECK(lab["limit"]["value"].text() == "38");
        return;
    }
    FAIL("no course of temperature");
}

TEST_CASE("page api: a row and a person say whose word holds, and in which study they are") {
    page_bench b;
    b.history();
    const std::string list = "/api/v1/trials/sle-uc-msc/worklist";
    answer a = b.get(list);
    REQUIRE(a["rows"][0].size() == 16);
    for (std::size_t n : {12, 13, 14})
        CHECK(a["rows"][0][n].text().empty());
    say(b, judgement_kind::mark, "", "screened");
    a = b.get(list);
    CHECK(a["rows"][0][12].text() == "page");
    CHECK(b.get(b.person_path())["decided"].text() == "page");
    b.at += hour_ms;
    work_batch batch(b.options, *b.now, b.known, b.at, b.options.site.date_of(b.at / 1000));
    batch.take(human_decision{b.subject(), "sle-uc-msc", "on-study", b.at});
    batch.decide();
    b.now->begin();
    batch.write(*b.now);
    b.now->commit();
    a = b.get(list);
    CHECK(a["rows"][0][12].text() == "study");
    CHECK(b.get(b.person_path())["decided"].text() == "study");
}

TEST_CASE("page api: a participation that begins, changes or ends gives its row a new stamp") {
    page_bench b;
    b.history();
    const std::string list = "/api/v1/trials/sle-uc-msc/worklist";
    const auto row_since = [&](const std::string& stamp) { return b.get(list + "?since=" + stamp); };
    std::string stamp = b.get(list).text("stamp");
    for (const char* state : {"screening", "on-study", "ended-early", "withdrawn"}) {
        INFO(state);
        b.take_part("sle-uc-msc", state);
        const answer changed = row_since(stamp);
        REQUIRE(changed["rows"].size() == 1);
        CHECK(changed["rows"][0][13].text() == "S-001");
        CHECK(changed["rows"][0][14].text() == state);
        stamp = changed.text("stamp");
        CHECK(row_since(stamp)["rows"].size() == 0);
    }
    b.take_part("dapa-hf");
    CHECK(row_since(stamp)["rows"].size() == 0);
}

TEST_CASE("page api: when the criteria become others, nothing old is read by the new ones") {
    page_bench b;
    b.history();
    const std::string list = "/api/v1/trials/sle-uc-msc/worklist";
    CHECK(b.post("/api/v1/trials/sle-uc-msc/seen", R"({"stamp":)" + b.get(list).text("stamp") + '}').status == 204);
    b.at += hour_ms;
    b.arrive(arrival::resource, egfr(20, 2));
    b.work();
    const answer before = b.get(list);
    const std::string was(before["rows"][0][5].text());
    REQUIRE(was.find('|') + 1 < was.size());
    b.options.fingerprint = "f2";
    b.at += hour_ms;
    b.now->begin();
    auto row = b.now->patient("ehr", "Patient/p");
    row->changes_on = fhir::date::lowest();
    b.now->patient_put(*row);
    b.now->commit();
    b.work();
    const answer after = b.get(list);
    CHECK(before.text("madeWith") != after.text("madeWith"));
    CHECK(after["rows"][0][5].text() == was.substr(0, was.find('|') + 1));
    const answer person = b.get(b.person_path());
    for (const fhir::json::value& h : person["history"].elements())
        CHECK_FALSE(h["sameCriteria"].as_bool());
}

TEST_CASE("page api: after a merge the participation is on the survivor's page, and the old page leads there") {
    page_bench b;
    b.history();
    b.take_part();
    b.merge();
    const answer old = b.get(b.person_path());
    CHECK(old["mergedInto"].text() == b.subject("Patient/q"));
    CHECK(old["participations"].size() == 1); // told under this name
    const answer now = b.get("/api/v1/trials/sle-uc-msc/people/" + b.subject("Patient/q"));
    CHECK(now["mergedInto"].is_null());
    REQUIRE(now["participations"].size() == 1);
    CHECK(now["participations"][0]["number"].text() == "S-001");
    const answer list = b.get("/api/v1/trials/sle-uc-msc/worklist");
    REQUIRE(list["rows"].size() == 1);
    CHECK(list["rows"][0][0].text() == b.subject("Patient/q"));
    CHECK(list["rows"][0][13].text() == "S-001");
}

TEST_CASE("page api: concepts that a local code can mean") {
    page_bench b;
    const answer a = b.get("/api/v1/concepts");
    CHECK(a["concepts"].size() > 50);
    CHECK(a.has("\"egfr."));
}
