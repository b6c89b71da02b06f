// A recorded server: every exchange as a file, scrubbed; and a client that answers from there with no network.
//
//   DIR/tape.json    of which server, when (shifted), what was allowed, what was heard of Subscriptions
//   DIR/0001.json    {"request":{"method":...,"url":...,"authorized":true,"headers":{...},"body":...},
//                     "response":{"status":200,"headers":{...},"body":...} | "error":"timeout", "ms":12}
#pragma once

#include "gateway/net/http_client.hpp"
#include "gateway/probe/ear.hpp"
#include "gateway/probe/scrub.hpp"

#include <filesystem>

namespace trialgate::gateway::probe {

struct tape_head {
    std::string url;              ///< the server's base
    std::string fhir_version;
    std::string at;               ///< when, shifted as all dates are
    std::string run;
    bool write = false, listened = false, authorized = false;
    std::set<std::string> types;  ///< that were asked for
    std::string subscription_path, subscription_status, bulk_path;
};

/// Writes as long as it lives. Throws std::runtime_error when `folder` cannot be made or holds a recording already.
class recorder {
public:
    recorder(std::filesystem::path folder, tape_head head, scrubber scrub);
    /// Answers of `inner` pass through; what is written of them is scrubbed.
    std::shared_ptr<http_client> wrap(std::shared_ptr<http_client> inner);
    /// At the end: what was heard under which name.
    void finish(const std::map<std::string, std::vector<heard>>& notifications);
    void note(const http_request& asked, const net_result<http_response>& ended, std::chrono::milliseconds took);

private:
    void write(const std::string& name, std::string_view text) const;
    std::filesystem::path folder_;
    tape_head head_;
    scrubber scrub_;
    unsigned next_ = 1;
};

/// Throws std::runtime_error when the folder holds no recording.
class replayer {
public:
    explicit replayer(const std::filesystem::path& folder);
    const tape_head& head() const noexcept;
    /// Answers what was asked in the recording, in that order, the last answer again and again; `closed` for what was not.
    std::shared_ptr<http_client> client() const;
    std::unique_ptr<ear> notifications() const;

private:
    struct state;
    std::shared_ptr<state> state_;
};

} // namespace trialgate::gateway::probe
