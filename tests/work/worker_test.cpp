// From the journal to verdicts and outbox rows, on the real store.
#include "tests/work/work_bench.hpp"

#include <random>

using namespace trialgate;
using namespace trialgate::gateway;
using namespace trialgate::tests;

TEST_CASE("work: of a person whom no trial considers nothing is kept") {
    bench b;
    b.arrive(arrival::resource, patient);
    b.arrive(arrival::hook, egfr(74, 1));
    b.work();
    CHECK(b.now->patient_count() == 0);
    CHECK(b.now->journal_count().rows == 0);
    CHECK(b.last.events["ehr"]["irrelevant"] == 2);
    CHECK(b.told().empty());
}

TEST_CASE("work: results that are only watched after the dose are read here, and not by a screening of many people") {
    bench b;
    const std::string magnesium =
        R"({"resourceType":"Observation","id":"m","meta":{"versionId":"1"},"status":"final","subject":{"reference":"Patient/p"},
            "code":{"coding":[{"system":"http://loinc.org","code":"19123-9"}]},"effectiveDateTime":"2026-03-01",
            "valueQuantity":{"value":0.8,"unit":"mg/dL"}})";
    b.arrive(arrival::resource, magnesium);
    const auto rows = b.now->journal_after(0, 10, 1 << 20);
    REQUIRE(rows.size() == 1);
    const arrived here = b.reader.read(rows[0], b.order);
    REQUIRE(here.records.size() == 1);
    CHECK(here.records[0].facts.size() == 1);

    struct taker final : record_taker {
        std::size_t facts = 0;
        void add(mappings::record r) override { facts += r.facts.size(); }
        void superseded(std::string_view, std::string_view, const mappings::version_stamp&, std::string_view) override {}
        void alias(std::string_view, std::string_view) override {}
    } screened;
    reader many(*b.options.net, b.options.site, screened, {}, {});
    many.document(magnesium, "-", 1);
    CHECK(screened.facts == 0);

    // Of somebody whom no trial considers nothing is kept all the same.
    b.work();
    CHECK(b.now->patient_count() == 0);
}

TEST_CASE("work: the first fact that a trial considers asks for the history, and nothing is decided before it is there") {
    bench b;
    b.arrive(arrival::hook, diagnosis);
    b.work();
    CHECK(b.now->jobs_due("ehr", job_kind::hydrate, b.at, 10).at(0).target == "Patient/p");
    CHECK(b.told().empty());
    CHECK(b.status() == "none");
    b.arrive(arrival::resource, patient);
    b.arrive(arrival::resource, egfr(74, 1));
    b.work();
    CHECK(b.told().empty());
    b.arrive(arrival::hydrated, "Patient/p");
    b.work();
    CHECK(b.status() == "possible");
    REQUIRE(b.told().size() == 1);
    const auto m = decode_message(b.told()[0].body);
    REQUIRE(m);
    CHECK(m->flag);
    CHECK(m->status == "possible");
    CHECK(m->subject == pseudonym_of("key", "ehr", "Patient/p"));
}

TEST_CASE("work: what goes to a sink names nobody unless it was told to") {
    bench b;
    for (const auto& [kind, body] : std::vector<std::pair<arrival, std::string>>{
             {arrival::resource, patient}, {arrival::hook, diagnosis}, {arrival::resource, patient}, {arrival::resource, egfr(74, 1)}, {arrival::hydrated, "Patient/p"}})
        b.arrive(kind, body);
    SECTION("pseudonym") {
        b.work();
        const std::string body = b.told().at(0).body;
        for (const char* word : {"Patient/p\"", "Observation/e\"", "Condition/c\"", "urn:mrn", "1990-05-04"})
            CHECK(body.find(word) == std::string::npos);
    }
    SECTION("reference") {
        b.options.sinks[0].subject = sink_config::identity::reference;
        b.work();
        const auto m = decode_message(b.told().at(0).body);
        REQUIRE(m);
        CHECK(m->patient == "Patient/p");
        CHECK(m->patient_url == "https://ehr.example.org/fhir/Patient/p");
        CHECK(m->report_with_references.find("Observation/e") != std::string::npos);
        CHECK(m->report.find("1990-05-04") == std::string::npos); // with a pseudonym the year of birth
        CHECK(m->report.find("born 1990") != std::string::npos);
        CHECK(m->report_with_references.find("born 1990-05-04") != std::string::npos);
    }
}

