// Memory of a JSON document's nodes. Private to fhir/json_parser.cpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <type_traits>
#include <vector>

namespace trialgate::fhir::json {

/// Memory kept from one document to the next; what a larger document needed is given back.
inline constexpr std::size_t retained_bytes = std::size_t{64} << 20;

/// Memory for nodes, given back all at once.
class arena {
public:
    void reset() noexcept {
        std::size_t kept = 0;
        const auto surplus = std::find_if(blocks_.begin(), blocks_.end(), [&kept](const block& b) {
            return (kept += b.size) > retained_bytes;
        });
        blocks_.erase(surplus, blocks_.end());
        current_ = 0;
        used_ = 0;
    }

    template <class T>
    const T* copy(const T* from, std::size_t count) {
        static_assert(std::is_trivially_copyable_v<T> && alignof(T) <= alignment);
        if (count == 0)
            return nullptr;
        void* to = allocate((count * sizeof(T) + alignment - 1) & ~(alignment - 1));
        std::memcpy(to, from, count * sizeof(T));
        return static_cast<const T*>(to);
    }

private:
    static constexpr std::size_t alignment = 8;
    static constexpr std::size_t first_block = std::size_t{256} << 10;
    static constexpr std::size_t largest_step = std::size_t{16} << 20;

    struct block {
        std::unique_ptr<std::byte[]> bytes;
        std::size_t size;
    };

    void* allocate(std::size_t size) {
        for (; current_ < blocks_.size(); ++current_, used_ = 0)
            if (blocks_[current_].size - used_ >= size) {
                void* at = blocks_[current_].bytes.get() + used_;
                used_ += size;
                return at;
            }
        const std::size_t step =
            blocks_.empty() ? first_block : std::min(blocks_.back().size * 2, largest_step);
        const std::size_t capacity = std::max(step, size);
        blocks_.push_back({std::make_unique_for_overwrite<std::byte[]>(capacity), capacity});
        used_ = size;
        return blocks_.back().bytes.get();
    }

    std::vector<block> blocks_;
    std::size_t current_ = 0;
    std::size_t used_ = 0;
};

} // namespace trialgate::fhir::json
