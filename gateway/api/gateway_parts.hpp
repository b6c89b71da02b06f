// Everything that belongs to one configuration: trials, sources, sinks, and the coroutines that run for them.
#pragma once

#include "gateway/core/config.hpp"
#include "gateway/intake/runners.hpp"
#include "gateway/net/oauth.hpp"
#include "gateway/outbox/outbox.hpp"
#include "gateway/page/api.hpp"
#include "gateway/work/worker.hpp"

#include <boost/asio/any_io_executor.hpp>

namespace trialgate::gateway {

/// The fault of certificates that were renewed and cannot be used; an empty `problem` ends it. `whose`: "listen", "source ehr".
void tell_renewal(fault_board& faults, const std::string& whose, const std::string& problem);

/// What outlives the parts.
struct gateway_ground {
    std::string data;
    committer& writer;
    store& reading;
    std::shared_ptr<clock> time;
    fault_board& faults;
    metrics& figures;
    limits_config limits;
    std::string public_url;
    std::function<void(std::string_view, std::string_view)> watch;
    std::function<void()> decisions_changed, alerts_changed; ///< for pages that are open; called on the worker's thread; may be empty
};

class gateway_parts {
public:
    /// Loads trials, keys and certificates; throws std::runtime_error with a sentence. Nothing runs yet.
    gateway_parts(gateway_config config, gateway_ground ground);
    ~gateway_parts();
    gateway_parts(const gateway_parts&) = delete;
    gateway_parts& operator=(const gateway_parts&) = delete;

    void start(boost::asio::any_io_executor on);
    /// Coroutines end first (what is begun is finished within `grace`), then the worker.
    boost::asio::awaitable<void> stop(duration_ms grace);
    void hurry();

    boost::asio::awaitable<http_response> answer_hook(http_request request);
    /// Public keys of all sources and sinks that sign with one.
    std::string jwks() const;
    /// A fault began or ended: told to the sinks that want it.
    void tell_fault(const fault_row& fault, bool over);
    void clock_was_set();
    /// A participation or a judgement was put: the worker sees it now.
    void look_at_participants();
    /// Rows of the outbox were put or wait no longer.
    void look_at_outbox();
    /// An alert was acknowledged or snoozed.
    void look_at_alerts();
    /// What the page answers with while this configuration holds.
    std::shared_ptr<const page_setting> setting_of_page() const;
    const gateway_config& config() const noexcept;
    const mappings::network& trials() const noexcept;
    const std::vector<std::unique_ptr<source_state>>& sources() const noexcept;
    bool worker_is_idle() const noexcept;

private:
    struct state;
    std::unique_ptr<state> state_;
};

/// The client of one of our peers, with its token and certificates. `public_base` is where our keys are published. Keys are added to `published`.
/// Without `breaker` every request is tried: for a caller that spares a peer in trouble itself.
std::unique_ptr<fhir_client> make_client(const std::string& url, const auth_config& auth, const tls_files& tls, const std::string& public_base,
                                         std::vector<std::shared_ptr<const signing_key>>& published, std::shared_ptr<clock> time,
                                         fault_board& faults, const std::string& who, bool breaker = true);

} // namespace trialgate::gateway
