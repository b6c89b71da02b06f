// The endpoint that hospital servers call: /in/{token}/{subscription}[/...]. Authenticate, journal, commit, answer; nothing else.
//
// 200 means durable (P1). 503 with Retry-After when the journal is full or the disk is. 404 for every path that is no hook of ours, in the same time
// whether the token is nearly right or not. 401 for a hook without its secret. The body is not read for its meaning here: what cannot be read is
// quarantined later, because a sender that gets an error keeps resending or gives up.
#pragma once

#include "gateway/intake/source.hpp"
#include "gateway/net/http_server.hpp"

namespace trialgate::gateway {

class hook_endpoint {
public:
    explicit hook_endpoint(intake_services services);
    ~hook_endpoint();
    /// Reads the subscriptions again: call at start, and after one was created, changed or removed. `hmac_by_source` names sources and the key with
    /// which their bodies are signed (empty: they are not). What is known of a source that is not named stays, so a runner may name its own alone;
    /// a source that was never named has no hooks. Throws store_error, and changes nothing then.
    void refresh(std::map<std::string, std::string> hmac_by_source);
    boost::asio::awaitable<http_response> answer(http_request request);
    /// For a WebSocket feed: a notification Bundle as text, journaled as if it had been posted to the hook of `subscription`. False: it is not
    /// durable (overload, or the store failed).
    boost::asio::awaitable<bool> take(std::string source, std::string subscription, std::string text);

private:
    struct state;
    std::unique_ptr<state> state_;
};

} // namespace trialgate::gateway
