// The state of one person: any order and any duplication of the same versions gives the same state.
#include "gateway/work/person.hpp"
#include "mappings/engine/record_codec.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <random>

using namespace trialgate;
using namespace trialgate::gateway;

namespace {

mappings::record version(std::int64_t number, bool withdrawn = false, std::string id = "o1") {
    mappings::record r;
    r.type = "Observation";
    r.id = std::move(id);
    r.version.number = number;
    r.version.text = std::to_string(number);
    r.version.read = static_cast<std::uint64_t>(number < 0 ? 0 : number);
    r.withdrawn = withdrawn;
    if (!withdrawn) {
        mappings::fact f;
        f.what = mappings::concept_id{7};
        f.text = "value of version " + std::to_string(number);
        r.facts.push_back(f);
    }
    return r;
}

using effect = person_records::effect;

} // namespace

TEST_CASE("person: a newer version replaces, an older one and a repeated one do nothing") {
    person_records p;
    CHECK(p.put(version(2)) == effect::changed);
    CHECK(p.put(version(2)) == effect::duplicate);
    CHECK(p.put(version(1)) == effect::older);
    CHECK(p.find("Observation", "o1")->facts.at(0).text == "value of version 2");
    CHECK(p.put(version(3)) == effect::changed);
    CHECK(p.find("Observation", "o1")->facts.at(0).text == "value of version 3");
}

TEST_CASE("person: what was withdrawn stays withdrawn when an older version comes late") {
    person_records p;
    CHECK(p.put(version(3, true)) == effect::changed);
    CHECK(p.put(version(2)) == effect::older);
    CHECK(p.find("Observation", "o1")->withdrawn);
    CHECK(p.put(version(4)) == effect::changed);
    CHECK_FALSE(p.find("Observation", "o1")->withdrawn);
}

TEST_CASE("person: a deletion without a version takes away what is known, and no version up to it brings it back") {
    person_records p;
    mappings::record gone;
    gone.type = "Observation";
    gone.id = "o1";
    gone.withdrawn = true;
    CHECK(p.put(gone) == effect::nothing);
    p.put(version(3));
    CHECK(p.put(gone) == effect::changed);
    CHECK(p.put(gone) == effect::duplicate);
    CHECK(p.put(version(3)) == effect::duplicate);
    CHECK(p.put(version(5)) == effect::changed);
    CHECK_FALSE(p.find("Observation", "o1")->withdrawn);
}

TEST_CASE("person: a deletion that is known by the time of an answer takes away what was changed in that second, not what came later") {
    person_records p;
    mappings::record kept = version(1);
    kept.version.updated = 10'900;
    mappings::record gone;
    gone.type = "Observation";
    gone.id = "o1";
    gone.withdrawn = true;
    gone.version.updated = 10'000;
    p.put(kept);
    CHECK(p.put(gone) == effect::changed);
    CHECK(p.put(kept) == effect::duplicate);
    mappings::record again = version(3);
    again.version.updated = 10'950;
    CHECK(p.put(again) == effect::changed);
    mappings::record later = version(5);
    later.version.updated = 12'000;
    CHECK(p.put(later) == effect::changed);
    CHECK(p.put(gone) == effect::older);
    CHECK_FALSE(p.find("Observation", "o1")->withdrawn);
}

TEST_CASE("person: all orders and repetitions of the same versions give the same bytes") {
    std::vector<mappings::record> all;
    for (int id = 0; id < 4; ++id)
        for (int n = 1; n <= 4; ++n)
            all.push_back(version(n, (id + n) % 4 == 0, "o" + std::to_string(id)));
    std::string expected;
    for (std::uint32_t seed = 1; seed <= 200; ++seed) {
        std::mt19937 random(seed);
        std::vector<mappings::record> some = all;
        for (int twice = 0; twice < 8; ++twice)
            some.push_back(all[random() % all.size()]);
        std::shuffle(some.begin(), some.end(), random);
        person_records p;
        for (const mappings::record& r : some)
            p.put(r);
        if (expected.empty())
            expected = p.bytes();
        INFO("seed " << seed);
        REQUIRE(p.bytes() == expected);
    }
}

TEST_CASE("person: the state survives being written and read") {
    person_records p;
    for (int n = 0; n < 20; ++n)
        p.put(version(n % 3 + 1, n % 5 == 0, "o" + std::to_string(n)));
    const person_records again(p.bytes());
    CHECK_FALSE(again.broken());
    CHECK(again.bytes() == p.bytes());
    CHECK(again.all().size() == p.all().size());
}

TEST_CASE("person: bytes that nobody wrote are told, not trusted") {
    person_records p;
    p.put(version(1));
    std::string bytes = p.bytes();
    bytes[0] = static_cast<char>(bytes[0] + 1);
    CHECK(person_records(bytes).broken());
}
