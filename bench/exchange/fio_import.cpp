// SPDX-License-Identifier: Apache-2.0
#include "bench/exchange/foreign_run.h"
#include "bench/plan/fio_assembly.h"
#include "profiles/file_error.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace bench::exchange {

namespace {

std::int64_t nanoseconds_of(std::uint64_t ms) {
    constexpr std::uint64_t ms_max =
        4'000'000'000'000; // What two of them added keep within 64 bits.
    return static_cast<std::int64_t>(std::min(ms, ms_max)) * 1'000'000;
}

using drivers::fio::Direction;
using drivers::fio::JobResult;
using drivers::fio::Latency;

// Percentiles alone: between two of them every sample is taken to be as long as the upper one, the
// ends are exact. No percentile between the given ones is known.
results::Histogram rebuilt(const Latency& latency) {
    results::Histogram out;
    if (latency.count == 0) {
        return out;
    }
    out.record(latency.min_ns);
    std::uint64_t recorded = 1;
    for (const auto& [percent, value_ns] : latency.percentiles) {
        const auto through = static_cast<std::uint64_t>(
            std::ceil(percent / 100 * static_cast<double>(latency.count)));
        if (through > recorded && through < latency.count) {
            out.record(std::clamp(value_ns, latency.min_ns, latency.max_ns), through - recorded);
            recorded = through;
        }
    }
    if (recorded < latency.count) {
        out.record(latency.max_ns, latency.count - recorded);
    }
    return out;
}

// The histogram of one direction: of the whole latency where its bins are there, else of what the
// kernel took, else from percentiles.
results::Histogram latency_of(const Direction& direction, std::string& how) {
    if (!direction.total.bins.empty()) {
        how = "from fio's lat_ns bins, within 0.8 %";
        return plan::histogram_of(direction.total);
    }
    if (!direction.completion.bins.empty()) {
        how = "from fio's clat_ns bins, within 0.8 %: submission is not in it";
        return plan::histogram_of(direction.completion);
    }
    const Latency& known =
        direction.total.percentiles.empty() ? direction.completion : direction.total;
    how = fmt::format("rebuilt from {} percentiles: what lies between them is not known",
                      known.percentiles.size());
    return rebuilt(known);
}

std::string option_of(const JobResult& job, const drivers::fio::Result& result, const char* name) {
    const auto own = job.options.find(name);
    if (own != job.options.end()) {
        return own->second;
    }
    const auto global = result.global_options.find(name);
    return global != result.global_options.end() ? global->second : "";
}

void add_direction(const std::string& name, const Direction& direction, results::RoundRecord& out) {
    const std::string operation = name == "trim" ? "unmap" : name;
    auto found = std::find_if(out.streams.begin(), out.streams.end(), [&](const auto& stream) {
        return stream.name == operation;
    });
    if (found == out.streams.end()) {
        out.streams.emplace_back();
        found = out.streams.end() - 1;
        found->name = operation;
    }
    std::string how;
    const results::Histogram latency = latency_of(direction, how);
    found->operation = operation + ", " + how;
    found->response_ns.merge(latency);
    found->service_ns.merge(latency);
    found->completed += direction.total_ios;
    found->bytes += direction.io_bytes;
    found->failed += direction.short_ios + direction.drop_ios;
    out.duration_ns = std::max(out.duration_ns, nanoseconds_of(direction.runtime_ms));
    out.audit.completed += direction.total_ios;
    out.audit.achieved_per_s += direction.iops;
    const std::uint64_t clipped = direction.total.clipped() + direction.completion.clipped();
    if (clipped > 0) {
        out.measures[name + " clipped at 17.18 s"] += static_cast<double>(clipped);
    }
}

} // namespace

void import_fio(std::string_view text, const std::string& name, results::RunRecord& out) {
    drivers::fio::Result result;
    try {
        result = drivers::fio::parse_result(text);
    } catch (const drivers::fio::ResultError& error) {
        throw profiles::FileError(fmt::format("{}: {}", name, error.what()));
    }
    out.host["tool"] = result.version;
    results::RoundRecord round; // All jobs ran beside each other: one round.
    for (const JobResult& job : result.jobs) {
        const std::string named = job.host.empty() ? job.name : job.name + " on " + job.host;
        if (job.error != 0) {
            round.audit.invalid.push_back(
                fmt::format("fio's job {} ended with error {}", named, job.error));
        }
        for (const auto& [direction, found] : job.directions) {
            add_direction(direction, found, round);
        }
        for (const char* option : {"rw", "bs", "iodepth", "rate_iops", "ioengine", "numjobs"}) {
            const std::string value = option_of(job, result, option);
            if (!value.empty()) {
                out.host[fmt::format("{}: {}", named, option)] = value;
            }
        }
        const bool rated =
            !option_of(job, result, "rate_iops").empty() || !option_of(job, result, "rate").empty();
        if (rated) {
            out.not_seen.push_back(fmt::format(
                "job {} was rated: its latency is service time, not response: fio stamps an access "
                "when it sends it, so an array that froze shows only as a few slow accesses",
                named));
        }
        round.workload = round.workload.empty() ? job.name : round.workload;
    }
    if (round.streams.empty()) {
        return;
    }
    round.point = "as measured";
    round.started_utc_ns = nanoseconds_of(result.timestamp_ms) - round.duration_ns;
    out.rounds.push_back(std::move(round));
}

} // namespace bench::exchange
