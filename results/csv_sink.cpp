// SPDX-License-Identifier: Apache-2.0
#include "results/sinks.h"
#include "results/text/escape.h"
#include "results/view.h"

#include <fmt/format.h>

namespace results {

namespace {

using text::csv_cell;

// The columns that say which round a row belongs to.
std::string round_cells(const RunRecord& run, const RoundRecord& round) {
    return fmt::format("{},{},{},{},{},{},{},{}",
                       csv_cell(run.id),
                       round.index,
                       round.block,
                       csv_cell(round.array),
                       view::is_emulated(run, round.array),
                       csv_cell(round.workload),
                       csv_cell(round.point),
                       round.point_value);
}

constexpr const char* round_columns = "run,round,block,array,emulated,workload,point,point_value";

std::string joined(const std::vector<std::string>& parts) {
    std::string out;
    for (const std::string& part : parts) {
        out += (out.empty() ? "" : "; ") + part;
    }
    return out;
}

std::string rounds_csv(const RunRecord& run) {
    std::string out =
        fmt::format("{},seed,started_utc_ns,duration_ns,ended,valid,invalid_reasons,offered_per_s,"
                    "achieved_per_s,scheduled,submitted,completed,bytes,failed,timed_out,lost,"
                    "unfinished,slip_ns_p99,"
                    "lane_cpu_fraction,host_cpu_fraction,emulator_lateness_ns_p99\n",
                    round_columns);
    for (const RoundRecord& round : run.rounds) {
        StreamRecord sum;
        for (const StreamRecord& stream : round.streams) {
            sum.bytes += stream.bytes;
            sum.failed += stream.failed;
            sum.timed_out += stream.timed_out;
            sum.lost += stream.lost;
            sum.unfinished += stream.unfinished;
        }
        const AuditRecord& audit = round.audit;
        out += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}\n",
                           round_cells(run, round),
                           round.seed,
                           round.started_utc_ns,
                           round.duration_ns,
                           csv_cell(round.ended),
                           view::is_valid(round),
                           csv_cell(joined(audit.invalid)),
                           audit.offered_per_s,
                           audit.achieved_per_s,
                           audit.scheduled,
                           audit.submitted,
                           audit.completed,
                           sum.bytes,
                           sum.failed,
                           sum.timed_out,
                           sum.lost,
                           sum.unfinished,
                           audit.slip_ns.quantile_ns(0.99),
                           audit.lane_cpu_fraction,
                           audit.host_cpu_fraction,
                           audit.emulator_lateness_ns_p99);
    }
    return out;
}

std::string intervals_csv(const RunRecord& run) {
    std::string out = fmt::format(
        "{},from_ns,length_ns,phase,ramp,invalid,due,submitted,completed,errors,bytes_read,"
        "bytes_written,response_ns_p50,response_ns_p99,response_ns_max,outstanding_max\n",
        round_columns);
    for (const RoundRecord& round : run.rounds) {
        const std::string cells = round_cells(run, round);
        for (const IntervalRecord& interval : round.intervals) {
            out += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}\n",
                               cells,
                               interval.from_ns,
                               interval.length_ns,
                               csv_cell(interval.phase),
                               interval.ramp,
                               csv_cell(interval.invalid),
                               interval.due,
                               interval.submitted,
                               interval.completed,
                               interval.errors,
                               interval.bytes_read,
                               interval.bytes_written,
                               interval.response_ns_p50,
                               interval.response_ns_p99,
                               interval.response_ns_max,
                               interval.outstanding_max);
        }
    }
    return out;
}

struct Part {
    const char* name;
    Histogram StreamRecord::*member;
};
constexpr std::array<Part, 3> parts = {{{"response", &StreamRecord::response_ns},
                                        {"wait", &StreamRecord::wait_ns},
                                        {"service", &StreamRecord::service_ns}}};

// Calls write(cells, histogram) for each distribution of the run.
template <typename Write>
void each_distribution(const RunRecord& run, Write write) {
    for (const RoundRecord& round : run.rounds) {
        const std::string cells = round_cells(run, round);
        for (const StreamRecord& stream : round.streams) {
            for (const Part& part : parts) {
                write(fmt::format("{},{},{}", cells, csv_cell(stream.name), part.name),
                      stream.*part.member);
            }
        }
        for (const auto& [name, histogram] : round.histograms) {
            write(fmt::format("{},,{}", cells, csv_cell(name)), histogram);
        }
        write(cells + ",,slip", round.audit.slip_ns);
    }
}

