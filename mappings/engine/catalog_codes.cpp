#include "mappings/engine/catalog_builder.hpp"
#include "mappings/engine/code_check.hpp"
#include "mappings/engine/spelling.hpp"

#include <algorithm>
#include <array>

namespace trialgate::mappings {

namespace {

constexpr std::string_view own_system = "urn:trialgate:concept";
constexpr std::string_view own_url = "urn:trialgate:concept/";

std::string key_of(std::string_view system, std::string_view code) {
    std::string key(system);
    key += '\0';
    key += code;
    return key;
}

} // namespace

void catalog_builder::read_naming_system(const item& from) {
    std::vector<std::string> uris;
    std::string preferred;
    for (const value& id : from.content["uniqueId"].elements()) {
        const std::string_view text = trimmed(id["value"].text());
        if (text.empty()) {
            error(from, "missing-member", id, "a uniqueId without value");
            continue;
        }
        const bool is_oid = id["type"].text() == "oid";
        if (is_oid && text.starts_with("urn:oid:"))
            uris.emplace_back(text.substr(8));
        uris.push_back(
            is_oid && !text.starts_with("urn:") ? "urn:oid:" + std::string(text) : std::string(text)
        );
        if (is_oid && !text.starts_with("urn:"))
            uris.emplace_back(text);
        if (preferred.empty() || (id["preferred"].as_bool() && !is_oid))
            preferred = is_oid ? uris.back() : std::string(text);
    }
    if (uris.empty()) {
        error(from, "missing-member", from.content, "a NamingSystem without uniqueId");
        return;
    }
    for (const std::string& uri : uris) {
        const auto [at, fresh] = out_->systems_.try_emplace(uri, preferred);
        if (!fresh && at->second != preferred)
            error(
                from, "duplicate-system", from.content,
                "'" + uri + "' already stands for '" + at->second + "' and cannot stand for '" + preferred +
                    "' too"
            );
    }
}

void catalog_builder::declare_concept(const item& from) {
    const value id = from.content["id"];
    if (!id.is_string() || id.text().empty()) {
        error(
            from, "missing-member", from.content, "a ValueSet without id: the id is the name of its concept"
        );
        return;
    }
    if (id.text().size() > 200) {
        error(from, "code-too-long", id, "an id of more than 200 characters");
        return;
    }
    concept_id c = out_->find(id.text());
    if (c != concept_id::none) {
        // An unverified file may add codes to a concept; two definitions of one concept are a mistake.
        if (!from.unverified)
            error(
                from, "duplicate-concept", id, "the concept '" + std::string(id.text()) + "' is defined twice"
            );
    } else if (out_->names_.size() >= 0xfffe) {
        error(from, "too-many-concepts", id, "more than 65,533 concepts");
        return;
    } else {
        c = add_concept(id.text());
        out_->titles_.back() = from.content["title"].text();
    }
    if (const value url = from.content["url"]; url.is_string())
        by_url_.try_emplace(std::string(url.text()), c);
}

void catalog_builder::read_value_set(const item& from) {
    const concept_id what = out_->find(from.content["id"].text());
    if (what == concept_id::none)
        return;
    const value compose = from.content["compose"];
    if (compose["exclude"].size() != 0)
        error(
            from, "unsupported-exclude", compose["exclude"],
            "compose.exclude is not supported: list what counts"
        );
    for (const value& include : compose["include"].elements())
        read_include(from, include, what);
    if (!compose)
        read_expansion(from, from.content["expansion"]["contains"], what);
}

void catalog_builder::read_include(const item& from, value include, concept_id what) {
    if (include["valueSet"]) {
        if (include["system"])
            error(
                from, "unsupported-include", include,
                "an include with both 'system' and 'valueSet' would mean what is in both; write two includes "
                "for what is in either"
            );
        else
            read_groups(from, include, what);
        return;
    }
    const value uri = include["system"];
    if (!uri.is_string()) {
        error(from, "missing-member", include, "an include needs 'system' or 'valueSet'");
        return;
    }
    const std::string_view system = system_of(from, uri);
    if (include["concept"].size() == 0 && include["filter"].size() == 0)
        error(
            from, "unsupported-include", include,
            "a whole code system cannot be a concept: name codes or a filter"
        );
    else if (include["concept"] && include["filter"])
        error(
            from, "unsupported-include", include,
            "codes and a filter in one include would mean what is in both; write two includes"
        );
    else if (include["concept"])
        read_listed_codes(from, include, system, what);
    else
        read_filters(from, include, system, what);
}

void catalog_builder::read_listed_codes(
    const item& from, value include, std::string_view system, concept_id what
) {
    const fhir::date of_all = valid_before(from, include);
    for (const value& c : include["concept"].elements())
        if (const std::string_view code = checked_code(from, c["code"], system); !code.empty())
            add_meaning(system, code, {what, std::min(of_all, valid_before(from, c))});
}

void catalog_builder::read_filters(
    const item& from, value include, std::string_view system, concept_id what
) {
    const value filters = include["filter"];
    if (filters.size() != 1 || !is_hierarchical(system)) {
        error(
            from, "unsupported-filter", filters,
            filters.size() > 1
                ? "several filters in one include would mean what all of them cover; write several includes"
                : "a filter works on ICD and ATC codes only; list the codes of '" + std::string(system) + "'"
        );
        return;
    }
    const value f = filters[std::size_t{0}];
    if (f["property"].text() != "concept" || f["op"].text() != "is-a") {
        error(
            from, "unsupported-filter", f,
            "only the filter {\"property\": \"concept\", \"op\": \"is-a\"} is supported"
        );
        return;
    }
    if (const std::string_view code = checked_code(from, f["value"], system); !code.empty())
        add_meaning(system, code, {what, std::min(valid_before(from, include), valid_before(from, f))}, true);
}

void catalog_builder::read_expansion(const item& from, value contains, concept_id what) {
    std::vector<value> open{contains};
    while (!open.empty()) {
        const value list = open.back();
        open.pop_back();
        for (const value& c : list.elements()) {
            if (c["contains"])
                open.push_back(c["contains"]);
            if (!c["code"] || c["abstract"].as_bool())
                continue;
            const std::string_view system = system_of(from, c["system"]);
            if (const std::string_view code = checked_code(from, c["code"], system); !code.empty())
                add_meaning(system, code, {what});
        }
    }
}

void catalog_builder::read_groups(const item& from, value include, concept_id what) {
    for (const value& canonical : include["valueSet"].elements()) {
        const std::string_view url = canonical.text().substr(0, canonical.text().find('|'));
        concept_id included = concept_id::none;
        if (const auto known = by_url_.find(url); known != by_url_.end())
            included = known->second;
        else if (url.starts_with(own_url))
            included = out_->find(url.substr(own_url.size()));
        if (included == concept_id::none)
            error(
                from, "unknown-concept", canonical, "there is no ValueSet '" + std::string(url) + "'",
                near_concept(url.starts_with(own_url) ? url.substr(own_url.size()) : url)
            );
        else
            includes_.push_back({from.file, canonical, what, included});
    }
}

void catalog_builder::read_concept_map(const item& from) {
    if (from.content["group"].size() == 0)
        error(from, "missing-member", from.content, "a ConceptMap without group");
    for (const value& group : from.content["group"].elements())
        read_map_group(from, group);
}

void catalog_builder::read_map_group(const item& from, value group) {
    const auto plain_uri = [](value v) {
        const std::string_view text = trimmed(v.text());
        // A canonical may end in |version; the items of a questionnaire have a system that ends in
        // |canonical.
        if (text.starts_with("urn:trialgate:questionnaire|"))
            return std::string(text);
        return std::string(text.substr(0, text.find('|')));
    };
    const std::string source_uri = plain_uri(group["source"]), target_uri = plain_uri(group["target"]);
    if (source_uri.empty()) {
        error(
            from, "missing-member", group,
            "a group of a ConceptMap needs 'source', the system of the local codes"
        );
        return;
    }
    const std::string source(out_->systems_.try_emplace(source_uri, source_uri).first->second);
    const std::string target(out_->system(target_uri));
    if (target.empty() && !target_uri.empty()) {
        nearest_name near(target_uri);
        for (const auto& [uri, preferred] : out_->systems_)
            near.consider(preferred);
        error(
            from, "unknown-system", group["target"],
            "'" + target_uri + "' is no code system that the library knows; use 'urn:trialgate:concept'",
            near.hint()
        );
        return;
    }
    for (const value& element : group["element"].elements())
        read_map_element(from, element, source, target);
}

void catalog_builder::read_map_element(
    const item& from, value element, std::string_view source, std::string_view target
) {
    const std::string code(checked_code(from, element["code"], source));
    if (code.empty())
        return;
    if (element["target"].size() == 0)
        meaningless_.insert(key_of(source, code));
    for (const value& t : element["target"].elements()) {
        const value said = t["relationship"] ? t["relationship"] : t["equivalence"];
        const std::string_view relation = said.text();
        if (relation == "disjoint" || relation == "unmatched" || relation == "not-related-to") {
            meaningless_.insert(key_of(source, code));
            continue;
        }
        if (relation == "narrower" || relation == "specializes" || relation == "inexact" ||
            relation == "source-is-broader-than-target")
            warn(
                from, "inexact-map", said,
                "'" + code +
                    "' is mapped to something narrower than itself: every fact with this code will count as "
                    "that"
            );
        map_code(from, t, source, code, target);
    }
}

void catalog_builder::map_code(
    const item& from, value target_element, std::string_view source, std::string_view code,
    std::string_view target
) {
    const value to = target_element["code"];
    const fhir::date until = valid_before(from, target_element);
    if (target.empty()) {
        error(from, "missing-member", target_element, "the group of this element has no 'target' system");
        return;
    }
    if (target == own_system) {
        const concept_id c = concept_named(from, to, "the target of a map");
        if (c != concept_id::none)
            add_meaning(source, code, {c, until});
        return;
    }
    const std::string wanted(checked_code(from, to, target));
    if (wanted.empty())
        return;
    std::vector<meaning> found;
    const std::string key = key_of(target, wanted);
    if (const auto listed = codes_.find(key); listed != codes_.end())
        for (const auto& [c, before] : listed->second)
            found.push_back({c, before});
    else if (is_hierarchical(target))
        for (std::size_t size = key.size(); size > target.size() + 1 && found.empty(); --size)
            if (const auto above = out_->prefixes_.find(std::string_view(key).substr(0, size));
                above != out_->prefixes_.end())
                found = above->second;
    // A map to a proper code that no concept lists says what the local code is, and that no trial reads it.
    if (found.empty())
        meaningless_.insert(key_of(source, code));
    for (const meaning& m : found)
        add_meaning(source, code, {m.concept_, std::min(m.valid_before, until)});
}

std::string_view catalog_builder::system_of(const item& from, value uri) {
    const std::string_view text = trimmed(uri.text());
    if (text.empty()) {
        error(from, "missing-member", uri, "a code without system");
        return {};
    }
    const auto found = out_->systems_.find(text);
    if (found != out_->systems_.end())
        return found->second;
    const std::string own(text.substr(0, text.find('|')));
    if (!naming_systems_.empty() && warned_systems_.insert(own).second) {
        nearest_name near(own);
        for (const auto& [known, preferred] : out_->systems_)
            near.consider(known);
        warn(
            from, "unknown-system", uri,
            "no NamingSystem names the code system '" + own + "'; it is taken as it stands", near.hint()
        );
    }
    return out_->systems_.try_emplace(own, own).first->second;
}

std::string_view catalog_builder::checked_code(const item& from, value code, std::string_view system) {
    if (system.empty())
        return {};
    if (!code.is_string() || trimmed(code.text()).empty()) {
        error(from, code ? "wrong-type" : "missing-member", code, "a code is needed here, as a string");
        return {};
    }
    const std::string_view text = trimmed(code.text());
    switch (check_code(system, text)) {
    case code_defect::none:
        break;
    case code_defect::shape:
        error(from, "bad-code", code, "'" + std::string(text) + "' is no code of " + std::string(system));
        return {};
    case code_defect::check_digit:
        error(
            from, "bad-check-digit", code,
            "'" + std::string(text) + "' is no code of " + std::string(system) + ": its check digit is wrong"
        );
        return {};
    }
    if (is_icd(system)) {
        room_.assign(16, '\0');
        return plain_icd(text, room_);
    }
    if (system.size() + 1 + text.size() > longest_code_key) {
        error(
            from, "code-too-long", code,
            "system and code are longer than " + std::to_string(longest_code_key) + " characters"
        );
        return {};
    }
    room_ = text;
    return room_;
}

void catalog_builder::add_meaning(std::string_view system, std::string_view code, meaning m, bool prefix) {
    auto& meanings = (prefix ? prefixes_ : codes_)[key_of(system, code)];
    const auto [at, fresh] = meanings.try_emplace(m.concept_, m.valid_before);
    if (!fresh)
        at->second = std::max(at->second, m.valid_before);
}

fhir::date catalog_builder::valid_before(const item& from, value element) const {
    for (const value& e : element["extension"].elements()) {
        if (e["url"].text() != "urn:trialgate:valid-before")
            continue;
        if (const auto d = fhir::parse_date(e["valueDate"].text()))
            return *d;
        error(from, "bad-date", e["valueDate"] ? e["valueDate"] : e, "expected a day as YYYY-MM-DD");
    }
    return fhir::date::highest();
}

} // namespace trialgate::mappings
