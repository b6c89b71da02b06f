// What codes mean: concepts, code systems, analytes, medication names. Built once from the library's files and a site's own
// maps, then immutable and shared by all threads.
#pragma once

#include "fhir/datetime.hpp"
#include "fhir/decimal.hpp"
#include "fhir/issue.hpp"
#include "fhir/types.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace trialgate::mappings {

/// Index of a concept in its catalog. 0 is "none".
enum class concept_id : std::uint16_t { none = 0 };

/// One file to load, read by the caller: this layer opens no files.
struct source_file {
    std::string name; ///< for messages, e.g. "mappings/library/analytes.json"
    std::string text;
};

/// A problem in a file that people write. Line and column count from 1.
struct problem {
    enum class level { warning, error } level_ = level::error;
    std::string code;  ///< stable id, e.g. "unknown-concept"
    std::string file;
    std::uint32_t line = 0, column = 0;
    std::string text;  ///< one sentence
    std::string hint;  ///< "did you mean 'ana.titer'?", may be empty
};
/// "file:line:column: error: text (hint)".
std::string to_string(const problem& p);

enum class analyte_kind : std::uint8_t { quantity, titer, presence, ordinal, count, score };

/// canonical = (value - offset) x factor.
struct unit_rule {
    fhir::ratio factor{};
    fhir::decimal offset{};
    bool by_alias = false; ///< true when the string is no valid UCUM for this meaning: worth a note
};

/// A range that a word stands for: "tntc" is above 50.
struct word_value {
    std::optional<fhir::decimal> low, high;
    bool low_open = false, high_open = false;
};

struct analyte {
    concept_id concept_ = concept_id::none;
    analyte_kind kind = analyte_kind::quantity;
    std::string unit; ///< canonical, UCUM
    std::map<std::string, unit_rule, std::less<>> units;
    enum class no_unit { refuse, by_range, accept } without_unit = no_unit::refuse;
    std::optional<fhir::decimal> plausible_min, plausible_max; ///< canonical unit
    bool integer = false;
    std::vector<std::string> specimens;                        ///< kinds: serum plasma blood urine ...; empty = any
    std::map<std::string, word_value, std::less<>> words;      ///< lower case
    std::map<std::string, fhir::decimal, std::less<>> scale;   ///< ordinal: text (lower case, single spaces) -> rank
    /// For a titer or a screen of one: what a bare "positive" proves at least (ANA screens at 1:80). 0 = nothing.
    std::int64_t screening_dilution = 0;
    struct derivation {
        concept_id left, right;
        bool quotient = false; ///< left / right instead of left x right
        fhir::ratio factor{};
    };
    std::optional<derivation> derived;

    /// The rule for a unit string as it arrived (micro signs and white space normalised here): alias table first, then UCUM.
    /// Nothing when it does not fit the analyte.
    std::optional<unit_rule> rule_for(std::string_view raw_unit) const;
};

/// What one code means.
struct meaning {
    concept_id concept_ = concept_id::none;
    fhir::date valid_before = fhir::date::highest();
};

struct safety_library;

class catalog {
public:
    /// Reads library files of every kind (told apart by content) and site ConceptMaps. All problems at once; an error keeps what could be read.
    struct options {
        bool unverified_codes = false;
    };
    static std::shared_ptr<const catalog> load(std::span<const source_file> files, options chosen, std::vector<problem>& problems);

    std::size_t size() const noexcept { return names_.size(); }
    /// `none` when there is no such concept.
    concept_id find(std::string_view id) const noexcept;
    std::string_view id(concept_id c) const noexcept;
    /// What a person reads: ValueSet.title, else the id.
    std::string_view title(concept_id c) const noexcept;
    /// The concept itself and all that its ValueSet includes, transitively.
    std::span<const concept_id> members(concept_id group) const noexcept;
    /// Nearest concept id by spelling, for hints; empty when nothing is near.
    std::string nearest(std::string_view id) const;

    /// The preferred URI of a code system for any of its URIs or OIDs; empty for an unknown system.
    std::string_view system(std::string_view any_uri) const noexcept;
    /// Meanings of a code (leaf concepts: the ValueSets that list it or a filter that covers it; not the groups above them).
    /// Empty when the code means nothing here. System aliases and the spelling of ICD codes are taken care of.
    std::span<const meaning> lookup(std::string_view system, std::string_view code) const;
    /// Every listed code with each of its meanings; codes that only a filter covers cannot be listed.
    void for_each_code(const std::function<void(std::string_view system, std::string_view code, concept_id meaning)>& visit) const;
    /// True when a site map says about this local code that it has no meaning here.
    bool known_meaningless(std::string_view system, std::string_view code) const;

    const analyte* analyte_of(concept_id c) const noexcept;
    std::span<const analyte> analytes() const noexcept { return analytes_; }

    /// Medication concepts named by whole words in free text ("plaquenil 200mg"), with their exclusions ("not ointment").
    std::vector<concept_id> medications_named(std::string_view text) const;

    enum class word : std::uint8_t { none, positive, negative, equivocal, no_result };
    /// Reads a result word in any language of library/words.json, negative forms first ("not detected", "non-reactive").
    word result_word(std::string_view text) const;

    /// Grading tables and signals of library/safety (mappings/engine/safety.hpp).
    const safety_library& safety() const noexcept { return *safety_; }

    /// All code strings that mean something (for fhir::scan), lower-level: raw code text as sent, ICD codes with and without dot.
    /// Filters (is-a) cannot be listed: their prefixes are given separately.
    struct code_strings {
        std::vector<std::string> codes, icd_prefixes;
        std::vector<std::string> name_words; ///< lower case
    };
    code_strings strings() const;

private:
    friend class catalog_builder;
    struct code_key_hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view s) const noexcept { return std::hash<std::string_view>{}(s); }
    };
    std::vector<std::string> names_{""}, titles_{""};
    std::unordered_map<std::string, concept_id, code_key_hash, std::equal_to<>> by_name_;
    std::vector<std::vector<concept_id>> members_{{}};
    std::unordered_map<std::string, std::string, code_key_hash, std::equal_to<>> systems_;
    /// key: preferred system, NUL, code
    std::unordered_map<std::string, std::vector<meaning>, code_key_hash, std::equal_to<>> codes_;
    std::map<std::string, std::vector<meaning>, std::less<>> prefixes_; ///< system, NUL, prefix without dot
    std::vector<analyte> analytes_;
    std::vector<std::uint16_t> analyte_index_; ///< by concept; 0xffff none
    struct names;
    std::shared_ptr<const names> medication_names_, result_words_;
    std::shared_ptr<const safety_library> safety_;
};

} // namespace trialgate::mappings
