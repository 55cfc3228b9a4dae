// SPDX-License-Identifier: Apache-2.0
#include "bench/integrity/unsettled.h"

#include <algorithm>
#include <bit>

namespace bench::integrity {

Version* Unsettled::find(std::uint64_t generation) noexcept {
    for (std::size_t i = 0; i < count; ++i) {
        if (versions[i].generation == generation) {
            return &versions[i];
        }
    }
    return nullptr;
}

void Unsettled::remove(std::size_t index) noexcept {
    for (std::size_t i = index; i + 1 < count; ++i) {
        versions[i] = versions[i + 1];
    }
    --count;
}

bool Unsettled::is_at_rest(std::uint64_t horizon) const noexcept {
    return std::all_of(versions.begin(), versions.begin() + count, [&](const Version& version) {
        return version.ended < horizon;
    });
}

UnsettledTable::UnsettledTable(std::size_t most)
    : index_(std::bit_ceil(most * 2))
    , pool_(most) {
    free_.reserve(most);
    for (std::size_t i = most; i > 0; --i) {
        free_.push_back(static_cast<std::uint32_t>(i));
    }
}

std::size_t UnsettledTable::bucket_of(std::uint64_t unit) const noexcept {
    return (unit * 0x9E3779B97F4A7C15ULL >> 20U) & (index_.size() - 1);
}

const Unsettled* UnsettledTable::find(std::uint64_t unit) const noexcept {
    std::size_t bucket = bucket_of(unit);
    for (; index_[bucket] != 0; bucket = (bucket + 1) & (index_.size() - 1)) {
        const Unsettled& candidate = pool_[index_[bucket] - 1];
        if (candidate.unit == unit) {
            return &candidate;
        }
    }
    return nullptr;
}

Unsettled* UnsettledTable::find(std::uint64_t unit) noexcept {
    return const_cast<Unsettled*>(static_cast<const UnsettledTable*>(this)->find(unit));
}

Unsettled* UnsettledTable::insert(std::uint64_t unit) noexcept {
    if (free_.empty()) {
        return nullptr;
    }
    std::size_t bucket = bucket_of(unit);
    while (index_[bucket] != 0) {
        bucket = (bucket + 1) & (index_.size() - 1);
    }
    index_[bucket] = free_.back();
    free_.pop_back();
    ++size_;
    Unsettled& out = pool_[index_[bucket] - 1];
    out.unit = unit;
    out.base = {};
    out.base_legal = true;
    out.count = 0;
    return &out;
}

void UnsettledTable::erase(std::uint64_t unit) noexcept {
    const std::size_t mask = index_.size() - 1;
    std::size_t hole = bucket_of(unit);
    while (index_[hole] == 0 || pool_[index_[hole] - 1].unit != unit) {
        if (index_[hole] == 0) {
            return;
        }
        hole = (hole + 1) & mask;
    }
    free_.push_back(index_[hole]); // Within the capacity reserved at construction.
    index_[hole] = 0;
    --size_;
    // Close the gap: whoever sits after the hole but belongs at or before it moves into it.
    for (std::size_t next = (hole + 1) & mask; index_[next] != 0; next = (next + 1) & mask) {
        const std::size_t home = bucket_of(pool_[index_[next] - 1].unit);
        if (((next - home) & mask) >= ((next - hole) & mask)) {
            index_[hole] = index_[next];
            index_[next] = 0;
            hole = next;
        }
    }
}

} // namespace bench::integrity
