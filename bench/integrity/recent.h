// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

// The keeper's bounded memories; none allocates after construction.
namespace bench::integrity {

// Judged reads in flight in the order of their submission: a doubly linked list over slots.
class ReadsInFlight {
public:
    explicit ReadsInFlight(std::size_t slots)
        : links_(slots + 1) {
        links_[slots] = {slots, slots, 0};
    }
    bool empty() const noexcept { return end().next == links_.size() - 1; }
    std::uint64_t oldest() const noexcept { return links_[end().next].submitted; }
    void add(std::size_t slot, std::uint64_t submitted) noexcept {
        const std::size_t anchor = links_.size() - 1;
        links_[slot] = {links_[anchor].before, anchor, submitted};
        links_[links_[anchor].before].next = slot;
        links_[anchor].before = slot;
    }
    void remove(std::size_t slot) noexcept {
        links_[links_[slot].before].next = links_[slot].next;
        links_[links_[slot].next].before = links_[slot].before;
    }

private:
    struct Link {
        std::size_t before = 0;
        std::size_t next = 0;
        std::uint64_t submitted = 0;
    };
    const Link& end() const noexcept { return links_.back(); }

    std::vector<Link> links_;
};

// Units that wait for older reads to end before they can settle. Full: the unit settles when it is
// next touched.
class Lingering {
public:
    explicit Lingering(std::size_t most)
        : ring_(std::bit_ceil(most)) {}
    void add(std::uint64_t event, std::uint64_t unit) noexcept {
        if (size_ < ring_.size()) {
            ring_[(head_ + size_++) & (ring_.size() - 1)] = {event, unit};
        }
    }
    // True and the oldest one's unit, if its event is before `horizon`.
    bool take(std::uint64_t horizon, std::uint64_t& unit) noexcept {
        if (size_ == 0 || ring_[head_].event >= horizon) {
            return false;
        }
        unit = ring_[head_].unit;
        head_ = (head_ + 1) & (ring_.size() - 1);
        --size_;
        return true;
    }

private:
    struct One {
        std::uint64_t event = 0;
        std::uint64_t unit = 0;
    };
    std::vector<One> ring_;
    std::size_t head_ = 0;
    std::size_t size_ = 0;
};

// When and where the latest writes were issued and acknowledged, for the timeline of a finding.
class WriteLog {
public:
    struct One {
        std::uint64_t generation = 0;
        std::uint64_t issued_ns = 0;
        std::uint64_t acknowledged_ns = 0;
        std::uint64_t from_bytes = 0;
        std::uint64_t size_bytes = 0;
    };
    void add(const One& write) noexcept { ring_[write.generation % ring_.size()] = write; }
    One find(std::uint64_t generation) const noexcept {
        const One& one = ring_[generation % ring_.size()];
        return one.generation == generation ? one : One{};
    }
    // A write of a generation after `older` and before `younger` covered this address.
    bool any_between(std::uint64_t older,
                     std::uint64_t younger,
                     std::uint64_t address_bytes) const noexcept {
        return std::any_of(ring_.begin(), ring_.end(), [&](const One& one) {
            return one.generation > older && one.generation < younger &&
                   address_bytes >= one.from_bytes &&
                   address_bytes - one.from_bytes < one.size_bytes;
        });
    }

private:
    std::vector<One> ring_ = std::vector<One>(1U << 14U);
};

// What has been reported already: each wrong content of a unit is one finding, however often read.
class Reported {
public:
    // False if `key` was there before. Full near its place: an old key is forgotten.
    bool add(std::uint64_t key) noexcept {
        for (std::size_t i = 0; i < probes; ++i) {
            std::uint64_t& place = keys_[(key + i) % keys_.size()];
            if (place == key) {
                return false;
            }
            if (place == 0) {
                place = key;
                return true;
            }
        }
        keys_[key % keys_.size()] = key;
        return true;
    }

private:
    static constexpr std::size_t probes = 8;
    std::vector<std::uint64_t> keys_ = std::vector<std::uint64_t>(1U << 13U);
};

} // namespace bench::integrity
