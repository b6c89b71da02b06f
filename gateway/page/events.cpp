#include "gateway/page/events.hpp"

#include "gateway/core/async.hpp"
#include "gateway/core/json_text.hpp"

#include <limits>

namespace trialgate::gateway {

std::string event_text(const page_stamps& stamps, const rights& may) {
    json_text out;
    out.begin_object().key("worklist").begin_object();
    for (const auto& [trial, stamp] : stamps.worklists)
        if (may.may(permission::view_people, trial))
            out.key(trial).number(stamp);
    out.end_object().key("alerts").number(stamps.alerts).key("operations").number(stamps.operations).end_object();
    return std::string(out.text());
}

void event_hub::tell(page_stamps now) {
    stamps_ = std::move(now);
    for (const wake& one : *listeners_)
        one.ring();
}

void event_hub::tick() {
    ++ticks_;
    for (const wake& one : *listeners_)
        one.ring();
}

asio::awaitable<void> event_hub::stream(body_writer& to, audience who) {
    const auto mine = listeners_->emplace(listeners_->end());
    struct leaves {
        std::shared_ptr<std::list<wake>> from;
        std::list<wake>::iterator at;
        ~leaves() { from->erase(at); }
    } const leaving{listeners_, mine};
    const auto time = system_clock();
    std::string told;
    std::uint64_t ticked = ticks_;
    for (const rights* may = who(); may; may = who()) {
        std::string text = event_text(stamps_, *may), piece;
        if (text != told) {
            piece = "data: " + text + "\n\n";
            told = std::move(text);
        } else if (ticked != ticks_) {
            piece = ": \n\n"; // so that a reader who is gone is noticed, here and by proxies
        }
        ticked = ticks_;
        if (!piece.empty() && !co_await to.write(std::move(piece)))
            co_return;
        co_await mine->wait(*time, std::numeric_limits<instant>::max());
    }
}

} // namespace trialgate::gateway
