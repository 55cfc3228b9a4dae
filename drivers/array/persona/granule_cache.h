// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace drivers::array {

// Which granules were used recently enough to be in a cache of so many bytes: sets of four, the
// least recently used of a set leaves.
class GranuleCache {
public:
    explicit GranuleCache(std::uint64_t size_bytes)
        : sets_(size_bytes / granule_bytes / ways) {}

    // Whether the granule was there; it is now.
    bool touch(std::uint16_t lun, std::uint64_t offset) noexcept {
        if (sets_.empty()) {
            return false;
        }
        const std::uint64_t granule = offset / granule_bytes + 1; // 0 = an empty way.
        const std::uint64_t tag = granule << 16U | lun;
        Set& set = sets_[(tag * 0x9E3779B97F4A7C15U >> 20U) % sets_.size()];
        std::uint64_t moving = tag; // Most recent first.
        for (std::uint64_t& way : set.tags) {
            const std::uint64_t held = way;
            way = moving;
            if (held == tag) {
                return true;
            }
            moving = held;
        }
        return false;
    }

    static constexpr std::uint64_t granule_bytes = 65536;
    static constexpr std::uint64_t ways = 4;

private:
    struct Set {
        std::array<std::uint64_t, ways> tags{};
    };
    std::vector<Set> sets_;
};

} // namespace drivers::array
