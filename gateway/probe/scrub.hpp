// Takes out of an exchange with a FHIR server what tells of people, and leaves how the server behaves.
//
//   kept      resourceType, structure, booleans, links, statuses, versions, codes of the systems that trialgate reads, the
//   CapabilityStatement replaced  ids (the same id by the same other id, in bodies, references and URLs), dates (all shifted by the same
//   number of days), codes and names of
//             other code systems
//   dropped   names, identifiers, addresses, contacts, birth dates, narrative, notes, every other text; numbers become 0
// What is not known to be harmless is dropped: a list of what to keep cannot forget a new element.
#pragma once

#include "fhir/json.hpp"

#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace trialgate::gateway::probe {

class scrubber {
public:
    /// `key` makes other ids of ids and must be forgotten afterwards; `shift_days` is added to every date. Texts with `run` in them are
    /// ours.
    scrubber(std::string base, std::set<std::string, std::less<>> systems, std::string key, int shift_days, std::string run);

    std::string id(std::string_view text) const;
    /// Of a date, dateTime or instant, with the precision and the form it had; text that is none stays.
    std::string time(std::string_view text) const;
    /// Absolute or relative URL, or a reference.
    std::string url(std::string_view text) const;
    /// Of "a=b&c=d".
    std::string query(std::string_view text) const;
    /// JSON in, JSON out; what is no JSON becomes a few words that look like what it was.
    std::string body(std::string_view text) const;
    /// Nothing: the header is dropped.
    std::optional<std::string> header(std::string_view name, std::string_view value) const;

private:
    void write(class scrub_writer& to, fhir::json::value v, std::string_view name, fhir::json::value parent) const;
    std::optional<std::string> text(std::string_view name, std::string_view value, fhir::json::value parent) const;
    std::optional<std::string> own_words(std::string_view name, std::string_view value) const;
    bool known(std::string_view system) const;
    std::string system(std::string_view text) const;
    std::string token(std::string_view text) const;
    std::string reference(std::string_view text) const;
    std::string version(std::string_view text) const;
    std::string parameter(std::string_view name, const std::string& value) const;
    friend class scrub_writer;

    std::string base_, key_, run_;
    std::set<std::string, std::less<>> systems_, base_segments_;
    int shift_;
};

/// "Sun, 06 Nov 1994 08:49:37 GMT"
std::string http_date(std::int64_t ms);

} // namespace trialgate::gateway::probe
