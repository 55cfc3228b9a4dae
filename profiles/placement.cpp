// SPDX-License-Identifier: Apache-2.0
#include "profiles/placement.h"

#include <algorithm>
#include <numeric>

namespace profiles {

namespace {

// Near the golden section of `count`, so that neighbours land far apart.
std::uint64_t scattering_stride(std::uint64_t count) {
    auto stride = static_cast<std::uint64_t>(static_cast<double>(count) * 0.6180339887498949);
    stride = std::max<std::uint64_t>(stride, 1);
    while (std::gcd(stride, count) != 1) {
        ++stride;
    }
    return stride;
}

} // namespace

Placement::Placement(const Locality& locality, Region region, const std::vector<BlockShare>& blocks)
    : locality_(locality)
    , region_(region)
    , cursors_(locality.spot == Spot::append ? locality.zones : 1) {
    std::uint64_t largest = 1;
    for (const auto& block : blocks) {
        const std::uint64_t count = region.size_bytes / block.size_bytes;
        const auto hot =
            static_cast<std::uint64_t>(static_cast<double>(count) * locality.hot_space);
        slots_.push_back({block.size_bytes,
                          count,
                          std::clamp<std::uint64_t>(hot, 1, count),
                          scattering_stride(count),
                          Zipf(count, locality.zipf_theta)});
        largest = std::max(largest, block.size_bytes);
    }
    // A zone starts where an access of any of the usual sizes may: at a multiple of the largest.
    zone_bytes_ = region.size_bytes / cursors_.size() / largest * largest;
}

std::uint64_t Placement::place(std::size_t block, Random& random) noexcept {
    const Slots& slots = slots_[block];
    switch (locality_.spot) {
    case Spot::uniform:
        return region_.from_bytes + random.below(slots.count) * slots.size_bytes;
    case Spot::zipf: {
        const Wide scattered = Wide{slots.zipf.draw(random)} * slots.stride % slots.count;
        return region_.from_bytes + static_cast<std::uint64_t>(scattered) * slots.size_bytes;
    }
    case Spot::hot_spot: {
        const bool hot = slots.hot == slots.count || random.chance(locality_.hot_accesses);
        const std::uint64_t slot =
            hot ? random.below(slots.hot) : slots.hot + random.below(slots.count - slots.hot);
        return region_.from_bytes + slot * slots.size_bytes;
    }
    case Spot::sequential:
    case Spot::append:
        break;
    }
    return next_in_zone(slots.size_bytes);
}

std::uint64_t Placement::next_in_zone(std::uint64_t size_bytes) noexcept {
    std::uint64_t& cursor = cursors_[zone_];
    if (cursor + size_bytes > zone_bytes_) {
        cursor = 0;
    }
    const std::uint64_t offset = region_.from_bytes + zone_ * zone_bytes_ + cursor;
    cursor += size_bytes;
    zone_ = zone_ + 1 < cursors_.size() ? zone_ + 1 : 0;
    return offset;
}

} // namespace profiles
