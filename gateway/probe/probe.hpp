// Whether and how a FHIR server works with trialgate: runs the checks and says what was seen.
#pragma once

#include "gateway/core/config.hpp"
#include "gateway/probe/bench.hpp"

namespace trialgate::gateway::probe {

struct probe_options {
    source_config source;        ///< URL, access and what else is known of the server
    std::string public_base;     ///< where our keys are published (jku); may be empty
    politeness manners;
    bench_options how;
    std::set<std::string> types; ///< that the trials read
    std::set<std::string, std::less<>> systems; ///< code systems of the library: kept in a recording
    std::string listen, public_url; ///< address for notifications; empty: none
    tls_files listen_tls;
    std::string record, replay;  ///< folders; at most one
};

/// One line of the recommended configuration: member, value as JSON, why.
struct recommended_member {
    std::string name, json, why;
};

struct probe_report {
    std::string url, at, run;
    std::string software, fhir_version;
    unsigned requests = 0;
    bool wrote = false, listened = false, replayed = false;
    std::vector<finding> findings;              ///< all checks, in the order of all_checks
    std::vector<capability_verdict> capabilities;
    std::vector<recommended_member> recommended; ///< of one source; empty when the server cannot be used
    std::vector<std::string> left_behind;       ///< of what we wrote: what could not be removed
    bool has_findings() const noexcept;
};

/// Throws std::runtime_error when it cannot begin (no recording, no listener, a key that cannot be read). Removes what it wrote also when
/// it is cancelled (type total) or a check throws.
boost::asio::awaitable<probe_report> run_probe(probe_options options);

/// From what was seen to work, not from what the server claims.
std::vector<recommended_member> recommend(const bench& b);

/// Members as the text of one object; `comments`: with the reasons, for people. `indent` spaces before each line.
std::string source_text(const std::vector<recommended_member>& members, bool comments, std::size_t indent);

// ---- the formats of a report ---------------------------------------------------------------------------------------------------

struct text_style {
    bool colours = false, verbose = false;
    unsigned width = 100;
};
std::string as_text(const probe_report& r, const text_style& style);
std::string as_json(const probe_report& r);
std::string as_html(const probe_report& r);
std::string as_junit(const probe_report& r);
std::string as_test_report(const probe_report& r); ///< FHIR R4 TestReport

} // namespace trialgate::gateway::probe
