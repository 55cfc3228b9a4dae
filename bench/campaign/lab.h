// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/campaign/block_lease.h"
#include "bench/campaign/lun_lease.h"
#include "bench/campaign/run_journal.h"
#include "bench/campaign/safety.h"
#include "bench/integrity/canary_token.h"
#include "bench/integrity/expectation.h"
#include "bench/plan/driver_assembly.h"
#include "bench/plan/plan.h"
#include "drivers/array/child.h"
#include "results/run_record.h"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace bench::campaign {

// On whose word the run may write to arrays it did not start itself.
struct DestroyPermission {
    std::vector<std::string> identities; // --destroy
    bool overwrite_data = false;
};

// One array of the plan, reachable.
struct ArrayUnderTest {
    const plan::PlanArray* planned = nullptr;
    std::unique_ptr<drivers::array::EmulatedArray> child; // None for a real array.
    std::vector<plan::Url> paths;                     // One driver over all of them; at least one.
    std::map<std::string, std::string> host_settings; // What the bench does as host, in words.
    plan::DriverOptions options;
    drivers::LunReport report;
    std::optional<integrity::CanaryPlanter> canary; // Stands in every sector that the bench writes.
    std::unique_ptr<integrity::Expectation> expectation; // None: nothing is written or verified.
    std::string lease_token; // Of what is written to; who knows it shares.
    std::optional<LunLease> lease;
    std::optional<LunLease> part_lease; // Of this part of the run, beside the LUN.
    std::unique_ptr<BlockLease> block_lease;

    std::uint64_t capacity_bytes() const {
        return report.geometry.block_count * report.geometry.block_bytes;
    }
    drivers::LunMark mark() const { return drivers::mark_of(report.identity, report.geometry); }

    // Throws SafetyError where another LUN answers than the one that was looked at first.
    std::unique_ptr<drivers::BlockDriver> open(std::size_t depth, drivers::Clock& clock) const;
};

// Where another host has an array, and by what it is known wherever it is.
struct MetArray {
    std::string name;
    std::vector<std::string> urls;
    drivers::Identity identity;
    drivers::Geometry geometry;  // Of blocks alone.
    bool overwrite_data = false; // The user's word there counts here.
    std::string lease_token;     // By which its hosts share the LUN.
};

// The arrays of a plan, started or reached, looked at, and cleared for writing if the plan writes.
// Ends in reverse order what it started, whatever happens.
class Lab {
public:
    // Starts an emulated array somewhere else than on this host's own network.
    using Starter =
        std::function<std::unique_ptr<drivers::array::EmulatedArray>(const plan::PlanArray&)>;

    struct Terms {
        const DestroyPermission& permission;
        Starter starter{}; // None: on this host's own network.
        std::string lease_token = new_lease_token();
        std::string lease_part{}; // "1-of-4" of a run whose parts know one token; empty = all.
    };

    // Throws ArrayError, HostError, UsageError, and SafetyError before anything is written.
    Lab(const plan::Plan& plan, const Terms& terms, RunJournal& journal, drivers::Clock& clock);

    // The same arrays from another host than the one that started or reached them first: each is
    // known by its identity, and what may be written to was decided there; here only that nothing
    // of this host holds it.
    Lab(const plan::Plan& plan,
        const std::vector<MetArray>& met,
        RunJournal& journal,
        drivers::Clock& clock);
    ~Lab();
    Lab(const Lab&) = delete;
    Lab& operator=(const Lab&) = delete;

    std::vector<ArrayUnderTest>& arrays() { return arrays_; }
    const std::vector<ArrayUnderTest>& arrays() const { return arrays_; }
    std::vector<results::ArrayRecord> records() const;

    // What every array can hold and the plan asks for: the same for all, so that the load is.
    std::uint64_t working_set_bytes(const profiles::AnyWorkload& workload) const;

    // Why one of them may no longer be written to; empty = all may.
    std::string lease_lost() const;

    // What each array must hold, in the run's folder: expectation-NAME.bin. An emulated array that
    // was started anew holds nothing of an earlier start, so nothing is loaded for it.
    void save_expectations(const std::string& folder, bool finished) const;
    void load_expectations(const std::string& folder);

private:
    void start(const plan::PlanArray& planned);
    void meet(const MetArray& met);
    void check_named(const ArrayUnderTest& array) const;
    void check_blocks(const ArrayUnderTest& array) const;
    void check_met_before(const ArrayUnderTest& array) const;
    void clear_for_writing(ArrayUnderTest& array, const DestroyPermission& permission);
    WritePermission permission_for(const ArrayUnderTest& array,
                                   const DestroyPermission& permission) const;
    void take_lease(ArrayUnderTest& array) const;
    void take_block_lease(ArrayUnderTest& array);
    std::uint64_t usable_bytes(const ArrayUnderTest& array) const;

    const plan::Plan& plan_;
    RunJournal& journal_;
    drivers::Clock& clock_;
    Starter starter_;
    std::string lease_token_;
    std::string lease_part_;
    mutable std::mutex lease_lock_;
    std::string lease_lost_; // Guarded by lease_lock_.
    std::vector<ArrayUnderTest> arrays_;
};

} // namespace bench::campaign
