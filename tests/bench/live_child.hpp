// The real program, `trialgate serve`, as a child with a store that this prepares: one source that is never reached (its hooks answer all the same), one
// webhook that accepts connections and never answers (its outbox rows stay), and considered people whose history is there.
#pragma once

#include <string>
#include <sys/types.h>

namespace trialgate::bench {

inline constexpr const char* source_name = "ehr";
inline constexpr const char* sink_name = "study";
inline constexpr const char* hook_token = "7a1e6e0f3c9b4d528f6a90b1c2d3e4f5";
inline constexpr const char* hook_name = "observation";
inline constexpr const char* hook_secret = "bench-secret-of-the-subscription";
inline constexpr const char* pseudonym_key = "bench-pseudonym-key-0123456789abcdef";

class live_child {
public:
    /// `folder` is made and stays.
    live_child(std::string program, std::string folder, int considered);
    ~live_child();
    live_child(const live_child&) = delete;
    live_child& operator=(const live_child&) = delete;

    /// Seconds until it says that it is ready.
    double start();
    void stop();
    /// Waits until the journal is empty; seconds.
    double drain() const;
    unsigned short port() const noexcept { return port_; }
    std::string data() const { return folder_ + "/data"; }
    /// In KiB: "VmRSS", "VmHWM".
    long memory(const std::string& what) const;

private:
    void write(const std::string& name, const std::string& text) const;
    void fill(int considered);

    std::string program_, folder_;
    int silent_ = -1; ///< socket of the webhook
    pid_t pid_ = -1;
    unsigned short port_ = 0;
};

/// "2026-03-01", so many days before today.
std::string day_before_today(int days);

} // namespace trialgate::bench
