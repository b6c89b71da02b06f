#include "tests/store/store_support.hpp"

#include "gateway/core/async.hpp"

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <future>
#include <thread>

using namespace trialgate;
using namespace trialgate::tests;

namespace {

/// Holds the committing thread inside a work until released, so that what follows becomes one group.
class gate {
public:
    explicit gate(committer& c) {
        c.submit([this](store&) { entered_.set_value(), open_.get_future().wait(); }, {});
        entered_.get_future().wait();
    }
    void release() { open_.set_value(); }

private:
    std::promise<void> entered_, open_;
};

struct running {
    running() : writer(start_committer(open_sqlite(folder.path().string()), folder.path().string())) {}
    std::unique_ptr<store> read() { return open_sqlite(folder.path().string(), true); }
    scratch_folder folder;
    std::unique_ptr<committer> writer;
};

} // namespace

TEST_CASE("What is committed is there when done is called") {
    running r;
    const auto reading = r.read();
    std::int64_t seq = 0;
    std::promise<std::size_t> seen;
    r.writer->submit([&](store& s) { seq = s.journal_append(arrived("a")); },
                     [&](commit_outcome o) { seen.set_value(o ? 0 : reading->journal_after(0, 9, 99).size()); });
    CHECK(seen.get_future().get() == 1);
    CHECK(seq == 1);
}

TEST_CASE("Works that arrive while another commit runs share the next one, in order of submission") {
    running r;
    const auto before = r.writer->counted().commits;
    gate hold(*r.writer);
    std::string told;
    std::promise<void> last;
    for (int i = 0; i < 100; ++i)
        r.writer->submit([i](store& s) { s.journal_append(arrived(std::to_string(i))); },
                         [&, i](commit_outcome o) {
                             told += (o ? "!" : "") + std::to_string(i) + ' ';
                             if (i == 99)
                                 last.set_value();
                         });
    CHECK(r.writer->waiting() == 101);
    hold.release();
    last.get_future().wait();
    CHECK(r.writer->waiting() == 0);
    CHECK(r.writer->counted().commits - before == 2);
    CHECK(r.writer->counted().works == 101);
    CHECK(bodies(r.read()->journal_after(0, 1000, 10000)) + ' ' == told);
}

