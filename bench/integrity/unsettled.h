// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/integrity/floor.h"
#include "bench/integrity/unit_state.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace bench::integrity {

// One write (or unmap) of a unit that is not settled. Instants are the lane's event numbers.
struct Version {
    std::uint64_t generation = 0;
    std::uint64_t submitted = 0;
    std::uint64_t landed = not_yet; // From here on it is known to have landed.
    std::uint64_t ended = not_yet;  // From here on it can no longer land.
    Floor beside{};                 // What has been overwritten since and ended after `submitted`.
    std::uint32_t entry = 0;
    std::uint16_t epoch = epoch_durable; // Once certain.
    std::uint16_t driver = 0;
    ContentKind kind = ContentKind::unknown;
    bool certain = false;  // Acknowledged: it has landed, unless a power cut took it away.
    bool unfenced = false; // Of unknown outcome, and may land at any time.
    bool unknown = false;  // Was of unknown outcome.
};

// A unit with writes in flight, of unknown outcome, or overlapping so that either may have won.
struct Unsettled {
    static constexpr std::size_t versions_most = 5;

    std::uint64_t unit = 0;
    UnitState base{};       // Before all of `versions`; its durable part is the floor under all
    bool base_legal = true; // that was overwritten once the base itself is no longer legal.
    std::uint8_t count = 0;
    std::array<Version, versions_most> versions{};

    Version* find(std::uint64_t generation) noexcept;
    void remove(std::size_t index) noexcept;
    bool is_at_rest(std::uint64_t horizon) const noexcept; // Nothing has been able to land since.
};

// Unsettled units by number: a hash table of fixed size that never allocates after construction.
class UnsettledTable {
public:
    explicit UnsettledTable(std::size_t most);

    Unsettled* find(std::uint64_t unit) noexcept;
    const Unsettled* find(std::uint64_t unit) const noexcept;
    Unsettled* insert(std::uint64_t unit) noexcept; // nullptr: full.
    void erase(std::uint64_t unit) noexcept;
    std::size_t size() const noexcept { return size_; }

    template <typename Visit>
    void for_each(const Visit& visit) {
        for (const std::uint32_t place : index_) {
            if (place != 0) {
                visit(pool_[place - 1]);
            }
        }
    }

private:
    std::size_t bucket_of(std::uint64_t unit) const noexcept;

    std::vector<std::uint32_t> index_; // Place in the pool + 1; 0 = empty.
    std::vector<Unsettled> pool_;
    std::vector<std::uint32_t> free_;
    std::size_t size_ = 0;
};

} // namespace bench::integrity
