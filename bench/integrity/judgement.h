// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/integrity/floor.h"
#include "bench/integrity/unsettled.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace bench::integrity {

// Who is asking and what belongs to this run.
struct Scope {
    std::uint64_t run = 0;
    std::uint64_t dictionary_seed = 0;
    std::uint64_t cut_generation = 0; // Writes below it came before a power cut; 0 = no cut.
    std::uint64_t strict_from = 0;    // Below it, writes may have happened that nobody remembers.
};

// One content that a unit may legally show.
struct Candidate {
    ContentKind kind = ContentKind::unknown; // unknown: anything.
    std::uint64_t generation = 0;
    std::uint32_t entry = 0;
    bool late = false; // Of unknown outcome and rewritten before it was fenced.
    bool lost = false; // There only if what was acknowledged later went in a power cut.
};

// Everything a read of one unit may legally return, sector by sector.
class Judgement {
public:
    static Judgement of(const UnitState& state, const FlushEpochs& epochs, const Scope& scope);
    // `read_submitted`: what was overwritten for sure before then is no longer legal.
    static Judgement of(const Unsettled& unit,
                        std::uint64_t read_submitted,
                        const FlushEpochs& epochs,
                        const Scope& scope);

    static constexpr int illegal = -1;
    static constexpr int by_floor = -2; // Older than acknowledged, legally lost in a power cut.

    // Index of the candidate that `data`, whole sectors at `address_bytes`, number `sector` within
    // its unit, agrees with; or `by_floor` (single sectors only) or `illegal`.
    int match(std::span<const std::byte> data,
              std::uint64_t address_bytes,
              std::uint32_t sector) const noexcept;

    std::size_t size() const noexcept { return count_; }
    const Candidate& operator[](std::size_t index) const noexcept { return candidates_[index]; }
    // What was acknowledged last, for a finding to name.
    const Candidate& expected() const noexcept { return candidates_[expected_]; }
    bool knows_nothing() const noexcept;

    FindingKind kind_of(Sector found, std::uint64_t address_bytes) const noexcept;

private:
    explicit Judgement(const Scope& scope)
        : scope_(scope) {}
    void add(const Candidate& candidate) noexcept;
    void add_versions(const Unsettled& unit,
                      std::uint64_t read_submitted,
                      const FlushEpochs& epochs) noexcept;
    void open_floor(const Floor& floor) noexcept;
    void allow_forgotten(std::uint64_t generation) noexcept;
    bool is_above_floor(Sector sector, std::uint64_t address_bytes) const noexcept;

    Scope scope_;
    std::array<Candidate, Unsettled::versions_most + 1> candidates_{};
    std::size_t count_ = 0;
    std::size_t expected_ = 0;
    bool floor_ = false; // Any later write of this unit is legal too, and:
    bool anything_ = false;
    bool zeros_legal_ = false;
    bool duplicates_legal_ = false;
    std::uint64_t floor_generation_ = 0;
};

} // namespace bench::integrity
