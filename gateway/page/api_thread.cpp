#include "gateway/page/api_thread.hpp"

#include "gateway/core/async.hpp"
#include "gateway/core/json_text.hpp"
#include "gateway/core/log.hpp"
#include "gateway/core/wake.hpp"
#include "gateway/page/error_answer.hpp"

#include <condition_variable>
#include <deque>
#include <limits>
#include <mutex>
#include <thread>

namespace trialgate::gateway {

http_response error_answer(int status, std::string_view why) {
    json_text out;
    out.begin_object().key("error").string(why).end_object();
    http_response r;
    r.status = status;
    r.headers = {{"Content-Type", "application/json"}};
    if (status == 503)
        r.headers.add("Retry-After", "2");
    r.body = out.text();
    return r;
}

namespace {

constexpr std::size_t most_waiting = 256;
constexpr std::chrono::milliseconds between_slices{20}; ///< the machine has other work, too

struct task {
    api_thread::work what;
    http_response answer;
    wake done;
    bool begun = false, given_up = false;
};

} // namespace

struct api_thread::state {
    std::unique_ptr<store> reading;
    slice background;
    std::shared_ptr<clock> time = system_clock(); ///< for a wait without end
    std::mutex guard;
    std::condition_variable news;
    std::deque<std::shared_ptr<task>> waiting;
    bool due = true; ///< the background
    bool stopping = false;
    std::thread thread;

    void run() {
        std::unique_lock lock(guard);
        for (;;) {
            const auto asked = [this] { return stopping || !waiting.empty(); };
            news.wait(lock, [&] { return asked() || due; });
            if (!waiting.empty()) {
                const auto next = std::move(waiting.front());
                waiting.pop_front();
                next->begun = !next->given_up;
                due = static_cast<bool>(background);
                lock.unlock();
                if (next->begun)
                    answer(*next);
                next->what = nullptr; // what it holds goes on this thread
                next->done.ring();
                lock.lock();
            } else if (stopping) {
                return;
            } else {
                due = false;
                lock.unlock();
                const bool more = look_around();
                lock.lock();
                if (more) {
                    news.wait_for(lock, between_slices, asked);
                    due = true;
                }
            }
        }
    }

    bool look_around() {
        try {
            return background && background(*reading);
        } catch (const std::exception&) { // the next time, then
            return false;
        }
    }

    void answer(task& one) {
        try {
            one.answer = one.what(*reading);
        } catch (const store_error&) {
            one.answer = error_answer(503, "The store cannot be read just now.");
        } catch (const std::exception&) {
            log_error("page.trouble"); // what it says may be about a patient
            one.answer = error_answer(500, "Something went wrong.");
        }
    }

    /// Who waited does not any more.
    bool begun_when_given_up(task& one) {
        const std::lock_guard lock(guard);
        one.given_up = true;
        return one.begun;
    }
};

api_thread::api_thread(std::unique_ptr<store> reading, slice background) : state_(std::make_unique<state>()) {
    state_->reading = std::move(reading);
    state_->background = std::move(background);
    state_->thread = std::thread([this] { state_->run(); });
}

api_thread::~api_thread() { stop(); }

void api_thread::look() {
    {
        const std::lock_guard lock(state_->guard);
        state_->due = true;
    }
    state_->news.notify_one();
}

void api_thread::stop() {
    {
        const std::lock_guard lock(state_->guard);
        state_->stopping = true;
    }
    state_->news.notify_all();
    if (state_->thread.joinable())
        state_->thread.join();
}

asio::awaitable<http_response> api_thread::run(work what) {
    const auto mine = std::make_shared<task>();
    mine->what = std::move(what);
    const auto time = state_->time;
    {
        const std::lock_guard lock(state_->guard);
        if (state_->stopping || state_->waiting.size() >= most_waiting)
            co_return error_answer(503, "The gateway is busy: nothing was done. Try again.");
        state_->waiting.push_back(mine);
    }
    state_->news.notify_one();
    bool cancelled = false;
    try {
        co_await mine->done.wait(*time, std::numeric_limits<instant>::max());
    } catch (const boost::system::system_error&) {
        cancelled = true;
    }
    if (!cancelled)
        co_return std::move(mine->answer);
    co_return state_->begun_when_given_up(*mine) ? error_answer(503, "This takes too long: it is not known whether it was done.")
                                                 : error_answer(503, "The gateway is busy: nothing was done. Try again.");
}

} // namespace trialgate::gateway
