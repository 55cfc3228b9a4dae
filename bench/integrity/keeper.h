// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/integrity/canary_token.h"
#include "bench/integrity/expectation.h"
#include "bench/integrity/finding.h"
#include "bench/integrity/ranges.h"
#include "drivers/api/block_driver.h"
#include "profiles/source.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace bench::integrity {

enum class Verify : std::uint8_t { none, sample, full };
std::string_view name_of(Verify verify) noexcept;

struct KeeperSettings {
    std::uint16_t lane = 0;
    Verify verify = Verify::full;
    std::uint32_t sample_one_in = 16;      // Of the reads, when sampling.
    std::uint8_t compressible_percent = 0; // What lz4 saves of what is written.
    std::uint64_t dictionary_seed = 1;     // Of duplicate contents.
    std::uint32_t slots = 1024;            // Most accesses in flight.
    // What is this lane's own: nobody else writes there. None = all of the expectation. Outside,
    // nothing is remembered or judged.
    std::optional<std::vector<ByteRange>> ranges{};
    std::uint32_t side_table_units = 1U << 15U; // Most units in flight or of unknown outcome.
    bool unmapped_reads_zero = true;            // What the LUN promises of unmapped blocks (LBPRZ).
    std::uint64_t unmap_granularity_bytes = 0;  // Smaller pieces of an unmap may be ignored.
    bool unmap_is_advisory = false; // The LUN may ignore any unmap (NVMe: deallocate is a hint).
    std::optional<CanaryPlanter> canary{}; // Plants a token in every sector stamped.
};

struct KeeperCounts {
    std::uint64_t sectors_stamped = 0;
    std::uint64_t sectors_checked = 0;   // Against something that was expected.
    std::uint64_t sectors_unchecked = 0; // Read, but nothing was known of them.
    std::uint64_t units_given_up = 0;    // The side table was full: never judged again.
    std::uint64_t units_written = 0;     // Acknowledged.
    std::uint64_t units_unfenced = 0;    // Of unknown outcome now, and may still change.

    void add(const KeeperCounts& other) noexcept;
};

// The lane's face of integrity: stamps what is written, remembers what each block must hold, checks
// what is read. One per lane and LUN; a slot is whatever small number the pump gives an access
// while it is in flight. Nothing here allocates, locks or throws after construction.
class Keeper {
public:
    Keeper(Expectation& expectation, const KeeperSettings& settings);
    Keeper(const Keeper&) = delete;
    Keeper& operator=(const Keeper&) = delete;
    ~Keeper(); // Hands what is not settled back to the expectation.

    // Just before submit(): fills `data` of a write, notes what is about to happen. `data` stays
    // borrowed until end(). Retrying a refused submit needs no second begin().
    void begin(std::uint32_t slot,
               const profiles::Access& access,
               std::span<std::byte> data,
               drivers::TimePoint now) noexcept;

    // Exactly once per begin(): with its completion, or because it never went out.
    void end(std::uint32_t slot, std::uint16_t driver, const drivers::Completion& done) noexcept;
    void withdrawn(std::uint32_t slot) noexcept;

    // After each poll() of driver number `driver` and before the end() of what it returned:
    // `count` is the driver's fences().
    void fences(std::uint16_t driver, std::uint64_t count) noexcept;

    // A write of unknown outcome may still land here: rewriting now would make the range
    // undecidable.
    bool is_unfenced(std::uint64_t offset_bytes, std::uint64_t size_bytes) const noexcept;

    const FindingLog& findings() const noexcept;
    const KeeperCounts& counts() const noexcept;

private:
    class State;
    std::unique_ptr<State> state_;
};

} // namespace bench::integrity
