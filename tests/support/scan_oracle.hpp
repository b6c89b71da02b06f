// What `fhir::scan` promises, checked on any bytes against the JSON parser and against a walk byte by byte.
// For the unit test, which feeds it tables and random text, and for the fuzzer.
#pragma once

#include "fhir/json.hpp"
#include "fhir/scan.hpp"
#include "fhir/scan_kernels.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace trialgate::tests {

namespace scan = fhir::scan;
namespace json = fhir::json;

/// Compares codes exactly (the lenient `interest_set` could hide a look that asks too little), and knows
/// short ones that random text hits.
class exact_interest final : public scan::interest {
public:
    bool code(std::string_view raw) const noexcept override {
        return raw == "1-8" || raw == "77" || raw == "a/b" || raw == "A";
    }
    bool type(std::string_view t) const noexcept override { return t == "Patient"; }
    bool never(std::string_view t) const noexcept override { return t == "Claim"; }
    bool by_words(std::string_view t) const noexcept override { return t == "MedicationRequest"; }
};

/// True when a member named code, at any depth, has a scalar value (or directly an array with one) that is of
/// interest.
inline bool carries_code(json::value v, const scan::interest& wanted) {
    for (const json::value& element : v.elements())
        if (carries_code(element, wanted))
            return true;
    for (const json::member& m : v.members()) {
        if (m.name == "code" && (m.content.is_string() || m.content.is_number()) &&
            wanted.code(m.content.text()))
            return true;
        if (carries_code(m.content, wanted))
            return true;
    }
    return false;
}

inline bool same_tree(json::value a, json::value b) {
    if (a.type() != b.type() || a.text() != b.text() || a.as_bool() != b.as_bool() || a.size() != b.size())
        return false;
    for (std::size_t i = 0; i < a.elements().size(); ++i)
        if (!same_tree(a.elements()[i], b.elements()[i]))
            return false;
    for (std::size_t i = 0; i < a.members().size(); ++i)
        if (a.members()[i].name != b.members()[i].name ||
            !same_tree(a.members()[i].content, b.members()[i].content))
            return false;
    return true;
}

/// `balanced_length` in the plainest way.
inline std::optional<std::size_t> plain_balanced_length(std::string_view text) {
    if (text.empty() || (text[0] != '{' && text[0] != '['))
        return std::nullopt;
    long depth = 0;
    bool in_string = false;
    bool escaped = false; // outside of strings too, where JSON has no backslash
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '"' && !escaped)
            in_string = !in_string;
        else if (!in_string && (c == '{' || c == '['))
            ++depth;
        else if (!in_string && (c == '}' || c == ']') && --depth == 0)
            return i + 1;
        escaped = c == '\\' && !escaped;
    }
    return std::nullopt;
}

struct scanned_bundle {
    bool ok = false;
    std::vector<std::pair<std::string_view, std::string_view>> head;
    std::vector<std::string_view> entries;
    bool operator==(const scanned_bundle&) const = default;
};

inline scanned_bundle scan_bundle(std::string_view text, const scan::detail::kernel& k) {
    scanned_bundle out;
    out.ok = scan::detail::for_each_entry(
        text, k, [&](std::string_view key, std::string_view value) { out.head.emplace_back(key, value); },
        [&](std::string_view entry) { out.entries.push_back(entry); }
    );
    return out;
}

inline bool same_glimpse(const scan::glimpse& a, const scan::glimpse& b) {
    return a.found == b.found && a.type == b.type && a.id == b.id && a.version_id == b.version_id &&
           a.last_updated == b.last_updated;
}

/// The first promise that does not hold for `text`, or an empty string. `wanted` must compare codes exactly.
class scan_oracle {
public:
    std::string check(std::string_view text, const scan::interest& wanted) {
        const scan::glimpse seen = scan::look(text, wanted);
        const auto length = plain_balanced_length(text);
        const scanned_bundle walked = scan_bundle(text, *scan::detail::kernels().front());
        for (const scan::detail::kernel* k : scan::detail::kernels()) {
            if (!same_glimpse(seen, scan::detail::look(text, wanted, *k)))
                return std::string("look differs: ") + k->name;
            if (length != scan::detail::balanced_length(text, *k))
                return std::string("balanced_length differs: ") + k->name;
            if (walked != scan_bundle(text, *k))
                return std::string("for_each_entry differs: ") + k->name;
        }
        const auto parsed = whole_.parse_copy(text);
        if (!parsed)
            return {};
        if (std::string wrong = check_look(seen, *parsed, wanted); !wrong.empty())
            return wrong;
        return check_bundle(walked, *parsed, text);
    }

private:
    static std::string check_look(const scan::glimpse& seen, json::value v, const scan::interest& wanted) {
        if ((seen.found == scan::finding::broken) == v.is_object())
            return "broken does not mean: no object";
        if (seen.found != scan::finding::irrelevant)
            return {};
        const std::string_view type = v["resourceType"].text();
        if (seen.type != type)
            return "wrong type";
        if (wanted.never(type))
            return {};
        if (wanted.type(type) || wanted.by_words(type) || carries_code(v, wanted))
            return "a resource of interest called irrelevant";
        if (seen.id.empty() || seen.id != v["id"].text())
            return "wrong id";
        if (seen.version_id != v["meta"]["versionId"].text() ||
            seen.last_updated != v["meta"]["lastUpdated"].text())
            return "wrong version";
        return {};
    }

    std::string check_bundle(const scanned_bundle& walked, json::value v, std::string_view text) {
        std::size_t entry_members = 0;
        for (const json::member& m : v.members())
            entry_members += m.name == "entry" ? 1 : 0;
        const json::value entries = v["entry"];
        if (!walked.ok) {
            const bool may_refuse = !v.is_object() || entry_members > 1 ||
                                    (entry_members == 1 && !entries.is_array()) ||
                                    text.find('\\') != std::string_view::npos; // a key may be escaped
            return may_refuse ? "" : "for_each_entry refused a Bundle";
        }
        if (!v.is_object() || entry_members > 1 || (entries && !entries.is_array()))
            return "for_each_entry took what is no Bundle";
        if (walked.entries.size() != entries.size() || walked.head.size() + entry_members != v.size())
            return "wrong number of entries or members";
        for (std::size_t i = 0; i < walked.entries.size(); ++i)
            if (!same_text(walked.entries[i], entries[i]))
                return "wrong entry";
        std::size_t next = 0;
        for (const json::member& m : v.members()) {
            if (m.name == "entry")
                continue;
            if (walked.head[next].first != m.name || !same_text(walked.head[next].second, m.content))
                return "wrong member";
            ++next;
        }
        return {};
    }

    bool same_text(std::string_view text, json::value tree) {
        const auto parsed = part_.parse_copy(text);
        return parsed && same_tree(*parsed, tree);
    }

    json::parser whole_;
    json::parser part_;
};

} // namespace trialgate::tests
