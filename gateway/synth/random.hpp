// Numbers that look random and are the same on every machine. The distributions of <random> are not: each library has its own.
//
// Sebastiano Vigna's splitmix64 (https://prng.di.unimi.it/splitmix64.c) makes the state of David Blackman's and Sebastiano Vigna's
// xoshiro256** (https://prng.di.unimi.it/xoshiro256starstar.c), both in the public domain.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <initializer_list>

namespace trialgate::gateway::synth {

class splitmix64 {
public:
    explicit constexpr splitmix64(std::uint64_t seed) noexcept : state_(seed) {}
    constexpr std::uint64_t next() noexcept {
        std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }

private:
    std::uint64_t state_;
};

/// xoshiro256** with integers alone: no result depends on how a machine rounds.
class random_numbers {
public:
    explicit constexpr random_numbers(const std::array<std::uint64_t, 4>& state) noexcept : s_(state) {}
    explicit constexpr random_numbers(std::uint64_t seed) noexcept {
        splitmix64 fill(seed);
        for (std::uint64_t& word : s_)
            word = fill.next();
    }

    constexpr std::uint64_t next() noexcept {
        const std::uint64_t out = std::rotl(s_[1] * 5, 7) * 9;
        const std::uint64_t t = s_[1] << 17;
        s_[2] ^= s_[0];
        s_[3] ^= s_[1];
        s_[1] ^= s_[2];
        s_[0] ^= s_[3];
        s_[2] ^= t;
        s_[3] = std::rotl(s_[3], 45);
        return out;
    }

    /// From `low` to `high`, both included, each as likely; low <= high.
    constexpr std::int64_t between(std::int64_t low, std::int64_t high) noexcept {
        const auto n = static_cast<std::uint64_t>(high - low) + 1;
        const std::uint64_t cut = UINT64_MAX - UINT64_MAX % n;
        std::uint64_t x = next();
        while (x >= cut)
            x = next();
        return low + static_cast<std::int64_t>(x % n);
    }
    constexpr bool percent(int chance) noexcept { return between(1, 100) <= chance; }
    constexpr std::int64_t one_of(std::initializer_list<std::int64_t> values) noexcept {
        return values.begin()[between(0, static_cast<std::int64_t>(values.size()) - 1)];
    }
    /// An index, as likely as its weight says.
    constexpr std::size_t weighted(std::initializer_list<int> weights) noexcept {
        int sum = 0;
        for (const int w : weights)
            sum += w;
        std::int64_t left = between(0, sum - 1);
        std::size_t at = 0;
        while (left >= weights.begin()[at])
            left -= weights.begin()[at++];
        return at;
    }

private:
    std::array<std::uint64_t, 4> s_{};
};

} // namespace trialgate::gateway::synth
