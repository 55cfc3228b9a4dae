// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/campaign/other_hosts.h"

#include <chrono>

namespace bench::campaign {

// One of several hosts that never speak: each drives its share of every round of one plan, and all
// begin a round at the instant that the timetable has for it, by their own calendars. How far they
// were apart is seen when their runs are merged.
class ShardTimetable final : public OtherHosts {
public:
    using Instant = std::chrono::sys_time<std::chrono::nanoseconds>;

    // The first round begins at `start`.
    ShardTimetable(const plan::Plan& plan, HostShare share, Instant start, drivers::Clock& clock);

    HostShare share() const noexcept override { return share_; }
    std::map<std::string, std::string> meet(const RunFolder& folder, const Lab& lab) override;
    void announce(const ArrayUnderTest& array, const LoadOrder& order) override;
    drivers::TimePoint start() override;
    void started(drivers::TimePoint at) override { (void)at; }
    void gather(results::RoundRecord& round, std::vector<WatchedAccess>& accesses) override;

    // From one round's start to the next: the round, its answers, its verification, and opening
    // the next one's lanes.
    drivers::Duration slot() const { return slot_; }

private:
    HostShare share_;
    Instant start_;
    drivers::Clock& clock_;
    drivers::Duration slot_;
    std::uint32_t round_ = 0;
};

// Why this plan cannot be driven by hosts that do not speak to each other; empty = it can.
std::string shard_hindrance(const plan::Plan& plan);

} // namespace bench::campaign
