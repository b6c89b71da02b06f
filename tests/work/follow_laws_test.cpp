// Laws of alerts on random participations, with the shipped trial's own visits and safety, on the real store.
#include "gateway/work/live_trials.hpp"
#include "tests/work/work_bench.hpp"

#include <random>

using namespace trialgate;
using namespace trialgate::gateway;
using namespace trialgate::tests;

namespace {

using dice = std::mt19937_64;

std::size_t roll(dice& random, std::size_t below) { return static_cast<std::size_t>(random() % below); }

/// What arrives on a day after Day 0, which is the first day of the bench.
struct happening {
    int day;
    std::string body;
};

std::string day_text(int day) { return to_string(*fhir::parse_date("2026-03-15") + day); }

happening meeting(const char* visit, int day) {
    return {day, std::string(R"({"resourceType":"Encounter","id":"e-)") + visit + R"(","meta":{"versionId":"1"},"status":"finished","class":{"code":"AMB"},)" +
                     R"("type":[{"coding":[{"system":"urn:trialgate:visit","code":"sle-uc-msc/)" + visit +
                     R"("}]}],"subject":{"reference":"Patient/p"},"period":{"start":")" + day_text(day) + R"("}})"};
}

happening alt(int id, int version, int day, int taken, int value, const char* status) {
    return {day, R"({"resourceType":"Observation","id":"alt-)" + std::to_string(id) + R"(","meta":{"versionId":")" + std::to_string(version) +
                     R"("},"status":")" + status + R"(","subject":{"reference":"Patient/p"},)" +
                     R"("code":{"coding":[{"system":"http://loinc.org","code":"1742-6"}]},"effectiveDateTime":")" + day_text(taken) +
                     R"(","valueQuantity":{"value":)" + std::to_string(value) +
                     R"(,"unit":"U/L","system":"http://unitsofmeasure.org","code":"U/L"},"referenceRange":[{"high":{"value":35,"unit":"U/L",)" +
                     R"("system":"http://unitsofmeasure.org","code":"U/L"}}]})"};
}

/// Visits held in time, out of it or not at all; results of every grade, some of them corrected or taken back.
std::vector<happening> participation(dice& random) {
    std::vector<happening> out;
    const std::pair<const char*, int> visits[] = {{"v2", 1}, {"v3", 3}, {"v4", 7}, {"v5", 14}, {"v6", 28}};
    for (const auto& [visit, target] : visits)
        if (roll(random, 4) > 0)
            out.push_back(meeting(visit, target + static_cast<int>(roll(random, 7)) - (target > 3 ? 3 : 0)));
    for (int n = 0; n < 6; ++n) {
        const int taken = 1 + static_cast<int>(roll(random, 30)), told = taken + static_cast<int>(roll(random, 2));
        constexpr int values[] = {20, 60, 120, 190, 400, 800};
        out.push_back(alt(n, 1, told, taken, values[roll(random, 6)], "final"));
        if (roll(random, 2) == 0)
            out.push_back(alt(n, 2, told + static_cast<int>(roll(random, 3)), taken, values[roll(random, 6)], roll(random, 3) ? "corrected" : "entered-in-error"));
    }
    std::stable_sort(out.begin(), out.end(), [](const happening& a, const happening& b) { return a.day < b.day; });
    return out;
}

