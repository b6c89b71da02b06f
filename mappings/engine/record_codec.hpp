// The records of one patient as a short byte string.
//
// What repeats is told once: everything about a record or a fact that another one is likely to share (type, flags, concept, unit, range,
// factor, the words around the number) is a "shape" with a number; of each record remain the shape's number, the id (16 bytes for
// a UUID), and what differs: dates as distance from the fact before, numbers, hashes. Text as reported that is the number with words around it is not
// stored a second time.
//
// Loss-free for everything in `record`. The format is for one run or one program version, not for exchange: its first byte is its
// version and anything else is refused.
#pragma once

#include "mappings/engine/record.hpp"

#include <string>
#include <string_view>
#include <unordered_map>

namespace trialgate::mappings {

namespace codec_detail {
/// What the next record is told in terms of.
struct context {
    std::int64_t day = 0, updated = 0;
    std::int32_t second = 0;
    std::uint64_t specimen = 0, read = 0;
    std::string subject;
};
} // namespace codec_detail

/// Encodes records one after the other.
class record_writer {
public:
    record_writer();
    void append(const record& r);
    const std::string& bytes() const noexcept { return out_; }
    /// Ends the stream; the writer is as new.
    std::string take();

private:
    void put_shape(std::string shape);

    std::string out_;
    std::unordered_map<std::string, std::uint32_t> shapes_;
    codec_detail::context before_;
};

/// Decodes what `record_writer` wrote. Safe on any bytes: memory stays within a small multiple (less than a thousand) of their number.
class record_reader {
public:
    /// `bytes` must outlive the reader.
    explicit record_reader(std::string_view bytes) noexcept;
    /// The next record; nothing at the end, and nothing more after bytes that no writer wrote.
    std::optional<record> next();
    /// True when something was found that no writer wrote.
    bool broken() const noexcept { return broken_; }

private:
    std::string_view get_shape();

    std::string_view rest_;
    std::vector<std::string_view> shapes_;
    codec_detail::context before_;
    bool broken_ = false;
};

} // namespace trialgate::mappings
