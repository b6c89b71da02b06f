// Builds a catalog from files. Internal to catalog::load; the parts are in catalog_builder.cpp (order of
// work, groups), catalog_codes.cpp (ValueSet, ConceptMap, NamingSystem) and catalog_analytes.cpp (analytes,
// names, words).
#pragma once

#include "mappings/engine/catalog.hpp"
#include "mappings/engine/json_file.hpp"

#include <set>

namespace trialgate::mappings {

/// System, separator and code of the longest code that a catalog holds.
inline constexpr std::size_t longest_code_key = 640;

class catalog_builder {
public:
    catalog_builder(catalog::options chosen, std::vector<problem>& problems)
        : chosen_(chosen), problems_(problems) {}
    std::shared_ptr<const catalog> build(std::span<const source_file> files);

private:
    using value = fhir::json::value;
    /// One resource, or one of the project's own files, with the file it stands in.
    struct item {
        const json_file* file;
        value content;
        bool unverified = false;
    };
    struct include_of_group {
        const json_file* file;
        value at;
        concept_id group, included;
    };

    void sort_out(const json_file& file);
    void sort_out_resource(const json_file& file, value resource, bool unverified);

    // catalog_codes.cpp
    void read_naming_system(const item& from);
    void declare_concept(const item& from);
    void read_value_set(const item& from);
    void read_include(const item& from, value include, concept_id what);
    void read_listed_codes(const item& from, value include, std::string_view system, concept_id what);
    void read_filters(const item& from, value include, std::string_view system, concept_id what);
    void read_expansion(const item& from, value contains, concept_id what);
    void read_groups(const item& from, value include, concept_id what);
    void read_concept_map(const item& from);
    void read_map_group(const item& from, value group);
    void read_map_element(const item& from, value element, std::string_view source, std::string_view target);
    void map_code(
        const item& from, value target_element, std::string_view source, std::string_view code,
        std::string_view target
    );

    /// The preferred URI; a system that nothing names stands for itself.
    std::string_view system_of(const item& from, value uri);
    /// `code` as it compares and fits a key, checked digits included; empty after a report.
    std::string_view checked_code(const item& from, value code, std::string_view system);
    void add_meaning(std::string_view system, std::string_view code, meaning m, bool prefix = false);
    fhir::date valid_before(const item& from, value element) const;

    // catalog_analytes.cpp
    void read_analytes(const item& from);
    void read_analyte(const item& from, value entry);
    void read_units(const item& from, value entry, analyte& into);
    void read_scales(const item& from, value entry, analyte& into);
    void read_derivation(const item& from, value entry, analyte& into);
    void read_medication_names(const item& from);
    void read_words(const item& from);
    void read_words_of_kind(const item& from, value list, catalog::word means);

    void read_safety();
    void close_groups();
    void merge_prefixes();
    void finish_words();
    concept_id add_concept(std::string_view id);
    /// The concept named by a string value, with a report when there is none.
    concept_id concept_named(const item& from, value name, std::string_view where);
    std::string near_concept(std::string_view id) const;

    void
    error(const item& from, std::string_view code, value at, std::string text, std::string hint = {}) const;
    void
    warn(const item& from, std::string_view code, value at, std::string text, std::string hint = {}) const;

    catalog::options chosen_;
    std::vector<problem>& problems_;
    std::shared_ptr<catalog> out_;
    std::shared_ptr<catalog::names> drugs_, words_;
    std::vector<std::unique_ptr<json_file>> files_;
    std::vector<item> naming_systems_, value_sets_, maps_, analyte_files_, name_files_, word_files_, grading_files_, watch_files_;
    std::vector<include_of_group> includes_;
    std::map<std::string, concept_id, std::less<>> by_url_; ///< canonical URL of a ValueSet
    std::map<std::string, std::map<concept_id, fhir::date>, std::less<>> codes_, prefixes_;
    std::set<std::string, std::less<>> meaningless_, warned_systems_;
    std::string room_; ///< holds what checked_code returned
};

} // namespace trialgate::mappings
