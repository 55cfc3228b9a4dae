// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/campaign/disturber.h"
#include "bench/campaign/watched_source.h"
#include "bench/plan/plan.h"
#include "results/run_record.h"

#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace bench::campaign {

// What a conductor plays: the phases of one round on one array.
struct Score {
    std::vector<plan::PlanPhase> phases;
    drivers::Duration ramp{0}; // Before the first phase.
    ArrayUnderTest* array = nullptr;
    const std::atomic<bool>* stop = nullptr;
    std::function<void(const std::string&)> on_phase{}; // Told each phase's name as it begins.
};

// Walks through a round's phases on a thread of its own while the lanes run, and disturbs the
// array when a phase says so.
class Conductor {
public:
    Conductor(Score score,
              const WatchedSource& first_lane,
              RunJournal& journal,
              drivers::Clock& clock);
    ~Conductor(); // Ends the walk.
    Conductor(const Conductor&) = delete;
    Conductor& operator=(const Conductor&) = delete;

    // After the load: waits for the walk to end; throws what went wrong on it.
    void finish();

    // Each disturbance done, with the phase it belongs to and its instant from the source's epoch.
    struct Done {
        std::size_t phase = 0;
        profiles::Duration at{0};
        std::string name;
        std::string note;
    };
    const std::vector<Done>& done() const { return done_; }

private:
    void walk();
    bool wait_until(drivers::TimePoint at);

    Score score_;
    const WatchedSource& first_lane_;
    RunJournal& journal_;
    drivers::Clock& clock_;
    std::atomic<bool> ending_{false};
    std::vector<Done> done_;
    std::exception_ptr failure_;
    std::thread thread_;
};

// What a phase is called where traffic is told by phases: a disturbance's own name, so that a
// policy may allow something during it alone.
std::string phase_label(const plan::PlanPhase& phase);

// Offsets of the phases' starts from the source's epoch.
std::vector<profiles::Duration> phase_starts(const std::vector<plan::PlanPhase>& phases,
                                             drivers::Duration ramp);

// Marks each interval with the phase it began in.
void mark_phases(std::vector<results::IntervalRecord>& intervals,
                 const std::vector<plan::PlanPhase>& phases,
                 drivers::Duration ramp);

// Gives each finding that names no phase the one in which it was first seen.
void mark_findings(results::RoundRecord& round);

} // namespace bench::campaign
