#include "mappings/engine/projection.hpp"

#include <algorithm>

namespace trialgate::mappings {

using fhir::date;

date projection::of(node_id n) const noexcept {
    const auto at = std::lower_bound(flips_.begin(), flips_.end(), n,
                                     [](const auto& f, node_id wanted) { return f.first < wanted; });
    return at != flips_.end() && at->first == n ? at->second : date::highest();
}

namespace {

/// Walks until `flipped(index into which.nodes, date)`, called for verdicts that differ from today's, says that it has seen enough; false: to the end.
template <class Flipped>
void walk(const patient_screen& screen, const compiled_trial& which, Flipped flipped) {
    const network& net = screen.net();
    std::vector<outcome> now;
    for (node_id n : which.nodes)
        now.push_back(screen.outcome_of(n));
    const std::vector<outcome> first = now;
    const auto index = [&](node_id n) {
        return static_cast<std::size_t>(std::lower_bound(which.nodes.begin(), which.nodes.end(), n) - which.nodes.begin());
    };
    // A guard against a test that names ever new dates: nobody plans a screening more than this many events ahead.
    constexpr int most_steps = 10'000;
    evaluation_input in = screen.input();
    std::vector<outcome> parts;
    std::vector<bool> dirty(now.size());
    for (int step = 0; step < most_steps; ++step) {
        date next = date::highest();
        for (const outcome& o : now)
            next = std::min(next, o.changes_on);
        if (next == date::highest())
            break;
        in.as_of = next;
        for (std::size_t at = 0; at < now.size(); ++at)
            dirty[at] = now[at].changes_on <= next;
        for (std::size_t at = 0; at < now.size(); ++at) {
            const node& n = net[which.nodes[at]];
            const bool part_changed =
                std::any_of(n.parts.begin(), n.parts.end(), [&](node_id p) { return dirty[index(p)]; });
            if (!dirty[at] && !part_changed)
                continue;
            dirty[at] = true;
            parts.clear();
            for (node_id p : n.parts)
                parts.push_back(now[index(p)]);
            now[at] = evaluate(n.test, parts, in);
            if (now[at].is != first[at].is && flipped(at, next))
                return;
        }
    }
}

} // namespace

projection project(const patient_screen& screen, const compiled_trial& which) {
    projection out;
    for (node_id n : which.nodes)
        out.flips_.emplace_back(n, date::highest());
    walk(screen, which, [&](std::size_t at, date on) {
        out.flips_[at].second = std::min(out.flips_[at].second, on);
        return false;
    });
    return out;
}

date first_flip(const patient_screen& screen, const compiled_trial& which, std::span<const node_id> of) {
    date out = date::highest();
    if (!of.empty())
        walk(screen, which, [&](std::size_t at, date on) {
            const bool wanted = std::find(of.begin(), of.end(), which.nodes[at]) != of.end();
            if (wanted)
                out = on;
            return wanted;
        });
    return out;
}

} // namespace trialgate::mappings