TEST_CASE("work: any order of arrival and any cut into batches gives the same decision") {
    std::vector<std::pair<arrival, std::string>> all{{arrival::resource, patient},    {arrival::hook, diagnosis},      {arrival::hook, egfr(74, 1)},
                                                     {arrival::hook, egfr(20, 2)},    {arrival::hook, egfr(50, 3)},    {arrival::hook, egfr(20, 2)},
                                                     {arrival::resource, diagnosis}};
    for (std::uint32_t seed = 1; seed <= 12; ++seed) {
        bench b;
        std::mt19937 random(seed);
        std::shuffle(all.begin(), all.end(), random);
        for (const auto& [kind, body] : all)
            b.arrive(kind, body);
        b.work(1 + random() % 8);
        // What came before the person was considered comes back with the history.
        b.arrive(arrival::resource, patient);
        b.arrive(arrival::resource, egfr(50, 3));
        b.arrive(arrival::hydrated, "Patient/p");
        b.work();
        INFO("seed " << seed);
        CHECK(b.status() == "possible");
        REQUIRE(b.told().size() == 1);
    }
}

TEST_CASE("work: a deletion without version and time may come late, so the server is asked") {
    bench b;
    for (const auto& [kind, body] : std::vector<std::pair<arrival, std::string>>{
             {arrival::hook, diagnosis}, {arrival::resource, patient}, {arrival::resource, egfr(20, 3)}, {arrival::hydrated, "Patient/p"}})
        b.arrive(kind, body);
    b.work();
    b.arrive(arrival::hook, "", "DELETE", "Observation/e");
    b.work();
    CHECK(b.now->jobs_due("ehr", job_kind::fetch, b.at, 10).at(0).target == "Observation/e");
    b.arrive(arrival::resource, egfr(20, 3)); // it had been made again before the deletion arrived
    b.work();
    CHECK(b.status() == "not-now");
}

TEST_CASE("work: deletion, correction to another person and a newer version that says nothing take a result away") {
    bench b;
    for (const auto& [kind, body] : std::vector<std::pair<arrival, std::string>>{
             {arrival::hook, diagnosis}, {arrival::resource, patient}, {arrival::resource, egfr(20, 1)}, {arrival::hydrated, "Patient/p"}})
        b.arrive(kind, body);
    b.work();
    CHECK(b.status() == "not-now");
    SECTION("a history that tells the deletion") {
        b.arrive(arrival::resource, R"({"resourceType":"Bundle","type":"history","entry":[{"request":{"method":"DELETE","url":"Observation/e"},
            "response":{"status":"204"}}]})");
    }
    SECTION("the result was another person's") { b.arrive(arrival::hook, egfr(20, 2, R"({"reference":"Patient/other"})")); }
    SECTION("the code was wrong: the new version is of no interest to anybody") {
        std::string other = egfr(20, 2);
        other.replace(other.find("98979-8"), 7, "8302-2");
        b.arrive(arrival::hook, other);
    }
    SECTION("entered in error") {
        std::string wrong = egfr(20, 2);
        wrong.replace(wrong.find("final"), 5, "entered-in-error");
        b.arrive(arrival::hook, wrong);
    }
    b.work();
    CHECK(b.status() == "possible");
    // The old version, late.
    b.arrive(arrival::hook, egfr(20, 1));
    b.work();
    CHECK(b.status() == "possible");
}

TEST_CASE("work: a verdict changes by time alone on the day that was announced") {
    bench b;
    for (const auto& [kind, body] : std::vector<std::pair<arrival, std::string>>{
             {arrival::hook, diagnosis}, {arrival::resource, patient}, {arrival::resource, egfr(20, 1)}, {arrival::hydrated, "Patient/p"}})
        b.arrive(kind, body);
    b.work();
    const fhir::date on = b.now->patient("ehr", "Patient/p")->changes_on;
    REQUIRE(on < fhir::date::highest());
    CHECK(b.status() == "not-now");
    int changes = 0;
    for (int day = 1; day <= 120; ++day) {
        b.at = start + day * 24 * hour_ms;
        const std::string before = b.status();
        b.work();
        changes += before != b.status();
    }
    CHECK(changes >= 1);
    CHECK(b.status() == "possible"); // the eGFR is too old to count
}

TEST_CASE("work: a resource known by identifier only belongs to the person who bears it") {
    bench b;
    b.arrive(arrival::hook, diagnosis);
    b.arrive(arrival::resource, patient);
    b.arrive(arrival::hydrated, "Patient/p");
    b.work();
    CHECK(b.status() == "possible");
    b.arrive(arrival::hook, egfr(20, 1, R"({"identifier":{"system":"urn:mrn","value":"77"}})"));
    b.work();
    CHECK(b.status() == "not-now");
}