struct follow_bench : bench {
    follow_bench() {
        gateway_config config;
        config.time_zone = "UTC";
        config.sources = options.sources;
        config.sinks = options.sinks;
        config.pseudonym_key.value = options.pseudonym_key;
        options = options_for_worker(config, shipped().net);
        arrive(arrival::resource, patient);
        arrive(arrival::resource, diagnosis);
        arrive(arrival::hydrated, "Patient/p");
        state("on-study");
        work();
    }
    void state(const char* is) {
        participant_row row;
        row.trial = "sle-uc-msc";
        row.number = "001";
        row.source = "ehr";
        row.patient = "Patient/p";
        row.state = is;
        row.since = options.site.date_of(at / 1000);
        row.anchors = encode_anchors({{"screening", {*fhir::parse_date("2026-03-08")}}, {"dosing", {*fhir::parse_date("2026-03-15")}}});
        row.set_by = "user alice";
        now->participant_put(row);
    }
    void day(int n) { at = start + n * 24 * hour_ms; }
    /// Days with what they bring, worked in at the end of each; `shake` reorders and repeats what comes on one day.
    void live(const std::vector<happening>& all, int last_day, dice* shake) {
        for (int n = 0; n <= last_day; ++n) {
            std::vector<std::string> bodies;
            for (const happening& h : all)
                if (h.day == n)
                    bodies.push_back(h.body);
            if (shake) {
                std::shuffle(bodies.begin(), bodies.end(), *shake);
                if (!bodies.empty() && roll(*shake, 2) == 0)
                    bodies.push_back(bodies[roll(*shake, bodies.size())]);
                if (roll(*shake, 10) == 0) // the clock jumps; what the day brings comes all the same
                    ++n, std::for_each(all.begin(), all.end(), [&](const happening& h) { if (h.day == n) bodies.push_back(h.body); });
                if (roll(*shake, 8) == 0)
                    known = known_people(*now); // restarted
            }
            day(n);
            for (std::string& body : bodies)
                arrive(arrival::resource, std::move(body));
            work(shake ? 1 + roll(*shake, 4) : 100);
        }
        day(last_day);
        work();
    }
    /// What stands: "key kind tier title".
    std::set<std::string> open() const {
        std::set<std::string> out;
        for (const alert_row& a : now->alerts_of("sle-uc-msc", "001"))
            if (a.open)
                out.insert(a.key + ' ' + a.kind + " T" + std::to_string(a.tier) + ' ' + a.title);
        return out;
    }
    /// How often each alert was raised, by its public id.
    std::map<std::string, int> raised() const {
        std::map<std::string, int> out;
        for (const outbox_row& row : now->outbox_list("", 0, 100'000)) {
            const auto m = decode_message(row.body);
            REQUIRE(m);
            if (m->kind != "alert" || m->status != "raised")
                continue;
            fhir::json::parser parser;
            const auto alert = parser.parse_copy(m->alert);
            REQUIRE(alert.has_value());
            ++out[std::string((*alert)["id"].text())];
        }
        return out;
    }
};

} // namespace

TEST_CASE("follow laws: whatever the order, the jumps and the restarts, the same alerts stand, and none was raised twice") {
    std::size_t seen = 0;
    for (std::uint64_t seed = 1; seed <= 8; ++seed) {
        INFO("seed " << seed);
        dice random(seed);
        const std::vector<happening> all = participation(random);
        constexpr int last_day = 40;
        follow_bench in_order, shaken, at_once;
        in_order.live(all, last_day, nullptr);
        shaken.live(all, last_day, &random);
        at_once.day(last_day);
        for (auto h = all.rbegin(); h != all.rend(); ++h)
            at_once.arrive(arrival::resource, h->body);
        at_once.work();
        seen += in_order.open().size();
        CHECK(shaken.open() == in_order.open());
        CHECK(at_once.open() == in_order.open());
        for (const follow_bench* b : {&in_order, &shaken, &at_once})
            for (const auto& [alert, times] : b->raised()) {
                INFO("alert " << alert);
                CHECK(times == 1);
            }
    }
    CHECK(seen > 8);
}

TEST_CASE("follow laws: after a withdrawal nothing is to do, nothing is raised, and what happened stays") {
    std::size_t kept = 0;
    for (std::uint64_t seed = 21; seed <= 24; ++seed) {
        INFO("seed " << seed);
        dice random(seed);
        const std::vector<happening> all = participation(random);
        const int left = 5 + static_cast<int>(roll(random, 20));
        follow_bench b;
        b.live(all, left, &random);
        const auto stood = b.open();
        b.state("withdrawn");
        b.work();
        const auto facts = [](const std::set<std::string>& standing) {
            std::set<std::string> out;
            for (const std::string& a : standing)
                if (a.find("upcoming") == a.npos && a.find("due") == a.npos && a.find("closing") == a.npos && a.find("done-incomplete") == a.npos)
                    out.insert(a);
            return out;
        };
        kept += facts(stood).size();
        CHECK(b.open() == facts(stood));
        const auto before = b.raised();
        std::vector<happening> rest;
        for (const happening& h : all)
            if (h.day > left)
                rest.push_back({h.day - left, h.body});
        for (int n = 1; n <= 30; ++n) {
            b.day(left + n);
            for (const happening& h : rest)
                if (h.day == n)
                    b.arrive(arrival::resource, h.body);
            b.work();
        }
        CHECK(b.open() == facts(b.open()));
        CHECK(b.raised() == before);
    }
    CHECK(kept > 0);
}
