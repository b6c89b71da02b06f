// The records of one patient as a short byte string.
//
// What repeats is told once: everything about a record or a fact that another one is likely to share (type,
// flags, concept, unit, range, factor, the words around the number) is a "shape" with a number; of each
// record remain the id (16 bytes for a UUID) and what differs: dates as distance from the fact before,
// numbers, hashes. Text as reported that is the number with words around it is not stored a second time.
// Results come in panels: as long as the shape after a concept is the one that was there last time, not even
// its number is told.
//
// Loss-free for everything in `record`. The format is for one run or one program version, not for exchange:
// its first byte is its version and anything else is refused. After it:
//   0, n       n records (1..255) whose shapes are the expected ones; of each only what differs
//   otherwise  a record: of it and of each of its facts the shape (1: a new one follows, n + 2: shape n), then
//              what differs
#pragma once

#include "mappings/engine/record.hpp"
#include "mappings/engine/shape_table.hpp"

#include <string>
#include <string_view>

namespace trialgate::mappings {

/// Encodes records one after the other.
class record_writer {
public:
    record_writer();
    void append(const record& r);
    const std::string& bytes() const noexcept { return out_; }
    /// Ends the stream; the writer is as new.
    std::string take();

private:
    /// A record in both ways it can be told.
    struct telling {
        std::string in_full, as_expected;
        bool expected = true;
    };
    void add_part(telling& to, codec_detail::part p, const std::string& shape, const std::string& differing);

    std::string out_;
    std::size_t run_ = 0; ///< place of the length of the run at the end; 0 = there is none
    codec_detail::context before_;
};

/// Decodes what `record_writer` wrote. Safe on any bytes: memory stays within a small multiple (less than a
/// thousand) of their number.
class record_reader {
public:
    /// `bytes` must outlive the reader.
    explicit record_reader(std::string_view bytes) noexcept;
    /// The next record; nothing at the end, and nothing more after bytes that no writer wrote.
    std::optional<record> next();
    /// True when something was found that no writer wrote.
    bool broken() const noexcept { return broken_; }

private:
    std::uint64_t begin_record();
    std::string_view shape_of(codec_detail::part p, std::uint64_t told);

    std::string_view rest_;
    std::size_t run_ = 0; ///< records that are still to come as expected
    codec_detail::context before_;
    bool broken_ = false;
};

} // namespace trialgate::mappings
