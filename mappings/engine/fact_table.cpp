#include "mappings/engine/fact_table.hpp"

#include "mappings/engine/derive.hpp"

#include <algorithm>

namespace trialgate::mappings {

bool fact_table::earlier(const entry& a, const entry& b) const noexcept {
    if (a.what != b.what)
        return a.what < b.what;
    const slot& x = slots_[a.slot];
    const slot& y = slots_[b.slot];
    const fact& f = x.content;
    const fact& g = y.content;
    if (f.when.first != g.when.first)
        return f.when.first < g.when.first;
    if (f.when.last != g.when.last)
        return f.when.last < g.when.last;
    if (f.second != g.second)
        return f.second < g.second;
    if (int by_key = x.key.compare(y.key); by_key != 0)
        return by_key < 0;
    return f.text < g.text;
}

void fact_table::insert(fact content, std::string_view key, bool derived) {
    std::uint32_t at;
    if (free_.empty()) {
        at = static_cast<std::uint32_t>(slots_.size());
        slots_.emplace_back();
    } else {
        at = free_.back();
        free_.pop_back();
    }
    slots_[at].content = std::move(content);
    slots_[at].key = key;
    slots_[at].derived = derived;
    const entry e{slots_[at].content.what, at};
    order_.insert(std::upper_bound(order_.begin(), order_.end(), e,
                                   [this](const entry& a, const entry& b) { return earlier(a, b); }),
                  e);
}

void fact_table::add(std::uint32_t index, const record& from, std::vector<concept_id>& changed) {
    const std::string key = from.type + '/' + from.id;
    for (const fact& f : from.facts) {
        if (f.what == concept_id::none)
            continue;
        fact copy = f;
        copy.record = index;
        changed.push_back(f.what);
        insert(std::move(copy), key, false);
    }
    derive(changed);
}

void fact_table::remove(std::uint32_t index, std::vector<concept_id>& changed) {
    std::erase_if(order_, [&](const entry& e) {
        slot& s = slots_[e.slot];
        if (s.derived || s.content.record != index)
            return false;
        changed.push_back(e.what);
        free_.push_back(e.slot);
        return true;
    });
    derive(changed);
}

std::span<const fact_table::entry> fact_table::of(concept_id c) const noexcept {
    auto [first, last] = std::equal_range(order_.begin(), order_.end(), entry{c, 0},
                                          [](const entry& a, const entry& b) { return a.what < b.what; });
    return {first, last};
}

void fact_table::derive(std::vector<concept_id>& changed) {
    const auto touched = [&](concept_id c) {
        return std::find(changed.begin(), changed.end(), c) != changed.end();
    };
    for (const analyte& a : codes_->analytes()) {
        if (!a.derived || !(touched(a.derived->left) || touched(a.derived->right)))
            continue;
        std::erase_if(order_, [&](const entry& e) {
            slot& s = slots_[e.slot];
            if (e.what != a.concept_ || !s.derived)
                return false;
            free_.push_back(e.slot);
            return true;
        });
        std::vector<std::pair<fact, std::string>> made;
        for (const entry& left : of(a.derived->left))
            for (const entry& right : of(a.derived->right))
                if (auto f = derive_fact(a, (*this)[left], (*this)[right]))
                    made.emplace_back(std::move(*f), slots_[left.slot].key);
        for (auto& [f, key] : made)
            insert(std::move(f), key, true);
        changed.push_back(a.concept_);
    }
}

} // namespace trialgate::mappings
