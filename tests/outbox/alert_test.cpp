// Alerts about participants in the study system: shapes per kind, and their life on a strict server.
#include "tests/outbox/outbox_support.hpp"
#include "tests/support/resource_text.hpp"

#include "gateway/store/alert_message.hpp"

using namespace trialgate;
using namespace trialgate::tests;
using outcome = delivery_result::is;

namespace {

alert_row row_of(std::string kind, unsigned tier = 2) {
    alert_row a;
    a.trial = "t-1";
    a.number = "S-17";
    a.key = "visit/v5";
    a.kind = kind;
    a.source = "ehr";
    a.patient = "Patient/p1";
    a.subject = "aa11";
    a.public_id = "f00d";
    a.tier = tier;
    a.raised = a.changed = start_of_test;
    a.title = "Visit 5 (day 14)";
    matter m;
    m.key = a.key;
    m.urgency = static_cast<mappings::tier>(tier);
    m.title = a.title;
    m.text = "Window 2026-03-13 to 2026-03-17.";
    m.earliest = fhir::parse_date("2026-03-13");
    m.latest = fhir::parse_date("2026-03-17");
    m.missing = {"C4 not resulted"};
    m.details["visit"] = "v5";
    m.evidence = {{"Observation/o1", "2", "2026-03-14", "74"}};
    for (int k = 0; k < 12; ++k)
        if (to_code(static_cast<mappings::finding_kind>(k)) == kind)
            m.kind = static_cast<mappings::finding_kind>(k);
    REQUIRE(to_code(m.kind) == kind);
    a.body = alert_json(m, [](std::string_view) { return std::string("hash"); });
    a.body_with_references = alert_json(m, [](std::string_view r) { return std::string(r); });
    return a;
}

message message_of(const alert_row& a, alert_news news, instant now = start_of_test, bool references = false) {
    sink_config s;
    s.name = "study";
    if (references)
        s.subject = sink_config::identity::reference;
    source_config from;
    from.name = "ehr";
    from.url = "https://ehr.example/fhir";
    const auto rows = alert_messages(a, news, now, {s}, {from});
    REQUIRE(rows.size() == 1);
    const auto out = decode_message(rows[0].body);
    REQUIRE(out);
    return *out;
}

alert_row withdrawn(alert_row a) {
    a.open = false;
    a.withdrawn = a.changed = start_of_test + hour_ms;
    ++a.version;
    return a;
}
alert_row acknowledged(alert_row a) {
    a.acknowledged = start_of_test + hour_ms;
    a.acknowledged_by = "alice";
    ++a.version;
    return a;
}

struct study_system : still_world {
    explicit study_system(bool client_ids = true, const char* version = "4.0") {
        server->client_ids = client_ids;
        sink_config config;
        config.name = "study";
        config.client_ids = client_ids;
        config.fhir_version = version;
        to = make_fhir_sink(config, std::make_unique<client_of_small_server>(server), time);
    }
    delivery_result deliver(const message& m) { return run(to->deliver(m)); }
    std::shared_ptr<small_fhir_server> server = std::make_shared<small_fhir_server>();
    std::unique_ptr<sink> to;
    std::string status_of(const std::string& type) { return std::string(server->at(server->key_of(type))["status"].text()); }
};

const std::string tags = R"("meta":{"tag":[{"system":"urn:trialgate:tag","code":"generated"}]})";
const std::string person = R"({"type":"Patient","identifier":{"system":"urn:trialgate:pseudonym","value":"aa11"}})";
const std::string evidence = R"({"identifier":{"system":"urn:trialgate:evidence","value":"hash"},"display":"74, version 2"})";
const std::string words = R"("Visit 5 (day 14). Window 2026-03-13 to 2026-03-17.\n- C4 not resulted")";

std::string head(const char* type, const char* status, int version = 1, instant at = start_of_test) {
    return R"({"resourceType":")" + std::string(type) + R"(","id":")" + id_of("tg-at", {"f00d"}) + R"(",)" + tags +
           R"(,"extension":[{"url":"urn:trialgate:written","valueString":")" + std::to_string(version) + ' ' + std::to_string(at) + ' ' +
           status + R"("}],"identifier":[{"system":"urn:trialgate:participant-alert","value":"f00d"}],"status":")" + status + "\",";
}
std::string kind_json(const char* kind) {
    return R"({"coding":[{"system":"urn:trialgate:alert-kind","code":")" + std::string(kind) + R"x("}],"text":"Visit 5 (day 14)"})x";
}
const std::string raised = '"' + to_text(start_of_test) + '"';

