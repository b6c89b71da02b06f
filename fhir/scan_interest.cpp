#include "fhir/ascii.hpp"
#include "fhir/scan.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace trialgate::fhir::scan {

namespace {

enum role : std::uint8_t { read_always = 1, read_never = 2, read_for_words = 4 };

bool same_folded(std::string_view raw, std::string_view small) noexcept {
    return raw.size() == small.size() &&
           std::equal(raw.begin(), raw.end(), small.begin(), [](char a, char b) { return lower(a) == b; });
}

std::string_view trimmed(std::string_view s) noexcept {
    while (!s.empty() && static_cast<unsigned char>(s.front()) <= ' ')
        s.remove_prefix(1);
    while (!s.empty() && static_cast<unsigned char>(s.back()) <= ' ')
        s.remove_suffix(1);
    return s;
}

// Of the length and of the first and last eight bytes: what codes of one system differ in. Sets bit 5 of each
// byte instead of folding case: equal codes stay equal, and no loop is needed.
std::uint64_t hash_of(std::string_view s) noexcept {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    if (s.size() >= 8) {
        std::memcpy(&first, s.data(), 8);
        std::memcpy(&last, s.data() + s.size() - 8, 8);
    } else if (s.size() >= 4) {
        std::memcpy(&first, s.data(), 4);
        std::memcpy(&last, s.data() + s.size() - 4, 4);
    } else if (!s.empty()) {
        std::array<unsigned char, 3> bytes{};
        std::memcpy(bytes.data(), s.data(), s.size());
        first = bytes[0] | (std::uint64_t{bytes[1]} << 8) | (std::uint64_t{bytes[2]} << 16);
    }
    constexpr std::uint64_t bit5 = 0x2020'2020'2020'2020;
    const std::uint64_t mixed = ((first | bit5) * 0x9E37'79B9'7F4A'7C15) ^
                                (std::rotl((last | bit5) + s.size(), 29) * 0xD6E8'FEB8'6659'FD93);
    return mixed ^ (mixed >> 32);
}

} // namespace

interest_set::interest_set(const interest_lists& lists) {
    slots_.resize(std::bit_ceil(std::max<std::size_t>(lists.codes.size() * 4, 16)));
    mask_ = slots_.size() - 1;
    for (std::string_view code : lists.codes) {
        code = trimmed(code);
        if (code.empty()) {
            empty_code_ = true;
            continue;
        }
        const std::uint64_t hash = hash_of(code);
        if (listed(code, hash))
            continue;
        std::uint64_t at = hash & mask_;
        while (slots_[at].size != 0)
            at = (at + 1) & mask_;
        slots_[at] = {
            hash, static_cast<std::uint32_t>(text_.size()), static_cast<std::uint32_t>(code.size())};
        text_ += lower(code);
    }
    for (const std::string_view prefix : lists.code_prefixes) {
        prefixes_.push_back(lower(trimmed(prefix)));
    }
    const auto add = [this](const std::vector<std::string_view>& names, std::uint8_t as) {
        for (const std::string_view name : names) {
            const auto known =
                std::find_if(types_.begin(), types_.end(), [&](const auto& t) { return t.name == name; });
            if (known == types_.end())
                types_.push_back({std::string(name), as});
            else
                known->roles = static_cast<std::uint8_t>(known->roles | as);
        }
    };
    add(lists.types, read_always);
    add(lists.by_words, read_for_words);
    add(lists.never, read_never);
}

bool interest_set::listed(std::string_view code, std::uint64_t hash) const noexcept {
    for (std::uint64_t at = hash & mask_; slots_[at].size != 0; at = (at + 1) & mask_) {
        const slot& s = slots_[at];
        if (s.hash == hash && same_folded(code, std::string_view(text_).substr(s.begin, s.size)))
            return true;
    }
    return false;
}

bool interest_set::code(std::string_view raw) const noexcept {
    const std::string_view code = trimmed(raw);
    if (code.empty())
        return empty_code_;
    if (listed(code, hash_of(code)))
        return true;
    return std::any_of(prefixes_.begin(), prefixes_.end(), [&](const std::string& prefix) {
        return code.size() >= prefix.size() && same_folded(code.substr(0, prefix.size()), prefix);
    });
}

std::uint8_t interest_set::roles(std::string_view resource_type) const noexcept {
    for (const named_type& t : types_)
        if (t.name == resource_type)
            return t.roles;
    return 0;
}

bool interest_set::type(std::string_view resource_type) const noexcept {
    return (roles(resource_type) & read_always) != 0;
}

bool interest_set::never(std::string_view resource_type) const noexcept {
    return roles(resource_type) == read_never;
}

bool interest_set::by_words(std::string_view resource_type) const noexcept {
    return (roles(resource_type) & read_for_words) != 0;
}

} // namespace trialgate::fhir::scan
