// What changed, told to the pages that are open: numbers only, never data of a patient. A page that sees a greater number asks for what is new.
#pragma once

#include "gateway/core/wake.hpp"
#include "gateway/net/http.hpp"
#include "gateway/page/access.hpp"

#include <atomic>
#include <list>
#include <memory>

namespace trialgate::gateway {

struct page_stamps {
    std::map<std::string, std::int64_t> worklists = {}; ///< by trial
    std::map<std::string, std::int64_t> alerts = {};    ///< by trial
    std::int64_t operations = 0;
};

/// For one executor, but for the bell.
class event_hub {
public:
    /// Something may be new. From any thread.
    void ring() const { bell_.ring(); }
    const wake& bell() const noexcept { return bell_; }
    /// The newest stamps: told to every page that is open.
    void tell(page_stamps now);
    /// Every page is looked at: is its session still on, and does it still read?
    void tick();

    static constexpr std::size_t most_of_one = 8; ///< streams of one session; beyond it its oldest ends

    /// What a visitor is told; nothing ends the stream.
    using audience = std::function<const rights*()>;
    /// Writes events until the reader or the session is gone.
    boost::asio::awaitable<void> stream(body_writer& to, std::string session, audience who);
    std::size_t open() const noexcept { return listeners_->size(); }

private:
    struct listener {
        std::string session;
        wake news = {};
        bool ended = false; ///< made room
    };
    /// The streams of a session, but for the newest that it may have, end.
    void make_room(const std::string& session);

    wake bell_;
    page_stamps stamps_;
    std::uint64_t ticks_ = 0;
    std::shared_ptr<std::list<listener>> listeners_ = std::make_shared<std::list<listener>>(); ///< a stream may outlive this, waiting
};

/// The greatest stamp of the trials whose people the rights show.
std::int64_t newest_of(const std::map<std::string, std::int64_t>& stamps, const rights& may);

/// {"worklist": {"sle-uc-msc": 12}, "alerts": 3, "operations": 7}: of the trials whose people the rights show; "alerts" only for who sees people of some trial,
/// "operations" only for who sees them.
std::string event_text(const page_stamps& stamps, const rights& may);

} // namespace trialgate::gateway
