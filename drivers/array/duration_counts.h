// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/clock.h"

#include <array>
#include <bit>
#include <cstdint>

namespace drivers::array {

// Durations counted in buckets at most 1/16 wide of their value; allocates nothing.
class DurationCounts {
public:
    void count(Duration span) noexcept {
        ++buckets_[bucket(span.count() < 0 ? 0 : static_cast<std::uint64_t>(span.count()))];
        ++total_;
    }
    std::uint64_t total() const noexcept { return total_; }

    // The upper edge of the bucket that holds the quantile; 0 where nothing was counted.
    Duration quantile(double share) const noexcept {
        const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(total_));
        std::uint64_t seen = 0;
        for (std::size_t i = 0; i < buckets_.size(); ++i) {
            seen += buckets_[i];
            if (seen > wanted || (seen == total_ && seen > 0)) {
                return Duration(static_cast<std::int64_t>(upper_edge(i)));
            }
        }
        return Duration{0};
    }

private:
    static constexpr std::uint64_t fine = 16;

    static std::size_t bucket(std::uint64_t value) noexcept {
        if (value < fine) {
            return value;
        }
        const auto power = static_cast<std::uint64_t>(std::bit_width(value)) - 5;
        return fine * (power + 1) + ((value >> power) - fine);
    }
    static std::uint64_t upper_edge(std::size_t index) noexcept {
        if (index < fine) {
            return index;
        }
        const std::uint64_t power = index / fine - 1;
        return ((fine + index % fine + 1) << power) - 1;
    }

    std::array<std::uint64_t, fine * 61> buckets_{};
    std::uint64_t total_ = 0;
};

} // namespace drivers::array
