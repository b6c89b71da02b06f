#include "gateway/people/people_desk.hpp"

#include "gateway/core/log.hpp"

#include <atomic>
#include <condition_variable>
#include <thread>

namespace trialgate::gateway {

namespace {
/// How often it looks although nobody said anything: another process may have acknowledged, and the time goes on.
constexpr std::chrono::seconds look_anyway{1};
/// After each look: a crowd of changes is looked at together.
constexpr std::chrono::milliseconds settle{200};
} // namespace

struct people_desk::state {
    state(people_config config, fhir::time_zone site, committer& writer, std::unique_ptr<store> reading, std::shared_ptr<clock> t,
          fault_board& f, metrics& figures, std::unique_ptr<carrier> by)
        : time(std::move(t)), faults(f),
          room(std::move(config), std::move(site), writer, std::move(reading), *time, f, figures, std::move(by)) {}

    const std::shared_ptr<clock> time;
    fault_board& faults;
    mail_room room;
    std::mutex guard;
    std::condition_variable bell;
    bool poked = false;
    std::atomic<bool> stopping = false;
    std::thread thread; ///< last: it uses all of the above

    void run() {
        while (!stopping) {
            try {
                room.plan();
                room.send([this] { return stopping.load(); });
                faults.clear("people.store");
            } catch (const std::exception& e) {
                faults.raise("people.store", "mails cannot be planned: the store cannot be read; trying again");
                log_error("people.failed", {{"why", e.what()}});
            }
            std::unique_lock lock(guard);
            bell.wait_for(lock, settle, [&] { return stopping.load(); });
            bell.wait_for(lock, look_anyway, [&] { return poked || stopping; });
            poked = false;
        }
    }
};

people_desk::people_desk(people_config config, fhir::time_zone site, committer& writer, std::unique_ptr<store> reading,
                         std::shared_ptr<clock> time, fault_board& faults, metrics& figures, std::unique_ptr<carrier> by)
    : state_(std::make_unique<state>(std::move(config), std::move(site), writer, std::move(reading), std::move(time), faults, figures,
                                     std::move(by))) {
    state_->thread = std::thread([s = state_.get()] { s->run(); });
}

people_desk::~people_desk() { stop(); }

void people_desk::poke() {
    {
        const std::lock_guard lock(state_->guard);
        state_->poked = true;
    }
    state_->bell.notify_one();
}

void people_desk::stop() {
    {
        const std::lock_guard lock(state_->guard);
        state_->stopping = true;
    }
    state_->room.cut();
    state_->bell.notify_one();
    if (state_->thread.joinable())
        state_->thread.join();
}

} // namespace trialgate::gateway
