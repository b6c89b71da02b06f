// A cohort is what its seed says, is plainly invented, and speaks only words that the shipped library knows.
#include "fhir/json.hpp"
#include "gateway/synth/cohort.hpp"
#include "tests/support/shipped.hpp"

#include <catch2/catch.hpp>
#include <set>

using namespace trialgate;
using namespace trialgate::gateway::synth;
namespace json = fhir::json;

namespace {

const fhir::date day = *fhir::parse_date("2026-03-15");

cohort_options options(const dialect& in, std::uint64_t patients, std::uint64_t seed) {
    return {patients, seed, &in, in.shape, 25, day};
}

std::string bytes(const cohort_options& o) {
    std::string out;
    make_cohort(o, [&](const member& m) {
        out += bundle_of(m.chart) + '\n' + m.truth + '\n';
        return true;
    });
    return out;
}

std::uint64_t fnv1a(std::string_view text) {
    std::uint64_t h = 14695981039346656037u;
    for (const char c : text)
        h = (h ^ static_cast<unsigned char>(c)) * 1099511628211u;
    return h;
}

/// Every resource of a cohort, parsed.
void each_resource(const cohort_options& o, const std::function<void(json::value, const resource_text&, const member&)>& use) {
    json::parser parser;
    make_cohort(o, [&](const member& m) {
        for (const resource_text& r : m.chart) {
            const auto parsed = parser.parse_copy(r.json);
            REQUIRE(parsed.has_value());
            use(*parsed, r, m);
        }
        return true;
    });
}

void each_string(json::value v, const std::function<void(std::string_view)>& use) {
    if (v.is_string())
        use(v.text());
    for (const json::value& e : v.elements())
        each_string(e, use);
    for (const json::member& m : v.members())
        each_string(m.content, use);
}

} // namespace

// A change of the generator changes these on purpose; a machine, a compiler or a library must not.
TEST_CASE("cohort: the same seed gives the same bytes on every machine") {
    const std::map<std::string_view, std::uint64_t> expected{
        {"us-core", 0xeb26c7b203af0a2},
        {"german", 0xd37b325e47c5034f},
        {"local-lab", 0x294944dd7bda53bb},
        {"nordic-r5", 0x7edf129e17fe2f3d}};
    for (const dialect& in : dialects()) {
        const std::string once = bytes(options(in, 40, 11));
        INFO(in.name << " gave " << fnv1a(once));
        CHECK(once == bytes(options(in, 40, 11)));
        CHECK(fnv1a(once) == expected.at(in.name));
        CHECK(once != bytes(options(in, 40, 12)));
    }
}

TEST_CASE("cohort: a person is the same in a small and in a large cohort") {
    const dialect& in = dialects().front();
    const std::string small = bytes(options(in, 5, 3)), large = bytes(options(in, 20, 3));
    CHECK(large.starts_with(small));
}

TEST_CASE("cohort: making it ends when the taker has enough") {
    int taken = 0;
    make_cohort(options(dialects().front(), 1'000'000'000, 3), [&](const member&) { return ++taken < 3; });
    CHECK(taken == 3);
}

TEST_CASE("cohort: controls are as many as asked for") {
    for (const int share : {0, 30, 100}) {
        int controls = 0;
        for (std::uint64_t n = 1; n <= 2000; ++n)
            controls += make_course(5, n, share, day).control;
        CHECK(std::abs(controls - share * 20) <= (share % 100 == 0 ? 0 : 130)); // six standard deviations
    }
}

TEST_CASE("cohort: every resource says that it is test data, and belongs to its patient") {
    for (const dialect& in : dialects())
        for (const release shape : {release::r4, release::r5}) {
            cohort_options o = options(in, 60, 21);
            o.shape = shape;
            std::set<std::string> ids;
            each_resource(o, [&](json::value v, const resource_text& r, const member& m) {
                INFO(r.json);
                CHECK(v["resourceType"].text() == r.type);
                CHECK(v["meta"]["security"][0]["code"].text() == "HTEST");
                CHECK(v["id"].text() == r.id);
                CHECK(ids.insert(std::string(r.type) + '/' + r.id).second);
                CHECK(r.id.size() <= 64);
                if (r.type == "Patient") {
                    CHECK(r.id == m.id);
                    CHECK(v["name"][0]["family"].text() == "Synthetic");
                } else
                    CHECK(v["subject"]["reference"].text() == "Patient/" + m.id);
            });
        }
}

TEST_CASE("cohort: nothing is dated after the day of the answers") {
    const std::string today = fhir::to_string(day);
    for (const dialect& in : dialects())
        each_resource(options(in, 150, 31), [&](json::value v, const resource_text& r, const member&) {
            each_string(v, [&](std::string_view text) {
                if (text.size() >= 10 && fhir::parse_date_time(text) && text[4] == '-') {
                    INFO(r.json);
                    CHECK(text.substr(0, 10) <= today);
                }
            });
        });
}

TEST_CASE("cohort: R4 and R5 differ in shape alone") {
    const dialect& in = *find_dialect("nordic-r5");
    cohort_options o = options(in, 40, 41);
    int statements = 0;
    each_resource(o, [&](json::value v, const resource_text& r, const member&) {
        if (r.type != "MedicationStatement")
            return;
        ++statements;
        CHECK(v["status"].text() == "recorded");
        CHECK(v["medication"]["concept"].is_object());
        CHECK(v["adherence"]["code"]["coding"][0]["code"].text() == "taking");
    });
    o.shape = release::r4;
    each_resource(o, [&](json::value v, const resource_text& r, const member&) {
        if (r.type != "MedicationStatement")
            return;
        --statements;
        CHECK((v["status"].text() == "active" || v["status"].text() == "completed"));
        CHECK(v["medicationCodeableConcept"].is_object());
        CHECK_FALSE(v["adherence"]);
    });
    CHECK(statements == 0);
}

TEST_CASE("dialects: every standard code is one that the shipped library knows, local ones are known to nobody") {
    const mappings::catalog& codes = *tests::shipped().codes;
    for (const dialect& in : dialects()) {
        const auto look = [&](const code& c) {
            INFO(in.name << ": " << c.system << '|' << c.value);
            if (!c.system.empty())
                CHECK(codes.lookup(c.system, c.value).empty() == (c.system == in.local_system));
        };
        for (const result_style& s : in.results)
            look(s.named);
        for (const finding_style& s : in.findings)
            look(s.named);
        for (const drug_style& s : in.drugs)
            look(s.named);
        for (const std::span<const code> all : {in.disease, in.remission, in.unclear, in.drug_induced})
            for (const code& c : all)
                look(c);
        for (const dialect::mapped& m : in.map)
            look({m.target_system, m.target, {}});
    }
}

TEST_CASE("dialects: what cannot be read is local and not mapped, and the other way round") {
    for (const dialect& in : dialects())
        for (const result_style& s : in.results) {
            INFO(in.name << ": " << s.named.value);
            const bool local = s.named.system == in.local_system && !in.local_system.empty();
            const bool mapped =
                std::any_of(in.map.begin(), in.map.end(), [&](const dialect::mapped& m) { return m.local == s.named.value; });
            CHECK((s.readable == reads::nothing) == (local && !mapped));
        }
}
