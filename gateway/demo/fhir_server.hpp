// A small FHIR R4 server with rest-hook Subscriptions, in memory: the hospital and the study system of `trialgate demo`.
//
// It does what a gateway meets at a real server: versions, searches with pages, history, conditional create, If-Match, Subscriptions that become
// active, deliveries that are repeated a few times and then dropped.
#pragma once

#include "gateway/demo/fhir_shelf.hpp"
#include "gateway/net/http_client.hpp"
#include "gateway/net/http_server.hpp"

namespace trialgate::gateway {

struct demo_server_options {
    std::string name;                     ///< "Simulated hospital"
    std::string token;                    ///< callers must send "Bearer TOKEN"; empty: anybody may
    std::shared_ptr<tls_context> tls;     ///< empty: plain, loopback only
    std::shared_ptr<tls_context> trust;   ///< for deliveries
    /// Told of every write: method, "Type/id", the resource.
    std::function<void(std::string_view, std::string_view, std::string_view)> wrote;
};

class demo_server {
public:
    demo_server(boost::asio::any_io_executor on, demo_server_options options, std::shared_ptr<clock> time);
    ~demo_server();
    unsigned short port() const noexcept;
    std::string base() const; ///< "https://localhost:1234/fhir"
    /// As a clinician's system does: stores and notifies subscribers.
    void put(std::string_view type, std::string_view id, std::string_view text);
    void remove(const std::string& type, const std::string& id);
    const fhir_shelf& shelf() const noexcept;
    std::uint64_t deliveries() const noexcept;
    boost::asio::awaitable<void> stop();

private:
    struct state;
    std::unique_ptr<state> state_;
};

} // namespace trialgate::gateway
