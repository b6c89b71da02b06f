#include "mappings/engine/population.hpp"

#include "tests/support/random_records.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>

using namespace trialgate;
using namespace trialgate::mappings;
using namespace trialgate::test;

namespace {

record observation(std::string id, std::string subject, std::int64_t version, std::uint16_t what = 1, std::int32_t day = 20'000) {
    record r;
    r.type = "Observation";
    r.id = std::move(id);
    r.subject = std::move(subject);
    r.version = {std::to_string(version), version, 1'700'000'000'000 + version, 0};
    fact& f = r.facts.emplace_back();
    f.what = concept_id{what};
    f.when = {{day}, {day}};
    f.dated = true;
    return r;
}

record patient(std::string id, std::int64_t version = 1) {
    record r;
    r.type = "Patient";
    r.id = std::move(id);
    r.version = {std::to_string(version), version, -1, 0};
    r.person.emplace().birth_known = true;
    return r;
}

record withdrawal(std::string type, std::string id, std::int64_t version) {
    record r;
    r.type = std::move(type);
    r.id = std::move(id);
    r.version = {std::to_string(version), version, 1'700'000'000'000 + version, 0};
    r.withdrawn = true;
    return r;
}

std::map<std::string, patient_data> all(population& p) {
    p.finish();
    std::map<std::string, patient_data> out;
    std::string before;
    p.for_each_patient([&](const patient_data& each) {
        CHECK(before < each.key);
        before = each.key;
        out[each.key] = each;
    });
    return out;
}

template <class... Records>
std::map<std::string, patient_data> all_of(Records... records) {
    population p;
    (p.add(std::move(records)), ...);
    return all(p);
}

} // namespace

TEST_CASE("population: V01 of two versions the higher holds, numbers being numbers") {
    auto found = all_of(observation("o", "Patient/p", 10, 10), observation("o", "Patient/p", 9, 9));
    REQUIRE(found.at("Patient/p").records.size() == 1);
    CHECK(found.at("Patient/p").records[0].facts[0].what == concept_id{10});
}

TEST_CASE("population: a withdrawn or unread later version takes the older one away, in any order") {
    CHECK(all_of(observation("o", "Patient/p", 1), withdrawal("Observation", "o", 2)).at("Patient/p").records.empty());
    CHECK(all_of(withdrawal("Observation", "o", 2), observation("o", "Patient/p", 1)).at("Patient/p").records.empty());
    CHECK(all_of(observation("o", "Patient/p", 3), withdrawal("Observation", "o", 2)).at("Patient/p").records.size() == 1);
    population p;
    p.superseded("Observation", "o", {"4", 4, -1, 0});
    p.add(observation("o", "Patient/p", 3));
    p.add(observation("other", "Patient/p", 3));
    CHECK(all(p).at("Patient/p").records.size() == 1);
}

TEST_CASE("population: without version and time the last one read holds") {
    for (const bool swapped : {false, true}) {
        record first = observation("o", "Patient/p", 0, 1), second = observation("o", "Patient/p", 0, 2);
        first.version = {"", -1, -1, 1};
        second.version = {"", -1, -1, 2};
        auto found = swapped ? all_of(second, first) : all_of(first, second);
        REQUIRE(found.at("Patient/p").records.size() == 1);
        CHECK(found.at("Patient/p").records[0].facts[0].what == concept_id{2});
    }
}

TEST_CASE("population: a result moved to another patient leaves the first one") {
    auto found = all_of(observation("o", "Patient/a", 1), observation("o", "Patient/b", 2));
    CHECK(found.at("Patient/a").records.empty());
    CHECK(found.at("Patient/b").records.size() == 1);
}

