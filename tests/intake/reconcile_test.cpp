#include "tests/intake/pull_support.hpp"

using namespace trialgate::gateway;
using strings = std::vector<std::string>;

namespace {

const std::string begin = "2026-03-15T09:50:00.000Z";
const std::string since = "GET Observation?_lastUpdated=ge2026-03-15T09:48:00.000Z&_sort=_lastUpdated&_count=200"; // begin - overlap
const std::string honoured = "https://ehr.example.org/fhir/Observation?_lastUpdated=ge2026-03-15T09:48:00.000Z&_sort=_lastUpdated&_count=200";

std::string t(const std::string& minute_and_second) { return "2026-03-15T09:" + minute_and_second + ".000Z"; }
std::string obs(const std::string& id, const std::string& minute_and_second) { return resource("Observation", id, t(minute_and_second)); }
std::string from(const std::string& minute_and_second) {
    return "GET Observation?_lastUpdated=ge" + t(minute_and_second) + "&_sort=_lastUpdated&_count=200";
}
std::string page_of(const std::vector<std::string>& all, const std::string& next = {}) { return searchset(all, next, honoured); }

struct polling : pulling {
    explicit polling(std::set<std::string> types = {"Observation"}) : pulling(types) {
        for (const std::string& type : types)
            put("cursor/ehr/" + type, begin);
    }
    void go() { start(run_reconcile(services, source)); }
    std::string cursor(const std::string& type = "Observation") { return value("cursor/ehr/" + type); }
};

} // namespace

TEST_CASE("a poll asks from the cursor with overlap and moves it to the latest change seen") {
    polling p;
    p.server->expect(ok(since, page_of({obs("o1", "49:00"), obs("o2", "58:30")})));
    p.go();
    p.check_script();
    CHECK(p.cursor() == t("58:30"));
    REQUIRE(p.journal().size() == 1);
    CHECK(p.journal()[0].kind == arrival::resource);
    CHECK(p.journal()[0].source == "ehr");
    CHECK(p.journal()[0].tail == "Observation");
    CHECK(p.journal()[0].body == page_of({obs("o1", "49:00"), obs("o2", "58:30")}));
    p.pass(5 * minute_ms - 1);
    p.server->expect(ok(from("56:30"), page_of({obs("o2", "58:30")})));
    p.pass(1);
    p.check_script();
}

TEST_CASE("with nothing new the cursor moves to the server's time, never to ours") {
    polling p;
    exchange e = ok(since, page_of({}));
    e.answer.date = at("2026-03-15T09:57:00Z"); // the server's clock is slow
    p.server->expect(e);
    p.go();
    CHECK(p.cursor() == t("57:00"));
    CHECK(p.journal().empty());

    // The overlap shows the same again: as good as nothing.
    polling q;
    q.server->expect(ok(since, page_of({obs("o1", "49:00")})));
    q.go();
    CHECK(q.cursor() == "2026-03-15T10:00:00.000Z");

    // Without a Date header the Bundle tells; without that the cursor stays.
    polling r;
    exchange silent = ok(since, R"({"resourceType":"Bundle","type":"searchset","meta":{"lastUpdated":"2026-03-15T09:56:00Z"}})");
    silent.tells_time = false;
    r.server->expect(silent);
    r.go();
    CHECK(r.cursor() == t("56:00"));
    silent.answer.body = page_of({});
    silent.request = from("54:00");
    r.server->expect(silent);
    r.pass(5 * minute_ms);
    r.check_script();
    CHECK(r.cursor() == t("56:00"));
}

TEST_CASE("the cursor never moves back, and a stamp in the future does not take it along") {
    polling p;
    exchange e = ok(since, page_of({}));
    e.answer.date = at(t("20:00")); // somebody set the server's clock
    p.server->expect(e);
    p.go();
    CHECK(p.cursor() == begin);
    p.server->expect(ok(since, page_of({resource("Observation", "o9", "2031-01-01T00:00:00Z")})));
    p.pass(5 * minute_ms);
    p.check_script();
    CHECK(p.cursor() == "2026-03-15T10:05:00.000Z");
}

TEST_CASE("a search that expired goes on from the last page that was journaled") {
    polling p;
    p.server->expect(ok(since, page_of({obs("o1", "51:00"), obs("o2", "52:00")}, "https://ehr.example.org/fhir?_getpages=u1&_getpagesoffset=2")));
    p.server->expect(answered("GET https://ehr.example.org/fhir?_getpages=u1&_getpagesoffset=2", 410));
    p.server->expect(ok(from("52:00"), page_of({obs("o2", "52:00"), obs("o3", "53:00")})));
    p.go();
    p.check_script();
    CHECK(p.cursor() == t("53:00"));
    CHECK(p.value("checkpoint/ehr/Observation") == "(none)");
    CHECK(p.journal().size() == 2);
}

