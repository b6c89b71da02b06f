// Notifications at the hook of the real program, as ratios to a bare server of the same kind (bare_hook.hpp) in the same run, over loopback.
//
//   hook_bench PROGRAM [seconds] [rounds] [folder]
//
// 1. Throughput: 64 connections that each send the next notification when the last one is answered. Bodies are R4 Observations of 2 kB with a code that
//    trials read; nine in ten are of people whom no trial considers, one of a considered person (500 of them, whose history is there), who is decided
//    again. Both answer after a durable commit. What the gateway then does with a notification competes for the processors and the disk meanwhile, as it
//    does in service; how long it takes to empty the journal afterwards is told too.
// 2. Latency, at half of the throughput that the gateway reached in 1, sent by the clock (waiting for a free connection counts). Bare server: until the answer, which
//    follows its commit. Gateway: until the outbox row of the changed decision can be read by another connection, that is after its commit. A thread of this
//    program looks every half millisecond, which is contained in the figures. Of nine in ten nothing follows; the tenth changes a decision.
// 3. Memory and start-up of the program.
//
// Rounds alternate between the two; of each the best round counts, because what else the machine does makes a round slower, never faster.
#include "gateway/store/message.hpp"
#include "gateway/store/store.hpp"
#include "tests/bench/bare_hook.hpp"
#include "tests/bench/hook_load.hpp"
#include "tests/bench/live_child.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <mutex>
#include <optional>
#include <thread>
#include <unistd.h>
#include <unordered_map>
#include <vector>

namespace {

using namespace trialgate::bench;

constexpr int considered = 500, others = 100'000;
constexpr unsigned shares[] = {100, 10}; ///< of so many notifications one changes a decision

/// Writes one notification after the other; what differs has a fixed width.
class notifications {
public:
    /// `low`: of whom the last result was below the limit. One notification in `changing` (a multiple of ten) then changes a decision.
    explicit notifications(std::vector<bool>* low = nullptr, unsigned changing = 0) : low_(low), changing_(changing) {
        const std::string day = day_before_today(10);
        body_ = R"({"resourceType":"Observation","id":"_______-egfr","meta":{"versionId":"_________","lastUpdated":")" + day + R"(T08:00:00.000+00:00",)"
                R"("profile":["http://hl7.org/fhir/us/core/StructureDefinition/us-core-observation-lab"]},"text":{"status":"generated","div":")"
                R"(<div xmlns=\"http://www.w3.org/1999/xhtml\">)" + std::string(850, 'x') + R"(</div>"},)"
                R"("identifier":[{"system":"urn:example:laboratory","value":"L-20931-77"}],"status":"final","category":[{"coding":[)"
                R"({"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory","display":"Laboratory"}]}],)"
                R"("code":{"coding":[{"system":"http://loinc.org","code":"98979-8","display":"Glomerular filtration rate/1.73 sq M.predicted"},)"
                R"({"system":"urn:example:codes","code":"GFR-CKD-EPI"}],"text":"eGFR, CKD-EPI 2021"},"subject":{"reference":"Patient/_______"},)"
                R"("encounter":{"reference":"Encounter/e-20931"},"effectiveDateTime":")" + day + R"(T07:45:00+00:00","issued":")" + day +
                R"(T08:00:00.000+00:00","performer":[{"reference":"Organization/laboratory","display":"Central laboratory"}],)"
                R"("valueQuantity":{"value":__,"unit":"mL/min/{1.73_m2}","system":"http://unitsofmeasure.org","code":"mL/min/{1.73_m2}"},)"
                R"("interpretation":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation","code":"N"}]}],)"
                R"("referenceRange":[{"low":{"value":60,"unit":"mL/min/{1.73_m2}","system":"http://unitsofmeasure.org","code":"mL/min/{1.73_m2}"}}]})";
        head_ = "PUT /in/" + std::string(hook_token) + '/' + hook_name + "/Observation/_______-egfr HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer " +
                hook_secret + "\r\nContent-Type: application/fhir+json;charset=UTF-8\r\nContent-Length: " + std::to_string(body_.size()) + "\r\n\r\n";
        all_ = head_ + body_;
        for (std::size_t at = all_.find("_______"); at != all_.npos; at = all_.find("_______", at + 9))
            (all_.compare(at, 9, "_________") == 0 ? version_ : ids_[id_count_++]) = at;
        value_ = all_.find(":__,") + 1;
    }

    /// The number of the person whose decision this changes, or nothing.
    std::optional<int> next(std::string& out) {
        const std::uint64_t n = count_++;
        const bool ours = n % 10 == 0;
        const int who = static_cast<int>(ours ? n / 10 % considered : n % others);
        int value = static_cast<int>(70 + n % 29);
        const bool changes = low_ && n % changing_ == 0;
        if (changes) {
            auto now = (*low_)[static_cast<std::size_t>(who)];
            now.flip();
            if (now)
                value = 20;
        }
        char text[16];
        std::snprintf(text, sizeof text, "%c%06d", ours ? 'c' : 'b', who);
        for (std::size_t i = 0; i < id_count_; ++i)
            all_.replace(ids_[i], 7, text);
        std::snprintf(text, sizeof text, "%09u", ++versions);
        all_.replace(version_, 9, text);
        all_.replace(value_, 2, std::to_string(value));
        out = all_;
        return changes ? std::optional(who) : std::nullopt;
    }
    std::size_t bytes() const noexcept { return body_.size(); }