TEST_CASE("population: A12 a merged record's history is the survivor's, along chains and links in either direction") {
    record a = patient("a"), b = patient("b"), c = patient("c");
    a.person->replaced_by = {"Patient/b"};
    a.person->inactive = true;
    c.person->replaces = {"Patient/b"};
    auto found = all_of(a, b, c, observation("1", "Patient/a", 1), observation("2", "Patient/b", 1), observation("3", "Patient/c", 1));
    CHECK(found.at("Patient/c").records.size() == 3);
    CHECK_FALSE(found.at("Patient/c").merged_away);
    CHECK_FALSE(found.at("Patient/c").notes.has(note::inactive));
    for (const char* key : {"Patient/a", "Patient/b"}) {
        CHECK(found.at(key).merged_away);
        CHECK(found.at(key).survivor == "Patient/c");
        CHECK(found.at(key).notes.has(note::merged));
        CHECK(found.at(key).records.empty());
    }
}

TEST_CASE("population: records that replace each other are one patient") {
    record a = patient("a"), b = patient("b");
    a.person->replaced_by = {"Patient/b"};
    b.person->replaced_by = {"Patient/a"};
    auto found = all_of(b, a, observation("1", "Patient/b", 1));
    CHECK(found.at("Patient/a").records.size() == 1);
    CHECK(found.at("Patient/b").survivor == "Patient/a");
}

TEST_CASE("population: V09 a subject by identifier or by URN is found, and held apart while it is not") {
    record p = patient("p");
    p.person->identifiers = {"urn:mrn|1"};
    population all_data;
    all_data.add(observation("1", "identifier:urn:mrn|1", 1));
    all_data.add(observation("2", "urn:uuid:0F", 1));
    all_data.add(observation("3", "identifier:urn:mrn|2", 1));
    all_data.add(p);
    all_data.alias("urn:uuid:0f", "Patient/p");
    auto found = all(all_data);
    CHECK(found.at("Patient/p").records.size() == 2);
    CHECK(found.at("identifier:urn:mrn|2").records.size() == 1);
    CHECK_FALSE(found.at("identifier:urn:mrn|2").person);
    CHECK(all_data.counted().unresolved_subjects == 1);
}

TEST_CASE("population: an identifier of two patients names neither, unless they were merged") {
    record a = patient("a"), b = patient("b");
    a.person->identifiers = b.person->identifiers = {"urn:mrn|1"};
    CHECK(all_of(a, b, observation("1", "identifier:urn:mrn|1", 1)).at("identifier:urn:mrn|1").records.size() == 1);
    a.person->replaced_by = {"Patient/b"};
    CHECK(all_of(a, b, observation("1", "identifier:urn:mrn|1", 1)).at("Patient/b").records.size() == 1);
}

TEST_CASE("population: a medication by reference gets its drugs when the Medication is at hand") {
    record order = observation("m", "Patient/p", 1, 0);
    order.type = "MedicationRequest";
    order.facts[0].kind = fact_kind::exposure;
    order.medication = "Medication/x";
    record drug;
    drug.type = "Medication";
    drug.id = "x";
    drug.definition.emplace().drugs = {concept_id{7}};
    auto found = all_of(order, drug);
    REQUIRE(found.at("Patient/p").records.at(0).facts.size() == 1);
    CHECK(found.at("Patient/p").records[0].facts[0].what == concept_id{7});
    CHECK(all_of(order).at("Patient/p").records.at(0).facts.at(0).what == concept_id::none);
    drug.definition->drugs.clear();
    CHECK(all_of(order, drug).at("Patient/p").records.at(0).facts.empty());
}

