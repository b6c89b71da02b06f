#include "mappings/engine/catalog.hpp"

#include "mappings/engine/catalog_builder.hpp"
#include "mappings/engine/code_check.hpp"
#include "mappings/engine/phrases.hpp"
#include "mappings/engine/spelling.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <set>

namespace trialgate::mappings {

namespace {

/// The key of a code, put together on the stack: this runs for every coding of every resource.
class code_key {
public:
    bool assign(std::string_view system, std::string_view code) noexcept {
        size_ = system.size() + 1 + code.size();
        if (size_ > room_.size())
            return false;
        std::memcpy(room_.data(), system.data(), system.size());
        room_[system.size()] = '\0';
        std::memcpy(room_.data() + system.size() + 1, code.data(), code.size());
        return true;
    }
    std::string_view view() const noexcept { return {room_.data(), size_}; }
    std::string_view shortened(std::size_t by) const noexcept { return {room_.data(), size_ - by}; }

private:
    std::array<char, longest_code_key> room_;
    std::size_t size_ = 0;
};

/// As codes of this system compare; empty when it is no code of the system.
std::string_view comparable(std::string_view system, std::string_view code, std::span<char> room) noexcept {
    return is_icd(system) ? plain_icd(code, room) : trimmed(code);
}

} // namespace

concept_id catalog::find(std::string_view id) const noexcept {
    const auto found = by_name_.find(id);
    return found == by_name_.end() ? concept_id::none : found->second;
}

std::string_view catalog::id(concept_id c) const noexcept {
    const auto i = static_cast<std::size_t>(c);
    return i < names_.size() ? std::string_view(names_[i]) : std::string_view{};
}

std::string_view catalog::title(concept_id c) const noexcept {
    const auto i = static_cast<std::size_t>(c);
    if (i >= titles_.size())
        return {};
    return titles_[i].empty() ? names_[i] : titles_[i];
}

std::span<const concept_id> catalog::members(concept_id group) const noexcept {
    const auto i = static_cast<std::size_t>(group);
    return i < members_.size() ? std::span<const concept_id>(members_[i]) : std::span<const concept_id>{};
}

std::string catalog::nearest(std::string_view id) const {
    nearest_name nearest(id);
    for (const std::string& name : names_)
        nearest.consider(name);
    return nearest.found();
}

std::string_view catalog::system(std::string_view any_uri) const noexcept {
    const auto found = systems_.find(trimmed(any_uri));
    return found == systems_.end() ? std::string_view{} : std::string_view(found->second);
}

std::span<const meaning> catalog::lookup(std::string_view system_uri, std::string_view code) const {
    const std::string_view preferred = system(system_uri);
    if (preferred.empty())
        return {};
    std::array<char, 16> room;
    const std::string_view plain = comparable(preferred, code, room);
    code_key key;
    if (plain.empty() || !key.assign(preferred, plain))
        return {};
    if (const auto found = codes_.find(key.view()); found != codes_.end())
        return found->second;
    if (prefixes_.empty() || !is_hierarchical(preferred))
        return {};
    for (std::size_t cut = 0; cut < plain.size(); ++cut)
        if (const auto found = prefixes_.find(key.shortened(cut)); found != prefixes_.end())
            return found->second;
    return {};
}

void catalog::for_each_code(const std::function<void(std::string_view, std::string_view, concept_id)>& visit) const {
    for (const auto& [key, meanings] : codes_) {
        const std::string_view text = key;
        const std::size_t end = text.find('\0');
        for (const meaning& m : meanings)
            visit(text.substr(0, end), text.substr(end + 1), m.concept_);
    }
}

bool catalog::known_meaningless(std::string_view system_uri, std::string_view code) const {
    const std::string_view preferred = system(system_uri);
    std::array<char, 16> room;
    code_key key;
    if (preferred.empty() || !key.assign(preferred, comparable(preferred, code, room)))
        return false;
    const auto found = codes_.find(key.view());
    return found != codes_.end() && found->second.empty();
}

const analyte* catalog::analyte_of(concept_id c) const noexcept {
    const auto i = static_cast<std::size_t>(c);
    if (i >= analyte_index_.size() || analyte_index_[i] >= analytes_.size())
        return nullptr;
    return &analytes_[analyte_index_[i]];
}

catalog::code_strings catalog::strings() const {
    std::set<std::string> codes, prefixes, words;
    const auto dotted = [](std::string_view code, std::size_t at) {
        return std::string(code.substr(0, at)) + '.' + std::string(code.substr(at));
    };
    // A sender may add a mark to an ICD code ("M32.1+"), which an exact comparison would lose: its codes are
    // prefixes too.
    const auto add_icd = [&](std::string_view plain) {
        for (auto* to : {&codes, &prefixes}) {
            to->emplace(plain);
            if (plain.size() > 3)
                to->insert(dotted(plain, 3));
            if (plain.size() > 4 && plain.front() == 'E')
                to->insert(dotted(plain, 4));
        }
    };
    const auto split = [](std::string_view key) {
        const std::size_t nul = key.find('\0');
        return std::pair(key.substr(0, nul), key.substr(nul + 1));
    };
    for (const auto& [key, meanings] : codes_) {
        const auto [system_uri, code] = split(key);
        if (meanings.empty())
            continue;
        if (is_icd(system_uri))
            add_icd(code);
        else
            codes.emplace(code);
    }
    for (const auto& [key, meanings] : prefixes_) {
        const auto [system_uri, code] = split(key);
        if (is_icd(system_uri))
            add_icd(code);
        else
            prefixes.emplace(code);
    }
    if (medication_names_)
        for (const names::drug& d : medication_names_->drugs)
            for (const phrase& p : d.named)
                if (p.size() != 0)
                    words.insert(p.words().front());
    return {{codes.begin(), codes.end()}, {prefixes.begin(), prefixes.end()}, {words.begin(), words.end()}};
}

std::shared_ptr<const catalog>
catalog::load(std::span<const source_file> files, options chosen, std::vector<problem>& problems) {
    return catalog_builder(chosen, problems).build(files);
}

} // namespace trialgate::mappings
