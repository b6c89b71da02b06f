// What people decide on the page: what is taken, what is refused, and that what was answered is durable.
#include "gateway/page/api.hpp"
#include "gateway/page/proposals.hpp"
#include "gateway/store/committer.hpp"
#include "tests/work/work_bench.hpp"

using namespace trialgate;
using namespace trialgate::gateway;
using namespace trialgate::tests;

namespace {

const std::string trial = "sle-uc-msc";

visitor user(role r, std::string name = "Dr. Test") {
    visitor out;
    out.id = "oidc:x|" + name;
    out.name = std::move(name);
    out.address = "::1";
    out.may.of_trial[trial] = {r};
    return out;
}

struct page_bench : bench {
    std::unique_ptr<committer> writer;
    std::shared_ptr<manual_clock> time = make_manual_clock(start);
    fault_board faults{time, nullptr};
    std::shared_ptr<page_setting> setting;
    int woken = 0;
    audit_note note;
    std::string subject;

    page_bench() {
        for (const auto& [kind, body] : std::vector<std::pair<arrival, std::string>>{
                 {arrival::hook, diagnosis}, {arrival::resource, patient}, {arrival::resource, egfr(74, 1)}, {arrival::hydrated, "Patient/p"}})
            arrive(kind, body);
        work();
        subject = now->decision("ehr", "Patient/p", trial)->subject;
        writer = start_committer(open_sqlite(folder.path().string()), folder.path().string());
        setting = std::make_shared<page_setting>(page_setting{std::make_shared<gateway_config>(), options.net, options, options.site, ""});
    }
    struct answered {
        int status = 0;
        std::string body;
    };
    answered call(const std::string& method, const std::string& pattern, const visitor& who, std::string body, std::string id = {}, std::string of = {}) {
        time->set(at += second_ms);
        const api_ground ground{*now, *writer, *time, faults, setting, [this] { ++woken; }, [] {}, [] {}, {}};
        const api_request request{method, {{"trial", trial}, {"subject", of.empty() ? subject : of}, {"id", std::move(id)}}, {}, std::move(body), who};
        note = {};
        for (const api_route& r : judgement_routes()) {
            if (r.method != method || r.pattern != pattern)
                continue;
            try {
                const http_response out = r.handle(request, ground, note);
                return {out.status, out.body};
            } catch (const api_error& e) {
                return {e.status(), e.what()};
            }
        }
        throw std::logic_error("no such route");
    }
    answered judge(const visitor& who, std::string body, std::string of = {}) {
        return call("POST", "/api/v1/trials/{trial}/people/{subject}/judgements", who, std::move(body), {}, std::move(of));
    }
    answered undo(const visitor& who, std::int64_t id) {
        return call("POST", "/api/v1/trials/{trial}/people/{subject}/judgements/{id}/undo", who, "", std::to_string(id));
    }
    std::string proposals(const visitor& who) { return call("GET", "/api/v1/mappings/proposals", who, "").body; }
    std::vector<judgement_row> said() { return now->judgements_of("ehr", "Patient/p", trial); }
};

const visitor investigator = user(role::investigator), coordinator = user(role::coordinator, "Co");

} // namespace

TEST_CASE("judgements: every kind is stored with who said it, and the worker is woken") {
    page_bench b;
    const auto criterion = b.judge(investigator, R"({"kind":"criterion","what":"consent","value":"met","reason":"signed today"})");
    CHECK(criterion.status == 201);
    CHECK(criterion.body.find(R"({"judgement":{"id":1,"kind":"criterion","what":"consent","value":"met","reason":"signed today","by":"Dr. Test","role":"investigator","at":)") == 0);
    CHECK(criterion.body.find(R"("undone":null,"mayUndo":true)") != std::string::npos);
    CHECK(b.note.detail == "criterion consent met #1");
    CHECK(b.judge(coordinator, R"({"kind":"mark","value":"not-interested","reason":"asked on the phone"})").status == 201);
    CHECK(b.note.detail == "mark not-interested #2");
    CHECK(b.judge(coordinator, R"({"kind":"comment","reason":"line one\nline two é"})").status == 201);
    CHECK(b.note.detail == "comment #3"); // words may be about a patient
    CHECK(b.judge(coordinator, R"({"kind":"mapping","value":{"system":"urn:lab","code":"DNSI","display":"Anti","concept":"dsdna"},"reason":""})").status == 201);
    CHECK(b.note.detail == "mapping #4");
    CHECK(b.woken == 4);
    const auto all = b.said();
    REQUIRE(all.size() == 4);
    CHECK(all[0].by == investigator.id);
    CHECK(all[0].asked == "informed consent");
    CHECK(all[0].at == start + second_ms);
    CHECK(all[1].role == "coordinator");
    CHECK(all[2].kind == judgement_kind::comment);
    CHECK(all[2].reason == "line one\nline two é");
    CHECK(all[3].value == R"({"system":"urn:lab","code":"DNSI","display":"Anti","concept":"dsdna"})");
    b.work();
    CHECK(b.now->decision("ehr", "Patient/p", trial)->mark == "not-interested");
    CHECK(b.now->decision("ehr", "Patient/p", trial)->strip.find('M') != std::string::npos);
}

