// Numbers and texts in a byte string: little helpers of the record codec.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace trialgate::mappings {

/// Appends to a byte string. Unsigned numbers take 7 bits a byte, signed ones are folded first (0, -1, 1, -2, ...).
class byte_sink {
public:
    explicit byte_sink(std::string& out) noexcept : out_(&out) {}
    void byte(std::uint8_t b) { out_->push_back(static_cast<char>(b)); }
    void number(std::uint64_t n) {
        for (; n >= 0x80; n >>= 7)
            byte(static_cast<std::uint8_t>(n | 0x80));
        byte(static_cast<std::uint8_t>(n));
    }
    void integer(std::int64_t n) {
        number((static_cast<std::uint64_t>(n) << 1) ^ static_cast<std::uint64_t>(n >> 63));
    }
    void fixed(std::uint64_t n, int bytes) {
        for (; bytes > 0; --bytes, n >>= 8)
            byte(static_cast<std::uint8_t>(n));
    }
    void text(std::string_view s) {
        number(s.size());
        out_->append(s);
    }

private:
    std::string* out_;
};

/// Takes from the front of a view. After the first failure everything is 0 or empty and `ok()` is false.
class byte_source {
public:
    explicit byte_source(std::string_view& from) noexcept : from_(&from) {}
    bool ok() const noexcept { return ok_; }
    void fail() noexcept { ok_ = false; }
    std::size_t left() const noexcept { return ok_ ? from_->size() : 0; }

    std::uint8_t byte() noexcept {
        if (!ok_ || from_->empty()) {
            ok_ = false;
            return 0;
        }
        const auto b = static_cast<std::uint8_t>(from_->front());
        from_->remove_prefix(1);
        return b;
    }
    std::uint64_t number() noexcept {
        std::uint64_t n = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            const std::uint8_t b = byte();
            n |= std::uint64_t{b & 0x7Fu} << shift;
            if (b < 0x80)
                return n;
        }
        ok_ = false;
        return 0;
    }
    std::int64_t integer() noexcept {
        const std::uint64_t n = number();
        return static_cast<std::int64_t>((n >> 1) ^ (~(n & 1) + 1));
    }
    std::uint64_t fixed(int bytes) noexcept {
        std::uint64_t n = 0;
        for (int i = 0; i < bytes; ++i)
            n |= std::uint64_t{byte()} << (8 * i);
        return n;
    }
    std::string_view text() noexcept {
        const std::uint64_t size = number();
        if (!ok_ || size > from_->size()) {
            ok_ = false;
            return {};
        }
        const std::string_view out = from_->substr(0, static_cast<std::size_t>(size));
        from_->remove_prefix(static_cast<std::size_t>(size));
        return out;
    }
    /// A number of elements of at least one byte each.
    std::size_t count() noexcept {
        const std::uint64_t n = number();
        if (n > left())
            ok_ = false;
        return ok_ ? static_cast<std::size_t>(n) : 0;
    }

private:
    std::string_view* from_;
    bool ok_ = true;
};

} // namespace trialgate::mappings
