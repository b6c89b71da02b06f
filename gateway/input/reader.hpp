// From documents and lines to records: Bundles of every type (nested ones too), NDJSON, single resources. What no trial reads is
// recognised without being parsed; what cannot be read is reported and counted, and the rest goes on.
#pragma once

#include "fhir/bundle.hpp"
#include "fhir/scan.hpp"
#include "gateway/input/source.hpp"
#include "mappings/engine/extract.hpp"
#include "mappings/engine/network.hpp"
#include "mappings/engine/population.hpp"

#include <map>

namespace trialgate::gateway {

struct reading {
    std::uint64_t resources = 0;  ///< seen
    std::uint64_t read = 0;       ///< parsed
    std::uint64_t unreadable = 0; ///< files, lines, entries and resources that could not be used
    std::uint64_t doubtful = 0;   ///< elements that could not be used
    std::map<std::string, std::uint64_t> unmapped; ///< "system|code" -> how often
};

class reader {
public:
    /// Everything must outlive the reader. `problem` is called for each unreadable thing, `doubt` (may be empty) for each unusable element.
    /// With `thorough` nothing is skipped unparsed, so that `reading::unmapped` names every local code; several times slower.
    reader(const mappings::network& net, const fhir::time_zone& site, mappings::population& into,
           std::function<void(input_problem)> problem, std::function<void(input_problem)> doubt, bool thorough = false);
    ~reader();

    /// All of a file ("-": standard input).
    void file(const std::string& name, const std::function<void(std::uint64_t)>& advance);
    /// One document or line; `name` and `first_line` for messages.
    void document(std::string_view text, const std::string& name, std::uint64_t first_line);

    const reading& so_far() const noexcept { return counted_; }

private:
    struct place;
    void bundle(std::string_view text, const place& where, int depth);
    void entry(std::string_view text, const place& where, int depth);
    void resource(std::string_view text, const place& where, int depth);
    void parsed(fhir::json::value v, std::string_view full_url, const place& where, int depth);
    fhir::scan::glimpse look(std::string_view text) const noexcept;
    void skipped(const fhir::scan::glimpse& seen);
    void broken(const place& where, const fhir::issue& why, std::string_view original);
    void add(mappings::record r, std::string_view full_url);

    const mappings::network& net_;
    mappings::population& into_;
    mappings::extraction extraction_;
    std::function<void(input_problem)> problem_, doubt_;
    bool thorough_;
    fhir::scan::interest_set wanted_;
    fhir::json::parser parser_;
    std::string scratch_;
    reading counted_;
    std::uint64_t order_ = 0;
};

/// What the trials of a network look for, in the raw text of resources.
fhir::scan::interest_set interest_of(const mappings::network& net);

} // namespace trialgate::gateway
