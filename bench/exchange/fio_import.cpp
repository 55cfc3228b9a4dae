// SPDX-License-Identifier: Apache-2.0
#include "bench/exchange/foreign_run.h"
#include "bench/plan/fio_assembly.h"
#include "drivers/fio/fio_options.h"
#include "drivers/fio/fio_terse.h"
#include "profiles/file_error.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <iterator>
#include <map>
#include <set>
#include <span>

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
using drivers::fio::option_of;

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

using Doubts = std::vector<std::string>;

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

std::string named(const JobResult& job) {
    return job.host.empty() ? job.name : job.name + " on " + job.host;
}

std::uint64_t runtime_ms(const JobResult& job) {
    std::uint64_t out = 0;
    for (const auto& [name, direction] : job.directions) {
        out = std::max(out, direction.runtime_ms);
    }
    return out;
}

// Why one job's numbers are not what the round was.
void doubt_job(const JobResult& job, const drivers::fio::Result& result, bool alone, Doubts& out) {
    if (job.error != 0) {
        out.push_back(fmt::format("fio's job {} ended with error {}", named(job), job.error));
    }
    if (job.errors > 0) {
        out.push_back(fmt::format("fio's job {} went on after {} errors", named(job), job.errors));
    }
    if (job.eta_s != 0 && job.eta_s < drivers::fio::eta_unknown && job.host.empty()) {
        out.push_back(fmt::format("fio's job {} had not ended when this was written", named(job)));
    }
    const double least_ms = drivers::fio::milliseconds_of(option_of(job, result, "runtime")) * 0.98;
    const bool is_told = job.eta_s < drivers::fio::eta_unknown || !job.host.empty();
    const bool may_end = drivers::fio::is_told(job, result, "latency_target"); // Once it is met.
    const bool may_be_cut = (result.documents > 1 || !is_told) && !may_end;
    if (may_be_cut && static_cast<double>(runtime_ms(job)) < least_ms) {
        out.push_back(fmt::format("fio's job {}: the last document is of {} ms, of {:.0f} asked "
                                  "for: whether it is the last that fio wrote is not told",
                                  named(job),
                                  runtime_ms(job),
                                  least_ms / 0.98));
    }
    for (const char* option : {"wait_for", "startdelay", "start_delay"}) {
        const std::string value = option_of(job, result, option);
        const bool is_wait = option == std::string_view("wait_for"); // Told of a job or of a sum.
        if (!value.empty() && value != "0" && (is_wait || !alone)) {
            out.push_back(fmt::format("fio's job {} has {}={}: how long its group's jobs ran "
                                      "beside each other is not told",
                                      named(job),
                                      option,
                                      value));
        }
    }
    out.insert(out.end(), job.doubts.begin(), job.doubts.end());
}

// Jobs beside each other have one rate only while all of them run.
void doubt_lengths(const std::vector<const JobResult*>& jobs, Doubts& out) {
    const auto by_length = [](const JobResult* a, const JobResult* b) {
        return runtime_ms(*a) < runtime_ms(*b);
    };
    const auto [shortest, longest] = std::minmax_element(jobs.begin(), jobs.end(), by_length);
    if (runtime_ms(**shortest) < runtime_ms(**longest) * 9 / 10) {
        out.push_back(fmt::format("fio's job {} ran for {} ms and {} for {} ms: their rates were "
                                  "not there at once",
                                  named(**shortest),
                                  runtime_ms(**shortest),
                                  named(**longest),
                                  runtime_ms(**longest)));
    }
}

void note_job(const JobResult& job, const drivers::fio::Result& result, results::RunRecord& out) {
    for (const char* option : {"rw", "bs", "iodepth", "rate_iops", "ioengine", "numjobs"}) {
        const std::string value = option_of(job, result, option);
        if (!value.empty()) {
            out.host[fmt::format("{}: {}", named(job), option)] = value;
        }
    }
    if (!option_of(job, result, "rate_iops").empty() || !option_of(job, result, "rate").empty()) {
        out.not_seen.push_back(fmt::format(
            "job {} was rated: its latency is service time, not response: fio stamps an access "
            "when it sends it, so an array that froze shows only as a few slow accesses",
            named(job)));
    }
}

