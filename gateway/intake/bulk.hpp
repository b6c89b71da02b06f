// Bulk Data Export as data: the manifest in all its versions, the state that survives a restart, and NDJSON in pieces (fhir-protocol.md 4).
#pragma once

#include "gateway/intake/pull_tools.hpp"

namespace trialgate::gateway::pull {

struct bulk_file {
    std::string kind; ///< "output" | "deleted" | "error"
    std::string url;
};

/// One export job, from its kick-off to its last file. In the store as value "bulk/SOURCE"; "done" there once everything is journaled.
struct bulk_state {
    enum class phase : std::uint8_t { none, waiting, files, done } at = phase::none;
    std::string status_url;      ///< Content-Location of the kick-off
    std::string time;            ///< transactionTime
    bool token = true;           ///< requiresAccessToken
    std::vector<bulk_file> files;
    std::size_t next = 0;        ///< the first file that is not yet journaled
    unsigned jobs = 0;           ///< how many were begun

    std::string to_text() const;
    /// Text that is none gives `none`: the job is begun again.
    static bulk_state parse(std::string_view text);
};

/// Adds what a manifest says to `into`; `next` is its next page (v3), resolved. False when it is no manifest.
bool read_manifest(std::string_view body, const std::string& asked, bulk_state& into, std::string& next);

/// Cuts a stream of NDJSON into pieces of whole lines. A line longer than `longest` is left out and counted.
class line_cutter {
public:
    explicit line_cutter(std::size_t piece = std::size_t{256} << 10, std::size_t longest = std::size_t{32} << 20) : piece_(piece), longest_(longest) {}
    void add(std::string_view bytes);
    /// A piece that is large enough; empty: there is none yet.
    std::string take();
    /// What is left at the end, however small.
    std::string rest();
    std::size_t lines() const noexcept { return lines_; }
    std::size_t too_long() const noexcept { return too_long_; }

private:
    std::size_t piece_, longest_;
    std::string waiting_;
    std::size_t whole_ = 0; ///< of `waiting_`: ends with a line
    std::size_t lines_ = 0, too_long_ = 0;
    bool skipping_ = false, begun_ = false;
};

} // namespace trialgate::gateway::pull