TEST_CASE("population: the day of the specimen goes before the day of the report") {
    record result = observation("o", "Patient/p", 1);
    result.facts[0].notes.add(note::report_date_used);
    result.specimen = "Specimen/s";
    record specimen;
    specimen.type = "Specimen";
    specimen.id = "s";
    specimen.definition.emplace().when = {{19'990}, {19'990}};
    specimen.definition->dated = true;
    const fact f = all_of(specimen, result).at("Patient/p").records.at(0).facts.at(0);
    CHECK(f.when.first == fhir::date{19'990});
    CHECK_FALSE(f.notes.has(note::report_date_used));
}

TEST_CASE("population: S38 a result sent again under another id counts once, the later one") {
    record first = observation("1", "Patient/p", 1), again = observation("2", "Patient/p", 2);
    first.facts[0].identifier = again.facts[0].identifier = 99;
    again.facts[0].text = "corrected";
    auto found = all_of(again, first);
    CHECK(found.at("Patient/p").records.at(0).facts.empty());
    CHECK(found.at("Patient/p").records.at(1).facts.at(0).text == "corrected");
    SECTION("another day is another result") {
        again.facts[0].when = {{20'001}, {20'001}};
        CHECK(all_of(again, first).at("Patient/p").records.at(0).facts.size() == 1);
    }
    SECTION("both stay where nothing tells which is the later") {
        first.version.updated = again.version.updated = -1;
        CHECK(all_of(again, first).at("Patient/p").records.at(0).facts.size() == 1);
    }
}

TEST_CASE("population: people, consents and studies") {
    record p = patient("p");
    p.person->deceased = p.person->restricted = true;
    record consent = observation("c", "Patient/p", 1);
    consent.type = "Consent";
    consent.facts.clear();
    consent.consent = consent_data{true, {}};
    record study;
    study.type = "ResearchStudy";
    study.id = "s";
    study.definition.emplace().identifiers = {"NCT06737380"};
    record subject = observation("r", "Patient/p", 1);
    subject.type = "ResearchSubject";
    subject.facts.clear();
    subject.participation = participation_data{"ResearchStudy/s", "screening", {}};
    const patient_data found = all_of(p, consent, study, subject).at("Patient/p");
    CHECK(found.notes == note_set{note::deceased, note::restricted});
    REQUIRE(found.consents.size() == 1);
    CHECK(found.consents[0].forbids);
    REQUIRE(found.participations.size() == 1);
    CHECK(found.participations[0].study_identifiers == std::vector<std::string>{"NCT06737380"});
    CHECK(found.participations[0].data.status == "screening");
}

TEST_CASE("population: any order and any duplication of the same versions gives the same state") {
    const auto seed = std::random_device{}();
    INFO("seed " << seed);
    std::mt19937_64 random(seed);
    for (int round = 0; round < 60; ++round) {
        std::vector<record> versions;
        for (auto n = 5 + up_to(random, 60); n > 0; --n) {
            record r = random_record(random);
            r.id = std::to_string(up_to(random, 12));
            r.subject = "Patient/" + std::to_string(up_to(random, 4));
            r.version.number = static_cast<std::int64_t>(1 + up_to(random, 5));
            r.version.text = std::to_string(r.version.number);
            r.version.updated = 1'700'000'000'000 + r.version.number;
            if (r.type == "Patient") {
                r.person.emplace();
                if (up_to(random, 3) == 0)
                    r.person->replaced_by = {"Patient/" + std::to_string(up_to(random, 12))};
            } else {
                r.person.reset();
            }
            versions.push_back(std::move(r));
        }
        const auto state = [&] {
            population p;
            for (const record& r : versions) {
                if (r.facts.size() == 1 && r.facts[0].what == concept_id{0})
                    p.superseded(r.type, r.id, r.version);
                else
                    p.add(r);
            }
            return all(p);
        };
        const auto before = state();
        for (auto n = up_to(random, 20); n > 0; --n)
            versions.push_back(versions[up_to(random, versions.size())]);
        std::shuffle(versions.begin(), versions.end(), random);
        for (std::size_t i = 0; i < versions.size(); ++i)
            versions[i].version.read = i;
        const auto after = state();
        REQUIRE(before.size() == after.size());
        for (const auto& [key, a] : before) {
            const patient_data& b = after.at(key);
            REQUIRE(a.survivor == b.survivor);
            REQUIRE(a.notes == b.notes);
            REQUIRE(a.person.has_value() == b.person.has_value());
            REQUIRE(a.consents.size() == b.consents.size());
            REQUIRE(a.records.size() == b.records.size());
            for (std::size_t i = 0; i < a.records.size(); ++i)
                REQUIRE(same_but_read(a.records[i], b.records[i]));
        }
    }
}
