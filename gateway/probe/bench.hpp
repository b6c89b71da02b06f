// What the checks work with: the clients, what was learned so far, what was written and has to go again. Heavy users are the .cpp files
// only.
#pragma once

#include "fhir/capability.hpp"
#include "fhir/json.hpp"
#include "gateway/intake/subscription_plan.hpp"
#include "gateway/net/fhir_client.hpp"
#include "gateway/net/http_server.hpp"
#include "gateway/probe/check.hpp"
#include "gateway/probe/ledger.hpp"

#include <map>
#include <set>

namespace trialgate::gateway::probe {

class ear;

/// An answer as the checks look at it. `tree` lives as long as the reply.
struct reply {
    std::optional<fhir_answer> answer;
    std::optional<net_error> error;
    std::shared_ptr<fhir::json::parser> parser;
    fhir::json::value tree; ///< missing when the body is no JSON
    std::string shown;      ///< evidence: "GET Observation?_count=2: 200"
    int status() const noexcept { return answer ? answer->status : 0; }
    bool ok() const noexcept { return answer && answer->ok(); }
    std::string_view type() const noexcept { return tree["resourceType"].text(); }
    bool bundle() const noexcept { return ok() && type() == "Bundle"; }
    /// Says nothing about what the server can do: no answer, no right, not now.
    bool undecided() const noexcept { return error || denied() || answer->transient(); }
    bool denied() const noexcept { return status() == 401 || status() == 403 || (error && error->code == net_errc::auth); }
};

/// What one search for two of a type gave.
struct sample {
    verdict search = verdict::untested;
    std::string first_id, patient; ///< of an entry; patient without "Patient/"
    std::string newest;            ///< meta.lastUpdated as written
    std::string system, code;      ///< of a coding
    std::size_t entries = 0;
    bool more = false;             ///< there is a next link
};

/// The pages of one search with a small _count, followed as far as it is polite.
struct page_walk {
    std::string type;
    struct page {
        std::string link;          ///< next as sent; empty: the last page
        std::string asked;         ///< URL of this page
        std::vector<std::string> entries; ///< "Type/id"
        std::vector<std::string> updated; ///< meta.lastUpdated
        std::optional<std::int64_t> total;
    };
    std::vector<page> pages;
    std::vector<std::string> evidence;
    bool ended = false;            ///< the last page was reached
    bool foreign = false, other_scheme = false, relative = false, repeated = false;
    std::string stopped;           ///< why it was not followed to the end, one sentence
};

struct bench_options {
    bool write = false;
    bool recording = false;        ///< or replaying: the way there goes by the tape
    std::chrono::milliseconds request_deadline{30'000};
    std::chrono::milliseconds patience{20'000}; ///< for a notification, for a status to change
};

class bench {
public:
    bench(bench_options o, std::shared_ptr<ledger> b) : options(std::move(o)), book(std::move(b)) {}

    bench_options options;
    std::shared_ptr<ledger> book;
    std::unique_ptr<fhir_client> client;
    std::unique_ptr<fhir_client> stranger; ///< without our access; empty when we have none
    source_config source;                  ///< what is known of the server: URL, access
    std::set<std::string> types;           ///< that the trials read
    std::vector<std::string> codes;        ///< for which they consider a person
    instant started = 0;
    std::string run;                       ///< tags what we write
    ear* listener = nullptr;               ///< for notifications; null without --listen
    std::shared_ptr<tls_context> trust;    ///< for WebSockets

    // ---- learned on the way
    bool answered = false, access = false, created = false;
    std::string no_answer, no_access;      ///< why
    std::optional<fhir::capability> can;
    std::map<std::string, sample> samples;
    std::string walk_type;                 ///< of which there is most to see
    std::optional<page_walk> walk;
    std::map<std::string, verdict> seen;   ///< by check id, as they end
    std::string made_id, made_version;     ///< an Observation of ours
    std::map<std::string, std::string> claims_broken; ///< "Observation.search": what was seen instead
    std::size_t claims_looked_at = 0;
    unsigned largest_page = 0;             ///< that the server gives; 0: not known
    std::string subscription_kind;         ///< best that made the round trip: topic | rest-hook | websocket
    std::vector<std::string> topics;       ///< that fired
    bool subscription_active_status = false;

    std::vector<std::string> written;      ///< "Type/id", removed last first
    std::set<std::string> unsure;          ///< where something of ours may be of which no answer told: looked for by its tag

    boost::asio::awaitable<reply> get(std::string path);
    boost::asio::awaitable<reply> ask(fhir_request r);
    boost::asio::awaitable<reply> ask_as_stranger(fhir_request r);
    /// POST or PUT; what was created is remembered for removal.
    boost::asio::awaitable<reply> write(std::string method, std::string path, std::string body, http_headers more = {});
    /// Removes all that was written. What could not be removed.
    boost::asio::awaitable<std::vector<std::string>> clean();
    /// Pages of `walk_type`; read once.
    boost::asio::awaitable<void> walk_pages();
    boost::asio::awaitable<void> pause(std::chrono::milliseconds d);
    /// Compares with the CapabilityStatement: `claimed` and not `worked` is a lie.
    void claim(const std::string& what, bool claimed, bool worked, const std::string& instead);

    /// Why a reply does not do: refused by our own limits is not tested, anything else does not work.
    outcome trouble(const reply& r, std::string what) const;
    /// An Observation that is nobody's: status entered-in-error, no subject, tagged.
    std::string synthetic(std::string_view note, std::string_view id = {}) const;
    std::string tag_query() const; ///< "urn:trialgate:tag|probe-RUN"
    std::string identifier(std::string_view name) const;

private:
    boost::asio::awaitable<reply> ask_by(fhir_client& by, fhir_request r);
    std::string made_by(const reply& r, const std::string& type) const;
};

/// Method and path as they may be shown: ids and values of parameters that can tell of a person are left out.
std::string shown(std::string_view method, std::string_view url, std::string_view base);
/// "Type/id" of the matches of a Bundle.
std::vector<std::string> entries_of(fhir::json::value bundle);

outcome works(std::string reason, std::vector<std::string> evidence = {});
outcome limited(std::string reason, std::vector<std::string> evidence = {});
outcome fails(std::string reason, std::vector<std::string> evidence = {});
outcome untested(std::string reason, std::vector<std::string> evidence = {});

struct check {
    check_info about;
    boost::asio::awaitable<outcome> (*run)(bench&);
    enum class turn : std::uint8_t { usual, after_writes, last } when = turn::usual; ///< last: looks back at all that was asked
};
/// By section; all_checks is their order in the report.
std::vector<check> reach_checks();
std::vector<check> search_checks();
std::vector<check> paging_checks();
std::vector<check> history_checks();
std::vector<check> write_checks();
std::vector<check> subscription_checks();
std::vector<check> bulk_checks();
std::vector<check> list_of_checks();

} // namespace trialgate::gateway::probe
