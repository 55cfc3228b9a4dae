// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/campaign/watched_source.h"
#include "bench/plan/plan.h"
#include "drivers/api/clock.h"
#include "results/run_record.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace bench::campaign {

class Lab;
class RunFolder;
struct ArrayUnderTest;
struct LoadOrder;

// Which part of every load this host drives. Lanes, targets, zones and rates are divided by it, so
// that the parts together are the load that one host would have driven.
struct HostShare {
    std::uint32_t index = 0;
    std::uint32_t count = 1;
};

// The other hosts that drive the same loads, as a run meets them: told what comes, waited for at
// the start, asked for what they measured. One host leads; the others do as they are told, or all
// keep to a timetable and never speak.
class OtherHosts {
public:
    virtual ~OtherHosts() = default;
    virtual HostShare share() const noexcept = 0;

    // Once, when the arrays are reached: plan and arrays to all. What the others say of themselves.
    virtual std::map<std::string, std::string> meet(const RunFolder& folder, const Lab& lab) {
        (void)folder;
        (void)lab;
        return {};
    }

    // A load, before its lanes are opened here.
    virtual void announce(const ArrayUnderTest& array, const LoadOrder& order) = 0;

    // The lanes are open: the instant at which all begin. Throws what keeps another from beginning.
    virtual drivers::TimePoint start() = 0;
    virtual void started(drivers::TimePoint at) = 0;

    // After the load: the others' rounds and accesses, added to one's own.
    virtual void gather(results::RoundRecord& round, std::vector<WatchedAccess>& accesses) = 0;

    // The same of a verify phase: what each wrote it reads back.
    virtual void announce_verify(const ArrayUnderTest& array,
                                 const plan::PlanPhase& phase,
                                 const results::RoundRecord& round) {
        (void)array;
        (void)phase;
        (void)round;
    }
    virtual void gather_verified(results::RoundRecord& round) { (void)round; }

    // And of preconditioning, of which each does its own part. Returns the bytes of the others.
    virtual void announce_precondition(const ArrayUnderTest& array) { (void)array; }
    virtual std::uint64_t gather_preconditioned() { return 0; }

    // In a run that goes on: what each of them wrote before, from the run's folder.
    virtual void recall_expectations(const std::string& folder) { (void)folder; }

    // What the others wrote and the arrays must hold, into the run's folder beside one's own.
    virtual void gather_expectations(const std::string& folder) { (void)folder; }

    // Who was lost and why; empty = all are there.
    virtual std::string lost() const { return {}; }

    // The run is over. Never throws.
    virtual void part() noexcept {}
};

} // namespace bench::campaign
