// Reads the configuration file. Internal to load_config: config.cpp has the whole and what must fit together, config_values.cpp single values,
// config_parts.cpp secrets, certificates, access and listeners, config_sides.cpp sources and sinks,
// config_people.cpp whom mails tell, config_page.cpp the page and who may use it.
//
// A value that is wrong is reported and leaves its default; reading goes on, so that one run names every mistake.
#pragma once

#include "gateway/core/config.hpp"
#include "gateway/core/url.hpp"
#include "mappings/engine/json_file.hpp"
#include "mappings/engine/spelling.hpp"

#include <set>
#include <span>

namespace trialgate::gateway {

/// "https://host:port/path". What does not fit is told by `fault`.
struct web_url {
    std::string scheme, host, fault, hint;
    bool query = false;
};
web_url split_url(std::string_view text);
/// "0.0.0.0:8443", "[::1]:0", "localhost:8080".
struct listen_address {
    std::string host;
    unsigned port = 0;
};
std::optional<listen_address> split_address(std::string_view text);
/// "90s", "5m", "24h", "3d", "500ms".
std::optional<duration_ms> parse_duration(std::string_view text) noexcept;

class config_reader {
public:
    config_reader(const mappings::source_file& source, std::vector<mappings::problem>& problems);
    gateway_config read();

private:
    using value = fhir::json::value;
    enum class level { warning, error };
    template <class Enum>
    using choices = std::span<const std::pair<std::string_view, Enum>>;

    /// One object of the file; members that nobody asked for are unknown.
    class object {
    public:
        object(config_reader& reader, value content, std::string what);
        value take(std::string_view name);
        value need(std::string_view name);
        /// The member after `name` was asked for; said to be of no use there when it is given.
        void useless(std::string_view name, std::string why);
        void finish();
        value whole() const noexcept { return content_; }

        // Each leaves `into` when the member is absent or wrong.
        void text(std::string_view name, std::string& into);
        /// Of a resource or operation below the server's base: never another server.
        void path_below(std::string_view name, std::string& into);
        void texts(std::string_view name, std::vector<std::string>& into);
        void truth(std::string_view name, bool& into);
        void span(std::string_view name, duration_ms& into, duration_ms least, duration_ms most);
        template <class N>
        void number(std::string_view name, N& into, std::int64_t least, std::int64_t most);
        template <class Enum, std::size_t Count>
        void one_of(std::string_view name, Enum& into, const std::pair<std::string_view, Enum> (&known)[Count]);

    private:
        friend class config_reader;
        config_reader& reader_;
        value content_;
        std::string what_;
        std::vector<std::string_view> asked_{"$comment"};
    };

    // config_values.cpp
    void report(level l, std::string_view code, value at, std::string text, std::string hint = {}) const;
    void error(std::string_view code, value at, std::string text, std::string hint = {}) const;
    void warn(std::string_view code, value at, std::string text, std::string hint = {}) const;
    void wrong_type(value at, std::string_view wanted, std::string hint = {}) const;
    std::optional<std::string> text(value v) const;
    std::optional<std::int64_t> whole(value v, std::int64_t least, std::int64_t most) const;
    std::optional<duration_ms> span(value v, duration_ms least, duration_ms most) const;
    /// Relative to the configuration's folder.
    std::string path(std::string_view written) const;
    /// An absolute http(s) URL without a trailing slash. Plain HTTP is refused for another machine.
    void url(value v, std::string& into, bool query_allowed = false) const;
    /// [a-z0-9-]+, different from all before.
    void name(value v, std::string& into, std::set<std::string>& seen) const;

    // config_parts.cpp
    enum class side { client, server };
    std::optional<std::string> file_text(value at, const std::string& file) const;
    void private_file(value at, const std::string& file) const;
    void read_secret(value v, secret& into, std::size_t least_bytes, level too_short);
    tls_files read_tls(value v, side s);
    auth_config read_auth(value v);
    void read_keys(value v, auth_config& into);
    void read_listen(value v, listen_config& into);
    void read_operations(value v, operations_config& into);
    api_client read_api_client(value v);
    std::optional<listen_address> read_address(object& from, std::string& into) const;

    // config_sides.cpp
    source_config read_source(value v);
    void read_source_timing(object& m, source_config& into);
    void read_criteria(value v, source_config& into) const;
    void read_types(value v, source_config& into) const;
    sink_config read_sink(value v);
    void check_access(value at, const std::string& url, const auth_config& auth, const tls_files& tls) const;

    // config_people.cpp
    void read_people(value v, people_config& into);
    void read_relay(value v, relay_config& into);
    subscriber_config read_subscriber(value v);
    void read_tiers(value v, subscriber_config& into) const;
    void check_escalations(value subscribers, const people_config& all) const;
    bool address(value v, std::string& into) const;

    // config_page.cpp; after `listen`, whose certificate it may share
    void read_page(value v, gateway_config& whole);
    void read_page_listener(object& m, value v, gateway_config& whole);
    void read_oidc(value v, page_config::oidc_config& into);
    void read_page_access(value v, page_config& into);
    void read_ehr_link(value v, page_config& into);

    // config.cpp
    void read_library(object& root, gateway_config& into);
    void read_settings(value v, library_options& into) const;
    void read_limits(value v, limits_config& into);
    void read_log(value v, gateway_config& into);
    void read_calendar(value v, mappings::site_calendar& into);
    void check_reachable(value sources, value listen, gateway_config& whole) const;

    mappings::source_file source_;
    std::string folder_;
    mappings::json_file file_;
    std::set<std::string> source_names_, sink_names_, person_names_, client_names_;
    std::map<std::string, std::string> source_urls_; ///< to the name that had it first
};

template <class N>
void config_reader::object::number(std::string_view name, N& into, std::int64_t least, std::int64_t most) {
    if (const auto n = reader_.whole(take(name), least, most))
        into = static_cast<N>(*n);
}

template <class Enum, std::size_t Count>
void config_reader::object::one_of(std::string_view name, Enum& into, const std::pair<std::string_view, Enum> (&known)[Count]) {
    const value v = take(name);
    if (!v)
        return;
    std::string list;
    mappings::nearest_name near(v.text());
    for (const auto& [word, meant] : known) {
        if (v.is_string() && v.text() == word) {
            into = meant;
            return;
        }
        near.consider(word);
        list += (list.empty() ? "" : ", ") + std::string(word);
    }
    reader_.error("wrong-type", v, "expected one of " + list, near.hint());
}

} // namespace trialgate::gateway