private:
    static inline unsigned versions = 100'000'000;
    std::vector<bool>* low_;
    unsigned changing_;
    std::string head_, body_, all_;
    std::size_t ids_[4]{}, id_count_ = 0, version_ = 0, value_ = 0;
    std::uint64_t count_ = 0;
};

/// Answers alone; no decision changes.
load_figures answers(unsigned short port, double seconds, double rate = 0) {
    notifications of;
    load_plan plan;
    plan.port = port;
    plan.seconds = seconds;
    plan.per_second = rate;
    plan.next = [&](std::string& out, moment) { of.next(out); };
    return run_load(plan);
}

/// What one of the two has left for the disk to do must not be charged to the other: both write their logs back beside the commits.
void disk_at_rest() {
    std::this_thread::sleep_for(std::chrono::seconds(1));
    ::sync();
}

load_figures bare_answers(const std::string& folder, double seconds, double rate = 0) {
    load_figures out;
    {
        bare_hook bare(folder);
        out = answers(bare.port(), seconds, rate);
    }
    for (const char* file : {"/bare.db", "/bare.db-wal", "/bare.db-shm"})
        std::filesystem::remove(folder + file);
    disk_at_rest();
    return out;
}

/// Notices when the outbox rows of a person can be seen.
class outbox_watch {
public:
    explicit outbox_watch(const std::string& data) : reading_(trialgate::gateway::open_sqlite(data, true)) {
        for (int n = 0; n < considered; ++n) {
            char key[24];
            std::snprintf(key, sizeof key, "Patient/c%06d", n);
            numbers_[trialgate::gateway::pseudonym_of(pseudonym_key, source_name, key)] = n;
        }
        for (auto rows = more(); !rows.empty(); rows = more()) { // what is there from before
        }
        thread_ = std::thread([this] { watch(); });
    }
    /// Waits until everything sent was seen, at most ten seconds; the latencies.
    std::vector<double> end() {
        for (int n = 0; n < 1000 && waiting() > 0; ++n)
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        stopping_ = true;
        thread_.join();
        return std::move(latencies_);
    }
    void sent(int who, moment at) {
        const std::lock_guard lock(guard_);
        sent_[static_cast<std::size_t>(who)].push_back(at);
        ++waiting_;
    }
    std::size_t waiting() const {
        const std::lock_guard lock(guard_);
        return waiting_;
    }

private:
    std::vector<trialgate::gateway::outbox_row> more() {
        auto rows = reading_->outbox_list(sink_name, last_, 1000);
        if (!rows.empty())
            last_ = rows.back().id;
        return rows;
    }
    void watch() {
        while (!stopping_) {
            const auto rows = more();
            const moment now = std::chrono::steady_clock::now();
            {
                const std::lock_guard lock(guard_);
                for (const auto& row : rows) {
                    const auto who = numbers_.find(row.subject);
                    if (who == numbers_.end() || sent_[static_cast<std::size_t>(who->second)].empty())
                        continue;
                    auto& first = sent_[static_cast<std::size_t>(who->second)];
                    latencies_.push_back(std::chrono::duration<double, std::milli>(now - first.front()).count());
                    first.pop_front();
                    --waiting_;
                }
            }
            std::this_thread::sleep_for(std::chrono::microseconds(500));
        }
    }

    std::unique_ptr<trialgate::gateway::store> reading_;
    std::unordered_map<std::string, int> numbers_;
    std::int64_t last_ = 0;
    mutable std::mutex guard_;
    std::vector<std::deque<moment>> sent_ = std::vector<std::deque<moment>>(considered);
    std::size_t waiting_ = 0;
    std::vector<double> latencies_;
    std::atomic<bool> stopping_ = false;
    std::thread thread_;
};

struct outbox_figures {
    load_figures answers;
    std::vector<double> latencies;
    std::size_t unseen = 0;
};

outbox_figures outbox_latency(const live_child& gateway, double seconds, double rate, std::vector<bool>& low, unsigned changing) {
    notifications of(&low, changing);
    outbox_watch watch(gateway.data());
    load_plan plan;
    plan.port = gateway.port();
    plan.seconds = seconds;
    plan.per_second = rate;
    plan.next = [&](std::string& out, moment due) {
        if (const auto who = of.next(out))
            watch.sent(*who, due);
    };
    outbox_figures out;
    out.answers = run_load(plan);
    out.latencies = watch.end();
    out.unseen = watch.waiting();
    return out;
}