TEST_CASE("without sorting an expired search begins again at the cursor") {
    polling p;
    const std::string self = "https://ehr.example.org/fhir/Observation?_lastUpdated=ge2026-03-15T09:48:00.000Z&_count=200";
    p.server->expect(ok(since, searchset({obs("o1", "51:00")}, "Observation?sessionID=1", self)));
    p.server->expect(answered("GET Observation?sessionID=1", 410));
    p.server->expect(ok(since, searchset({obs("o1", "51:00")}, "Observation?sessionID=2", self)));
    p.server->expect(ok("GET Observation?sessionID=2", searchset({obs("o0", "50:30")})));
    p.go();
    p.check_script();
    CHECK(p.cursor() == t("51:00"));
}

TEST_CASE("a search that expires again and again is left for later with the cursor where it was") {
    polling p;
    for (int i = 0; i < 4; ++i) {
        p.server->expect(ok(i == 0 ? since : from("51:00"), page_of({obs("o1", "51:00")}, "?_getpages=u")));
        p.server->expect(answered("GET Observation?_getpages=u", 410));
    }
    p.go();
    p.check_script();
    CHECK(p.cursor() == begin);
    p.server->expect(ok(from("51:00"), page_of({obs("o1", "51:00")})));
    p.pass(minute_ms);
    p.check_script();
    CHECK(p.cursor() == t("51:00"));
}

TEST_CASE("ties larger than a page are read through") {
    polling p;
    p.source.config.most_pages = 2;
    const auto tie = [](const std::string& id) { return obs(id, "55:00"); };
    // Twice the page limit ends the chain within the tie, without progress; then the limit does not count.
    p.server->expect(ok(since, page_of({tie("a")}, "Observation?p=2")));
    p.server->expect(ok("GET Observation?p=2", page_of({tie("b")}, "Observation?p=3")));
    for (int i = 0; i < 2; ++i) {
        p.server->expect(ok(from("55:00"), page_of({tie("a")}, "Observation?p=2")));
        p.server->expect(ok("GET Observation?p=2", page_of({tie("b")}, "Observation?p=3")));
    }
    p.server->expect(ok(from("55:00"), page_of({tie("a")}, "Observation?p=2")));
    p.server->expect(ok("GET Observation?p=2", page_of({tie("b")}, "Observation?p=3")));
    p.server->expect(ok("GET Observation?p=3", page_of({tie("c")}, "Observation?p=4")));
    p.server->expect(ok("GET Observation?p=4", page_of({tie("d"), obs("e", "56:00")})));
    p.go();
    p.check_script();
    CHECK(p.cursor() == t("56:00"));
}

TEST_CASE("beyond the page limit the next round goes on from the checkpoint") {
    polling p;
    p.source.config.most_pages = 2;
    p.server->expect(ok(since, page_of({obs("a", "51:00")}, "Observation?p=2")));
    p.server->expect(ok("GET Observation?p=2", page_of({obs("b", "52:00")}, "Observation?p=3")));
    p.server->expect(ok(from("52:00"), page_of({obs("b", "52:00")}, "Observation?q=2")));
    p.server->expect(ok("GET Observation?q=2", page_of({obs("c", "53:00")})));
    p.go();
    p.check_script();
    CHECK(p.cursor() == t("53:00"));
}

TEST_CASE("what changes while we page is asked for again") {
    polling p;
    exchange first = ok(since, page_of({obs("a", "51:00"), obs("b", "52:00")}, "Observation?p=2"));
    first.answer.date = at(t("54:00"));
    p.server->expect(first);
    // `a` was changed after the search began and stands at the end now.
    p.server->expect(ok("GET Observation?p=2", page_of({obs("c", "53:00"), obs("a", "59:00")})));
    p.go();
    p.check_script();
    CHECK(p.cursor() == t("54:00"));
}

