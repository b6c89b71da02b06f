// Messages as JSON to a URL, signed so that the receiver can tell that they are ours, whole and fresh. README has a receiver.
#include "gateway/core/async.hpp"
#include "gateway/core/crypto.hpp"
#include "gateway/outbox/delivery_fsm.hpp"
#include "gateway/outbox/standard_webhook.hpp"

namespace trialgate::gateway {

std::string webhook_key(std::string_view secret) {
    constexpr std::string_view prefix = "whsec_";
    if (secret.starts_with(prefix))
        if (auto bytes = from_base64(secret.substr(prefix.size())))
            return *std::move(bytes);
    return std::string(secret);
}

std::string webhook_signature(std::string_view secret, std::string_view id, std::int64_t timestamp, std::string_view body) {
    std::string content(id);
    content.append(1, '.').append(std::to_string(timestamp)).append(1, '.').append(body);
    return "v1," + to_base64(hmac_sha256(webhook_key(secret), content));
}

namespace {

class webhook_sink final : public sink {
public:
    webhook_sink(sink_config config, std::shared_ptr<http_client> http, std::shared_ptr<authorizer> auth, std::shared_ptr<clock> time)
        : config_(std::move(config)), http_(std::move(http)), auth_(std::move(auth)), time_(std::move(time)) {}

    asio::awaitable<delivery_result> deliver(const message& m) override {
        const std::string body = payload(m);
        for (bool refresh : {false, true}) {
            http_request request;
            request.method = "POST";
            request.target = config_.url;
            request.body = body;
            request.headers.add("Content-Type", "application/json");
            // A new time for every attempt: receivers refuse what is older than some minutes. The id stays.
            const std::int64_t seconds = time_->now() / second_ms;
            request.headers.add("webhook-id", m.key);
            request.headers.add("webhook-timestamp", std::to_string(seconds));
            if (!config_.signing.value.empty())
                request.headers.add("webhook-signature", webhook_signature(config_.signing.value, m.key, seconds, body));
            if (auth_) {
                const auto token = co_await auth_->authorization(refresh);
                if (!token)
                    co_return of_error(token.error());
                if (!token->empty())
                    request.headers.add("Authorization", *token);
            }
            const auto answer = co_await http_->send(std::move(request), std::chrono::milliseconds(config_.deadline));
            if (!answer)
                co_return of_error(answer.error());
            if (answer->status == 401 && auth_ && !refresh)
                continue;
            co_return of_status(answer->status, parse_retry_after(answer->headers["Retry-After"], time_->now()));
        }
        co_return delivery_result{}; // not reached: the second round always answers
    }

    asio::awaitable<std::vector<human_decision>> read_back() override { co_return std::vector<human_decision>(); }

private:
    std::string payload(const message& m) const {
        if (config_.subject == sink_config::identity::reference)
            return encode(m);
        message out = m;
        out.patient.clear();
        out.patient_url.clear();
        out.report_with_references.clear();
        return encode(out);
    }

    const sink_config config_;
    const std::shared_ptr<http_client> http_;
    const std::shared_ptr<authorizer> auth_;
    const std::shared_ptr<clock> time_;
};

} // namespace

std::unique_ptr<sink> make_webhook_sink(sink_config config, std::shared_ptr<http_client> http, std::shared_ptr<authorizer> auth, std::shared_ptr<clock> time) {
    return std::make_unique<webhook_sink>(std::move(config), std::move(http), std::move(auth), std::move(time));
}

} // namespace trialgate::gateway
