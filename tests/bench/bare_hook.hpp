// What a notification endpoint costs at least: HTTP read by Beast, the body parsed by RapidJSON and stored as one row, answered after the durable commit.
// One thread for the network, one that commits whatever came during the last commit, one for checkpoints; nothing else is done.
#pragma once

#include <memory>
#include <string>

namespace trialgate::bench {

class bare_hook {
public:
    explicit bare_hook(const std::string& folder);
    ~bare_hook();
    unsigned short port() const noexcept;

private:
    struct state;
    std::unique_ptr<state> state_;
};

} // namespace trialgate::bench
