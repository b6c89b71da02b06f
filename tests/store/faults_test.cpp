#include "tests/store/store_support.hpp"

#include "gateway/store/faults.hpp"

#include <atomic>
#include <thread>

using namespace trialgate;
using namespace trialgate::tests;

namespace {

struct board {
    explicit board(const std::string& folder, instant now = 1000)
        : time(make_manual_clock(now)), writer(start_committer(open_sqlite(folder), folder)),
          faults(time, [this](const fault_row& f, bool over) { alerts += (over ? "-" : "+") + f.key + ' '; }) {}
    /// What the store holds: "key times text; ".
    std::string stored(const std::string& folder) {
        commit_and_wait(*writer, [](store&) {});
        std::string out;
        for (const fault_row& f : open_sqlite(folder, true)->faults())
            out += f.key + ' ' + std::to_string(f.times) + ' ' + f.text + "; ";
        return out;
    }
    std::string alerts;
    std::shared_ptr<manual_clock> time;
    std::unique_ptr<committer> writer;
    fault_board faults;
};

} // namespace

TEST_CASE("A fault alerts once when it begins and once when it is over, however often it happens") {
    scratch_folder folder;
    board b(folder.path().string());
    b.faults.clear("a");
    for (int i = 0; i < 100; ++i) {
        b.time->set(1000 + i);
        b.faults.raise("a", "text " + std::to_string(i));
    }
    b.faults.raise("b", "other");
    CHECK(b.alerts == "+a +b ");
    const auto now = b.faults.current();
    REQUIRE(now.size() == 2);
    CHECK(now[0].key == "a");
    CHECK(now[0].text == "text 99");
    CHECK(now[0].since == 1000);
    CHECK(now[0].last == 1099);
    CHECK(now[0].times == 100);
    b.faults.clear("a");
    b.faults.clear("a");
    CHECK(b.alerts == "+a +b -a ");
    b.faults.raise("a", "again");
    CHECK(b.alerts == "+a +b -a +a ");
    CHECK(b.faults.current()[0].times == 1);
}

TEST_CASE("Faults survive a restart without alerting again") {
    scratch_folder folder;
    {
        board b(folder.path().string());
        b.faults.attach(*open_sqlite(folder.path().string(), true), b.writer.get());
        b.faults.raise("a", "text");
        b.faults.raise("b", "text");
        b.faults.clear("b");
        CHECK(b.stored(folder.path().string()) == "a 1 text; ");
    }
    board b(folder.path().string(), 5000);
    b.faults.raise("early", "before the store was open");
    b.faults.attach(*open_sqlite(folder.path().string(), true), b.writer.get());
    CHECK(b.stored(folder.path().string()) == "a 1 text; early 1 before the store was open; ");
    b.faults.raise("a", "text");
    CHECK(b.alerts == "+early ");
    CHECK(b.faults.current()[0].since == 1000);
    CHECK(b.faults.current()[0].times == 2);
    b.faults.clear("a");
    CHECK(b.alerts == "+early -a ");
    CHECK(b.stored(folder.path().string()) == "early 1 before the store was open; ");
}

TEST_CASE("A fault that goes on is written again when its text changes or a minute has passed, not each time") {
    scratch_folder folder;
    board b(folder.path().string(), 0);
    b.faults.attach(*open_sqlite(folder.path().string(), true), b.writer.get());
    for (int i = 0; i < 10; ++i)
        b.faults.raise("a", "text");
    CHECK(b.stored(folder.path().string()) == "a 1 text; ");
    b.time->set(minute_ms);
    b.faults.raise("a", "text");
    CHECK(b.stored(folder.path().string()) == "a 11 text; ");
    b.faults.raise("a", "another");
    CHECK(b.stored(folder.path().string()) == "a 12 another; ");
}

TEST_CASE("An alert may report another fault, and threads may report the same one") {
    const auto time = make_manual_clock(0);
    std::atomic<int> begun{0}, over{0};
    fault_board* self = nullptr;
    fault_board faults(time, [&](const fault_row& f, bool ended) {
        (ended ? over : begun) += f.key == "shared";
        if (f.key == "shared" && !ended)
            self->raise("follows", "from an alert");
    });
    self = &faults;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&] {
            for (int i = 0; i < 500; ++i)
                faults.raise("shared", "text");
        });
    for (std::thread& t : threads)
        t.join();
    CHECK(begun == 1);
    CHECK(faults.current().size() == 2);
    CHECK(faults.current()[1].times == 2000);
    faults.clear("shared");
    CHECK(over == 1);
}
