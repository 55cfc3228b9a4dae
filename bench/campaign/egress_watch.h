// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/campaign/egress_watch_array.h"
#include "bench/campaign/lab.h"
#include "bench/campaign/marker_sender.h"
#include "bench/campaign/run_journal.h"
#include "bench/plan/plan.h"
#include "drivers/array/child.h"
#include "drivers/lab/laboratory.h"
#include "results/run_record.h"

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace bench::campaign {

// Call before any thread is started. Why this host cannot make the laboratory that the plan's
// emulated arrays need; empty = it can, or the plan needs none.
std::string egress_hindrance(const plan::Plan& plan);

// Everything that a run knows of what its arrays sent. Emulated arrays live in a laboratory, this
// thread and those it starts among them; of real arrays the interfaces are captured that their
// descriptions name, and marker frames are sent on those only that they name for it. What is
// captured is read by a child for each array, never by this process.
class EgressWatch {
public:
    // Captures once this returns: before any array speaks. What cannot be watched is noted, not
    // thrown; `hindrance` as egress_hindrance() said.
    // Keeps the run's canary key in FOLDER/canary-key.json, and goes on with the one that is there.
    EgressWatch(const plan::Plan& plan,
                const std::string& hindrance,
                RunJournal& journal,
                const std::string& folder);
    ~EgressWatch();
    EgressWatch(const EgressWatch&) = delete;
    EgressWatch& operator=(const EgressWatch&) = delete;

    // In its place in the laboratory if there is one.
    std::unique_ptr<drivers::array::EmulatedArray> start(const plan::PlanArray& array) const;

    // Tokens into all that will be written, by which it is known again wherever it turns up.
    // `knows_older`: what an earlier part of this run has written may still be read back, and was
    // written with another key if none was kept.
    void plant(std::vector<ArrayUnderTest>& arrays, bool knows_older) const;

    void begin_phase(const std::string& phase);                              // For every array.
    void begin_phase_of(const std::string& array, const std::string& phase); // Any thread.
    // The others are idle. `pair`: of rounds whose order chance has drawn; none otherwise.
    void begin_round(const std::string& array,
                     const std::string& phase,
                     std::optional<std::uint32_t> pair);
    void end_round(results::RoundRecord& round); // Adds what its array sent meanwhile.

    void stop(); // Captures no more.

    // Stops capturing if that has not been done, and tells all in records and in FOLDER/egress/.
    // The arrays may be gone.
    void finish(const std::string& folder, results::RunRecord& run);

private:
    void take_canary_key(const std::string& folder);
    void build_laboratory();
    void watch_emulated();
    void watch_real();
    std::vector<MarkerRoute> laboratory_routes() const;
    std::vector<MarkerRoute> real_routes() const;
    WatchOrders orders_for(const plan::PlanArray& array) const;
    void begin_slots(const std::string& array, std::uint32_t pair);
    void note_ended();
    ArrayWatch* watch_of(const std::string& array) const;

    struct Missing { // Not watched, and why.
        std::string array;
        std::string why;
    };

    const plan::Plan& plan_;
    RunJournal& journal_;
    std::unique_ptr<drivers::lab::Laboratory> laboratory_;
    std::unique_ptr<drivers::lab::Visit> visit_;
    egress::Markers markers_;
    integrity::CanaryKeyFile canaries_;
    bool key_was_kept_ = false; // By an earlier part of this run.
    std::vector<std::unique_ptr<ArrayWatch>> watches_;
    std::vector<Missing> missing_;
    std::optional<EgressBooks> round_began_; // None: nobody watched.
    std::set<std::string> noted_;            // Arrays whose watch is known to have ended.
    std::unique_ptr<MarkerSender> sender_;   // Ends before the watches that it tells.
};

} // namespace bench::campaign
