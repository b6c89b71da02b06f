#include "mappings/engine/population.hpp"

#include <algorithm>
#include <tuple>

namespace trialgate::mappings {

namespace {

std::uint64_t hash(std::string_view type, std::string_view id) noexcept {
    std::uint64_t h = 14695981039346656037u; // FNV-1a, then mixed: ids are compared by this alone
    const auto mix = [&h](std::string_view text) {
        for (const char c : text)
            h = (h ^ static_cast<unsigned char>(c)) * 1099511628211u;
    };
    mix(type);
    mix("/");
    mix(id);
    h = (h ^ (h >> 30)) * 0xBF58476D1CE4E5B9u;
    h = (h ^ (h >> 27)) * 0x94D049BB133111EBu;
    return h ^ (h >> 31);
}

// A stamp in 64 bits: 22 for the number (0 = none), 42 for the time in milliseconds (0 = none) which reach to
// the year 2109; or, when there is neither, the order of reading after `reading_order`.
constexpr int time_bits = 42;
constexpr std::uint64_t reading_order = (std::uint64_t{1} << 22) - 1;

std::optional<std::uint64_t> pack(const version_stamp& s) noexcept {
    constexpr std::int64_t time_limit = std::int64_t{1} << time_bits;
    if (s.number < 0 && s.updated < 0)
        return s.read < static_cast<std::uint64_t>(time_limit)
                   ? std::optional(reading_order << time_bits | s.read)
                   : std::nullopt;
    if (s.number + 1 >= static_cast<std::int64_t>(reading_order) || s.updated + 1 >= time_limit)
        return std::nullopt;
    return static_cast<std::uint64_t>(s.number + 1) << time_bits | static_cast<std::uint64_t>(s.updated + 1);
}

version_stamp unpack(std::uint64_t packed) {
    const std::uint64_t high = packed >> time_bits, low = packed & ((std::uint64_t{1} << time_bits) - 1);
    version_stamp out;
    if (high == reading_order) {
        out.read = low;
    } else {
        out.number = static_cast<std::int64_t>(high) - 1;
        out.updated = static_cast<std::int64_t>(low) - 1;
    }
    return out;
}

bool same_version(const version_stamp& a, const version_stamp& b) noexcept {
    if (a.number >= 0 && b.number >= 0 && a.number != b.number)
        return false;
    if (a.updated >= 0 && b.updated >= 0 && a.updated != b.updated)
        return false;
    if ((a.number >= 0 && b.number >= 0) || (a.updated >= 0 && b.updated >= 0))
        return true;
    return a.read == b.read && a.text == b.text;
}

} // namespace

const version_stamp& latest(const std::vector<version_stamp>& stamps) noexcept {
    const bool numbered =
        std::all_of(stamps.begin(), stamps.end(), [](const version_stamp& s) { return s.number >= 0; });
    const bool timed =
        std::all_of(stamps.begin(), stamps.end(), [](const version_stamp& s) { return s.updated >= 0; });
    return *std::max_element(
        stamps.begin(), stamps.end(),
        [&](const version_stamp& a, const version_stamp& b) {
            const auto rank = [&](const version_stamp& s) {
                return std::tuple(
                    numbered ? s.number : 0, timed ? s.updated : 0, numbered || timed ? 0 : s.read
                );
            };
            return rank(a) < rank(b);
        }
    );
}

void population::superseded(std::string_view type, std::string_view id, const version_stamp& stamp) {
    if (id.empty() || stamp.number == 0 || stamp.number == 1)
        return;
    if (const auto packed = pack(stamp))
        skipped_.push_back({hash(type, id), *packed});
    else
        skipped_in_full_.emplace_back(hash(type, id), stamp);
}

/// Finds the resources that came in several versions, and which of them holds.
void population::contest() {
    std::vector<std::uint64_t> kept;
    kept.reserve(counts_.records);
    each_stored([&](const std::string&, record& r) {
        if (!r.id.empty())
            kept.push_back(hash(r.type, r.id));
    });
    std::sort(kept.begin(), kept.end());
    std::unordered_map<std::uint64_t, std::vector<version_stamp>> contested;
    for (std::size_t i = 1; i < kept.size(); ++i)
        if (kept[i] == kept[i - 1])
            contested[kept[i]];
    for (const skipped& s : skipped_)
        if (std::binary_search(kept.begin(), kept.end(), s.resource))
            contested[s.resource].push_back(unpack(s.stamp));
    for (const auto& [resource, stamp] : skipped_in_full_)
        if (std::binary_search(kept.begin(), kept.end(), resource))
            contested[resource].push_back(stamp);
    if (contested.empty())
        return;
    each_stored([&](const std::string&, record& r) {
        if (const auto found = contested.find(hash(r.type, r.id)); found != contested.end())
            found->second.push_back(r.version);
    });
    for (const auto& [resource, stamps] : contested)
        winners_[resource] = latest(stamps);
}

bool population::holds(const record& r) const {
    const auto found = winners_.find(hash(r.type, r.id));
    return found == winners_.end() || same_version(found->second, r.version);
}

void population::settle_definitions() {
    std::vector<skipped>& all = skipped_;
    std::sort(all.begin(), all.end(), [](const skipped& a, const skipped& b) {
        return a.resource < b.resource;
    });
    for (auto& [key, versions] : definitions_) {
        const std::size_t slash = key.find('/');
        const std::uint64_t resource =
            hash(std::string_view(key).substr(0, slash), std::string_view(key).substr(slash + 1));
        std::vector<version_stamp> stamps;
        for (const definition& d : versions)
            stamps.push_back(d.version);
        auto s = std::lower_bound(all.begin(), all.end(), resource, [](const skipped& a, std::uint64_t h) {
            return a.resource < h;
        });
        for (; s != all.end() && s->resource == resource; ++s)
            stamps.push_back(unpack(s->stamp));
        for (const auto& [other, stamp] : skipped_in_full_)
            if (other == resource)
                stamps.push_back(stamp);
        const version_stamp winner = latest(stamps);
        std::erase_if(versions, [&](const definition& d) { return !same_version(d.version, winner); });
        // Copies of one version: any will do, but the same whatever the order.
        std::sort(versions.begin(), versions.end(), [](const definition& a, const definition& b) {
            return std::tie(a.data.drugs, a.data.identifiers, a.data.specimen_kind, a.data.when.first) >
                   std::tie(b.data.drugs, b.data.identifiers, b.data.specimen_kind, b.data.when.first);
        });
        if (versions.size() > 1)
            versions.resize(1);
    }
    std::erase_if(definitions_, [](const auto& each) { return each.second.empty(); });
}

} // namespace trialgate::mappings
