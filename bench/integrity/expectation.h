// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/integrity/ranges.h"
#include "bench/integrity/unit_state.h"
#include "bench/integrity/unsettled.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace bench::integrity {

struct ExpectationSettings {
    std::uint64_t run = 0;        // In every stamp; different for every run and LUN.
    std::uint64_t from_bytes = 0; // The working set on the LUN, whole units.
    std::uint64_t size_bytes = 0;
    std::uint32_t unit_bytes = 4096; // Smallest write of the workload; a multiple of 512.
    std::string lun{};               // Its written_name(), for whoever reads it back later.
    std::uint32_t block_bytes = 0;   // What it had when it was written; 0, both: not known.
    std::uint64_t block_count = 0;
};

// What every unit of one LUN's working set must hold: 8 bytes per settled unit, a list for the few
// that are not. Outlives the keepers that write into it, each in its own share; can be saved while
// they do.
class Expectation {
public:
    explicit Expectation(ExpectationSettings settings);
    Expectation(const Expectation&) = delete;
    Expectation& operator=(const Expectation&) = delete;
    ~Expectation();

    const ExpectationSettings& settings() const noexcept { return settings_; }
    std::uint64_t unit_count() const noexcept { return unit_count_; }

    std::uint64_t packed(std::uint64_t unit) const noexcept {
        return std::atomic_ref(units_[unit]).load(std::memory_order_relaxed);
    }
    void store(std::uint64_t unit, std::uint64_t value) noexcept {
        std::atomic_ref(units_[unit]).store(value, std::memory_order_relaxed);
    }

    // Units a keeper could not settle, kept for the next one that covers them.
    void keep(const Unsettled& unit);
    std::vector<Unsettled> take_unsettled(std::uint64_t from_unit, std::uint64_t count);
    std::vector<Unsettled> unsettled() const; // A copy.

    // Somebody whom no keeper follows may change these bytes: nothing is known of their units any
    // more.
    void forget(std::uint64_t from_bytes, std::uint64_t size_bytes);

    // What was unmapped or written with zeros and not with anything since, on the LUN.
    std::vector<ByteRange> emptied() const;

    // The first generation no write has used yet.
    std::uint64_t next_generation() const noexcept { return next_generation_.load(); }
    void used_generations_below(std::uint64_t next) noexcept;
    std::uint64_t next_event() const noexcept { return next_event_.load(); } // Of any lane.
    void used_events_below(std::uint64_t next) noexcept;

    // A power cut (or crash) of the array: announced before it may strike, done when it is over and
    // before anything written later is acknowledged. What was acknowledged but not flushed may be
    // gone from then on.
    void announce_power_cut() noexcept { ++cuts_announced_; }
    void power_cut_done() noexcept { ++cuts_done_; }
    std::uint32_t cuts_announced() const noexcept { return cuts_announced_.load(); }
    std::uint32_t cuts_done() const noexcept { return cuts_done_.load(); }

    // Without keepers at work: applies a power cut to every unit. Keepers do this themselves.
    void apply_power_cut();
    std::uint64_t cut_generation() const noexcept { return cut_generation_.load(); }
    void cut_at_generation(std::uint64_t generation) noexcept;

    // Came back from a checkpoint with writes after it that nobody remembers: what is newer than
    // known, zero or duplicate is then unknown, never a finding.
    // Generations below this may have been issued by writes that were forgotten; 0 = none.
    std::uint64_t strict_from() const noexcept { return strict_from_; }

    // Written whole or not at all. `finished`: no access is in flight and none will follow.
    void save(const std::string& path, bool finished) const;

    // `wanted` is asked before the units are read, which may be many: whether they are, else null
    // is returned. Throws FileError for what is no whole expectation, and what `wanted` throws.
    using Wanted = std::function<bool(const ExpectationSettings&)>;
    static std::unique_ptr<Expectation> load(const std::string& path, const Wanted& wanted = {});

private:
    ExpectationSettings settings_;
    std::uint64_t unit_count_ = 0;
    std::uint64_t* units_ = nullptr; // Mapped: pages nobody wrote cost nothing.
    std::atomic<std::uint64_t> next_generation_{1};
    std::atomic<std::uint64_t> next_event_{1};
    std::atomic<std::uint64_t> cut_generation_{0};
    std::atomic<std::uint32_t> cuts_announced_{0};
    std::atomic<std::uint32_t> cuts_done_{0};
    std::uint64_t strict_from_ = 0;
    mutable std::mutex unsettled_lock_; // Never on the load path.
    std::vector<Unsettled> unsettled_;
};

} // namespace bench::integrity