std::string percentiles_csv(const RunRecord& run) {
    std::string out = fmt::format(
        "{},stream,part,percentile,value_ns,samples,samples_above,measured\n", round_columns);
    each_distribution(run, [&](const std::string& cells, const Histogram& histogram) {
        for (const view::Rung& rung : view::percentile_ladder) {
            const auto value = view::measured(histogram, rung.share);
            out += fmt::format("{},{},{},{},{},{}\n",
                               cells,
                               rung.name + 1, // Without the P.
                               value ? fmt::format("{}", *value) : "",
                               histogram.count(),
                               histogram.samples_above(rung.share),
                               value.has_value());
        }
        out += fmt::format("{},100,{},{},0,{}\n",
                           cells,
                           histogram.max_ns(),
                           histogram.count(),
                           histogram.count() > 0);
    });
    return out;
}

std::string histogram_csv(const RunRecord& run) {
    std::string out = fmt::format("{},stream,part,bin_from_ns,bin_to_ns,count\n", round_columns);
    each_distribution(run, [&](const std::string& cells, const Histogram& histogram) {
        for (const auto& [from, count] : histogram.bins()) {
            out += fmt::format(
                "{},{},{},{}\n", cells, from, Histogram::bin_upper_edge_ns(from), count);
        }
        if (histogram.overflow() > 0) {
            out += fmt::format("{},3600000000000,,{}\n", cells, histogram.overflow());
        }
    });
    return out;
}

// Every number of targets that was tried, a row for each array and variant.
std::string capacity_csv(const RunRecord& run) {
    std::string out = "run,array,emulated,variant,mode,resolution,targets_sustained,low,high,"
                      "ended_by,limited_by,targets,rounds_sustained,rounds_failed,rounds_unclear,"
                      "sustained,reason,interval_low,interval_high,cost_targets,cost_low,"
                      "cost_high,cost_at_least,cost_at_most\n";
    const auto maybe = [](const std::optional<double>& value) {
        return value ? fmt::format("{}", *value) : "";
    };
    for (const CapacityRecord& one : run.capacity) {
        const std::string cells = fmt::format("{},{},{},{},{},{},{},{},{},{},{}",
                                              csv_cell(run.id),
                                              csv_cell(one.array),
                                              view::is_emulated(run, one.array),
                                              csv_cell(one.variant),
                                              one.mode,
                                              one.resolution,
                                              one.measured ? fmt::format("{}", one.targets) : "",
                                              maybe(one.low),
                                              maybe(one.high),
                                              one.ended_by,
                                              csv_cell(one.limited_by));
        const std::string edges = fmt::format("{},{},{},{},{},{},{}",
                                              maybe(one.interval_low),
                                              maybe(one.interval_high),
                                              maybe(one.cost_targets),
                                              maybe(one.cost_low),
                                              maybe(one.cost_high),
                                              maybe(one.cost_at_least),
                                              maybe(one.cost_at_most));
        for (const CapacityPointRecord& point : one.points) {
            out += fmt::format("{},{},{},{},{},{},{},{}\n",
                               cells,
                               point.targets,
                               point.sustained,
                               point.failed,
                               point.unclear,
                               point.kept,
                               csv_cell(point.reason),
                               edges);
        }
    }
    return out;
}

// A workload's own numbers: PDUs lost, late seals, buffer high-water mark ...
std::string measures_csv(const RunRecord& run) {
    std::string out = fmt::format("{},measure,value\n", round_columns);
    for (const RoundRecord& round : run.rounds) {
        const std::string cells = round_cells(run, round);
        for (const auto& [name, value] : round.measures) {
            out += fmt::format("{},{},{}\n", cells, csv_cell(name), value);
        }
    }
    return out;
}

} // namespace

std::map<std::string, std::string> csv_tables(const RunRecord& run) {
    return {{"rounds.csv", rounds_csv(run)},
            {"intervals.csv", intervals_csv(run)},
            {"percentiles.csv", percentiles_csv(run)},
            {"histogram.csv", histogram_csv(run)},
            {"measures.csv", measures_csv(run)},
            {"capacity.csv", capacity_csv(run)}};
}

} // namespace results
