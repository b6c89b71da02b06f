#include "fhir/search.hpp"

#include "fhir/ascii.hpp"

#include <algorithm>

// RFC 3986 as far as links in Bundles need it. fhir/ links no URL library, and the links are to be changed as little as possible.

namespace trialgate::fhir {

namespace {

bool is_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

std::string_view trimmed(std::string_view text) noexcept {
    constexpr std::string_view white = " \t\r\n";
    const auto first = text.find_first_not_of(white);
    return first == std::string_view::npos ? std::string_view{} : text.substr(first, text.find_last_not_of(white) - first + 1);
}

struct parts {
    std::string_view scheme, authority, path, query; ///< query with its '?'
    bool has_authority = false;
};

parts split(std::string_view url) noexcept {
    parts out;
    url = url.substr(0, url.find('#'));
    if (const auto colon = url.find(':'); colon != std::string_view::npos && colon > 0 && is_letter(url[0])) {
        const std::string_view scheme = url.substr(0, colon);
        if (std::all_of(scheme.begin(), scheme.end(), [](char c) { return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.'; })) {
            out.scheme = scheme;
            url.remove_prefix(colon + 1);
        }
    }
    if (url.starts_with("//")) {
        url.remove_prefix(2);
        out.has_authority = true;
        out.authority = url.substr(0, url.find_first_of("/?"));
        url.remove_prefix(out.authority.size());
    }
    out.path = url.substr(0, url.find('?'));
    out.query = url.substr(out.path.size());
    return out;
}

/// RFC 3986, 5.2.4, for paths that begin with '/'.
std::string without_dots(std::string_view path) {
    std::string out;
    while (!path.empty()) {
        const auto end = path.find('/', 1);
        const std::string_view segment = path.substr(0, end);
        path = end == std::string_view::npos ? std::string_view{} : path.substr(end);
        if (segment == "/." || segment == "/..") {
            if (segment == "/..")
                out.erase(out.rfind('/') == std::string::npos ? 0 : out.rfind('/'));
            if (path.empty())
                out += '/';
        } else {
            out += segment;
        }
    }
    return out;
}

} // namespace

bool has_parameter(std::string_view url, std::string_view name) {
    url = url.substr(0, url.find('#'));
    const auto mark = url.find('?');
    if (mark == std::string_view::npos)
        return false;
    url.remove_prefix(mark + 1);
    while (!url.empty()) {
        const std::string_view pair = url.substr(0, url.find('&'));
        url.remove_prefix(std::min(url.size(), pair.size() + 1));
        const std::string key = percent_decode(pair.substr(0, pair.find('=')), true);
        if (key == name || std::string_view(key).substr(0, key.find(':')) == name)
            return true;
    }
    return false;
}

std::string resolve_url(std::string_view link, std::string_view asked) {
    link = trimmed(link);
    const parts base = split(trimmed(asked));
    const bool absolute_base = !base.scheme.empty() && !base.authority.empty();
    // "ehr.example.org/fhir?page=2" and "localhost:8080/fhir" come from servers that lose the scheme.
    if (absolute_base && link.size() > base.authority.size() && same_word(link.substr(0, base.authority.size()), base.authority) &&
        (link[base.authority.size()] == '/' || link[base.authority.size()] == '?'))
        return std::string(base.scheme) + "://" + std::string(link.substr(0, link.find('#')));

    const parts given = split(link);
    if (!given.scheme.empty())
        return std::string(link.substr(0, link.find('#')));
    if (!absolute_base)
        return {};
    std::string out = std::string(base.scheme) + ":";
    if (given.has_authority)
        return out + std::string(link.substr(0, link.find('#')));
    out += "//" + std::string(base.authority);
    if (given.path.empty())
        return out + std::string(base.path) + std::string(given.query.empty() ? base.query : given.query);
    if (given.path.starts_with('/'))
        return out + without_dots(given.path) + std::string(given.query);
    const std::string folder = base.path.empty() ? "/" : std::string(base.path.substr(0, base.path.rfind('/') + 1));
    return out + without_dots(folder + std::string(given.path)) + std::string(given.query);
}

} // namespace trialgate::fhir
