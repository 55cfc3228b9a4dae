// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/integrity/stamp.h"
#include "results/run_record.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bench::integrity {

// What can be wrong with a block, each told apart from the others.
enum class FindingKind : std::uint8_t {
    stale,                // An older generation than the last acknowledged: a lost write.
    misdirected,          // Written elsewhere: carries another address of this run.
    torn,                 // The first part of an acknowledged write is there, the rest is not.
    foreign_run,          // Another run's stamp.
    zeroed,               // Zeros where data was acknowledged.
    corrupted,            // Bits differ.
    not_zero,             // Unmapped or zeroed by command, but not zero.
    lost_after_power_cut, // Flushed or FUA, acknowledged, and gone after a power cut.
    undecidable,          // Rewritten before a write of unknown outcome was fenced.
    unflushed_loss,       // Gone after a power cut but never flushed: legal, a note.
    stale_part            // In the midst of one write, older sectors by their own stamps.
};
inline constexpr std::size_t finding_kinds = 11;

std::string_view name_of(FindingKind kind) noexcept;
bool is_note(FindingKind kind) noexcept; // Reported, but no fault of the array.

// What a unit ought to hold, or does.
enum class ContentKind : std::uint8_t { unknown, stamped, duplicate, zero };

// One wrong stretch as the load path sees it: plain values, no allocation.
struct Finding {
    FindingKind kind = FindingKind::stale;
    std::uint64_t address_bytes = 0; // First wrong sector.
    std::uint32_t sectors = 0;       // How many in a row from there share this finding.
    ContentKind expected = ContentKind::unknown;
    std::uint64_t expected_generation = 0; // Stamped; the entry for duplicate content.
    std::uint64_t written_ns = 0;          // When the expected content was issued; 0 = too long ago
    std::uint64_t acknowledged_ns = 0;     // for the lane's log of writes.
    ContentKind found = ContentKind::unknown;
    Stamp found_stamp{};
    Damage damage{};
    std::uint16_t reader_lane = 0;
    std::uint64_t seen_ns = 0;
    std::array<std::byte, sector_bytes> cutout{};
};

// Findings as they come, bounded: the first ones are kept whole, all are counted.
class FindingLog {
public:
    explicit FindingLog(std::size_t most = 25 * finding_kinds) { kept_.reserve(most); }

    void add(const Finding& finding) noexcept;
    void merge(const FindingLog& other); // Afterwards, off the load path.

    const std::vector<Finding>& kept() const noexcept { return kept_; }
    std::uint64_t count(FindingKind kind) const noexcept {
        return counts_[static_cast<std::size_t>(kind)];
    }
    std::uint64_t accusations() const noexcept; // All but notes.

private:
    std::vector<Finding> kept_;
    std::array<std::uint64_t, finding_kinds> counts_{};
};

// Puts monotonic instants on the calendar: utc_ns = monotonic_ns + offset.
struct Calendar {
    std::int64_t utc_minus_monotonic_ns = 0;
};

// One record per kept finding, and one per kind that says how many more were only counted.
std::vector<results::FindingRecord>
records_of(const FindingLog& log, const Calendar& calendar, const std::string& array);

} // namespace bench::integrity