TEST_CASE("an answer that is not complete does not move the cursor") {
    polling p;
    const std::string lacks = R"({"resourceType":"OperationOutcome","issue":[{"severity":"warning","code":"incomplete"}]})";
    p.server->expect(ok(since, page_of({obs("a", "51:00"), lacks}, "Observation?p=2")));
    p.server->expect(ok("GET Observation?p=2", page_of({obs("b", "52:00")})));
    p.go();
    p.check_script();
    CHECK(p.cursor() == begin);
    CHECK(p.value("checkpoint/ehr/Observation") == "(none)");
    CHECK(p.journal().size() == 2); // what came is used
    CHECK(p.fault_keys() == strings{"source.ehr.Observation.incomplete"});
    p.server->expect(ok(since, page_of({obs("a", "51:00"), obs("b", "52:00")})));
    p.pass(minute_ms);
    p.check_script();
    CHECK(p.cursor() == t("52:00"));
    CHECK(p.fault_keys().empty());
}

TEST_CASE("a server that asks for time is given it, and goes on with the same page") {
    polling p;
    p.server->expect(ok(since, page_of({obs("a", "51:00")}, "Observation?p=2")));
    exchange slow = answered("GET Observation?p=2", 429);
    slow.answer.retry_after = 90 * second_ms;
    p.server->expect(slow);
    p.go();
    p.check_script();
    p.pass(89 * second_ms);
    CHECK(p.server->asked.size() == 2);
    p.server->expect(ok("GET Observation?p=2", page_of({obs("b", "52:00")})));
    p.pass(second_ms);
    p.check_script();
    CHECK(p.cursor() == t("52:00"));
    CHECK(p.fault_keys().empty());
}

TEST_CASE("a dead server is one fault, tried again with growing pauses, and cleared") {
    polling p({"Condition", "Observation"});
    const std::string condition = "GET Condition?_lastUpdated=ge2026-03-15T09:48:00.000Z&_sort=_lastUpdated&_count=200";
    for (int i = 0; i < 3; ++i)
        p.server->expect(failed(condition, net_errc::connect));
    p.go();
    p.pass(minute_ms);
    p.pass(minute_ms); // Observation is not even tried
    CHECK(p.fault_keys() == strings{"source.ehr.unreachable"});
    p.server->unexpected.clear();
    p.server->script.clear();
    p.server->any_order = true;
    p.server->expect(ok(condition, page_of({})));
    p.server->expect(ok(since, page_of({})));
    for (int i = 0; i < 10 && !p.server->script.empty(); ++i)
        p.pass(minute_ms);
    p.check_script();
    CHECK(p.fault_keys().empty());
    CHECK(p.cursor("Condition") > begin);
    CHECK(p.cursor("Observation") > begin);
}

TEST_CASE("a restart between pages goes on where it was") {
    polling p;
    p.server->expect(ok(since, page_of({obs("a", "51:00"), obs("b", "52:00")}, "Observation?p=2")));
    p.server->expect(answered("GET Observation?p=2", 503));
    p.go();
    CHECK(p.value("checkpoint/ehr/Observation") == t("52:00"));
    CHECK(p.cursor() == begin);
    p.stop();
    p.server->expect(ok(from("52:00"), page_of({obs("b", "52:00"), obs("c", "53:00")})));
    p.go();
    p.check_script();
    CHECK(p.cursor() == t("53:00"));
}

TEST_CASE("a commit that fails is repeated, the page is not lost") {
    polling p;
    p.writer.fail_next = store_error(store_error::kind::full, "the disk is full");
    p.server->expect(ok(since, page_of({obs("a", "51:00")})));
    p.go();
    CHECK(p.journal().empty());
    CHECK(p.cursor() == begin);
    p.pass(minute_ms);
    CHECK(p.journal().size() == 1);
    CHECK(p.cursor() == t("51:00"));
    p.check_script();
}

TEST_CASE("deletions come by the history of a type") {
    polling p;
    p.source.can->resources["Observation"].history_type = true;
    p.put("history/ehr/Observation", begin);
    const std::string history = "GET Observation/_history?_since=2026-03-15T09:48:00.000Z&_count=200";
    const std::string deletion = R"({"resourceType":"Bundle","type":"history","link":[{"relation":"next","url":"?p=2"}],"entry":[
        {"request":{"method":"DELETE","url":"Observation/o7"},"response":{"status":"204","lastModified":"2026-03-15T09:55:00Z"}}]})";
    p.server->expect(ok(since, page_of({})));
    p.server->expect(ok(history, deletion));
    p.server->expect(ok("GET Observation/_history?p=2", searchset({obs("o1", "49:30")}, {}, {}, "history"))); // no deletion: not kept
    p.go();
    p.check_script();
    REQUIRE(p.journal().size() == 1);
    CHECK(p.journal()[0].body == deletion);
    CHECK(p.journal()[0].tail == "Observation/_history");
    CHECK(p.value("history/ehr/Observation") == t("55:00"));
}

