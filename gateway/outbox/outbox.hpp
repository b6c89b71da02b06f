// Delivers what the store holds for the sinks: in order per subject, many subjects at a time, with retries, a breaker and dead letters.
#pragma once

#include "gateway/core/config.hpp"
#include "gateway/store/faults.hpp"
#include "gateway/core/metrics.hpp"
#include "gateway/core/wake.hpp"
#include "gateway/net/fhir_client.hpp"
#include "gateway/store/committer.hpp"
#include "gateway/store/message.hpp"

namespace trialgate::gateway {

struct delivery_result {
    enum class is : std::uint8_t {
        delivered,  ///< the receiver has it (also: it had it before)
        later,      ///< transient: come again, `wait` at least
        never,      ///< the receiver refuses this message for good: dead letter
        overruled,  ///< a person decided meanwhile; nothing was written; `human` says what. Counts as delivered
    } what = is::later;
    /// Whose trouble `later` is. Only the receiver's counts for the breaker; what was not tried counts for nothing.
    enum class cause : std::uint8_t {
        receiver,  ///< it does not answer, or refuses everybody: timeout, 5xx, 401
        message,   ///< it answers, and this one message has to come again: 409, 412
        not_tried, ///< nothing was sent: our own breaker or a Retry-After holds requests back
    } because = cause::receiver;
    duration_ms wait = 0;
    std::string why;   ///< code words, no patient data: "409 conflict", "timeout"
    std::string human; ///< ResearchSubject status set by a person
    std::string human_number = {};              ///< as in sink::human_decision
    std::optional<fhir::date> human_since = {};
    std::optional<instant> human_at = {};       ///< when that was, as the receiver says
};

/// One receiver. `deliver` may be called again with the same message after any outcome, also an uncertain one: the receiver sees one effect.
class sink {
public:
    virtual ~sink() = default;
    virtual boost::asio::awaitable<delivery_result> deliver(const message& m) = 0;
    /// What people decided since the last call: (subject pseudonym or reference, trial, status). Empty for sinks that cannot tell.
    struct human_decision {
        std::string subject, trial, status;
        instant at = 0;                       ///< when that was, as the study system says; when we heard of it where it does not say
        std::string number = {};              ///< screening or subject number that the study gave; empty: none
        std::optional<fhir::date> since = {}; ///< begin of its period or state
    };
    virtual boost::asio::awaitable<std::vector<human_decision>> read_back() = 0;
};

/// FHIR: ResearchStudy, ResearchSubject, Flag, Task, Provenance; R4, R4B and R5 shapes (README, "What a FHIR sink writes").
std::unique_ptr<sink> make_fhir_sink(sink_config config, std::unique_ptr<fhir_client> client, std::shared_ptr<clock> time);
/// Webhook: POST of the message as JSON, signed as Standard Webhooks describes (webhook-id, webhook-timestamp, webhook-signature v1).
std::unique_ptr<sink> make_webhook_sink(sink_config config, std::shared_ptr<http_client> http, std::shared_ptr<authorizer> auth, std::shared_ptr<clock> time);

struct outbox_services {
    committer& writer;
    store& reading;
    clock& time;
    fault_board& faults;
    metrics& figures;
    std::function<double()> random;
    /// A person decided: work/ keeps it with the patient. (source and patient of a pseudonym are looked up there.)
    std::function<void(const sink::human_decision&)> decided;
};

/// Runs until cancelled; what is begun is finished first. `bell` is rung after each commit that added to this sink's outbox.
boost::asio::awaitable<void> run_outbox(outbox_services& services, sink_config config, sink& to, wake bell);
boost::asio::awaitable<void> run_read_back(outbox_services& services, sink_config config, sink& from);

} // namespace trialgate::gateway
