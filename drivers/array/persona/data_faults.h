// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/array/persona/trigger.h"

#include <array>
#include <cstdint>
#include <optional>

namespace drivers::array {

// What becomes of one write.
struct WriteFate {
    enum class Kind : std::uint8_t { intact, lost, misdirected, torn, zeroed, corrupted };
    Kind kind = Kind::intact;
    std::uint64_t lba = 0;          // Misdirected: where it goes instead.
    std::uint64_t kept_bytes = 0;   // Torn: the first so many are stored.
    std::uint64_t cached_bytes = 0; // Lost: read as written until so much else was read.
    std::uint64_t bit = 0;          // Corrupted: this bit of it flips.
};

struct LunSize {
    std::uint32_t block_bytes = 512;
    std::uint64_t block_count = 0;
};

struct RottenBit {
    std::uint16_t lun = all_luns;
    double position = 0; // Of all the bits that the LUN has, from 0 to 1.
};

// Everything that happens to data and is not told: decides, seeded and from the triggers alone; the
// array does it and counts it.
class DataFaults {
public:
    explicit DataFaults(std::uint64_t seed);

    void apply(const FaultEvent& event, TimePoint now); // Only data faults change anything.
    void recover() noexcept;

    WriteFate on_write(const Target& target, const LunSize& lun, TimePoint now) noexcept;
    bool keeps_unmapped(const Target& target, TimePoint now) noexcept;
    std::optional<std::uint64_t> spoils(const Target& target, TimePoint now) noexcept; // An LBA.
    std::optional<std::uint64_t> reorders(const Target& target,
                                          TimePoint now) noexcept; // A chance.
    bool lies(const Target& target, TimePoint now) const noexcept; // Flush and FUA do nothing.
    bool has_write_faults() const noexcept { return has_write_faults_; }

    // Bits at rest.
    TimePoint next_rot() const noexcept { return next_rot_; }
    std::optional<RottenBit> rot(TimePoint now) noexcept; // Call until it gives none.

private:
    struct BlockSpan {
        std::uint64_t lba = 0;
        std::uint64_t block_count = 0;
    };

    Triggers& of(Fault fault) noexcept { return triggers_[static_cast<std::size_t>(fault)]; }
    const Triggers& of(Fault fault) const noexcept {
        return triggers_[static_cast<std::size_t>(fault)];
    }
    Random& chance(Fault fault) noexcept { return chances_[static_cast<std::size_t>(fault)]; }
    bool strikes(Fault fault, const Target& target, TimePoint now) noexcept {
        return of(fault).strike(target, now, chance(fault)) != nullptr;
    }
    std::uint64_t another_lba(const Target& target, BlockSpan within) noexcept;
    void schedule_rot(TimePoint from) noexcept;

    std::array<Triggers, fault_count> triggers_;
    std::vector<Random> chances_;
    bool has_write_faults_ = false;
    FaultEvent rot_;
    TimePoint rot_ends_ = TimePoint::max();
    TimePoint next_rot_ = TimePoint::max();
};

} // namespace drivers::array