void check_shape(const shape_rules& rules, const message& m, const std::string& expected) {
    const shape s = alert_resource(rules, m, "ResearchSubject/rs");
    const parsed_text a(render(s, {}, s.id)), b(expected);
    CHECK(canonical(a.root) == canonical(b.root));
}

} // namespace

TEST_CASE("An upcoming visit is a proposed Appointment with its window") {
    const message m = message_of(row_of("upcoming", 3), alert_news::raised);
    const std::string common = R"x("description":"Visit 5 (day 14)","appointmentType":{"coding":[{"system":"urn:trialgate:visit","code":")x" + m.trial +
                               R"x(/v5"}],"text":"Visit 5 (day 14)"},"created":)x" + raised +
                               R"(,"requestedPeriod":[{"start":"2026-03-13","end":"2026-03-17"}],"participant":[{"actor":)" + person +
                               R"(,"status":"needs-action"}])";
    check_shape({}, m, head("Appointment", "proposed") + common + "}");
    check_shape({true, false}, m, head("Appointment", "proposed") + common + R"(,"subject":)" + person + "}");
}

TEST_CASE("A visit that is due, closing or overdue is a Task that ends with its window") {
    for (const char* kind : {"due", "closing", "overdue"}) {
        const message m = message_of(row_of(kind), alert_news::raised);
        for (const bool r5 : {false, true})
            check_shape(
                {r5, false}, m,
                head("Task", "requested") + R"("intent":"proposal","priority":"urgent","code":)" + kind_json(kind) + R"(,"description":)" +
                    words + R"(,"focus":{"reference":"ResearchSubject/rs"},"for":)" + person + R"(,"authoredOn":)" + raised +
                    R"(,"restriction":{"period":{"start":"2026-03-13","end":"2026-03-17"}},"input":[{"type":{"text":"evidence"},"valueReference":)" +
                    evidence + "}]}");
    }
}

TEST_CASE("What a held visit lacks is a CommunicationRequest, R5 has no contentString") {
    const message m = message_of(row_of("done-incomplete"), alert_news::raised);
    const std::string common = R"("priority":"urgent","category":[)" + kind_json("done-incomplete") + R"(],"subject":)" + person +
                               R"(,"about":[{"reference":"ResearchSubject/rs"}],"authoredOn":)" + raised;
    check_shape({}, m, head("CommunicationRequest", "active") + common + R"(,"payload":[{"contentString":)" + words + "}]}");
    check_shape({true, false}, m,
                head("CommunicationRequest", "active") + common + R"(,"intent":"proposal","payload":[{"contentCodeableConcept":{"text":)" +
                    words + "}}]}");
}

TEST_CASE("A protocol deviation and everything about safety is a DetectedIssue") {
    for (const char* kind : {"missed", "out-of-window", "lab-grade", "hys-law", "kidney-injury", "pregnancy", "trial-rule"}) {
        INFO(kind);
        const message m = message_of(row_of(kind, 1), alert_news::raised);
        for (const bool r5 : {false, true})
            check_shape({r5, false}, m,
                        head("DetectedIssue", "final") + R"("code":)" + kind_json(kind) + R"(,"severity":"high",)" +
                            (r5 ? R"("subject":)" : R"("patient":)") + person + R"(,"identifiedDateTime":)" + raised +
                            R"(,"implicated":[{"reference":"ResearchSubject/rs"}],"detail":)" + words + R"(,"evidence":[{"detail":[)" +
                            evidence + "]}]}");
    }
}