TEST_CASE("a history whose server ignores _since is not read to its end") {
    polling p;
    p.source.can->resources["Observation"].history_type = true;
    p.put("history/ehr/Observation", begin);
    p.server->expect(ok(since, page_of({})));
    p.server->expect(ok("GET Observation/_history?_since=2026-03-15T09:48:00.000Z&_count=200",
                        searchset({obs("o1", "10:00")}, "Observation/_history?p=2", {}, "history")));
    p.go();
    p.check_script();
    CHECK(p.value("history/ehr/Observation") == "2026-03-15T10:00:00.000Z");
}

TEST_CASE("a server that ignores _lastUpdated is read whole, more rarely, and that is said once") {
    polling p;
    const std::string self = "https://ehr.example.org/fhir/Observation?_sort=_lastUpdated&_count=200";
    p.server->expect(ok(since, searchset({obs("old", "01:00"), obs("new", "55:00")}, {}, self)));
    p.go();
    p.check_script();
    CHECK(p.fault_keys() == strings{"source.ehr.Observation.no-last-updated"});
    for (int i = 0; i < 11; ++i)
        p.pass(5 * minute_ms);
    CHECK(p.server->asked.size() == 1);
    p.server->expect(ok(from("53:00"), searchset({obs("old", "01:00"), obs("new", "55:00")}, {}, self)));
    p.pass(5 * minute_ms);
    p.check_script();
    // Somebody waits: at once.
    p.server->expect(ok("GET Observation?_lastUpdated=ge2026-03-15T10:58:00.000Z&_sort=_lastUpdated&_count=200", searchset({obs("old", "01:00")}, {}, self)));
    p.add_job(job_kind::reconcile, "");
    p.source.reconcile_bell.ring();
    p.settle();
    p.check_script();
}

TEST_CASE("a self link without parameters proves nothing against what came") {
    polling p;
    p.server->expect(ok(since, searchset({obs("a", "55:00")}, {}, "https://ehr.example.org/fhir/Observation")));
    p.go();
    p.check_script();
    CHECK(p.fault_keys().empty());
}

TEST_CASE("a server that refuses parameters is asked more plainly") {
    polling p;
    p.server->expect(answered(since, 400));
    p.server->expect(answered("GET Observation?_lastUpdated=ge2026-03-15T09:48:00.000Z&_count=200", 400));
    p.server->expect(ok("GET Observation?_count=200", searchset({obs("a", "55:00")})));
    p.go();
    p.check_script();
    CHECK(p.cursor() == t("55:00"));
    CHECK(p.fault_keys() == strings{"source.ehr.Observation.no-last-updated"});
}

TEST_CASE("what was learned from refusals is forgotten, for a proxy or an older version may have refused") {
    polling p;
    p.server->expect(answered(since, 400));
    p.server->expect(answered("GET Observation?_lastUpdated=ge2026-03-15T09:48:00.000Z&_count=200", 400));
    p.server->expect(ok("GET Observation?_count=200", searchset({obs("a", "55:00")})));
    p.go();
    p.check_script();
    p.server->expect(ok(from("53:00"), page_of({obs("b", "56:00")})));
    for (int i = 0; i < 14 && !p.server->script.empty(); ++i)
        p.pass(5 * minute_ms);
    p.check_script();
    CHECK(p.cursor() > t("55:00"));
    CHECK(p.fault_keys().empty());
}

TEST_CASE("a server that refuses everything for a while is asked as before when it is well") {
    polling p;
    p.server->expect(answered(since, 400));
    p.server->expect(answered("GET Observation?_lastUpdated=ge2026-03-15T09:48:00.000Z&_count=200", 400));
    p.server->expect(answered("GET Observation?_count=200", 400));
    p.go();
    CHECK(p.fault_keys() == strings{"source.ehr.Observation.not-searchable"});
    p.server->expect(ok(since, page_of({obs("a", "55:00")})));
    p.pass(5 * minute_ms);
    p.check_script();
    CHECK(p.cursor() == t("55:00"));
    CHECK(p.fault_keys().empty());
}

TEST_CASE("a redirect, as a proxy in maintenance sends it, says nothing about what was asked") {
    polling p;
    p.server->expect(answered(since, 302));
    p.go();
    CHECK(p.fault_keys() == strings{"source.ehr.unreachable"});
    p.server->expect(ok(since, page_of({obs("a", "55:00")})));
    p.pass(minute_ms);
    p.check_script();
    CHECK(p.cursor() == t("55:00"));
    CHECK(p.fault_keys().empty());
}