// The jobs of one group, which ran beside each other, as a round.
results::RoundRecord round_of(const std::vector<const JobResult*>& jobs,
                              const drivers::fio::Result& result,
                              results::RunRecord& out) {
    results::RoundRecord round;
    std::vector<const JobResult*> busy;
    for (const JobResult* job : jobs) {
        doubt_job(*job, result, jobs.size() == 1, round.audit.invalid);
        for (const auto& [direction, found] : job->directions) {
            add_direction(direction, found, round);
        }
        note_job(*job, result, out);
        round.workload = round.workload.empty() ? job->name : round.workload;
        if (!job->directions.empty()) {
            busy.push_back(job);
        }
    }
    if (busy.size() > 1) {
        doubt_lengths(busy, round.audit.invalid);
    }
    round.point = "as measured";
    return round;
}

// When rounds began that followed each other up to this instant, where fio does not say it.
void set_instants(const drivers::fio::Result& result,
                  const std::vector<std::uint64_t>& starts_ms,
                  std::span<results::RoundRecord> rounds) {
    std::int64_t end_ns = nanoseconds_of(result.timestamp_ms);
    for (std::size_t i = rounds.size(); i > 0; --i) {
        results::RoundRecord& round = rounds[i - 1];
        end_ns = starts_ms[i - 1] > 0 ? nanoseconds_of(starts_ms[i - 1])
                                      : std::max<std::int64_t>(end_ns - round.duration_ns, 0);
        round.started_utc_ns = end_ns;
    }
}

void import_result(const drivers::fio::Result& result, results::RunRecord& out) {
    std::map<std::uint64_t, std::vector<const JobResult*>> groups; // Follow each other: stonewall.
    for (const JobResult& job : result.jobs) {
        groups[job.group.value_or(0)].push_back(&job);
    }
    std::vector<results::RoundRecord> rounds;
    std::vector<std::uint64_t> starts_ms;
    std::set<std::string> names;
    for (const auto& [group, jobs] : groups) {
        results::RoundRecord round = round_of(jobs, result, out);
        round.audit.invalid.insert(
            round.audit.invalid.end(), result.doubts.begin(), result.doubts.end());
        if (round.streams.empty()) {
            continue;
        }
        if (!names.insert(round.workload).second) {
            round.workload += fmt::format(", group {}", group);
        }
        starts_ms.push_back(jobs.front()->start_ms);
        rounds.push_back(std::move(round));
    }
    set_instants(result, starts_ms, rounds);
    std::move(rounds.begin(), rounds.end(), std::back_inserter(out.rounds));
    if (groups.size() > 1) {
        out.not_seen.push_back(
            fmt::format("fio ran {} groups of jobs one after another (stonewall): a round each",
                        groups.size()));
    }
    if (result.documents > 1) {
        out.not_seen.push_back(fmt::format("fio told of this run in {} documents "
                                           "(--status-interval), sums from the start all of them: "
                                           "the last is taken",
                                           result.documents));
    }
}

} // namespace

void import_fio(std::string_view text, const std::string& name, results::RunRecord& out) {
    try {
        const bool is_terse = text.find("\"fio version\"") == std::string_view::npos &&
                              drivers::fio::looks_terse(text);
        const std::vector<drivers::fio::Result> results =
            is_terse ? std::vector{drivers::fio::parse_terse(text)}
                     : drivers::fio::parse_results(text);
        for (const drivers::fio::Result& result : results) {
            out.host["tool"] = result.version;
            import_result(result, out);
        }
        if (is_terse) {
            out.not_seen.emplace_back("fio's terse output tells whole accesses a second, KiB and "
                                      "microseconds: counts and latencies are as coarse here; "
                                      "trims only from version 4 on");
        }
        if (results.size() > 1) {
            out.not_seen.push_back(
                fmt::format("the file holds {} runs of fio, one behind the other", results.size()));
        }
    } catch (const drivers::fio::ResultError& error) {
        throw profiles::FileError(fmt::format("{}: {}", name, error.what()));
    }
}

} // namespace bench::exchange
