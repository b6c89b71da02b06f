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
#include <span>

namespace trialgate::gateway {

struct reading {
    std::uint64_t resources = 0;  ///< seen
    std::uint64_t read = 0;       ///< parsed
    std::uint64_t unreadable = 0; ///< files, lines, entries and resources that could not be used
    std::uint64_t doubtful = 0;   ///< elements that could not be used
    std::map<std::string, std::uint64_t> unmapped; ///< "system|code" -> how often
};

/// Takes what a reader finds. The members are those of mappings::population, which says what they mean.
class record_taker {
public:
    virtual ~record_taker() = default;
    virtual void add(mappings::record r) = 0;
    /// `text`: the resource, which was not read.
    virtual void superseded(std::string_view type, std::string_view id, const mappings::version_stamp& stamp, std::string_view text) = 0;
    virtual void alias(std::string_view from, std::string_view to) = 0;
    /// Codes of the resource of `of`, which `add` gives next, that a ConceptMap could map and none does. They live as long as the call.
    virtual void unmapped(const mappings::record& of, std::span<const fhir::coding> codes) { (void)of, (void)codes; }
};

/// Into a population, which must outlive it.
class population_taker final : public record_taker {
public:
    explicit population_taker(mappings::population& into) : into_(into) {}
    void add(mappings::record r) override { into_.add(std::move(r)); }
    void superseded(std::string_view type, std::string_view id, const mappings::version_stamp& stamp, std::string_view) override {
        into_.superseded(type, id, stamp);
    }
    void alias(std::string_view from, std::string_view to) override { into_.alias(from, to); }

private:
    mappings::population& into_;
};

class reader {
public:
    /// Everything must outlive the reader. `problem` is called for each unreadable thing, `doubt` (may be empty) for each unusable element.
    reader(const mappings::network& net, const fhir::time_zone& site, record_taker& into,
           std::function<void(input_problem)> problem, std::function<void(input_problem)> doubt);
    ~reader();
    /// Also keeps what is watched in people who were dosed (network::watches). A screening of many people does not need it.
    void follow() noexcept { follow_ = true; }
    /// From now on nothing is skipped unparsed, so that every local code is told; several times slower.
    void thorough(bool on) noexcept { thorough_ = on; }

    /// All of a file ("-": standard input).
    void file(const std::string& name, const std::function<void(std::uint64_t)>& advance);
    /// One document or line; `name` and `first_line` for messages.
    void document(std::string_view text, const std::string& name, std::uint64_t first_line);

    /// One entry of a Bundle that is parsed already: a resource or a deletion. `text` is what a problem with it gives as its part.
    void entry(const fhir::bundle_entry& e, std::string_view text, const std::string& name);

    const reading& so_far() const noexcept { return counted_; }

private:
    struct place;
    void bundle(std::string_view text, const place& where, int depth);
    void entry(std::string_view text, const place& where, int depth);
    void resource(std::string_view text, const place& where, int depth);
    void parsed(fhir::json::value v, std::string_view full_url, const place& where);
    void taken(const fhir::bundle_entry& e, const place& where);
    fhir::scan::glimpse look(std::string_view text) const noexcept;
    void skipped(const fhir::scan::glimpse& seen, std::string_view text);
    void broken(const place& where, const fhir::issue& why, std::string_view original);
    void add(mappings::record r, std::string_view full_url);

    const mappings::network& net_;
    record_taker& into_;
    mappings::extraction extraction_;
    std::function<void(input_problem)> problem_, doubt_;
    std::vector<fhir::coding> unmapped_; ///< of the resource that is read just now
    bool thorough_ = false, follow_ = false;
    fhir::scan::interest_set wanted_;
    fhir::json::parser parser_;
    std::string scratch_;
    reading counted_;
    std::uint64_t order_ = 0;
};

/// What the trials of a network look for, in the raw text of resources.
fhir::scan::interest_set interest_of(const mappings::network& net);

} // namespace trialgate::gateway