TEST_CASE("Tiers become priorities and severities") {
    for (const auto& [tier, priority, severity] : {std::tuple{1u, "stat", "high"}, {2u, "urgent", "moderate"}, {3u, "routine", "low"}}) {
        const shape task = alert_resource({}, message_of(row_of("due", tier), alert_news::raised), "");
        const parsed_text t(render(task, {}, task.id));
        CHECK(t.root["priority"].text() == priority);
        CHECK_FALSE(t.root["focus"]);
        const shape issue = alert_resource({}, message_of(row_of("missed", tier), alert_news::raised), "");
        const parsed_text i(render(issue, {}, issue.id));
        CHECK(i.root["severity"].text() == severity);
        CHECK_FALSE(i.root["implicated"]);
    }
}

TEST_CASE("A sink that may know gets true references, with versions") {
    const shape s = alert_resource({false, true}, message_of(row_of("missed"), alert_news::raised, start_of_test, true), "");
    const parsed_text t(render(s, {}, s.id));
    CHECK(t.root["patient"]["reference"].text() == "https://ehr.example/fhir/Patient/p1");
    CHECK(t.root["evidence"].elements()[0]["detail"].elements()[0]["reference"].text() ==
          "https://ehr.example/fhir/Observation/o1/_history/2");
}

TEST_CASE("An alert lives in the study system: raised, corrected, acknowledged, withdrawn, raised again, each once") {
    const bool client_ids = GENERATE(true, false);
    const char* version = GENERATE("4.0", "4.3", "5.0");
    struct life {
        const char *kind, *type, *raised, *corrected, *acknowledged, *withdrawn;
    };
    const bool r5 = version[0] == '5';
    const life l = GENERATE_COPY(values<life>(
        {{"upcoming", "Appointment", "proposed", "proposed", "proposed", "cancelled"},
         {"due", "Task", "requested", "requested", "received", "cancelled"},
         {"done-incomplete", "CommunicationRequest", "active", "active", "active", "revoked"},
         {"lab-grade", "DetectedIssue", "final", r5 ? "final" : "corrected", r5 ? "final" : "corrected", "entered-in-error"}}));
    CAPTURE(client_ids, version, l.kind);
    study_system world(client_ids, version);
    alert_row a = row_of(l.kind);
    const message first = message_of(a, alert_news::raised);
    const auto put = [&](const message& m) { CHECK(world.deliver(m).what == outcome::delivered); };
    put(first);
    CHECK(world.status_of(l.type) == l.raised);
    const int versions = world.server->versions();
    put(first); // an uncertain outcome: repeated
    CHECK(world.server->versions() == versions);

    ++a.version;
    a.changed = start_of_test + 1000;
    put(message_of(a, alert_news::corrected, a.changed));
    CHECK(world.status_of(l.type) == l.corrected);
    const alert_row seen = acknowledged(a);
    put(message_of(seen, alert_news::acknowledged, seen.acknowledged));
    CHECK(world.status_of(l.type) == l.acknowledged);
    CHECK(world.server->text(world.server->key_of(l.type)).find("alice") != std::string::npos);
    const alert_row gone = withdrawn(seen);
    put(message_of(gone, alert_news::withdrawn, gone.withdrawn));
    CHECK(world.status_of(l.type) == l.withdrawn);

    const std::string before = world.server->text(world.server->key_of(l.type));
    put(first); // a dead letter that an operator repeats
    CHECK(world.server->text(world.server->key_of(l.type)) == before);

    alert_row back = gone;
    back.open = true;
    ++back.version;
    back.acknowledged = 0;
    back.acknowledged_by.clear();
    put(message_of(back, alert_news::corrected, start_of_test + 2 * hour_ms));
    CHECK(world.status_of(l.type) == l.corrected);
    CHECK(world.server->text(world.server->key_of(l.type)).find("alice") == std::string::npos);
    CHECK(world.server->count(l.type) == 1);
    CHECK(has_tag(world.server->at(world.server->key_of(l.type)), tag_system, generated_tag));
}

TEST_CASE("What a person moved on in the study system is left alone") {
    study_system world;
    const alert_row a = row_of("upcoming");
    CHECK(world.deliver(message_of(a, alert_news::raised)).what == outcome::delivered);
    world.server->edit(world.server->key_of("Appointment"), "\"status\":\"proposed\"", "\"status\":\"booked\"");
    const alert_row gone = withdrawn(a);
    CHECK(world.deliver(message_of(gone, alert_news::withdrawn, gone.withdrawn)).what == outcome::delivered);
    CHECK(world.status_of("Appointment") == "booked");
}

