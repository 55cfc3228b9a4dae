// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/integrity/keeper.h"
#include "bench/load/pump.h"
#include "drivers/api/lun_mark.h"
#include "drivers/api/lun_report.h"
#include "profiles/kinds/any_workload.h"
#include "results/run_record.h"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace bench::load {

struct VerifySettings {
    profiles::WorkingSet set; // What the workload may touch.
    integrity::Verify verify = integrity::Verify::none;
    std::uint32_t sample_one_in = 16;
    bool unmapped_reads_zero = true;
    std::uint64_t unmap_granularity_bytes = 0;
    bool unmap_is_advisory = false;
    std::optional<integrity::CanaryPlanter> canary{}; // Plants a token in every sector stamped.
    // Where several hosts drive the workload: which share of its lanes these are.
    std::uint32_t host = 0;
    std::uint32_t hosts = 1;
};

// A new expectation's, under a run number drawn for it alone: of `range` of the LUN, as far as it
// holds whole units. A unit is the smallest write, `write_bytes`, in whole blocks of the LUN.
integrity::ExpectationSettings new_expectation(const integrity::ByteRange& range,
                                               std::uint32_t write_bytes,
                                               const drivers::LunMark& lun);

// The same for what the workload will do to `set` of the LUN.
std::unique_ptr<integrity::Expectation> make_expectation(const profiles::AnyWorkload& workload,
                                                         const profiles::WorkingSet& set,
                                                         const drivers::LunMark& lun);

// Gives each lane a keeper of its own share of one expectation for as long as it lives: made when
// the lanes have their drivers, gone before the expectation is saved. What lanes of other hosts may
// change is unknown here.
class LaneKeepers {
public:
    LaneKeepers(integrity::Expectation& expectation,
                std::span<Lane> lanes,
                const profiles::AnyWorkload& workload,
                const VerifySettings& settings);
    LaneKeepers(const LaneKeepers&) = delete;
    LaneKeepers& operator=(const LaneKeepers&) = delete;
    ~LaneKeepers();

    integrity::FindingLog findings() const; // Of all lanes; after they have ended.
    integrity::KeeperCounts counts() const;
    std::uint64_t unowned_bytes() const { return unowned_bytes_; }

    // How far verification reached, in words and numbers.
    results::IntegrityRecord record(const std::string& array) const;

private:
    std::span<Lane> lanes_;
    VerifySettings settings_;
    std::uint32_t unit_bytes_;
    std::vector<std::unique_ptr<integrity::Keeper>> keepers_;
    std::uint64_t unowned_bytes_ = 0; // Touched, but by several lanes: nobody judges it.
};

// What a LUN promises of unmapped blocks, as it was reported; nothing where it was not.
VerifySettings verify_settings_for(const drivers::LunReport& report);
integrity::KeeperSettings keeper_settings_for(const drivers::LunReport& report);

// What this process's monotonic clock reads at the UTC epoch, for the findings' timelines.
integrity::Calendar calendar_now();

} // namespace bench::load