TEST_CASE("a type that is denied does not keep the others") {
    const int status = GENERATE(403, 404);
    polling p({"Condition", "Observation"});
    p.server->expect(answered("GET Condition?_lastUpdated=ge2026-03-15T09:48:00.000Z&_sort=_lastUpdated&_count=200", status));
    p.server->expect(ok(since, page_of({obs("a", "55:00")})));
    p.go();
    p.check_script();
    CHECK(p.cursor() == t("55:00"));
    CHECK(p.cursor("Condition") == begin);
    CHECK(p.fault_keys() == strings{status == 403 ? "source.ehr.Condition.denied" : "source.ehr.Condition.not-searchable"});
}

TEST_CASE("a type that the server cannot search is not asked for") {
    polling p({"Consent", "Observation"});
    p.source.can->resources["Consent"].search = false;
    p.server->expect(ok(since, page_of({})));
    p.go();
    p.check_script();
}

TEST_CASE("a link to another origin stops the chain with a fault, and the next round goes on behind the page") {
    polling p;
    p.server->expect(ok(since, page_of({obs("a", "51:00")}, "http://internal:8080/fhir?_getpages=u")));
    p.go();
    p.check_script();
    CHECK(p.fault_keys() == strings{"source.ehr.foreign-link"});
    CHECK(p.cursor() == begin);
    p.server->expect(ok(from("51:00"), page_of({obs("a", "51:00")})));
    p.pass(5 * minute_ms);
    p.check_script();
    CHECK(p.fault_keys().empty());
}

TEST_CASE("a type that is read whole does not end the fault of another type's link") {
    polling p({"Condition", "Observation"});
    p.server->expect(ok("GET Condition?_lastUpdated=ge2026-03-15T09:48:00.000Z&_sort=_lastUpdated&_count=200",
                        searchset({resource("Condition", "c", "2026-03-15T09:51:00.000Z")}, "http://internal:8080/fhir?_getpages=u",
                                  "Condition?_lastUpdated=ge2026-03-15T09:48:00.000Z&_sort=_lastUpdated&_count=200")));
    p.server->expect(ok(since, page_of({obs("a", "51:00")})));
    p.go();
    p.check_script();
    CHECK(p.fault_keys() == strings{"source.ehr.foreign-link"});
}

TEST_CASE("the fault of a foreign link is over after a restart, too") {
    polling p;
    p.faults.raise("source.ehr.foreign-link", "as the store remembers it");
    p.server->expect(ok(since, page_of({obs("a", "51:00")})));
    p.go();
    p.check_script();
    CHECK(p.fault_keys().empty());
}

TEST_CASE("a job is answered at once, and stays while the round fails") {
    polling p;
    p.server->expect(ok(since, page_of({})));
    p.go();
    p.server->expect(failed("GET Observation?_lastUpdated=ge2026-03-15T09:58:00.000Z&_sort=_lastUpdated&_count=200", net_errc::closed));
    p.add_job(job_kind::reconcile, "");
    p.source.reconcile_bell.ring();
    p.settle();
    p.check_script();
    CHECK(p.kept->job_count("ehr", job_kind::reconcile) == 1);
    p.server->expect(ok("GET Observation?_lastUpdated=ge2026-03-15T09:58:00.000Z&_sort=_lastUpdated&_count=200", page_of({obs("a", "59:59")})));
    p.pass(10 * second_ms);
    p.check_script();
    CHECK(p.kept->job_count("ehr", job_kind::reconcile) == 0);
}

TEST_CASE("nothing is fetched while the journal is more than half full") {
    polling p;
    p.services.limits.journal_rows = 2;
    for (int i = 0; i < 2; ++i)
        p.kept->journal_append(pull::fetched(p.services, p.source, "x", "{}"));
    p.go();
    p.pass(second_ms);
    CHECK(p.server->asked.empty());
    p.kept->journal_done(p.journal().back().seq);
    p.server->expect(ok(since, page_of({})));
    p.pass(second_ms);
    p.check_script();
}

TEST_CASE("the configured criteria narrow the search") {
    polling p;
    p.source.config.criteria["Observation"] = "Observation?category=laboratory";
    p.server->expect(ok(since + "&category=laboratory", page_of({})));
    p.go();
    p.check_script();
}

