// The configuration of the live gateway: one JSON file with comments. README.md of this folder is its reference.
// Every problem is found offline by `trialgate check`, as file:line:column with a hint.
#pragma once

#include "gateway/core/clock.hpp"
#include "gateway/core/library.hpp"
#include "gateway/core/tls_files.hpp"
#include "mappings/followup/site_calendar.hpp"

namespace trialgate::gateway {

/// A secret is never written in the file: {"file": "path"} or {"environment": "NAME"}. Read once at load; surrounding white space is cut off.
struct secret {
    std::string value;
    std::string from; ///< "file secrets/x" | "environment X", for messages
};

struct auth_config {
    enum class method { none, smart, client_secret, basic, token } how = method::none;
    std::string client_id, scope, token_url;
    struct key {
        std::string file, id;
    };
    std::vector<key> keys; ///< smart; first signs
    secret password;       ///< client secret, password of basic, token
    bool secret_in_header = true;
};

struct listen_config {
    std::string address = "127.0.0.1:8443";
    std::string public_url;  ///< how sources reach us, e.g. "https://gw.example.org"; default: scheme and address
    tls_files tls;
    bool plain = false;      ///< "tls": "terminated": a proxy in front does TLS; only then may a non-loopback address be plain
    std::size_t most_body_bytes = std::size_t{16} << 20;
};

enum class delivery : std::uint8_t { automatic, topic, rest_hook, websocket, poll };

struct source_config {
    std::string name;        ///< [a-z0-9-]+
    std::string url;
    std::string fhir_version;///< "4.0", "4.3", "5.0"; empty: from the CapabilityStatement
    auth_config auth;
    tls_files tls;
    delivery how = delivery::automatic;
    std::vector<std::string> topics;         ///< canonical URLs to use instead of what the server offers
    std::vector<std::string> types;          ///< resource types to ask for instead of what the trials read
    std::map<std::string, std::string> criteria; ///< type -> R4 criteria, e.g. "Observation": "Observation?category=laboratory"
    std::string subscription_path = "Subscription"; ///< Firely: "administration/Subscription"
    std::string subscription_status = "requested";  ///< Medplum wants "active"
    bool payload = true;                     ///< rest-hook: ask for the resource; topic: full-resource, else id-only
    bool canary = false;                     ///< may write a test resource
    secret hmac;                             ///< optional: bodies must carry a valid X-Signature / X-Hub-Signature
    duration_ms poll_every = 5 * minute_ms;      ///< poll, and reconcile behind subscriptions
    duration_ms overlap = 2 * minute_ms;
    duration_ms heartbeat = 60 * second_ms;
    duration_ms gap_patience = 30 * second_ms;   ///< out-of-order tolerance before a hole counts as loss
    duration_ms silence = 24 * hour_ms;          ///< a subscription that was never heard for so long is looked at
    duration_ms sweep_every = 24 * hour_ms;      ///< each considered patient is fetched again (deletions); 0 = never
    enum class first_load { search, bulk, none } initial = first_load::search;
    std::string bulk_path = "Patient/$export"; ///< or "Group/trial/$export"
    unsigned page_size = 200;
    unsigned most_pages = 10'000;
    unsigned concurrency = 4;                ///< requests at a time
    bool complete_medication_history = false;
};

struct sink_config {
    std::string name;
    enum class type { fhir, webhook } kind = type::fhir;
    std::string url;
    std::string fhir_version = "4.0"; ///< fhir: shape of what is written
    auth_config auth;
    tls_files tls;
    secret signing;                   ///< webhook
    enum class identity { pseudonym, reference } subject = identity::pseudonym;
    bool client_ids = true;           ///< fhir: PUT with deterministic ids; false: conditional create and update by identifier
    bool read_back = true;            ///< fhir: poll ResearchSubject for what people decided
    duration_ms read_back_every = 5 * minute_ms;
    unsigned concurrency = 4;
    duration_ms deadline = 20 * second_ms;
    duration_ms first_retry = 2 * second_ms, longest_retry = 5 * minute_ms;
    duration_ms give_up_after = 3 * 24 * hour_ms; ///< then dead letter
    bool faults = false;              ///< operator alerts go there too
    std::vector<std::string> trials;  ///< empty: all
};

/// The site's mail relay.
struct relay_config {
    std::string host;                 ///< name or address
    unsigned port = 0;                ///< default: 587, with security tls 465, with none 25
    enum class security { none, starttls, tls } how = security::starttls;
    std::string user;                 ///< empty: no authentication
    secret password;
    std::string from;                 ///< sender's address
    std::string ca;                   ///< file with the CAs to believe; empty: the system's
    duration_ms deadline = 30 * second_ms; ///< of one mail
    duration_ms first_retry = 30 * second_ms, longest_retry = 30 * minute_ms;
    duration_ms give_up_after = 2 * 24 * hour_ms;
};

/// Somebody who is told of alerts about participants.
struct subscriber_config {
    std::string name;                 ///< [a-z0-9-]+
    std::string address;
    std::string role;                 ///< for people who read the configuration
    std::vector<std::string> trials;  ///< empty: all
    struct when {
        enum class how : std::uint8_t { immediate, digest, never } is = how::never;
        int minute = 0;               ///< digest: of the site's day
    };
    when tiers[3];                    ///< of T1, T2, T3
    std::optional<std::pair<int, int>> quiet; ///< minutes of the site's day, from and to; of what is told at once only T1 is sent between them
    unsigned mails_a_day = 20;        ///< then one summary, and nothing more until the site's next day
    duration_ms escalate_after = 0;   ///< 0: never
    std::string escalate_to;          ///< name of a subscriber
};

struct people_config {
    relay_config relay;               ///< without host nobody is told by mail
    std::string link;                 ///< URL for a mail; {participant}, {trial} and {alert} are replaced; may be empty
    duration_ms gather = 30 * second_ms;  ///< what comes within this time after the first makes one mail
    duration_ms spacing = 5 * minute_ms;  ///< between two mails to one person
    std::vector<subscriber_config> subscribers;
};

struct operations_config {
    std::string address = "127.0.0.1:9464";
    secret token;                     ///< for /metrics; empty: loopback only, open
    tls_files tls;
};

/// Who of the page's users has which roles. Every entry that fits a user counts.
struct page_access {
    std::string group;                ///< value of the groups claim; or
    std::string user;                 ///< with '@': a verified email; else the value of oidc_config::user_claim
    std::vector<std::string> roles;   ///< "coordinator", "investigator", "operator", "auditor"
    std::vector<std::string> trials;  ///< empty: all
};

/// The coordinator's page.
struct page_config {
    bool enabled = true;
    std::string address = "127.0.0.1:0";
    std::string public_url;           ///< how browsers reach it, "https://gw.example.org"; default: scheme and address
    tls_files tls;                    ///< default: of `listen`
    bool plain = false;               ///< "tls": "terminated"
    enum class identity { pseudonym, reference } shows = identity::pseudonym; ///< how people and resources are named
    bool local_login = true;          ///< the one-time link that `serve` prints; with `oidc` only when the file says so
    duration_ms session = 8 * hour_ms, idle = 30 * minute_ms; ///< longest session; without any request of the user
    struct oidc_config {
        std::string issuer;           ///< empty: no OpenID Connect
        std::string client_id;
        secret client_secret;         ///< empty: public client
        std::string scope = "openid profile email";
        std::string groups_claim = "groups";
        std::string user_claim = "sub"; ///< what names a user in `access`; any other claim may be one that users choose
        std::string ca;               ///< CAs to believe; empty: the system's
    } oidc;
    std::vector<page_access> access;
    std::string ehr_link;             ///< URL of a patient in the hospital's EHR for after a reveal, {id} replaced; may be empty
};

/// A program that may say who takes part.
struct api_client {
    std::string name; ///< in the trail of what it ordered
    secret token;
};

struct limits_config {
    std::int64_t journal_rows = 100'000;         ///< beyond: 503
    std::int64_t journal_bytes = std::int64_t{1} << 30;
    std::size_t commits_waiting = 4'096;         ///< beyond: 503
};

struct gateway_config {
    std::string file;                 ///< it was read from; relative paths are relative to its folder
    std::string data;                 ///< folder of the store
    std::string time_zone;
    mappings::site_calendar calendar; ///< when visits are proposed
    library_options library;
    secret pseudonym_key;
    listen_config listen;
    operations_config operations;
    std::vector<api_client> api_clients;
    page_config page;
    limits_config limits;
    std::vector<source_config> sources;
    std::vector<sink_config> sinks;
    people_config people;
    std::string log_level = "info";
    bool log_json = false;
};

/// Reads and checks everything that can be checked offline: unknown members (with the nearest known one), types, ranges, URLs, durations ("90s",
/// "5m", "24h", "3d"), that files exist and are readable, that secrets are not empty, that keys are keys, that names are unique, that nothing is
/// plain outside loopback, that secret files are not readable by everybody (warning). Returns what could be read even with errors.
gateway_config load_config(const std::string& file, std::vector<mappings::problem>& problems);

/// What can be said only with the library: sinks that name a trial which is not loaded.
void check_trials(const gateway_config& config, const library& loaded, std::vector<mappings::problem>& problems);

} // namespace trialgate::gateway
