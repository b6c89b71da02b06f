#include "mappings/engine/record_codec.hpp"

#include "tests/support/random_records.hpp"

#include <catch2/catch.hpp>

#include <limits>

using namespace trialgate;
using namespace trialgate::mappings;
using namespace trialgate::test;

namespace {

/// Ten visits with six results each, as a laboratory sends them.
std::vector<record> laboratory_patient() {
    struct test_kind {
        std::uint16_t concept_;
        const char* unit;
        std::int64_t value;
        std::int16_t exponent;
        int range_low, range_high;
    };
    constexpr test_kind panel[] = {{11, " mL/min/1.73m2", 74, 0, 60, 0}, {12, " mg/dL", 102, -2, 1, 2}, {13, " 10*3/uL", 62, -1, 4, 10},
                                   {14, " g/dL", 128, -1, 12, 16},       {15, " 10*9/L", 240, 0, 150, 400}, {16, " mg/dL", 88, 0, 90, 180}};
    std::mt19937_64 random(20260315);
    std::vector<record> out;
    for (int visit = 0; visit < 10; ++visit) {
        const fhir::date day{20'000 + 37 * visit};
        for (const test_kind& t : panel) {
            record r;
            r.type = "Observation";
            r.id = random_uuid(random);
            r.version = {"1", 1, std::int64_t{day.days} * 86'400'000 + 45'123'456, out.size() + 1};
            r.subject = "Patient/3a1c6c1e-6a0d-4a5b-9d27-5c8c2e0f7a11";
            fact& f = r.facts.emplace_back();
            f.what = concept_id{t.concept_};
            f.when = {day, day};
            f.dated = true;
            f.second = 30'600 + 60 * visit;
            const fhir::decimal value{t.value + static_cast<std::int64_t>(up_to(random, 20)), t.exponent};
            f.observation.has_value = true;
            f.observation.value = interval::point(value);
            f.observation.range_low = fhir::decimal{t.range_low, 0};
            f.observation.range_high = fhir::decimal{t.range_high, 0};
            f.text = value.to_string() + t.unit;
            out.push_back(std::move(r));
        }
    }
    return out;
}

std::vector<record> decode(std::string_view bytes) {
    std::vector<record> out;
    record_reader reader(bytes);
    while (auto r = reader.next())
        out.push_back(std::move(*r));
    CHECK_FALSE(reader.broken());
    return out;
}

} // namespace

TEST_CASE("record codec: 60 laboratory results with UUIDs take at most 1.5 KiB") {
    const std::vector<record> records = laboratory_patient();
    record_writer writer;
    for (const record& r : records)
        writer.append(r);
    INFO(writer.bytes().size() << " bytes");
    CHECK(writer.bytes().size() <= 1536);
    const std::vector<record> back = decode(writer.bytes());
    REQUIRE(back.size() == records.size());
    for (std::size_t i = 0; i < back.size(); ++i) {
        CHECK(same_but_read(back[i], records[i]));
        CHECK(back[i].version.read == records[i].version.read);
    }
}

TEST_CASE("record codec: of a panel like the last one remain the ids, the values and one step of time") {
    std::vector<record> records = laboratory_patient();
    record_writer writer;
    for (const record& r : records)
        writer.append(r);
    const std::size_t before = writer.bytes().size();
    for (int i = 0; i < 600; ++i) {
        record r = records[static_cast<std::size_t>(i % 6)];
        r.id[0] = "0123456789abcdef"[i % 16];
        r.version.updated = records.back().version.updated;
        r.version.read = records.back().version.read + 1;
        r.facts.front().when = records.back().facts.front().when;
        r.facts.front().second = records.back().facts.front().second;
        writer.append(r);
        records.push_back(std::move(r));
    }
    // 16 bytes an id, at most 2 a value; little for the beginning and for every 255 of them.
    CHECK(writer.bytes().size() - before <= 600 * 18 + 60);
    const std::vector<record> back = decode(writer.bytes());
    REQUIRE(back.size() == records.size());
    for (std::size_t i = 0; i < back.size(); ++i)
        REQUIRE(same_but_read(back[i], records[i]));
}

TEST_CASE("record codec: a result that is marked high among others that are not stays in its place") {
    std::mt19937_64 random(20260316);
    std::vector<record> records = laboratory_patient();
    for (record& r : records) {
        observation_fact& o = r.facts.front().observation;
        o.low = up_to(random, 4) == 0;
        o.high = !o.low && up_to(random, 4) == 0;
        r.version.updated += static_cast<std::int64_t>(up_to(random, 3000));
        r.version.number = static_cast<std::int64_t>(up_to(random, 3));
        r.version.text = std::to_string(r.version.number);
    }
    record_writer writer;
    for (const record& r : records)
        writer.append(r);
    const std::vector<record> back = decode(writer.bytes());
    REQUIRE(back.size() == records.size());
    for (std::size_t i = 0; i < back.size(); ++i)
        REQUIRE(same_but_read(back[i], records[i]));
}

TEST_CASE("record codec: many records from next to no bytes are refused") {
    record r;
    r.type = "Condition";
    r.facts.resize(1);
    record_writer writer;
    for (int i = 0; i < 3; ++i)
        writer.append(r);
    CHECK(decode(writer.bytes()).size() == 3);
    // The same bytes, then a run of 255 of which nothing is told but that the id is empty.
    const std::string bytes = writer.take() + '\0' + '\xFF' + std::string(255, '\0');
    record_reader reader(bytes);
    std::size_t records = 0;
    while (reader.next())
        ++records;
    CHECK(reader.broken());
    CHECK(records == 3);
}

TEST_CASE("record codec: what is read is what was written, whatever it was") {
    const auto seed = std::random_device{}();
    INFO("seed " << seed);
    std::mt19937_64 random(seed);
    for (int round = 0; round < 300; ++round) {
        std::vector<record> records;
        record_writer writer;
        for (auto n = up_to(random, 12); n > 0; --n) {
            records.push_back(random_record(random));
            writer.append(records.back());
        }
        const std::vector<record> back = decode(writer.bytes());
        REQUIRE(back.size() == records.size());
        for (std::size_t i = 0; i < back.size(); ++i) {
            REQUIRE(same_but_read(back[i], records[i]));
            REQUIRE(back[i].version.read == records[i].version.read);
        }
    }
}

TEST_CASE("record codec: seconds and days outside of any day are kept as well") {
    record r;
    for (const std::int32_t n : {-24'820'860, 86'460, std::numeric_limits<std::int32_t>::max(), std::numeric_limits<std::int32_t>::min()}) {
        fact& f = r.facts.emplace_back();
        f.second = n;
        f.when = {{n}, {n}};
    }
    record_writer writer;
    writer.append(r);
    const std::vector<record> back = decode(writer.bytes());
    REQUIRE(back.size() == 1);
    CHECK(same_but_read(back.front(), r));
}

TEST_CASE("record codec: damaged bytes are refused or read as something, never more") {
    const auto seed = std::random_device{}();
    INFO("seed " << seed);
    std::mt19937_64 random(seed);
    for (int round = 0; round < 3000; ++round) {
        record_writer writer;
        for (int i = 0; i < 4; ++i)
            writer.append(random_record(random));
        std::string bytes = writer.take();
        for (auto n = 1 + up_to(random, 4); n > 0; --n)
            bytes[up_to(random, bytes.size())] = static_cast<char>(random());
        bytes.resize(1 + up_to(random, bytes.size()));
        record_reader reader(bytes);
        std::size_t records = 0;
        while (reader.next())
            ++records;
        REQUIRE(records <= bytes.size());
    }
    CHECK(record_reader("").broken());
    CHECK(record_reader("\x01").broken());
}

TEST_CASE("record codec: a writer is as new after its bytes are taken") {
    const record r = laboratory_patient().front();
    record_writer writer;
    writer.append(r);
    const std::string once = writer.take();
    writer.append(r);
    CHECK(writer.take() == once);
}
