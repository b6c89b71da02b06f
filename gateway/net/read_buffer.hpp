// Bytes that were received and not yet used.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <string_view>

namespace trialgate::gateway {

/// Keeps unused bytes contiguous, as parsers of headers want them. Grows up to a limit; full means that the other side sent a line too long.
class read_buffer {
public:
    read_buffer(std::size_t first, std::size_t most)
        : memory_(std::make_unique_for_overwrite<char[]>(first)), capacity_(first), most_(std::max(first, most)) {}

    std::string_view unused() const noexcept { return {memory_.get() + begin_, end_ - begin_}; }
    bool empty() const noexcept { return begin_ == end_; }
    void use(std::size_t n) noexcept { begin_ += n; }
    /// Makes room for more. False when full.
    bool prepare() {
        if (begin_ == end_) {
            begin_ = end_ = 0;
        } else if (end_ == capacity_ && begin_ > 0) {
            std::memmove(memory_.get(), memory_.get() + begin_, end_ - begin_);
            end_ -= begin_;
            begin_ = 0;
        }
        if (end_ < capacity_ && !was_filled_)
            return true;
        was_filled_ = false;
        if (capacity_ < most_)
            grow();
        return end_ < capacity_;
    }
    char* space() noexcept { return memory_.get() + end_; }
    std::size_t space_size() const noexcept { return capacity_ - end_; }
    void filled(std::size_t n) noexcept {
        end_ += n;
        was_filled_ = end_ == capacity_; // there is probably more: fewer, larger reads
    }

private:
    void grow() {
        const std::size_t larger = std::min(most_, capacity_ * 2);
        auto fresh = std::make_unique_for_overwrite<char[]>(larger);
        std::memcpy(fresh.get(), memory_.get() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
        memory_ = std::move(fresh);
        capacity_ = larger;
    }

    std::unique_ptr<char[]> memory_;
    std::size_t capacity_, most_, begin_ = 0, end_ = 0;
    bool was_filled_ = false;
};

} // namespace trialgate::gateway
