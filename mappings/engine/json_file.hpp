// A JSON file that people write, with the way from a value back to its line and column.
#pragma once

#include "fhir/json.hpp"
#include "mappings/engine/catalog.hpp"

namespace trialgate::mappings {

/// Owns its parser: values are valid as long as this lives. The source file must outlive it.
class json_file {
public:
    /// Parses with comments allowed. Reports `bad-json`, and `duplicate-key` for every key that an object
    /// holds twice; `root` is missing when nothing could be read.
    json_file(const source_file& source, std::vector<problem>& problems);

    fhir::json::value root() const noexcept { return root_; }
    const source_file& source() const noexcept { return *source_; }

    /// Reports at the first character of a value, or of a member's name.
    void report(
        problem::level level, std::string_view code, fhir::json::value at, std::string text,
        std::string hint = {}
    ) const;
    void report(
        problem::level level, std::string_view code, const fhir::json::member& at, std::string text,
        std::string hint = {}
    ) const;

    /// An error that goes elsewhere than the problems of reading.
    void report_to(
        std::vector<problem>& to, std::string_view code, fhir::json::value at, std::string text,
        std::string hint = {}
    ) const;
    void report_to(
        std::vector<problem>& to, std::string_view code, const fhir::json::member& at, std::string text,
        std::string hint = {}
    ) const;

private:
    problem made(
        problem::level level, std::string_view code, std::size_t offset, std::string text, std::string hint
    ) const;
    void find_duplicate_keys();

    const source_file* source_;
    std::vector<problem>* problems_;
    fhir::json::parser parser_;
    fhir::json::value root_;
};

/// True when one of the problems from `first` on is an error.
bool has_error(std::span<const problem> problems) noexcept;

/// By line and column within a file; files stay in the order of their first problem. From `first` on.
void sort_problems(std::vector<problem>& problems, std::size_t first);

/// "a string", "a number", ... for messages.
std::string_view kind_name(fhir::json::value v) noexcept;

/// A positive rational as it is written: "5/442", "1.6114", "1/17.1". Nothing for other text or when it does
/// not fit 63 bits. Reduced.
std::optional<fhir::ratio> parse_ratio(std::string_view text) noexcept;

} // namespace trialgate::mappings
