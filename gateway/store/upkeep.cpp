#include "gateway/store/upkeep.hpp"

namespace trialgate::gateway {

std::string_view to_code(arrival a) noexcept {
    switch (a) {
    case arrival::hook: return "hook";
    case arrival::resource: return "resource";
    case arrival::lines: return "lines";
    case arrival::hydrated: break;
    }
    return "hydrated";
}

std::string_view to_code(outbox_state s) noexcept { return s == outbox_state::dead ? "dead" : "waiting"; }

void each_quarantined(store& rows, const std::function<void(const quarantine_item&)>& see) {
    for (std::int64_t after = 0;;) {
        const auto page = rows.quarantine_list(after, 100);
        for (const quarantine_item& q : page)
            see(q);
        if (page.empty())
            return;
        after = page.back().id;
    }
}

void each_outgoing(store& rows, std::string_view sink, const std::function<void(const outbox_row&)>& see) {
    for (std::int64_t after = 0;;) {
        const auto page = rows.outbox_list(sink, after, 500);
        for (const outbox_row& r : page)
            see(r);
        if (page.empty())
            return;
        after = page.back().id;
    }
}

bool quarantine_replay(store& rows, std::int64_t id) {
    const auto q = rows.quarantine_get(id);
    if (!q)
        return false;
    rows.journal_append(q->original);
    rows.quarantine_remove(id);
    return true;
}

bool quarantine_drop(store& rows, std::int64_t id) {
    if (!rows.quarantine_get(id))
        return false;
    rows.quarantine_remove(id);
    return true;
}

bool outbox_retry(store& rows, std::int64_t id) {
    if (!rows.outbox_get(id))
        return false;
    constexpr instant at_once = 0;
    rows.outbox_failed(id, 0, at_once, outbox_state::waiting, "");
    return true;
}

bool outbox_drop(store& rows, std::int64_t id) {
    if (!rows.outbox_get(id))
        return false;
    rows.outbox_remove(id);
    return true;
}

} // namespace trialgate::gateway
