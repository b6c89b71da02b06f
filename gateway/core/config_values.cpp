#include "gateway/core/config_reader.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <filesystem>

namespace trialgate::gateway {

using mappings::problem;

namespace {

std::optional<std::int64_t> digits(std::string_view text) noexcept {
    std::int64_t n = 0;
    const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (bad != std::errc{} || end != text.data() + text.size() || text.empty() || text.front() == '-')
        return std::nullopt;
    return n;
}

constexpr std::pair<std::string_view, duration_ms> units[] = {
    {"ms", 1}, {"s", second_ms}, {"m", minute_ms}, {"h", hour_ms}, {"d", 24 * hour_ms}};

std::string shown(duration_ms d) {
    for (std::size_t n = std::size(units); n-- > 0;)
        if (d % units[n].second == 0 && d != 0)
            return std::to_string(d / units[n].second) + std::string(units[n].first);
    return "0s";
}

std::optional<unsigned> port_of(std::string_view text) noexcept {
    const auto n = digits(text);
    return n && *n <= 65'535 && text.size() <= 5 ? std::optional(static_cast<unsigned>(*n)) : std::nullopt;
}

bool is_numeric(const std::string& host, int family) noexcept {
    unsigned char bytes[16];
    return ::inet_pton(family, host.c_str(), bytes) == 1;
}

bool graphic(std::string_view text) noexcept {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

/// Host and port of "host:port" or "[v6]:port"; the port is empty without one, the host when the form is wrong.
std::pair<std::string, std::string> host_and_port(std::string_view authority) {
    if (authority.starts_with('[')) {
        const auto close = authority.find(']');
        const std::string host(authority.substr(1, close == authority.npos ? 0 : close - 1));
        const std::string_view rest = close == authority.npos ? "" : authority.substr(close + 1);
        if (!is_numeric(host, AF_INET6) || (!rest.empty() && !rest.starts_with(':')) || rest == ":")
            return {};
        return {host, std::string(rest.empty() ? rest : rest.substr(1))};
    }
    const auto colon = authority.find(':');
    if (colon != authority.npos && colon + 1 == authority.size())
        return {};
    return {std::string(authority.substr(0, colon)), std::string(colon == authority.npos ? "" : authority.substr(colon + 1))};
}

} // namespace

std::optional<duration_ms> parse_duration(std::string_view text) noexcept {
    const auto unit = text.find_first_not_of("0123456789");
    if (unit == text.npos)
        return std::nullopt;
    for (const auto& [word, length] : units)
        if (text.substr(unit) == word)
            if (const auto n = digits(text.substr(0, unit)); n && *n <= 4'000'000'000)
                return *n * length;
    return std::nullopt;
}

web_url split_url(std::string_view text) {
    web_url out;
    out.hint = "e.g. https://ehr.example.org/fhir";
    const auto begin = text.find("://");
    const std::string_view authority = begin == text.npos ? std::string_view() : text.substr(begin + 3, text.find_first_of("/?#", begin + 3) - begin - 3);
    const auto parts = parse_url(text);
    if (begin == text.npos || !graphic(text)) {
        out.fault = "expected an absolute URL";
    } else if (const std::string_view scheme = text.substr(0, begin); scheme != "https" && scheme != "http") {
        out.fault = "expected a URL that begins with https://";
    } else if (authority.find('@') != authority.npos) {
        out.fault = "a URL does not carry a user or password";
        out.hint = "use 'auth' with method \"basic\"";
    } else if (!parts || authority.ends_with(':')) {
        out.fault = "the URL has no usable host and port";
    } else if (text.find('#') != text.npos) {
        out.fault = "a URL to send to has no fragment (#)";
    } else {
        out.scheme = parts->scheme;
        out.host = parts->host;
        out.query = text.find('?') != text.npos;
    }
    return out;
}

std::optional<listen_address> split_address(std::string_view text) {
    const auto [host, port] = host_and_port(text);
    const auto number = port_of(port);
    if (!number || !(host == "localhost" || is_numeric(host, text.starts_with('[') ? AF_INET6 : AF_INET)))
        return std::nullopt;
    return listen_address{host, *number};
}

// ---- members of an object ------------------------------------------------------------------------------------------------

config_reader::object::object(config_reader& reader, value content, std::string what) : reader_(reader), content_(content), what_(std::move(what)) {
    if (content && !content.is_object())
        reader_.wrong_type(content, what_ + ", which is an object");
}

config_reader::value config_reader::object::take(std::string_view name) {
    asked_.push_back(name);
    return content_[name];
}

config_reader::value config_reader::object::need(std::string_view name) {
    const value v = take(name);
    if (content_.is_object() && !v)
        reader_.error("missing-member", content_, what_ + " needs '" + std::string(name) + "'");
    return v;
}

void config_reader::object::useless(std::string_view name, std::string why) {
    if (const value v = take(name))
        reader_.warn("not-used", v, "'" + std::string(name) + "' is not used: " + std::move(why));
}

void config_reader::object::finish() {
    for (const fhir::json::member& m : content_.members())
        if (std::find(asked_.begin(), asked_.end(), m.name) == asked_.end())
            reader_.file_.report(problem::level::error, "unknown-member", m, what_ + " has no member '" + std::string(m.name) + "'",
                                 mappings::nearest_hint(m.name, asked_));
}

void config_reader::object::text(std::string_view name, std::string& into) {
    if (auto t = reader_.text(take(name)))
        into = std::move(*t);
}

void config_reader::object::path_below(std::string_view name, std::string& into) {
    const value v = take(name);
    auto t = reader_.text(v);
    if (!t)
        return;
    const bool climbs = *t == ".." || t->starts_with("../") || t->ends_with("/..") || t->find("/../") != t->npos;
    if (t->empty() || t->front() == '/' || climbs || t->find("://") != t->npos || t->find_first_of("\\#") != t->npos || !graphic(*t))
        return reader_.error("bad-path", v, "'" + std::string(name) + "' is a path below the server's base URL", "e.g. \"Subscription\" or \"Group/123\"");
    into = std::move(*t);
}

void config_reader::object::texts(std::string_view name, std::vector<std::string>& into) {
    const value list = take(name);
    if (!list)
        return;
    if (!list.is_array())
        return reader_.wrong_type(list, "a list of strings");
    into.clear();
    for (const value& v : list.elements())
        if (auto t = reader_.text(v))
            into.push_back(std::move(*t));
}

void config_reader::object::truth(std::string_view name, bool& into) {
    const value v = take(name);
    if (v.is_boolean())
        into = v.as_bool();
    else if (v)
        reader_.wrong_type(v, "true or false");
}

void config_reader::object::span(std::string_view name, duration_ms& into, duration_ms least, duration_ms most) {
    if (const auto d = reader_.span(take(name), least, most))
        into = *d;
}

// ---- values --------------------------------------------------------------------------------------------------------------

void config_reader::report(level l, std::string_view code, value at, std::string text, std::string hint) const {
    file_.report(l == level::error ? problem::level::error : problem::level::warning, code, at, std::move(text), std::move(hint));
}

void config_reader::error(std::string_view code, value at, std::string text, std::string hint) const {
    report(level::error, code, at, std::move(text), std::move(hint));
}

void config_reader::warn(std::string_view code, value at, std::string text, std::string hint) const {
    report(level::warning, code, at, std::move(text), std::move(hint));
}

void config_reader::wrong_type(value at, std::string_view wanted, std::string hint) const {
    error("wrong-type", at, "expected " + std::string(wanted) + ", found " + std::string(mappings::kind_name(at)), std::move(hint));
}

std::optional<std::string> config_reader::text(value v) const {
    if (v.is_string() && !v.text().empty())
        return std::string(v.text());
    if (v.is_string())
        error("empty", v, "expected a string that is not empty");
    else if (v)
        wrong_type(v, "a string");
    return std::nullopt;
}

std::optional<std::int64_t> config_reader::whole(value v, std::int64_t least, std::int64_t most) const {
    if (!v)
        return std::nullopt;
    const auto n = v.is_number() ? digits(v.text()) : std::nullopt;
    if (n && *n >= least && *n <= most)
        return n;
    if (!v.is_number())
        wrong_type(v, "a whole number");
    else
        error("out-of-range", v, "expected a whole number from " + std::to_string(least) + " to " + std::to_string(most));
    return std::nullopt;
}

std::optional<duration_ms> config_reader::span(value v, duration_ms least, duration_ms most) const {
    if (!v)
        return std::nullopt;
    if (v.is_number()) {
        error("wrong-type", v, "a duration needs its unit", "e.g. \"" + std::string(v.text().substr(0, 10)) + "s\", quoted");
        return std::nullopt;
    }
    const auto d = v.is_string() ? parse_duration(v.text()) : std::nullopt;
    if (!d)
        error("wrong-type", v, "expected a duration such as \"90s\", \"5m\", \"24h\", \"3d\" or \"500ms\"");
    else if (*d < least || *d > most)
        error("out-of-range", v, "expected a duration from " + shown(least) + " to " + shown(most));
    else
        return d;
    return std::nullopt;
}

std::string config_reader::path(std::string_view written) const {
    return (std::filesystem::path(folder_) / std::filesystem::path(written)).lexically_normal().string();
}

void config_reader::url(value v, std::string& into, bool query_allowed) const {
    auto t = text(v);
    if (!t)
        return;
    const web_url u = split_url(*t);
    if (!u.fault.empty())
        return error("bad-url", v, u.fault, u.hint);
    if (u.query && !query_allowed)
        return error("bad-url", v, "a base URL has no query (?)");
    if (u.scheme == "http" && !is_loopback(u.host))
        error("not-protected", v, "plain HTTP between machines would show patient data and secrets to the network", "use https://");
    while (t->ends_with('/'))
        t->pop_back();
    into = std::move(*t);
}

void config_reader::name(value v, std::string& into, std::set<std::string>& seen) const {
    const auto t = text(v);
    if (!t)
        return;
    const bool fits = t->size() <= 40 && std::all_of(t->begin(), t->end(), [](char c) {
                          return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
                      });
    if (!fits)
        return error("bad-name", v, "a name has at most 40 characters of a-z, 0-9 and '-'", "it appears in URLs, metrics and the log");
    if (!seen.insert(*t).second)
        error("duplicate-name", v, "the name '" + *t + "' is given twice", "what is kept belongs to the name: each needs its own");
    into = *t;
}

} // namespace trialgate::gateway
