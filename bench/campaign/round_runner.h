// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/campaign/lab.h"
#include "bench/campaign/other_hosts.h"
#include "bench/campaign/pass_source.h"
#include "bench/campaign/round_order.h"
#include "bench/load/load_run.h"
#include "results/run_record.h"

#include <atomic>
#include <functional>
#include <optional>
#include <string>

namespace bench::campaign {

class DataWatch;

// Which of a plan's workloads a load drives, and how: enough for every host to make it.
struct WorkloadPick {
    bool of_capacity = false; // One of the search's variants, else of the plan's workloads.
    std::size_t place = 0;
    bool as_it_is = false; // Else at `point`, or with `targets`.
    plan::LoadPoint point;
    double rate_per_s = 0; // Of a point that is a share of the knee.
    std::uint32_t targets = 0;
};
profiles::AnyWorkload picked(const plan::Plan& plan, const WorkloadPick& pick);

// What a load is made of besides the array.
struct LoadOrder {
    WorkloadPick pick;
    std::optional<std::uint32_t> round; // Its index, of a round of the plan.
    profiles::AnyWorkload workload;     // Already at its load point.
    std::uint64_t seed = 1;
    drivers::Duration ramp{0};
    drivers::Duration duration{0};
    std::vector<plan::PlanPhase> phases; // Empty = one undisturbed load.
};

// Throws what the end of a load means for the run: SafetyError where something else answers in a
// LUN's place, ArrayError where the array has gone for good. Returns where it was whole or
// interrupted.
void heed_end(const std::string& array, const results::RoundRecord& round);

// The measure of a round in which an emulated array was written to while another LUN stood in the
// plan's LUN's place.
inline constexpr const char* writes_to_another_lun = "writes_to_another_lun";

// Why the emulated array, not the one it plays, decided the numbers; empty = it did not.
std::string emulator_bottleneck(const drivers::array::EmulatorCounts& counts);

// Measures one array once: opens the lanes, runs the load, drives the phases, closes everything.
class RoundRunner {
public:
    using OnInterval = std::function<void(const results::IntervalRecord&)>;

    // `others`: who drives each load together with this host; null = nobody.
    RoundRunner(const plan::Plan& plan,
                Lab& lab,
                RunJournal& journal,
                drivers::Clock& clock,
                OtherHosts* others = nullptr);

    // Who hears, from another thread, when a phase inside a round begins: array and name.
    using OnPhase = std::function<void(const std::string&, const std::string&)>;
    void tell_phases(OnPhase hearer) { on_phase_ = std::move(hearer); }

    // Writes the working set once through, bounded in time; of several hosts each writes its part.
    // Returns the bytes written.
    std::uint64_t precondition(ArrayUnderTest& array, const OnInterval& on_interval);

    // `rate_per_s`: of a share of the knee. Throws ArrayError when the array cannot be reached.
    results::RoundRecord
    measure(const PlannedRound& round, double rate_per_s, const OnInterval& on_interval);

    // The same for a load of one's own making; index, workload and point are the caller's to fill.
    results::RoundRecord
    measure(ArrayUnderTest& array, const LoadOrder& order, const OnInterval& on_interval);

    // A load outside the rounds: the search for the knee, another host's order.
    results::RoundRecord
    load(ArrayUnderTest& array, const LoadOrder& order, const OnInterval& on_interval);

private:
    HostShare share() const { return others_ == nullptr ? HostShare{} : others_->share(); }
    std::vector<load::Lane> lanes_for(ArrayUnderTest& array, const LoadOrder& order);
    load::LoadSettings settings_for(const ArrayUnderTest& array,
                                    const LoadOrder& order,
                                    const OnInterval& on_interval);
    void gather(results::RoundRecord& round, std::vector<WatchedAccess>& accesses);
    struct Opened {
        std::vector<load::Lane>& lanes;
        const load::LoadSettings& settings;
        const DataWatch& data;
    };
    results::RoundRecord
    run_disturbed(ArrayUnderTest& array, const LoadOrder& order, const Opened& opened);
    results::RoundRecord run_pass(ArrayUnderTest& array,
                                  PassSettings settings,
                                  drivers::Duration time_limit,
                                  const OnInterval& on_interval);
    void refill(ArrayUnderTest& array,
                const profiles::AnyWorkload& workload,
                const OnInterval& on_interval);
    void count_emulator(const ArrayUnderTest& array, results::RoundRecord& round) const;

    const plan::Plan& plan_;
    Lab& lab_;
    RunJournal& journal_;
    drivers::Clock& clock_;
    OnPhase on_phase_;
    OtherHosts* others_;
};

// The workload with the load point's arrivals in place of its own; a platform grows or shrinks as
// a whole, with its writers, analysts and searches, until it has the point's targets.
profiles::AnyWorkload
at_point(const profiles::AnyWorkload& workload, const plan::LoadPoint& point, double rate_per_s);

} // namespace bench::campaign