TEST_CASE("Many threads submit and every one is told its own outcome once") {
    running r;
    constexpr int threads = 8, each = 200;
    std::atomic<int> good{0}, bad{0};
    std::vector<std::thread> all;
    for (int t = 0; t < threads; ++t)
        all.emplace_back([&, t] {
            for (int i = 0; i < each; ++i) {
                const bool fails = i % 50 == 7;
                const auto o = commit_and_wait(*r.writer, [=](store& s) {
                    s.journal_append(arrived(std::to_string(t) + '/' + std::to_string(i)));
                    if (fails)
                        throw std::runtime_error("as planned");
                });
                good += !o && !fails;
                bad += o && fails && o->what_kind() == store_error::kind::io && std::string(o->what()) == "as planned";
            }
        });
    for (std::thread& t : all)
        t.join();
    CHECK(bad == threads * 4);
    CHECK(good == threads * (each - 4));
    CHECK(r.writer->counted().works == threads * (each - 4));
    CHECK(r.writer->counted().failures == threads * 4);
    CHECK(r.writer->counted().commits < threads * (each - 4));
    std::vector<int> next(threads, 0); // order of submission, per thread
    const auto rows = r.read()->journal_after(0, 10'000, 1'000'000);
    CHECK(rows.size() == threads * (each - 4));
    for (const auto& row : rows) {
        const auto slash = row.body.find('/');
        int& expected = next[static_cast<std::size_t>(std::stoi(row.body))];
        expected += expected % 50 == 7;
        CHECK(row.body.substr(slash + 1) == std::to_string(expected++));
    }
    CHECK(r.read()->journal_count().rows == threads * (each - 4));
}

TEST_CASE("A work that fails takes nothing of its group with it and leaves nothing of itself") {
    running r;
    gate hold(*r.writer);
    std::string told;
    std::promise<void> last;
    for (int i = 0; i < 5; ++i)
        r.writer->submit(
            [i](store& s) {
                s.journal_append(arrived(std::to_string(i)));
                s.outbox_add(to_tell("s", "key" + std::to_string(i)));
                if (i == 1)
                    throw store_error(store_error::kind::full, "no space");
                if (i == 3)
                    throw 42; // NOLINT: anything
            },
            [&, i](commit_outcome o) {
                told += std::to_string(i) + (!o ? "+ " : o->what_kind() == store_error::kind::full ? "full " : "- ");
                if (i == 4)
                    last.set_value();
            });
    hold.release();
    last.get_future().wait();
    CHECK(told == "0+ 1full 2+ 3- 4+ ");
    CHECK(bodies(r.read()->journal_after(0, 9, 99)) == "0 2 4");
    CHECK(keys(r.read()->outbox_list("", 0, 9)) == "key0 key2 key4");
    CHECK(r.read()->journal_count().bytes == 3);
}

TEST_CASE("A full store fails what needs space, not what gives it back, and recovers") {
    scratch_folder folder;
    sqlite_options options;
    options.max_pages = 100;
    const auto writer = start_committer(open_sqlite(folder.path().string(), options), folder.path().string());
    const std::string body(10'000, 'x');
    std::int64_t seq = 0, first = 0;
    const auto append = [&] { return commit_and_wait(*writer, [&](store& s) { seq = s.journal_append(arrived(body)); }); };
    commit_outcome o = append();
    first = seq;
    while (!o)
        o = append();
    CHECK(o->what_kind() == store_error::kind::full);
    gate hold(*writer);
    std::promise<commit_outcome> appended, done;
    writer->submit([&](store& s) { s.journal_append(arrived(body)); }, [&](commit_outcome told) { appended.set_value(std::move(told)); });
    writer->submit(
        [&](store& s) {
            for (std::int64_t n = first; n < first + 3; ++n)
                s.journal_done(n);
        },
        [&](commit_outcome told) { done.set_value(std::move(told)); });
    hold.release();
    CHECK(appended.get_future().get());
    CHECK_FALSE(done.get_future().get());
    CHECK_FALSE(append());
}

TEST_CASE("Stopping commits what was handed in and refuses what comes later") {
    running r;
    std::atomic<int> committed_works{0};
    {
        gate hold(*r.writer);
        for (int i = 0; i < 50; ++i)
            r.writer->submit([](store& s) { s.journal_append(arrived("a")); }, [&](commit_outcome o) { committed_works += !o; });
        std::thread stopping([&] { r.writer->stop(); });
        hold.release();
        stopping.join();
    }
    r.writer->stop();
    CHECK(committed_works == 50);
    const auto late = commit_and_wait(*r.writer, [](store& s) { s.journal_append(arrived("late")); });
    REQUIRE(late);
    CHECK(late->what_kind() == store_error::kind::closed);
    CHECK_FALSE(std::filesystem::exists(store_file(r.folder.path().string()) + "-wal")); // checkpointed, and nobody else reads
    CHECK(r.read()->journal_count().rows == 50);
}

TEST_CASE("The log is moved into the database beside the commits and does not grow for ever") {
    running r;
    const std::string body(std::size_t{1} << 20, 'x');
    constexpr std::int64_t cap = 66 << 20; // 64 MiB and the commit in hand
    bool small_again = false;
    for (int i = 0; i < 2000 && !small_again; ++i) {
        std::int64_t seq = 0;
        REQUIRE_FALSE(commit_and_wait(*r.writer, [&](store& s) { seq = s.journal_append(arrived(body)); }));
        REQUIRE_FALSE(commit_and_wait(*r.writer, [&](store& s) { s.journal_done(seq); }));
        small_again = i >= 150 && r.writer->counted().wal_bytes <= cap; // more than twice the cap went through it
    }
    CHECK(small_again);
    CHECK(r.read()->journal_count().rows == 0);
}

// ---- coroutines ------------------------------------------------------------------------------------------------------------

namespace {

asio::awaitable<void> append_and_note(committer& c, std::string body, std::thread::id& resumed, commit_outcome& outcome) {
    auto work = [body](store& s) { s.journal_append(arrived(body)); };
    outcome = co_await committed(c, std::move(work));
    resumed = std::this_thread::get_id();
}

} // namespace

TEST_CASE("A coroutine resumes on its own executor when its work is durable") {
    running r;
    asio::io_context io;
    std::thread::id resumed[3];
    commit_outcome outcome[3];
    for (int i = 0; i < 3; ++i)
        asio::co_spawn(io, append_and_note(*r.writer, std::to_string(i), resumed[i], outcome[i]), [](std::exception_ptr e) { CHECK_FALSE(e); });
    io.run();
    for (int i = 0; i < 3; ++i) {
        CHECK(resumed[i] == std::this_thread::get_id());
        CHECK_FALSE(outcome[i]);
    }
    CHECK(bodies(r.read()->journal_after(0, 9, 99)) == "0 1 2");
}

TEST_CASE("A coroutine is told when its work fails, and when the committer was stopped") {
    running r;
    asio::io_context io;
    commit_outcome failed, closed;
    auto both = [&]() -> asio::awaitable<void> {
        std::function<void(store&)> throws = [](store&) { throw std::runtime_error("as planned"); };
        failed = co_await committed(*r.writer, std::move(throws));
        r.writer->stop();
        std::function<void(store&)> nothing = [](store&) {};
        closed = co_await committed(*r.writer, std::move(nothing));
    };
    asio::co_spawn(io, both(), [](std::exception_ptr e) { CHECK_FALSE(e); });
    io.run();
    REQUIRE(failed);
    CHECK(std::string(failed->what()) == "as planned");
    REQUIRE(closed);
    CHECK(closed->what_kind() == store_error::kind::closed);
}

TEST_CASE("A coroutine that is cancelled while it waits resumes when its work is done") {
    running r;
    asio::io_context io;
    gate hold(*r.writer);
    asio::cancellation_signal cancel;
    std::thread::id resumed;
    commit_outcome outcome = store_error(store_error::kind::io, "not resumed");
    asio::co_spawn(io, append_and_note(*r.writer, "a", resumed, outcome),
                   asio::bind_cancellation_slot(cancel.slot(), [](std::exception_ptr) {}));
    io.poll();
    cancel.emit(asio::cancellation_type::terminal);
    io.poll();
    CHECK(outcome);
    hold.release();
    io.run();
    CHECK_FALSE(outcome);
    CHECK(r.read()->journal_count().rows == 1);
}

TEST_CASE("An io_context may be stopped or destroyed while a coroutine waits for a commit") {
    running r;
    for (const bool before_commit : {true, false})
        for (int round = 0; round < 20; ++round) {
            auto io = std::make_unique<asio::io_context>();
            std::thread::id resumed;
            commit_outcome outcome;
            {
                auto hold = std::make_unique<gate>(*r.writer);
                for (int i = 0; i < 5; ++i)
                    asio::co_spawn(*io, append_and_note(*r.writer, "a", resumed, outcome), asio::detached);
                io->poll();
                io->stop();
                if (before_commit)
                    io.reset();
                hold->release();
                if (round % 2 == 0)
                    io.reset(); // while the committing thread tells
                REQUIRE_FALSE(commit_and_wait(*r.writer, [](store&) {}));
            }
            io.reset();
            CHECK(resumed == std::thread::id());
        }
    CHECK(r.read()->journal_count().rows == 200); // the works were done all the same
}