void print_throughput(const char* who, const load_figures& f) {
    std::printf("  %-10s %8.0f /s   p50 %6.2f ms   p99 %6.2f ms   refused %llu\n", who, f.rate(), percentile(f.latencies, 0.5),
                percentile(f.latencies, 0.99), static_cast<unsigned long long>(f.refused));
    std::fflush(stdout);
}

} // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        std::fprintf(stderr, "usage: hook_bench PROGRAM [seconds] [rounds] [folder]\n");
        return 2;
    }
    const double seconds = argc > 2 ? std::atof(argv[2]) : 10;
    const int rounds = argc > 3 ? std::atoi(argv[3]) : 3;
    std::string folder = (argc > 4 ? std::filesystem::path(argv[4]) : std::filesystem::temp_directory_path()) / "trialgate-bench-XXXXXX";
    if (!::mkdtemp(folder.data())) {
        std::perror(folder.c_str());
        return 1;
    }
    {
        live_child gateway(argv[1], folder + "/gateway", considered);
        double ready = 1e9;
        for (int n = 0; n < 5; ++n) {
            gateway.stop();
            ready = std::min(ready, gateway.start());
        }
        const long at_start = gateway.memory("VmRSS");

        std::printf("notifications of %zu bytes over 64 connections, %.0f s a round\n", notifications().bytes(), seconds);
        double bare_rate = 0, rate = 0, drained = 0;
        for (int n = 0; n < rounds; ++n) {
            const load_figures b = bare_answers(folder, seconds);
            print_throughput("bare", b);
            const load_figures g = answers(gateway.port(), seconds);
            const double more = gateway.drain();
            print_throughput("trialgate", g);
            std::printf("  %-10s %8.0f /s   worked in (%.1f s after the last one)\n", "", static_cast<double>(g.answered) / (g.seconds + more), more);
            bare_rate = std::max(bare_rate, b.rate());
            rate = std::max(rate, g.rate());
            drained = std::max(drained, static_cast<double>(g.answered) / (g.seconds + more));
            disk_at_rest();
        }
        const long at_load = gateway.memory("VmRSS"), most = gateway.memory("VmHWM");

        std::printf("at half of the rate that trialgate answered, %.0f /s\n", rate / 2);
        double bare_p99 = 1e9;
        std::array<double, std::size(shares)> p99;
        p99.fill(1e9);
        std::vector<bool> low(considered);
        for (int n = 0; n < rounds; ++n) {
            const load_figures b = bare_answers(folder, seconds, rate / 2);
            print_throughput("bare", b);
            bare_p99 = std::min(bare_p99, percentile(b.latencies, 0.99));
            for (std::size_t i = 0; i < p99.size(); ++i) {
                const outbox_figures g = outbox_latency(gateway, seconds, rate / 2, low, shares[i]);
                print_throughput("trialgate", g.answers);
                gateway.drain();
                disk_at_rest();
                std::printf("  %-10s one in %u to the outbox  p50 %6.2f ms   p99 %6.2f ms   of %zu, not seen %zu\n", "", shares[i],
                            percentile(g.latencies, 0.5), percentile(g.latencies, 0.99), g.latencies.size(), g.unseen);
                p99[i] = std::min(p99[i], percentile(g.latencies, 0.99));
            }
        }
        std::printf("\n%-58s %10s %10s %8s %8s\n", "best rounds", "bare", "trialgate", "ratio", "wanted");
        std::printf("%-58s %10.0f %10.0f %8.2f %8s\n", "notifications answered after durable commit, /s", bare_rate, rate, rate / bare_rate, ">= 0.5");
        std::printf("%-58s %10s %10.0f %8.2f\n", "notifications answered and worked in, /s", "", drained, drained / bare_rate);
        for (std::size_t i = 0; i < p99.size(); ++i)
            std::printf("p99 to commit / to outbox commit, one change in %-10u %10.2f %10.2f %8.2f %8s\n", shares[i], bare_p99, p99[i],
                        p99[i] / bare_p99, "<= 3");
        std::printf("%-58s %10s %10.3f %8s %8s\n", "start to ready, s (best of 5)", "", ready, "", "< 1");
        std::printf("%-58s %10s %10.1f\n", "resident after start, MiB", "", static_cast<double>(at_start) / 1024);
        std::printf("%-58s %10s %10.1f  (highest %.1f)\n", "resident after the load, MiB", "", static_cast<double>(at_load) / 1024,
                    static_cast<double>(most) / 1024);
    }
    std::filesystem::remove_all(folder);
    return 0;
}
