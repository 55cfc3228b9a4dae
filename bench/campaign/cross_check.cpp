// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/cross_check.h"

#include "bench/campaign/round_runner.h"
#include "bench/plan/fio_target.h"
#include "drivers/api/errors.h"

#include <algorithm>
#include <fmt/format.h>

namespace bench::campaign {

namespace {

struct Point {
    const plan::PlanWorkload& workload;
    const plan::LoadPoint& point;
};

// The plan was read with both in it.
Point point_of(const plan::Plan& plan) {
    const plan::CrossCheck& check = *plan.cross_check;
    const auto workload = std::find_if(plan.workloads.begin(),
                                       plan.workloads.end(),
                                       [&](const auto& one) { return one.name == check.workload; });
    const auto point = std::find_if(plan.points.begin(), plan.points.end(), [&](const auto& one) {
        return one.text == check.point;
    });
    return {*workload, *point};
}

plan::FioPlace place_for_fio(const DataPlace& place, bool writes) {
    plan::FioPlace out;
    out.url = place.array.paths.front();
    out.options = place.array.options;
    out.options.expected = place.array.mark();
    const plan::DriverOptions& asked = out.options;
    if (!asked.chap_user.empty() || asked.chap_secret.is_named || !asked.chap_secret.file.empty()) {
        throw drivers::HostError("behind nbdkit there is no way to give this array's CHAP secret");
    }
    out.url.header_digest = out.url.header_digest || asked.header_digest;
    out.url.data_digest = out.url.data_digest || asked.data_digest;
    out.writes = writes;
    out.lease_token = place.array.lease_token;
    // The lab has cleared this very LUN, and the rounds have written to it since.
    const drivers::Identity& identity = place.array.report.identity;
    out.destroy = {identity.unique_id.empty() ? identity.serial : identity.unique_id};
    out.overwrite_data = writes;
    return out;
}

void add_bench(const std::vector<results::RoundRecord>& rounds, results::CrossCheckRecord& out) {
    double seconds = 0;
    int valid = 0;
    for (const results::RoundRecord& round : rounds) {
        if (round.array != out.array || round.workload != out.workload ||
            round.point != out.point || round.ended != "complete" ||
            !round.audit.invalid.empty()) { // As everywhere: such a round is in no number.
            continue;
        }
        ++valid;
        seconds += static_cast<double>(round.duration_ns) / 1e9;
        for (const results::StreamRecord& stream : round.streams) {
            for (results::CrossCheckStream& one : out.streams) {
                if (one.operation == stream.operation) {
                    one.bench_service_ns.merge(stream.service_ns);
                    one.bench_per_s += static_cast<double>(stream.completed);
                }
            }
        }
    }
    for (results::CrossCheckStream& one : out.streams) {
        one.bench_per_s = seconds > 0 ? one.bench_per_s / seconds : 0;
    }
    const double tool_seconds = static_cast<double>(out.duration_ns) / 1e9;
    out.reasons.insert(
        out.reasons.begin(),
        valid == 0
            ? fmt::format("this bench has no valid round of the point (the audit says why): fio's "
                          "{:.0f} s stand alone",
                          tool_seconds)
            : fmt::format("this bench measured {} valid round{} of the point, {:.0f} s together; "
                          "fio once, {:.0f} s, after them: what the array's caches held and what "
                          "it did in the background may have been different",
                          valid,
                          valid == 1 ? "" : "s",
                          seconds,
                          tool_seconds));
}

void add_reasons(const plan::FioRun& run,
                 const profiles::Workload& workload,
                 results::CrossCheckRecord& out) {
    const bool rated = workload.arrivals.pace != profiles::Pace::closed;
    out.reasons.emplace_back(
        rated
            ? "both columns are service time, not response: from when an access was sent, not "
              "from when it was due; what it waited for before that fio does not know"
            : "both columns are service time, from submission to answer: in a closed loop nothing "
              "is due earlier");
    for (const std::string& note : run.notes) {
        out.reasons.push_back(note);
    }
}

// What a tool calls an I/O error may be another LUN in this one's place.
void check_still_there(const ArrayUnderTest& array, drivers::Clock& clock) {
    try {
        (void)array.open(1, clock);
    } catch (const drivers::ProtocolError&) {
        throw;
    } catch (const drivers::ArrayError&) { // Gone altogether: said already.
    }
}

} // namespace

results::CrossCheckRecord cross_check_by_fio(const DataPlace& place,
                                             const std::vector<results::RoundRecord>& rounds,
                                             drivers::Clock& clock) {
    const Point where = point_of(place.plan);
    results::CrossCheckRecord out;
    out.array = place.array.planned->name;
    out.workload = where.workload.name;
    out.point = where.point.text;
    out.tool = "fio";
    out.duration_ns = place.plan.cross_check->duration.count();
    try {
        const auto any = at_point(where.workload.workload, where.point, where.point.value);
        const auto& workload = std::get<profiles::Workload>(any);
        plan::FioAsk ask;
        ask.size_bytes = place.lab.working_set_bytes(any);
        ask.runtime = place.plan.cross_check->duration;
        ask.ramp = place.plan.ramp;
        ask.seed = place.plan.seed;
        const plan::FioRun run = plan::run_fio_at(
            workload, ask, place_for_fio(place, profiles::writes(workload)), clock);
        out.tool = run.result.version;
        for (plan::FioStream& stream : plan::fio_streams(run.result)) {
            results::CrossCheckStream& one = out.streams.emplace_back();
            one.operation = stream.operation;
            one.tool_per_s = stream.rate_per_s;
            one.tool_clipped = stream.clipped;
            one.tool_service_ns = std::move(stream.service_ns);
        }
        add_reasons(run, workload, out);
        if (place.plan.lanes > 1) {
            out.reasons.push_back(fmt::format("this bench drives {} lanes with a session each, fio "
                                              "a process with one for each of its jobs",
                                              place.plan.lanes));
        }
        add_bench(rounds, out);
    } catch (const drivers::SafetyError& error) {
        throw drivers::SafetyError(fmt::format("{}: {}", out.array, error.what()));
    } catch (const drivers::ProtocolError& error) {
        throw drivers::ProtocolError(fmt::format("{}: {}", out.array, error.what()));
    } catch (const std::runtime_error& error) { // Whatever kind: the rounds stand without it.
        out.not_measured = error.what();
        check_still_there(place.array, clock);
    }
    return out;
}

} // namespace bench::campaign
