#include "mappings/engine/deduplicate.hpp"

#include "mappings/engine/record_codec.hpp"

#include <algorithm>
#include <map>
#include <tuple>

namespace trialgate::mappings {

namespace {

std::string content(const record& r) {
    record plain = r;
    plain.id.clear();
    plain.version = {};
    record_writer w;
    w.append(plain);
    return w.take();
}

bool at_one_time(const fact& a, const fact& b) noexcept {
    if (!a.dated || !b.dated)
        return true;
    if (a.when.last < b.when.first || b.when.last < a.when.first)
        return false;
    return a.second == b.second || a.second < 0 || b.second < 0;
}

/// True when `a` is to go because `b` is the same result, sent later.
bool gives_way(const record& a, const fact& in_a, const record& b, const fact& in_b) {
    if (!at_one_time(in_a, in_b))
        return false;
    if (a.version.updated >= 0 && b.version.updated >= 0 && a.version.updated != b.version.updated)
        return a.version.updated < b.version.updated;
    return a.id < b.id && content(a) == content(b);
}

} // namespace

void remove_copies(std::vector<record>& records) {
    const auto name = [](const record& r) { return std::tie(r.type, r.id); };
    std::stable_sort(records.begin(), records.end(), [&](const record& a, const record& b) { return name(a) < name(b); });
    std::vector<record> out;
    for (std::size_t i = 0; i < records.size();) {
        std::size_t best = i, next = i + 1;
        // Without an id nothing tells two resources from two copies of one.
        for (; next < records.size() && !records[i].id.empty() && name(records[next]) == name(records[i]); ++next) {
            const auto weight = [](const record& r) { return std::tuple(r.facts.size(), content(r)); };
            if (weight(records[next]) > weight(records[best]))
                best = next;
        }
        out.push_back(std::move(records[best]));
        i = next;
    }
    records = std::move(out);
}

void remove_resent(std::vector<record>& records) {
    struct place {
        std::size_t record, fact;
    };
    std::map<std::tuple<std::string_view, concept_id, std::uint32_t>, std::vector<place>> same;
    for (std::size_t r = 0; r < records.size(); ++r)
        for (std::size_t f = 0; f < records[r].facts.size(); ++f)
            if (const fact& each = records[r].facts[f]; each.identifier != 0)
                same[{records[r].type, each.what, each.identifier}].push_back({r, f});
    std::vector<std::vector<bool>> gone(records.size());
    for (const auto& [key, places] : same) {
        if (places.size() < 2)
            continue;
        for (const place& a : places)
            for (const place& b : places) {
                if (a.record == b.record)
                    continue;
                const record &ra = records[a.record], &rb = records[b.record];
                if (!gives_way(ra, ra.facts[a.fact], rb, rb.facts[b.fact]))
                    continue;
                gone[a.record].resize(ra.facts.size());
                gone[a.record][a.fact] = true;
            }
    }
    for (std::size_t r = 0; r < records.size(); ++r) {
        if (gone[r].empty())
            continue;
        std::vector<fact> left;
        for (std::size_t f = 0; f < records[r].facts.size(); ++f)
            if (!gone[r][f])
                left.push_back(std::move(records[r].facts[f]));
        records[r].facts = std::move(left);
    }
}

} // namespace trialgate::mappings