TEST_CASE("the first load reads everything where people are found and begins with now where they are not") {
    pulling p({"Condition", "Observation", "Patient"});
    p.source.can->resources["Observation"].history_type = true;
    p.server->expect(ok("GET Condition?_sort=-_lastUpdated&_count=1", searchset({})));
    p.server->expect(ok("GET Condition?_sort=_lastUpdated&_count=200", searchset({resource("Condition", "c1", "2020-01-01T00:00:00Z")})));
    p.server->expect(ok("GET Observation?_sort=_lastUpdated&_count=200", searchset({obs("o1", "55:00")})));
    p.server->expect(ok("GET Observation/_history?_since=2026-03-15T09:58:00.000Z&_count=200", searchset({}, {}, {}, "history")));
    p.server->expect(ok("GET Patient?_lastUpdated=ge2026-03-15T09:58:00.000Z&_sort=_lastUpdated&_count=200", searchset({})));
    p.start(run_reconcile(p.services, p.source));
    p.check_script();
    CHECK(p.journal().size() == 2);
    CHECK(p.value("cursor/ehr/Condition") == "2020-01-01T00:00:00.000Z");
    CHECK(p.value("cursor/ehr/Observation") == t("55:00"));
    CHECK(p.value("cursor/ehr/Patient") == "2026-03-15T10:00:00.000Z");
}

TEST_CASE("the first load asks only for what can make a person considered, and the others count from when it began") {
    pulling p({"Condition", "Observation"});
    p.source.consider_codes = {"55464009", "M32,9"};
    p.source.can->resources["Observation"].search_parameters.push_back("code");
    p.source.can->resources["Condition"].search_parameters.push_back("code");
    p.server->expect(ok("GET Condition?_sort=_lastUpdated&_count=200", searchset({resource("Condition", "c1", "2020-01-01T00:00:00Z")})));
    p.server->expect(ok("GET Observation?_sort=_lastUpdated&_count=200&code=55464009,M32%5C,9", searchset({obs("o1", "15:00")})));
    p.start(run_reconcile(p.services, p.source));
    p.check_script();
    CHECK(p.value("cursor/ehr/Observation") == "2026-03-15T10:00:00.000Z");
}

TEST_CASE("a first load that was interrupted goes on from its checkpoint") {
    pulling p;
    const std::string self = "https://ehr.example.org/fhir/Observation?_sort=_lastUpdated&_count=200";
    p.server->expect(ok("GET Observation?_sort=_lastUpdated&_count=200", searchset({obs("o1", "15:00")}, "Observation?p=2", self)));
    p.server->expect(answered("GET Observation?p=2", 502));
    p.start(run_reconcile(p.services, p.source));
    CHECK(p.value("cursor/ehr/Observation") == "(none)");
    p.stop();
    p.server->expect(ok(from("15:00"), searchset({obs("o1", "15:00"), obs("o2", "16:00")}, {}, honoured)));
    p.start(run_reconcile(p.services, p.source));
    p.check_script();
    CHECK(p.value("cursor/ehr/Observation") == t("16:00"));
}

TEST_CASE("without a first load only what happens from now on is read") {
    pulling p;
    p.source.config.initial = source_config::first_load::none;
    p.server->expect(ok("GET Observation?_sort=-_lastUpdated&_count=1", searchset({obs("o1", "01:00")})));
    p.server->expect(ok("GET Observation?_lastUpdated=ge2026-03-15T09:58:00.000Z&_sort=_lastUpdated&_count=200", page_of({})));
    p.start(run_reconcile(p.services, p.source));
    p.check_script();
    CHECK(p.journal().empty());
}

TEST_CASE("nothing is asked before the server's abilities are known, nor while a bulk export runs") {
    polling p;
    const auto can = std::exchange(p.source.can, std::nullopt);
    p.source.config.initial = source_config::first_load::bulk;
    p.go();
    p.pass(5 * second_ms);
    p.source.can = can;
    p.pass(5 * second_ms);
    CHECK(p.server->asked.empty());
    p.put("bulk/ehr", "done");
    p.server->expect(ok(since, page_of({})));
    p.source.reconcile_bell.ring();
    p.settle();
    p.check_script();
}

TEST_CASE("the figures tell pages and lag") {
    polling p;
    p.server->expect(ok(since, page_of({obs("a", "59:00")})));
    p.go();
    CHECK(p.figures.text().find("trialgate_pull_pages_total{kind=\"search\",source=\"ehr\"} 1") != std::string::npos);
    CHECK(p.figures.text().find("trialgate_source_lag_seconds{source=\"ehr\"} 60") != std::string::npos);
}
