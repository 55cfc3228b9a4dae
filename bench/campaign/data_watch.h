// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/campaign/lab.h"
#include "bench/campaign/other_hosts.h"
#include "bench/load/lane_keepers.h"
#include "results/run_record.h"

#include <memory>
#include <optional>
#include <span>

namespace bench::campaign {

// Whose data, under which plan.
struct DataPlace {
    const plan::Plan& plan;
    const Lab& lab;
    ArrayUnderTest& array;
    HostShare share{};
};

// Stamps what a load writes and holds what it reads against what the array must hold, from one
// load of the run to the next. What several lanes of a load write is unknown to the loads after it.
class DataWatch {
public:
    // Over the lanes of a workload.
    DataWatch(const DataPlace& place,
              std::span<load::Lane> lanes,
              const profiles::AnyWorkload& workload);

    // Over one lane that passes over the whole working set.
    DataWatch(const DataPlace& place, load::Lane& lane);
    ~DataWatch();
    DataWatch(const DataWatch&) = delete;
    DataWatch& operator=(const DataWatch&) = delete;

    // After the load: findings and counts into the round.
    void tell(const std::string& phase, results::RoundRecord& round) const;

private:
    void remember(const plan::Plan& plan, const Lab& lab);

    ArrayUnderTest& array_;
    std::optional<load::LaneKeepers> lanes_;
    std::unique_ptr<integrity::Keeper> pass_;
    load::Lane* pass_lane_ = nullptr;
};

// Into a round's record.
void tell_findings(const integrity::FindingLog& log,
                   const ArrayUnderTest& array,
                   const std::string& phase,
                   results::RoundRecord& round);
void tell_counts(const integrity::KeeperCounts& counts,
                 const ArrayUnderTest& array,
                 results::RoundRecord& round);

} // namespace bench::campaign