TEST_CASE("What others added to an alert stays, and one that was withdrawn before anybody heard of it is not made") {
    study_system world;
    const alert_row a = row_of("missed");
    const alert_row gone = withdrawn(a);
    CHECK(world.deliver(message_of(gone, alert_news::withdrawn, gone.withdrawn)).what == outcome::delivered);
    CHECK(world.server->count("DetectedIssue") == 0);
    CHECK(world.deliver(message_of(a, alert_news::raised)).what == outcome::delivered);
    world.server->edit(world.server->key_of("DetectedIssue"), "\"severity\":", "\"reference\":\"https://theirs.example/1\",\"severity\":");
    CHECK(world.deliver(message_of(gone, alert_news::withdrawn, gone.withdrawn)).what == outcome::delivered);
    CHECK(world.status_of("DetectedIssue") == "entered-in-error");
    CHECK(world.server->text(world.server->key_of("DetectedIssue")).find("theirs.example") != std::string::npos);
}

TEST_CASE("An alert points to the ResearchSubject when there is one, and survives trouble at every step") {
    for (int step = 0; step < 8; ++step) {
        study_system world;
        CHECK(world.deliver(change(1, "likely")).what == outcome::delivered);
        int left = step;
        world.server->trouble = [&](const fhir_request&) {
            using fault = small_fhir_server::fault;
            return left-- == 0 ? (step % 2 ? fault::lost_after : fault::unavailable) : fault::none;
        };
        const message m = message_of(row_of("due"), alert_news::raised);
        delivery_result r = world.deliver(m);
        for (int again = 0; again < 5 && r.what == outcome::later; ++again)
            r = world.deliver(m);
        CHECK(r.what == outcome::delivered);
        CHECK(world.server->count("Task") == 2); // the review, and this one
        const auto task = world.server->at("Task/" + id_of("tg-at", {"f00d"}));
        REQUIRE(task);
        CHECK(task["focus"]["reference"].text() == world.server->key_of("ResearchSubject"));
    }
}

TEST_CASE("Messages of an alert: one key for one thing said, for the sinks that want the trial") {
    sink_config all, other, none;
    all.name = "all";
    other.name = "other";
    other.trials = {"t-1"};
    none.name = "none";
    none.trials = {"t-2"};
    const alert_row a = row_of("due");
    const auto rows = alert_messages(a, alert_news::raised, 5, {all, other, none}, {});
    REQUIRE(rows.size() == 2);
    CHECK(rows[0].sink == "all");
    CHECK(rows[1].sink == "other");
    CHECK(rows[0].key == alert_messages(a, alert_news::raised, 99, {all}, {})[0].key);
    CHECK(rows[0].key != alert_messages(a, alert_news::corrected, 5, {all}, {})[0].key);
    CHECK(rows[0].key != alert_messages(acknowledged(a), alert_news::raised, 5, {all}, {})[0].key);
    CHECK(rows[0].key.find_first_not_of("0123456789abcdef") == std::string::npos);
    CHECK(rows[0].body.find("Patient/p1") == std::string::npos);
    CHECK(rows[0].body.find("Observation/o1") == std::string::npos);
}

TEST_CASE("What a person decided comes with the study's number and the day on which it began") {
    const parsed_text r4(R"({"resourceType":"ResearchSubject","status":"on-study","period":{"start":"2026-03-02"},
        "identifier":[{"system":"urn:trialgate:research-subject","value":"t-1:aa11"},{"system":"https://study.example/screening","value":"S-17"}]})");
    subject_standing there = read_subject(r4.root);
    CHECK(there.given_number == "S-17");
    REQUIRE(there.since);
    CHECK(to_string(*there.since) == "2026-03-02");
    const parsed_text r5(R"({"resourceType":"ResearchSubject","status":"active","period":{"start":"2026-03-02"},"progress":[
        {"subjectState":{"coding":[{"code":"screening"}]},"startDate":"2026-03-02"},{"subjectState":{"coding":[{"code":"on-study"}]},"startDate":"2026-03-09T10:00:00Z"}]})");
    there = read_subject(r5.root);
    CHECK(there.given_number.empty());
    CHECK(to_string(there.since.value()) == "2026-03-09");
}
