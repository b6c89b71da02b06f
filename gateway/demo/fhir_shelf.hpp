// Resources in memory with their versions: the data of the simulated FHIR servers of `trialgate demo`. Not for real use: nothing is kept.
#pragma once

#include "fhir/json.hpp"
#include "gateway/core/clock.hpp"

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace trialgate::gateway {

struct shelf_version {
    std::uint64_t number = 0;
    instant updated = 0;
    std::string text; ///< with meta.versionId and meta.lastUpdated set; empty: deleted
};

struct shelf_match {
    std::string type, id;
    const shelf_version* version;
};

class fhir_shelf {
public:
    explicit fhir_shelf(std::shared_ptr<clock> time) : time_(std::move(time)) {}
    /// A new version; `id` empty: one is given. Nothing when `text` is no resource of that type.
    std::optional<shelf_match> put(std::string_view type, std::string_view id, std::string_view text);
    /// False when there is none.
    bool remove(const std::string& type, const std::string& id);
    /// The latest version, also a deletion; nullptr when there never was one.
    const shelf_version* latest(const std::string& type, const std::string& id) const;
    /// What a query string asks for: _id, _lastUpdated, _tag, identifier, code, status, patient, subject, individual, url, type; the rest is
    /// ignored and named in `ignored`. Ordered by time of change.
    std::vector<shelf_match> search(const std::string& type, std::string_view query, std::vector<std::string>& ignored) const;
    /// All versions of a type since an instant, newest first.
    std::vector<shelf_match> history(const std::string& type, instant since) const;
    std::vector<std::string> types() const;

private:
    instant next_instant();
    std::shared_ptr<clock> time_;
    instant last_ = 0;
    std::uint64_t next_id_ = 0;
    /// A deque, because matches point into it while versions are added.
    std::map<std::string, std::map<std::string, std::deque<shelf_version>>> all_;
};

/// "a=b&c=d", decoded, in order.
std::vector<std::pair<std::string, std::string>> query_parameters(std::string_view query);

} // namespace trialgate::gateway
