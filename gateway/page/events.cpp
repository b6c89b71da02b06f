#include "gateway/page/events.hpp"

#include "gateway/core/async.hpp"
#include "gateway/core/json_text.hpp"

#include <algorithm>
#include <limits>

namespace trialgate::gateway {

std::int64_t newest_of(const std::map<std::string, std::int64_t>& stamps, const rights& may) {
    std::int64_t out = 0;
    for (const auto& [trial, stamp] : stamps)
        if (may.may(permission::view_people, trial))
            out = std::max(out, stamp);
    return out;
}

std::string event_text(const page_stamps& stamps, const rights& may) {
    json_text out;
    out.begin_object().key("worklist").begin_object();
    for (const auto& [trial, stamp] : stamps.worklists)
        if (may.may(permission::view_people, trial))
            out.key(trial).number(stamp);
    out.end_object();
    if (may.may(permission::view_people, ""))
        out.key("alerts").number(newest_of(stamps.alerts, may));
    if (may.may(permission::view_operations, ""))
        out.key("operations").number(stamps.operations);
    out.end_object();
    return std::string(out.text());
}

void event_hub::tell(page_stamps now) {
    stamps_ = std::move(now);
    for (const listener& one : *listeners_)
        one.news.ring();
}

void event_hub::tick() {
    ++ticks_;
    for (const listener& one : *listeners_)
        one.news.ring();
}

void event_hub::make_room(const std::string& session) {
    std::size_t seen = 0;
    for (auto one = listeners_->rbegin(); one != listeners_->rend(); ++one) {
        if (one->session != session || one->ended || ++seen < most_of_one)
            continue;
        one->ended = true;
        one->news.ring();
    }
}

asio::awaitable<void> event_hub::stream(body_writer& to, std::string session, audience who) {
    make_room(session);
    const auto mine = listeners_->insert(listeners_->end(), listener{std::move(session)});
    struct leaves {
        std::shared_ptr<std::list<listener>> from;
        std::list<listener>::iterator at;
        ~leaves() { from->erase(at); }
    } const leaving{listeners_, mine};
    const auto time = system_clock();
    std::string told;
    std::uint64_t ticked = ticks_;
    for (const rights* may = who(); may && !mine->ended; may = who()) {
        std::string text = event_text(stamps_, *may), piece;
        if (text != told) {
            piece = "data: " + text + "\n\n";
            told = std::move(text);
        } else if (ticked != ticks_) {
            piece = "event: alive\ndata: {}\n\n"; // so that a reader who is gone is noticed, here and by proxies, and a server that is gone by readers
        }
        ticked = ticks_;
        if (!piece.empty() && !co_await to.write(std::move(piece)))
            co_return;
        co_await mine->news.wait(*time, std::numeric_limits<instant>::max());
    }
}

} // namespace trialgate::gateway