TEST_CASE("work: records that were merged are one person") {
    bench b;
    b.arrive(arrival::hook, diagnosis);
    b.arrive(arrival::resource, patient);
    b.arrive(arrival::hydrated, "Patient/p");
    b.work();
    REQUIRE(b.told().size() == 1);
    std::string merged = R"({"resourceType":"Patient","id":"p","meta":{"versionId":"2"},"active":false,"gender":"female","birthDate":"1990-05-04",
        "link":[{"other":{"reference":"Patient/q"},"type":"replaced-by"}]})";
    std::string survivor = R"({"resourceType":"Patient","id":"q","meta":{"versionId":"1"},"gender":"female","birthDate":"1990-05-04"})";
    b.arrive(arrival::hook, merged);
    b.work();
    CHECK(b.now->jobs_due("ehr", job_kind::hydrate, b.at, 10).size() == 2);
    b.arrive(arrival::resource, survivor);
    b.arrive(arrival::hydrated, "Patient/q");
    b.work();
    CHECK(b.status("Patient/q") == "possible");
    CHECK(b.status("Patient/p").empty());
    CHECK(b.told().size() == 3); // the old record's flag goes, the survivor's comes
}

TEST_CASE("work: what cannot be read is quarantined and the others go on") {
    bench b;
    b.arrive(arrival::hook, "{\"resourceType\":\"Observation\",", "PUT", "Observation/e");
    b.arrive(arrival::resource, R"({"resourceType":"Bundle","type":"searchset","entry":[{"resource":{"resourceType":"Condition","implicitRules":"urn:x","id":"w",
        "subject":{"reference":"Patient/p"},"code":{"coding":[{"system":"http://snomed.info/sct","code":"55464009"}]}}},{"resource":)" + diagnosis + "}]}");
    b.arrive(arrival::resource, patient);
    b.arrive(arrival::hydrated, "Patient/p");
    b.work();
    CHECK(b.now->quarantine_count() == 2);
    CHECK(b.status() == "possible");
    const auto all = b.now->quarantine_list(0, 10);
    CHECK(all.at(1).original.body.find("urn:x") != std::string::npos);
    CHECK(all.at(1).original.body.find("Condition/c") == std::string::npos); // only the unreadable part is kept
    for (const quarantine_item& q : all)
        CHECK_FALSE(q.reason.empty());
}

TEST_CASE("work: a drug named by reference waits for its Medication and decides when it comes") {
    bench b;
    b.arrive(arrival::hook, diagnosis);
    b.arrive(arrival::resource, patient);
    b.arrive(arrival::resource, R"({"resourceType":"MedicationStatement","id":"m","meta":{"versionId":"1"},"status":"active","subject":{"reference":"Patient/p"},
        "medicationReference":{"reference":"Medication/hcq"},"effectivePeriod":{"start":"2024-01-10"}})");
    b.arrive(arrival::hydrated, "Patient/p");
    b.work();
    const auto verdict = [&] {
        for (const mappings::criterion_report& c : b.report("Patient/p").criteria)
            if (c.id == "background-therapy")
                return c.is.is;
        throw std::logic_error("no such criterion");
    };
    CHECK(verdict() != mappings::verdict::met);
    b.arrive(arrival::hook, R"({"resourceType":"MedicationStatement","id":"m","meta":{"versionId":"2"},"status":"active","subject":{"reference":"Patient/p"},
        "medicationReference":{"reference":"Medication/hcq"},"effectivePeriod":{"start":"2024-01-10"}})");
    b.work();
    CHECK(b.now->jobs_due("ehr", job_kind::fetch, b.at, 10).at(0).target == "Medication/hcq");
    b.arrive(arrival::resource, R"({"resourceType":"Medication","id":"hcq","meta":{"versionId":"1"},"code":{"coding":[
        {"system":"http://www.nlm.nih.gov/research/umls/rxnorm","code":"5521"}]}})");
    b.work();
    CHECK(verdict() == mappings::verdict::met);
}

