#include "mappings/engine/shape_table.hpp"

#include <algorithm>

namespace trialgate::mappings::codec_detail {

namespace {

std::uint32_t place(part p, concept_id after) noexcept {
    return static_cast<std::uint32_t>(after) << 1 | static_cast<std::uint32_t>(p);
}

/// At most `shape_table::longest` numbers; the rest are 0.
struct numbers {
    std::array<std::uint64_t, shape_table::longest> each{};
    std::size_t count = 0;

    explicit numbers(std::string_view shape) noexcept {
        byte_source from(shape);
        while (count < each.size() && from.left() > 0)
            each[count++] = from.number();
    }
};

} // namespace

std::optional<std::uint32_t> shape_table::find(const std::string& shape) const {
    const auto found = numbers_.find(shape);
    return found == numbers_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<std::uint32_t> shape_table::expected(part p, concept_id after) const {
    const auto found = followed_.find(place(p, after));
    return found == followed_.end() ? std::nullopt : std::optional(found->second);
}

void shape_table::follows(part p, concept_id after, std::uint32_t shape) {
    followed_.insert_or_assign(place(p, after), shape);
    last_[static_cast<std::size_t>(p)] = shape;
}

std::string_view shape_table::similar(part p, concept_id after) const {
    const auto like = expected(p, after);
    const auto n = like ? like : last_[static_cast<std::size_t>(p)];
    return n ? std::string_view(shapes_[*n]) : std::string_view{};
}

std::uint32_t shape_table::tell(byte_sink& to, part p, concept_id after, const std::string& shape) {
    const numbers own(shape), like(similar(p, after));
    to.number(own.count);
    for (std::size_t from = 0; from < own.count; from += 8) {
        const std::size_t end = std::min(own.count, from + 8);
        unsigned changed = 0;
        for (std::size_t i = from; i < end; ++i)
            changed |= unsigned{own.each[i] != like.each[i]} << (i - from);
        to.byte(static_cast<std::uint8_t>(changed));
        for (std::size_t i = from; i < end; ++i)
            if (own.each[i] != like.each[i])
                to.number(own.each[i]);
    }
    const auto n = static_cast<std::uint32_t>(shapes_.size());
    shapes_.push_back(shape);
    numbers_.emplace(shape, n);
    return n;
}

std::optional<std::uint32_t> shape_table::hear(byte_source& from, part p, concept_id after) {
    const numbers like(similar(p, after));
    const std::uint64_t count = from.number();
    if (count > longest)
        from.fail();
    std::string shape;
    byte_sink to(shape);
    unsigned changed = 0;
    for (std::size_t i = 0; i < count && from.ok(); ++i) {
        if (i % 8 == 0)
            changed = from.byte();
        to.number((changed >> i % 8 & 1) != 0 ? from.number() : like.each[i]);
    }
    if (!from.ok())
        return std::nullopt;
    shapes_.push_back(std::move(shape));
    return static_cast<std::uint32_t>(shapes_.size() - 1);
}

std::pair<std::uint32_t, bool> text_table::number_of(const std::string& text) {
    const auto [at, fresh] = numbers_.try_emplace(text, static_cast<std::uint32_t>(numbers_.size()));
    return {at->second, fresh};
}

} // namespace trialgate::mappings::codec_detail
