// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/conductor.h"

#include <algorithm>

namespace bench::campaign {

using namespace std::chrono_literals;

namespace {

constexpr drivers::Duration look_every = 5ms;

const char* name_of(plan::PhaseKind kind) {
    switch (kind) {
    case plan::PhaseKind::load:
        return "load";
    case plan::PhaseKind::disturb:
        return "disturb";
    case plan::PhaseKind::settle:
        return "settle";
    case plan::PhaseKind::verify:
        break;
    }
    return "verify";
}

} // namespace

std::string phase_label(const plan::PlanPhase& phase) {
    return phase.disturbance ? phase.disturbance->name : name_of(phase.kind);
}

std::vector<profiles::Duration> phase_starts(const std::vector<plan::PlanPhase>& phases,
                                             drivers::Duration ramp) {
    std::vector<profiles::Duration> out;
    profiles::Duration at = ramp;
    for (const plan::PlanPhase& phase : phases) {
        out.push_back(at);
        at += phase.kind == plan::PhaseKind::verify ? 0ns : phase.duration;
    }
    return out;
}

void mark_phases(std::vector<results::IntervalRecord>& intervals,
                 const std::vector<plan::PlanPhase>& phases,
                 drivers::Duration ramp) {
    const auto starts = phase_starts(phases, ramp);
    for (results::IntervalRecord& interval : intervals) {
        interval.phase = "load";
        for (std::size_t i = 0; i < phases.size(); ++i) {
            if (phases[i].kind != plan::PhaseKind::verify &&
                interval.from_ns >= starts[i].count()) {
                interval.phase = name_of(phases[i].kind);
            }
        }
    }
}

void mark_findings(results::RoundRecord& round) {
    for (results::FindingRecord& finding : round.findings) {
        const std::int64_t seen_ns = finding.at_utc_ns - round.started_utc_ns;
        for (const results::IntervalRecord& interval : round.intervals) {
            if (finding.phase.empty() && finding.at_utc_ns != 0 && seen_ns >= interval.from_ns &&
                seen_ns < interval.from_ns + interval.length_ns) {
                finding.phase = interval.phase;
            }
        }
    }
}

Conductor::Conductor(Score score,
                     const WatchedSource& first_lane,
                     RunJournal& journal,
                     drivers::Clock& clock)
    : score_(std::move(score))
    , first_lane_(first_lane)
    , journal_(journal)
    , clock_(clock)
    , thread_([this] {
        try {
            walk();
        } catch (...) { // Carried to finish(), which throws it again.
            failure_ = std::current_exception();
        }
    }) {}

Conductor::~Conductor() {
    ending_ = true;
    if (thread_.joinable()) {
        thread_.join();
    }
}

void Conductor::finish() {
    ending_ = true;
    thread_.join();
    if (failure_) {
        std::rethrow_exception(failure_);
    }
}

bool Conductor::wait_until(drivers::TimePoint at) {
    while (!ending_ && !*score_.stop) {
        const drivers::TimePoint now = clock_.now();
        if (now >= at) {
            return true;
        }
        clock_.sleep_until(std::min(at, now + look_every));
    }
    return false;
}

void Conductor::walk() {
    while (first_lane_.epoch() == drivers::TimePoint{}) {
        if (!wait_until(clock_.now() + 1ms)) {
            return;
        }
    }
    const drivers::TimePoint epoch = first_lane_.epoch();
    const auto starts = phase_starts(score_.phases, score_.ramp);
    for (std::size_t i = 0; i < score_.phases.size(); ++i) {
        const plan::PlanPhase& phase = score_.phases[i];
        if (phase.kind == plan::PhaseKind::verify || !wait_until(epoch + starts[i])) {
            return;
        }
        journal_.note("phase",
                      {{"array", score_.array->planned->name}, {"phase", name_of(phase.kind)}});
        if (score_.on_phase) {
            score_.on_phase(phase_label(phase));
        }
        if (phase.disturbance) {
            const Disturbed what =
                disturb(*score_.array, *phase.disturbance, journal_, *score_.stop);
            done_.push_back({i, what.at - epoch, phase.disturbance->name, what.note});
        }
    }
}

} // namespace bench::campaign