TEST_CASE("work: a gap in the numbers asks for a reconcile once patience is over, a restart of the numbers at once") {
    bench b;
    subscription_row row;
    row.source = "ehr";
    row.name = "observation";
    b.now->begin();
    b.now->subscription_put(row);
    b.now->commit();
    const auto notify = [&](int number, int total) {
        b.arrive(arrival::hook, R"({"resourceType":"Bundle","type":"history","entry":[{"resource":{"resourceType":"SubscriptionStatus","status":"active",
            "type":"event-notification","eventsSinceSubscriptionStart":")" + std::to_string(total) + R"(","notificationEvent":[{"eventNumber":")" +
            std::to_string(number) + R"(","focus":{"reference":"Observation/e"}}],"subscription":{"reference":"Subscription/1"}},
            "request":{"method":"GET","url":"Subscription/1/$status"},"response":{"status":"200"}}]})", "POST");
        b.work();
    };
    notify(1, 1);
    CHECK(b.now->job_count("ehr", job_kind::reconcile) == 0);
    CHECK(b.now->jobs_due("ehr", job_kind::fetch, b.at, 10).at(0).target == "Observation/e");
    notify(3, 3);
    CHECK(b.now->jobs_due("ehr", job_kind::reconcile, b.at, 10).empty());
    CHECK(b.now->jobs_due("ehr", job_kind::reconcile, b.at + 31 * second_ms, 10).size() == 1);
}

TEST_CASE("work: our own suggestion in a study system that is also a source is no participation") {
    bench b;
    b.arrive(arrival::hook, diagnosis);
    b.arrive(arrival::resource, patient);
    b.arrive(arrival::resource, R"({"resourceType":"ResearchSubject","id":"tg-rs-1","meta":{"versionId":"1","tag":[{"system":"urn:trialgate:tag","code":"generated"}]},
        "status":"candidate","study":{"reference":"ResearchStudy/sle-uc-msc"},"individual":{"reference":"Patient/p"}})");
    b.arrive(arrival::hydrated, "Patient/p");
    b.work();
    CHECK(b.report("Patient/p").status);
    for (const mappings::shown_note& n : b.report("Patient/p").notes)
        CHECK(n.id != "already-in-study");
    CHECK(b.told().size() == 1);
}

TEST_CASE("work: codes that nobody knows are kept of a history that was fetched, and of nothing else") {
    bench b;
    const auto odd = [](const std::string& id, const std::string& code) {
        return R"({"resourceType":"Observation","id":")" + id + R"(","meta":{"versionId":"1"},"status":"final","subject":{"reference":"Patient/p"},
            "code":{"coding":[{"system":"urn:lab","code":")" + code + R"(","display":"Odd )" + code + R"("}]},"valueString":"x"})";
    };
    const auto history = [&](const std::string& body) {
        journal_item item{"ehr", arrival::resource, std::string(part_of_a_history), "", "Observation", "", body, b.at};
        b.now->begin();
        b.now->journal_append(item);
        b.now->commit();
    };
    const auto codes = [&] {
        std::string out;
        for (const local_code& c : b.now->local_codes_of("ehr", "Patient/p"))
            out += c.type + ' ' + c.system + '|' + c.code + ' ' + c.display + ';';
        return out;
    };
    b.arrive(arrival::hook, diagnosis);
    b.arrive(arrival::resource, patient);
    b.work();
    history(R"({"resourceType":"Bundle","type":"searchset","entry":[{"resource":)" + odd("1", "A") + R"(},{"resource":)" + odd("2", "B") + R"(},{"resource":)" +
            odd("3", "A") + "}]}");
    history(odd("4", "C") + "");
    b.arrive(arrival::hydrated, "Patient/p");
    b.work();
    CHECK(codes() == "Observation urn:lab|A Odd A;Observation urn:lab|B Odd B;Observation urn:lab|C Odd C;");
    b.arrive(arrival::hook, odd("5", "D"));
    b.arrive(arrival::resource, odd("6", "E"));
    history(odd("9", "F") + "");
    b.work();
    CHECK(codes() == "Observation urn:lab|A Odd A;Observation urn:lab|B Odd B;Observation urn:lab|C Odd C;Observation urn:lab|F Odd F;");
    // What is gone by the next fetch is forgotten.
    history(odd("2", "B"));
    b.arrive(arrival::hydrated, "Patient/p");
    b.work();
    CHECK(codes() == "Observation urn:lab|B Odd B;Observation urn:lab|F Odd F;");
    // Of people whom no trial considers nothing is kept.
    std::string stranger = odd("7", "S");
    stranger.replace(stranger.find("Patient/p"), 9, "Patient/s");
    history(stranger);
    b.work();
    CHECK(b.now->local_codes_of("ehr", "Patient/s").empty());
}
