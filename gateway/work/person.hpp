// All that is kept of one person: of every resource the version that holds, and of what was withdrawn that it was.
// Any order and any duplication of the same versions gives the same state.
#pragma once

#include "mappings/engine/record.hpp"

#include <map>

namespace trialgate::gateway {

class person_records {
public:
    person_records() = default;
    /// From `bytes()`. What no writer wrote gives what could be read; `broken` tells.
    explicit person_records(std::string_view bytes);
    std::string bytes() const;
    bool broken() const noexcept { return broken_; }

    enum class effect : std::uint8_t {
        changed,
        older,     ///< a newer version is known
        duplicate, ///< this version is known
        nothing,   ///< withdraws what was never there
    };
    /// A deletion without a version stands for the version that is known, unless that is of a later second.
    effect put(mappings::record r);
    const mappings::record* find(std::string_view type, std::string_view id) const;
    const std::map<std::string, mappings::record, std::less<>>& all() const noexcept { return records_; } ///< by "Type/id"

private:
    std::map<std::string, mappings::record, std::less<>> records_;
    bool broken_ = false;
};

} // namespace trialgate::gateway
