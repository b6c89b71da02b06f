// The coordinator's page: its listener, who is logged in, and the API behind it. One for the life of the process; a reload gives it another setting.
#pragma once

#include "gateway/net/http_server.hpp"
#include "gateway/page/api.hpp"

namespace trialgate::gateway {

/// What outlives the page.
struct page_ground {
    std::string data;               ///< folder of the store
    committer& writer;
    std::shared_ptr<clock> time;    ///< of what is decided
    std::shared_ptr<clock> sessions; ///< of logins: the machine's, also where a demo lives in another time
    fault_board& faults;
    /// As in api_ground; from any thread.
    std::function<void()> wake_worker, wake_outbox, alerts_changed;
    /// As api_ground::live_source, of all sources by name; on the page's executor.
    std::function<std::map<std::string, std::string>()> live_sources;
};

class page {
public:
    /// Listens; throws std::runtime_error with a sentence. Until the first `use` it answers 503.
    page(boost::asio::any_io_executor on, page_config config, page_ground ground);
    ~page();
    /// From the next request on. Sessions stay, with the roles that the new setting gives their users. Listener and certificates stay as they are.
    /// Throws std::runtime_error, and goes on as before, when the setting cannot be used.
    void use(std::shared_ptr<const page_setting> setting);
    /// Ends streams, lets requests finish for at most `grace`.
    boost::asio::awaitable<void> stop(std::chrono::milliseconds grace);

    /// Makes a link that logs in once; nothing without a local login, or when it cannot be stored.
    boost::asio::awaitable<std::optional<std::string>> new_link();

    // Something may be new for pages that are open. From any thread.
    void decisions_changed();
    void alerts_changed();
    void operations_changed();

    /// "http://127.0.0.1:8080": for this machine.
    const std::string& url() const noexcept;
    http_server::figures counted() const noexcept;
    const std::shared_ptr<tls_context>& tls() const noexcept;

private:
    struct state;
    std::unique_ptr<state> state_;
};

} // namespace trialgate::gateway
