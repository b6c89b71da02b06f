// What a writer and a reader of records both remember: the shapes and texts that were told, and which shape
// followed what.
//
// A shape is a string of numbers (byte_string.hpp). One that was not there before is told as what differs
// from a similar one; one that follows the same concept as last time need not be told at all.
#pragma once

#include "mappings/engine/byte_string.hpp"
#include "mappings/engine/catalog.hpp"

#include <array>
#include <optional>
#include <unordered_map>
#include <vector>

namespace trialgate::mappings::codec_detail {

/// What a shape describes: a record without its facts, or a fact.
enum class part : std::uint8_t { head, fact };

class shape_table {
public:
    /// Of a shape with more numbers there is none: a short input must not decode to a large record.
    static constexpr std::size_t longest = 64;

    std::size_t size() const noexcept { return shapes_.size(); }
    const std::string& operator[](std::size_t n) const noexcept { return shapes_[n]; }

    std::optional<std::uint32_t> find(const std::string& shape) const;
    /// The shape that followed `after` last time.
    std::optional<std::uint32_t> expected(part p, concept_id after) const;
    void follows(part p, concept_id after, std::uint32_t shape);

    /// Tells a shape that `find` does not know, and adds it.
    std::uint32_t tell(byte_sink& to, part p, concept_id after, const std::string& shape);
    /// Reads and adds what `tell` told; nothing, and `from` failed, when no writer wrote it.
    std::optional<std::uint32_t> hear(byte_source& from, part p, concept_id after);

private:
    std::string_view similar(part p, concept_id after) const;

    std::vector<std::string> shapes_;
    std::unordered_map<std::string, std::uint32_t> numbers_; ///< for writers only
    std::unordered_map<std::uint32_t, std::uint32_t> followed_;
    std::array<std::optional<std::uint32_t>, 2> last_; ///< by part
};

/// Texts that are worth a number: units, types, the words around a number.
class text_table {
public:
    static constexpr std::size_t longest = 120;

    std::size_t size() const noexcept { return texts_.size(); }
    const std::string& operator[](std::size_t n) const noexcept { return texts_[n]; }
    /// The number, and whether it is new.
    std::pair<std::uint32_t, bool> number_of(const std::string& text);
    void add(std::string text) { texts_.push_back(std::move(text)); }

private:
    std::vector<std::string> texts_;                         ///< for readers only
    std::unordered_map<std::string, std::uint32_t> numbers_; ///< for writers only
};

/// What the next record is told in terms of.
struct context {
    std::int64_t day = 0, updated = 0;
    std::int32_t second = 0;
    std::uint64_t specimen = 0, read = 0;
    concept_id what = concept_id::none;
    std::string subject, specimen_name;
    text_table texts;
    shape_table shapes;
};

} // namespace trialgate::mappings::codec_detail
