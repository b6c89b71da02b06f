#include "fhir/types.hpp"

#include <algorithm>

namespace trialgate::fhir {

namespace {

bool is_upper(char c) noexcept { return c >= 'A' && c <= 'Z'; }

bool is_letter(char c) noexcept { return is_upper(c) || (c >= 'a' && c <= 'z'); }

bool is_type_name(std::string_view text) noexcept {
    return !text.empty() && is_upper(text.front()) && std::all_of(text.begin(), text.end(), is_letter);
}

// Servers send ids that are longer than FHIR's 64 characters or hold '_' and ':'; a subject that is not recognised is lost
// evidence. What cannot be part of an id in any URL (query, fragment, canonical version, escapes) is refused.
bool is_id(std::string_view text) noexcept {
    return !text.empty() && text != "_history" && std::all_of(text.begin(), text.end(), [](char c) {
        return static_cast<unsigned char>(c) > ' ' && c != '/' && c != '?' && c != '#' && c != '|' && c != '%' &&
               c != '$' && c != '\x7f';
    });
}

std::string_view take_last_segment(std::string_view& path) noexcept {
    const auto slash = path.rfind('/');
    const std::string_view last = path.substr(slash == std::string_view::npos ? 0 : slash + 1);
    path = slash == std::string_view::npos ? std::string_view{} : path.substr(0, slash);
    return last;
}

} // namespace

const coding* codeable_concept::find(std::string_view system) const noexcept {
    const auto found =
        std::find_if(codings.begin(), codings.end(), [&](const coding& c) { return c.system == system; });
    return found == codings.end() ? nullptr : &*found;
}

reference parse_reference(std::string_view literal) noexcept {
    reference out;
    out.literal = literal;
    if (literal.empty() || out.is_contained() || out.is_urn())
        return out;

    std::string_view rest = literal;
    const bool absolute = rest.starts_with("http://") || rest.starts_with("https://");
    if (absolute)
        rest.remove_prefix(rest.find("//") + 2);

    std::string_view id = take_last_segment(rest);
    std::string_view version;
    std::string_view type = take_last_segment(rest);
    if (type == "_history") {
        version = id;
        if (!is_id(version))
            return out;
        id = take_last_segment(rest);
        type = take_last_segment(rest);
    }
    // What is left is the base: a host at least, or nothing when relative. A base never holds a query, so that
    // "https://x/search?next=Patient/p1" is not taken for Patient/p1.
    if (absolute == rest.empty() || rest.find_first_of("?#|") != std::string_view::npos)
        return out;
    if (!is_type_name(type) || !is_id(id))
        return out;
    out.type = type;
    out.id = id;
    out.version = version;
    return out;
}

} // namespace trialgate::fhir
