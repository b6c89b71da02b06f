// The facts of one patient, arranged for evaluation: by concept, then by time. Results that follow from others (lymphocytes
// from a percentage, protein/creatinine from two results of one specimen) are derived here and kept up to date.
#pragma once

#include "mappings/engine/record.hpp"

#include <span>

namespace trialgate::mappings {

class fact_table {
public:
    explicit fact_table(const catalog& codes) noexcept : codes_(&codes) {}

    struct entry {
        concept_id what;
        std::uint32_t slot;
    };

    /// Adds the facts of a record. `index` is what they carry as fact::record; `key` (type/id) orders facts that are
    /// otherwise equal, so that the order of arrival leaves no trace. Facts without concept are left out.
    /// Appends every concept whose facts changed to `changed`, derived ones included.
    void add(std::uint32_t index, const record& from, std::vector<concept_id>& changed);
    void remove(std::uint32_t index, std::vector<concept_id>& changed);

    /// Oldest first.
    std::span<const entry> of(concept_id c) const noexcept;
    const fact& operator[](const entry& e) const noexcept { return slots_[e.slot].content; }
    /// All facts, by concept, oldest first.
    std::span<const entry> all() const noexcept { return order_; }
    std::size_t size() const noexcept { return order_.size(); }

private:
    struct slot {
        fact content;
        std::string key;
        bool derived = false;
    };
    void insert(fact content, std::string_view key, bool derived);
    void derive(std::vector<concept_id>& changed);
    bool earlier(const entry& a, const entry& b) const noexcept;

    const catalog* codes_;
    std::vector<slot> slots_;
    std::vector<std::uint32_t> free_;
    std::vector<entry> order_;
};

} // namespace trialgate::mappings
