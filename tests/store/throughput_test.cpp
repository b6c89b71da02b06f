// Not part of a run: `store_tests "[throughput]"` measures durable works a second. Nothing is asserted about time.
#include "tests/store/store_support.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <fcntl.h>
#include <iostream>
#include <thread>
#include <unistd.h>

using namespace trialgate;
using namespace trialgate::tests;
using ticking = std::chrono::steady_clock;

namespace {

double seconds_since(ticking::time_point start) { return std::chrono::duration<double>(ticking::now() - start).count(); }

/// What the disk allows: writes of 4 KiB, each made durable.
double raw_syncs_a_second(const std::string& folder) {
    const std::string page(4096, 'x');
    const int file = ::open((folder + "/raw").c_str(), O_RDWR | O_CREAT, 0600);
    constexpr int count = 1000;
    bool good = true;
    for (int i = 0; i < count; ++i) // as a log that has its blocks
        good &= ::write(file, page.data(), page.size()) == 4096;
    ::fsync(file);
    const auto start = ticking::now();
    for (int i = 0; i < count; ++i)
        good &= ::pwrite(file, page.data(), page.size(), i * 4096) == 4096 && ::fdatasync(file) == 0;
    const double taken = seconds_since(start);
    ::close(file);
    REQUIRE(good);
    return count / taken;
}

} // namespace

TEST_CASE("Durable works a second from 64 submitters", "[.][throughput]") {
    scratch_folder folder;
    std::cout << "raw: " << raw_syncs_a_second(folder.path().string()) << " syncs a second\n";
    const auto writer = start_committer(open_sqlite(folder.path().string()), folder.path().string());
    constexpr int submitters = 64, each = 1000;
    const journal_item item = arrived(std::string(1500, 'x'));
    std::vector<std::vector<double>> taken(submitters);
    std::atomic<int> failed{0};
    const auto start = ticking::now();
    std::vector<std::thread> threads;
    for (std::vector<double>& mine : taken)
        threads.emplace_back([&] {
            for (int i = 0; i < each; ++i) {
                const auto begun = ticking::now();
                failed += commit_and_wait(*writer, [&](store& s) { s.journal_append(item); }).has_value();
                mine.push_back(seconds_since(begun) * 1000);
            }
        });
    for (std::thread& t : threads)
        t.join();
    const double all = seconds_since(start);
    std::vector<double> sorted;
    for (const auto& mine : taken)
        sorted.insert(sorted.end(), mine.begin(), mine.end());
    std::sort(sorted.begin(), sorted.end());
    const auto at = [&](double part) { return sorted[static_cast<std::size_t>(part * static_cast<double>(sorted.size() - 1))]; };
    const auto counted = writer->counted();
    std::cout << submitters * each / all << " works a second, " << static_cast<double>(counted.commits) / all << " commits a second, log "
              << counted.wal_bytes / 1048576 << " MiB; p50 " << at(0.5) << " ms, p99 " << at(0.99) << " ms, longest " << at(1) << " ms\n";
    CHECK(failed == 0);
}

TEST_CASE("The outbox stays fast with 100,000 rows waiting", "[.][throughput]") {
    scratch_folder folder;
    const auto s = open_sqlite(folder.path().string());
    for (const bool later : {false, true}) {
        const auto start = ticking::now();
        s->begin();
        for (int i = 0; i < 100'000; ++i)
            s->outbox_add(to_tell("s" + std::to_string(i % 50'000), std::to_string(later) + '-' + std::to_string(i), "study", later ? 1'000'000 : 0));
        s->commit();
        std::cout << "added in " << seconds_since(start) << " s\n";
        const auto looked = ticking::now();
        std::size_t rows = 0;
        for (int i = 0; i < 1000; ++i)
            rows += s->outbox_due("study", 5, 32).size() + s->outbox_next("study").has_value();
        std::cout << "looked in " << seconds_since(looked) << " ms each, " << rows << " rows; ";
        const auto counted = ticking::now();
        const auto counts = s->outbox_count("study");
        std::cout << "counted " << counts.waiting << " in " << seconds_since(counted) * 1000 << " ms\n";
        s->begin();
        const auto failing = ticking::now();
        for (const auto& row : s->outbox_due("study", 5, 45'000))
            s->outbox_failed(row.id, 1, 1'000'000, outbox_state::waiting, "503");
        s->commit();
        std::cout << "put off in " << seconds_since(failing) << " s\n";
        const auto few = ticking::now();
        rows = 0;
        for (int i = 0; i < 20; ++i)
            rows += s->outbox_due("study", 5, 32).size();
        std::cout << "looked behind them in " << seconds_since(few) * 50 << " ms each, " << rows << " rows\n";
    }
}