TEST_CASE("judgements: what makes no sense is refused with a sentence, and nothing is stored") {
    page_bench b;
    const std::string long_text(2001, 'x'), most(2000, 'x'), emoji = "\xF0\x9F\x98\x80";
    struct refused {
        int status;
        std::string body;
    };
    const auto c = [](const std::string& rest) { return R"({"kind":"criterion","what":"consent","value":"met",)" + rest + '}'; };
    const auto m = [](const std::string& value, const std::string& rest = "") { return R"({"kind":"mark","value":")" + value + R"(","reason":"r")" + rest + '}'; };
    const auto map = [](const std::string& value) { return R"({"kind":"mapping","value":)" + value + '}'; };
    for (const auto& [status, body] : std::vector<refused>{
             {400, ""},
             {400, "[]"},
             {400, "{"},
             {400, R"({"kind":"wish"})"},
             {400, R"({"kind":"comment","reason":"r","patient":"p"})"},
             {400, R"({"kind":"criterion","what":"no-such","value":"met","reason":"r"})"},
             {400, R"({"kind":"criterion","what":"consent","value":"unknown","reason":"r"})"},
             {400, R"({"kind":"criterion","what":"acr-1997","value":"met","reason":"r"})"}, // a part
             {400, c(R"("reason":"")")},
             {400, c(R"("reason":" \n\t ")")},
             {400, c(R"("reason":"a\u0000b")")},
             {400, c(R"("reason":"a\u001bb")")},
             {400, c(R"("reason":"a\u0085b")")},
             {400, c("\"reason\":\"a\xff\"")},
             {400, c("\"reason\":\"a\xc3\"")},
             {400, c(R"("reason":")" + long_text + '"')},
             {400, c(R"("reason":7)")},
             {400, R"({"kind":"comment","reason":" "})"},
             {400, m("eligible")},
             {400, m("")},
             {400, R"({"kind":"mark","value":"excluded","reason":""})"},
             {400, m("excluded", R"(,"number":"S-1")")},
             {400, m("screened", R"(,"on":"2026-03-01")")},
             {400, m("screened", R"(,"number":"S-1","on":"2026-03-16")")},
             {400, m("screened", R"(,"number":"S-1","on":"yesterday")")},
             {400, m("screened", R"(,"number":"a\nb")")},
             {400, m("screened", R"(,"number":")" + std::string(65, '1') + '"')},
             {400, map("{}")},
             {400, map(R"("x")")},
             {400, map(R"({"system":"urn:lab","code":"D","concept":"no-such-concept"})")},
             {400, map(R"({"system":"","code":"D","concept":"dsdna"})")},
             {400, map(R"({"system":"urn: lab","code":"D","concept":"dsdna"})")},
             {400, map(R"({"system":"urn:lab","code":" D","concept":"dsdna"})")},
             {400, map(R"({"system":"urn:lab","code":7,"concept":"dsdna"})")},
             {400, map(R"({"system":"urn:lab","code":"D\u0007","concept":"dsdna"})")},
         }) {
        INFO(body.substr(0, 120));
        const auto got = b.judge(investigator, body);
        CHECK(got.status == status);
        CHECK(got.body.ends_with('.'));
    }
    CHECK(b.said().empty());
    CHECK(b.now->participants_after("", "", 10).empty());
    CHECK(b.woken == 0);
    CHECK(b.judge(investigator, c(R"("reason":")" + most + '"')).status == 201);
    std::string many;
    for (int n = 0; n < 2000; ++n)
        many += emoji;
    CHECK(b.judge(investigator, c(R"("reason":")" + many + '"')).status == 201);
    CHECK(b.judge(investigator, c(R"("reason":"r")"), "00").status == 404);
}

TEST_CASE("judgements: a criterion is for investigators, and of who is not listed there is nothing to decide") {
    page_bench b;
    const std::string confirm = R"({"kind":"criterion","what":"consent","value":"met","reason":"r"})";
    CHECK(b.judge(coordinator, confirm).status == 403);
    decision_row d = *b.now->decision("ehr", "Patient/p", trial);
    d.status.clear();
    b.now->decision_put(d);
    CHECK(b.judge(investigator, confirm).status == 409);
    CHECK(b.judge(investigator, R"({"kind":"mark","value":"screened","reason":"r"})").status == 409);
    CHECK(b.judge(investigator, R"({"kind":"comment","reason":"r"})").status == 201);
}

TEST_CASE("judgements: own words are taken back by oneself, others' by an investigator, and each once") {
    page_bench b;
    b.judge(coordinator, R"({"kind":"mark","value":"screened","reason":"one"})");
    b.judge(coordinator, R"({"kind":"mark","value":"excluded","reason":"two"})");
    b.work();
    CHECK(b.now->decision("ehr", "Patient/p", trial)->mark == "excluded");
    CHECK(b.undo(user(role::coordinator, "Other"), 2).status == 403);
    const auto done = b.undo(coordinator, 2);
    CHECK(done.status == 200);
    CHECK(done.body.find(R"("undone":{"by":"Co","at":)") != std::string::npos);
    CHECK(done.body.find(R"("mayUndo":false)") != std::string::npos);
    CHECK(b.note.detail == "#2");
    CHECK(b.undo(coordinator, 2).status == 409);
    CHECK(b.undo(coordinator, 99).status == 404);
    b.work();
    CHECK(b.now->decision("ehr", "Patient/p", trial)->mark == "screened"); // the one before holds again
    CHECK(b.undo(investigator, 1).status == 200);
    b.work();
    CHECK(b.now->decision("ehr", "Patient/p", trial)->mark.empty());
    judgement_row other = b.said().front();
    other.patient = "Patient/x";
    b.now->judgement_add(other);
    CHECK(b.undo(investigator, 3).status == 404); // of somebody else
}

TEST_CASE("judgements: screened with a number begins a participation, or neither happens") {
    page_bench b;
    const std::string begin = R"({"kind":"mark","value":"screened","reason":"r","number":"S-001","on":"2026-03-10"})";
    CHECK(b.judge(coordinator, begin).status == 201);
    const auto row = b.now->participant(trial, "S-001");
    REQUIRE(row);
    CHECK(row->patient == "Patient/p");
    CHECK(row->state == "screening");
    CHECK(row->since == *fhir::parse_date("2026-03-10"));
    CHECK(row->set_by == "page Co (oidc:x|Co)");
    CHECK(b.now->participant_notes(trial, "S-001").size() == 1);
    const auto again = b.judge(coordinator, begin);
    CHECK(again.status == 409);
    CHECK(again.body.find("S-001") != std::string::npos);
    CHECK(b.judge(coordinator, R"({"kind":"mark","value":"enrolled","reason":"r","number":"S-002"})").status == 409); // takes part already
    CHECK(b.said().size() == 1);
    CHECK(b.judge(coordinator, R"({"kind":"mark","value":"enrolled","reason":"r"})").status == 201);
}

TEST_CASE("judgements: what was answered is in the store of the next program") {
    page_bench b;
    for (int n = 0; n < 5; ++n)
        REQUIRE(b.judge(coordinator, R"({"kind":"comment","reason":"r"})").status == 201);
    const auto other = open_sqlite(b.folder.path().string(), true);
    CHECK(other->judgements_of("ehr", "Patient/p", trial).size() == 5);
}

TEST_CASE("judgements: proposals are a map that the library reads as it is, and disagreements are marked, not chosen") {
    page_bench b;
    const auto propose = [&](const std::string& code, const std::string& meaning) {
        CHECK(b.judge(coordinator, R"({"kind":"mapping","value":{"system":"urn:lab","code":")" + code + R"(","display":"D )" + code + R"(","concept":")" + meaning +
                                       R"("},"reason":"the secret reason"})")
                  .status == 201);
    };
    CHECK(b.proposals(coordinator).find("group") == std::string::npos);
    propose("DNSI", "dsdna");
    propose("DNSI", "dsdna");
    propose("SLE", "sledai2k.total");
    propose("X", "dsdna");
    propose("X", "ana.titer");
    propose("GONE", "dsdna");
    b.undo(coordinator, 6);
    const std::string text = b.proposals(coordinator);
    CHECK(text.find("secret") == std::string::npos);
    CHECK(text.find("GONE") == std::string::npos);
    fhir::json::parser parser;
    const auto map = parser.parse_copy(text);
    REQUIRE(map.has_value());
    CHECK((*map)["resourceType"].text() == "ConceptMap");
    CHECK((*map)["status"].text() == "draft");
    REQUIRE((*map)["group"].size() == 1);
    const auto group = (*map)["group"][0];
    CHECK(group["source"].text() == "urn:lab");
    CHECK(group["target"].text() == "urn:trialgate:concept");
    REQUIRE(group["element"].size() == 2);
    CHECK(group["element"][0]["code"].text() == "DNSI");
    CHECK(group["element"][0]["display"].text() == "D DNSI");
    CHECK(group["element"][0]["target"][0]["code"].text() == "dsdna");
    CHECK(group["element"][0]["target"][0]["equivalence"].text() == "equivalent");
    REQUIRE((*map)["extension"].size() == 1);
    CHECK((*map)["extension"][0]["url"].text() == "urn:trialgate:proposals-disagree");
    CHECK((*map)["extension"][0]["extension"].size() == 5);
    visitor nobody = user(role::auditor);
    CHECK(b.call("GET", "/api/v1/mappings/proposals", nobody, "").status == 403);
    CHECK(b.call("GET", "/api/v1/mappings/proposals", user(role::operator_), "").status == 200);

    // Of other people's trials: nothing, and to operators the codes without what somebody typed.
    visitor elsewhere = user(role::coordinator, "Else");
    elsewhere.may.of_trial = {{"another-trial", {role::coordinator}}};
    CHECK(b.proposals(elsewhere).find("DNSI") == std::string::npos);
    elsewhere.may.add(role::operator_, "*");
    CHECK(b.proposals(elsewhere).find(R"("code":"DNSI")") != std::string::npos);
    CHECK(b.proposals(elsewhere).find("D DNSI") == std::string::npos);

    // As a site's map.
    std::vector<mappings::source_file> files = shipped_files();
    files.push_back({"proposals.json", text});
    std::vector<mappings::problem> problems;
    const auto codes = mappings::catalog::load(files, {}, problems);
    for (const mappings::problem& p : problems)
        CHECK(p.level_ != mappings::problem::level::error);
    const auto meanings = codes->lookup("urn:lab", "DNSI");
    REQUIRE(meanings.size() == 1);
    CHECK(codes->id(meanings[0].concept_) == "dsdna");
    CHECK(codes->lookup("urn:lab", "X").empty());
    CHECK_FALSE(codes->known_meaningless("urn:lab", "X"));
}

TEST_CASE("judgements: the same key again changes nothing and answers the same") {
    page_bench b;
    const visitor anna = user(role::coordinator, "Anna");
    const std::string mark = R"({"kind":"mark","value":"screened","reason":"signed","number":"S-001","on":"2026-03-10","key":"0123456789abcdef"})";
    const auto first = b.judge(anna, mark), again = b.judge(anna, mark);
    CHECK(first.status == 201);
    CHECK(again.status == 200);
    CHECK(again.body == first.body);
    CHECK(b.now->judgements_of("ehr", "Patient/p", trial).size() == 1);
    CHECK(b.now->participants_of("ehr", "Patient/p").size() == 1);
    CHECK(b.note.detail.find("again") != std::string::npos);
    for (const char* other : {R"({"kind":"comment","reason":"signed","key":"0123456789abcdef"})", R"({"kind":"mark","value":"excluded","reason":"signed","key":"0123456789abcdef"})",
                              R"({"kind":"mark","value":"screened","reason":"paid","key":"0123456789abcdef"})"})
        CHECK(b.judge(anna, other).status == 409);
    CHECK(b.judge(anna, R"({"kind":"comment","reason":"x","key":"short"})").status == 400);
    CHECK(b.judge(anna, R"({"kind":"comment","reason":"x","key":"0123456789_abcdef"})").status == 400);
    CHECK(b.judge(user(role::coordinator, "Berta"), R"({"kind":"comment","reason":"x","key":"0123456789abcdef"})").status == 201);
}

TEST_CASE("judgements: who is refused a number is told nothing of another trial") {
    page_bench b;
    participant_row elsewhere;
    elsewhere.trial = "dapa-hf";
    elsewhere.number = "SECRET-7";
    elsewhere.source = "ehr";
    elsewhere.patient = "Patient/p";
    elsewhere.state = "died";
    elsewhere.since = *fhir::parse_date("2026-03-02");
    b.now->participant_put(elsewhere);
    const auto refused = b.judge(user(role::coordinator, "Anna"), R"({"kind":"mark","value":"screened","reason":"r","number":"S-001","on":"2026-03-10"})");
    CHECK(refused.status == 409);
    for (const char* told : {"SECRET", "dapa"})
        CHECK(refused.body.find(told) == std::string::npos);
}
