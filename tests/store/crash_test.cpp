// A process that is killed loses nothing that it acknowledged.
#include "tests/store/store_support.hpp"

#include <algorithm>
#include <csignal>
#include <functional>
#include <random>
#include <set>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace trialgate;
using namespace trialgate::tests;

namespace {

/// Runs `act` in a child that has one end of a pipe and never returns; the other end and the child's id are the parent's.
struct child {
    explicit child(const std::function<void(int out)>& act) {
        int ends[2];
        if (::pipe(ends) != 0)
            throw std::runtime_error("no pipe");
        id = ::fork();
        if (id == 0) {
            ::close(ends[0]);
            act(ends[1]);
            ::_exit(0);
        }
        ::close(ends[1]);
        in = ends[0];
    }
    ~child() {
        if (id > 0) {
            ::kill(id, SIGKILL);
            wait();
        }
        ::close(in);
    }
    bool read(std::int32_t& number) const { return ::read(in, &number, sizeof number) == sizeof number; }
    /// The signal that ended it; 0: it ended by itself.
    int wait() {
        int status = 0;
        ::waitpid(id, &status, 0);
        id = -1;
        return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    }
    pid_t id;
    int in;
};

void acknowledge(int out, std::int32_t number) {
    if (::write(out, &number, sizeof number) != sizeof number)
        ::_exit(1);
}

/// One work writes three things that must hold together.
void work_of(store& s, std::int32_t number) {
    s.journal_append(arrived(std::to_string(number)));
    s.outbox_add(to_tell("s" + std::to_string(number % 7), "k" + std::to_string(number)));
    s.value_put("v" + std::to_string(number), "1");
}

/// Submits from four threads until it is killed; thread t hands in t, t + 4, ...
void commit_for_ever(const std::string& folder, int out, std::int32_t from) {
    const auto writer = start_committer(open_sqlite(folder), folder);
    std::vector<std::thread> threads;
    for (std::int32_t t = 0; t < 4; ++t)
        threads.emplace_back([&, t] {
            for (std::int32_t n = from + t;; n += 4)
                if (!commit_and_wait(*writer, [n](store& s) { work_of(s, n); }))
                    acknowledge(out, n);
        });
    for (std::thread& t : threads)
        t.join();
}

void commit_one_by_one(const std::string& folder, int out) {
    const auto writer = start_committer(open_sqlite(folder), folder);
    for (std::int32_t n = 1; n <= 10; ++n)
        if (!commit_and_wait(*writer, [n](store& s) { work_of(s, n); }))
            acknowledge(out, n);
}

} // namespace

TEST_CASE("What was acknowledged is there after the process was killed at any time") {
    scratch_folder folder;
    std::set<std::int32_t> acknowledged;
    std::mt19937 random(2026);
    std::int32_t from = 0;
    for (int round = 0; round < 25; ++round) {
        {
            child c([&](int out) { commit_for_ever(folder.path().string(), out, from); });
            const auto wanted = random() % 150;
            std::int32_t n = 0;
            for (auto i = wanted; i > 0; --i) {
                REQUIRE(c.read(n));
                acknowledged.insert(n);
            }
            ::kill(c.id, SIGKILL);
            CHECK(c.wait() == SIGKILL);
            while (c.read(n)) // acknowledged before it died
                acknowledged.insert(n);
        }
        const auto s = open_sqlite(folder.path().string());
        std::set<std::int32_t> kept, told;
        for (const auto& row : s->journal_after(0, 1'000'000, 1'000'000'000))
            CHECK(kept.insert(std::stoi(row.body)).second);
        for (const auto& row : s->outbox_list("", 0, 1'000'000))
            told.insert(std::stoi(row.key.substr(1)));
        CHECK(std::includes(kept.begin(), kept.end(), acknowledged.begin(), acknowledged.end()));
        CHECK(kept == told); // one transaction
        for (const std::int32_t n : kept)
            CHECK(s->value("v" + std::to_string(n)));
        CHECK(s->journal_count().rows == static_cast<std::int64_t>(kept.size()));
        from = kept.empty() ? 0 : (*kept.rbegin() / 4 + 1) * 4;
    }
    CHECK(acknowledged.size() > 500);
}

TEST_CASE("A crash point right before a commit loses that commit, right after it nothing but the answer") {
    for (const bool after : {false, true}) {
        scratch_folder folder;
        child c([&](int out) {
            ::setenv(after ? "TRIALGATE_CRASH_AFTER" : "TRIALGATE_CRASH_AT", "4", 1);
            commit_one_by_one(folder.path().string(), out);
        });
        std::int32_t n = 0, last = 0;
        while (c.read(n))
            last = n;
        CHECK(c.wait() == SIGKILL);
        CHECK(last == 3);
        const auto s = open_sqlite(folder.path().string());
        CHECK(bodies(s->journal_after(0, 99, 999)) == (after ? "1 2 3 4" : "1 2 3"));
    }
}
