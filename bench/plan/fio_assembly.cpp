// SPDX-License-Identifier: Apache-2.0
#include "bench/plan/fio_assembly.h"

#include "drivers/api/errors.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace bench::plan {

namespace {

using drivers::UsageError;
using profiles::AccessOp;
using profiles::Pace;
using profiles::Spot;
using profiles::Workload;
using profiles::WorkloadStream;

constexpr std::uint64_t align_bytes = 4096;
constexpr std::uint32_t open_depth = 256; // Room for what an open loop has outstanding.
constexpr std::uint32_t zones_max = 64;

double total_share(const Workload& workload) {
    double out = 0;
    for (const WorkloadStream& stream : workload.streams) {
        out += stream.share;
    }
    return out;
}

bool is_sequential(const WorkloadStream& stream) {
    return stream.locality.spot == Spot::sequential || stream.locality.spot == Spot::append;
}

std::string mode_of(const WorkloadStream& stream) {
    const std::string front = is_sequential(stream) ? "" : "rand";
    switch (stream.op) {
    case AccessOp::read:
        return front + "read";
    case AccessOp::write:
        return front + "write";
    case AccessOp::unmap:
        return front + "trim";
    default:
        throw UsageError(
            fmt::format("stream \"{}\": fio only reads, writes and trims", stream.name));
    }
}

std::string distribution_of(const WorkloadStream& stream, std::vector<std::string>& notes) {
    const profiles::Locality& where = stream.locality;
    if (where.spot == Spot::zipf) {
        notes.push_back(fmt::format(
            "{}: fio draws its own Zipf places; how hot the hottest are may differ", stream.name));
        // fio refuses exactly 1.
        return fmt::format("zipf:{:.3f}",
                           std::abs(where.zipf_theta - 1) < 1e-3 ? 1.001 : where.zipf_theta);
    }
    if (where.spot == Spot::hot_spot) {
        const long space = std::clamp(std::lround(where.hot_space * 100), 1L, 99L);
        const long accesses = std::clamp(std::lround(where.hot_accesses * 100), 1L, 99L);
        return fmt::format("zoned:{}/{}:{}/{}", accesses, space, 100 - accesses, 100 - space);
    }
    return {};
}

std::vector<std::pair<std::uint64_t, double>> blocks_of(const WorkloadStream& stream) {
    double all = 0;
    for (const profiles::BlockShare& block : stream.blocks) {
        all += block.share;
    }
    std::vector<std::pair<std::uint64_t, double>> out;
    for (const profiles::BlockShare& block : stream.blocks) {
        out.emplace_back(block.size_bytes, 100 * block.share / all);
    }
    return out;
}

std::uint64_t aligned(double bytes) {
    return static_cast<std::uint64_t>(bytes) / align_bytes * align_bytes;
}

// What does not depend on the pace.
drivers::fio::Job job_of(const WorkloadStream& stream,
                         const Workload& workload,
                         const FioAsk& ask,
                         std::vector<std::string>& notes) {
    drivers::fio::Job out;
    out.name = stream.name;
    out.mode = mode_of(stream);
    out.distribution = distribution_of(stream, notes);
    const bool reads = stream.op == AccessOp::read;
    (reads ? out.read_blocks : out.write_blocks) = blocks_of(stream);
    const auto size = static_cast<double>(ask.size_bytes);
    out.offset_bytes = ask.from_bytes + aligned(size * stream.locality.region_from);
    out.size_bytes = ask.from_bytes + aligned(size * stream.locality.region_to) - out.offset_bytes;
    if (out.size_bytes == 0) {
        throw UsageError(fmt::format("stream \"{}\": its part of the working set of {} bytes is "
                                     "too small for fio",
                                     stream.name,
                                     ask.size_bytes));
    }
    if (stream.op != AccessOp::write) {
        return out;
    }
    out.compressible_percent = workload.reduction.compressible_share * 100;
    out.duplicate_percent = workload.reduction.duplicate_share * 100;
    out.fsync_every_writes = workload.flush.every_writes;
    out.synchronous_writes = stream.fua_share >= 0.5;
    if (stream.fua_share > 0 && stream.fua_share < 1) {
        notes.push_back(fmt::format("{}: {:.0f} % of its writes are FUA; fio does {} so",
                                    stream.name,
                                    stream.fua_share * 100,
                                    out.synchronous_writes ? "all" : "none"));
    }
    return out;
}

// So many cursors, each in a zone of its own: so many jobs.
void spread_zones(drivers::fio::Job& job, const WorkloadStream& stream) {
    const std::uint32_t zones = stream.locality.spot == Spot::append ? stream.locality.zones : 1;
    if (zones <= 1) {
        return;
    }
    if (zones > zones_max) {
        throw UsageError(fmt::format("stream \"{}\": {} zones: fio takes a job for each, and more "
                                     "than {} would measure this host",
                                     stream.name,
                                     zones,
                                     zones_max));
    }
    job.copies = zones;
    job.copy_step_bytes = aligned(static_cast<double>(job.size_bytes) / zones);
    job.size_bytes = job.copy_step_bytes;
    job.rate_per_s /= zones;
    job.depth = std::max(1U, job.depth / zones);
}

void pace_open(drivers::fio::Job& job, const WorkloadStream& stream, const Workload& workload) {
    const double rate = workload.arrivals.rate_per_s * stream.share / total_share(workload);
    job.depth = open_depth;
    job.rate_per_s = rate;
    job.poisson = workload.arrivals.pace != Pace::fixed;
    if (job.poisson) {
        const std::uint32_t jobs = drivers::fio::poisson_jobs(rate);
        if (jobs == 0 || (jobs > 1 && is_sequential(stream))) {
            throw UsageError(fmt::format(
                "stream \"{}\": {:.0f}/s as a Poisson process: fio would submit {:.1f} % too many "
                "(it counts gaps in whole microseconds){}",
                stream.name,
                rate,
                100 * (drivers::fio::poisson_overshoot(rate) - 1),
                jobs == 0 ? "" : ", and a sequential stream cannot be split among jobs"));
        }
        job.copies = jobs;
        job.rate_per_s = rate / jobs;
        job.depth = std::max(16U, open_depth / jobs);
    }
    if (std::llround(job.rate_per_s) < 1) {
        throw UsageError(
            fmt::format("stream \"{}\": {:.2f}/s: fio takes no rate below 1/s", stream.name, rate));
    }
    if (workload.arrivals.pace == Pace::bursts) {
        job.burst_on = workload.arrivals.on;
        job.burst_off = workload.arrivals.off;
    }
}

void closed_jobs(const Workload& workload, const FioAsk& ask, drivers::fio::JobFile& out) {
    const auto& streams = workload.streams;
    drivers::fio::Job first = job_of(streams[0], workload, ask, out.notes);
    first.depth = std::max(1U, workload.arrivals.depth);
    if (streams.size() == 1) {
        spread_zones(first, streams[0]);
        out.jobs.push_back(first);
        return;
    }
    const bool mix = streams.size() == 2 &&
                     is_sequential(streams[0]) == is_sequential(streams[1]) &&
                     ((streams[0].op == AccessOp::read && streams[1].op == AccessOp::write) ||
                      (streams[0].op == AccessOp::write && streams[1].op == AccessOp::read));
    drivers::fio::Job second = mix ? job_of(streams[1], workload, ask, out.notes) : first;
    if (!mix || first.offset_bytes != second.offset_bytes ||
        first.size_bytes != second.size_bytes || first.distribution != second.distribution) {
        throw UsageError("a closed loop over several streams: fio only mixes one stream of reads "
                         "with one of writes over the same places; give the workload a rate");
    }
    drivers::fio::Job& writes = streams[0].op == AccessOp::write ? first : second;
    const drivers::fio::Job& reads = streams[0].op == AccessOp::write ? second : first;
    const double read_share = streams[0].op == AccessOp::read ? streams[0].share : streams[1].share;
    writes.name = "mix";
    writes.read_blocks = reads.read_blocks;
    writes.mode = is_sequential(streams[0]) ? "rw" : "randrw";
    writes.read_percent = 100 * read_share / total_share(workload);
    writes.depth = std::max(1U, workload.arrivals.depth);
    out.jobs.push_back(writes);
}

void note_differences(const Workload& workload, drivers::fio::JobFile& out) {
    if (workload.arrivals.pace != Pace::closed) {
        out.notes.emplace_back("An array that stalls makes fio's open loop wait with it: what is "
                               "late is not sent faster afterwards than the rate");
    }
    if (workload.arrivals.pace == Pace::bursts) {
        out.notes.emplace_back("Bursts are fio's thinktime: it pauses after so long a time of "
                               "I/O, and the jobs' bursts are not in step");
    }
    if (workload.flush.every.count() > 0) {
        out.notes.emplace_back("fio has no flush by time: left out");
    }
    for (const drivers::fio::Job& job : out.jobs) {
        if (job.fsync_every_writes > 0 && !drivers::fio::flushes(job)) {
            out.notes.push_back(fmt::format("{}: flushes are left out: a job with a rate that "
                                            "flushes makes fio write beyond its own arrays",
                                            job.name));
        }
    }
    for (const drivers::fio::Job& job : out.jobs) {
        for (const auto* blocks : {&job.read_blocks, &job.write_blocks}) {
            for (const auto& [size, percent] : *blocks) {
                if (std::abs(percent - std::round(percent)) > 0.01) {
                    out.notes.push_back(
                        fmt::format("{}: fio takes block shares in whole percents", job.name));
                    return;
                }
            }
        }
    }
}

} // namespace

drivers::fio::JobFile fio_jobs(const Workload& workload, const FioAsk& ask) {
    if (workload.streams.empty()) {
        throw UsageError(fmt::format(
            "workload \"{}\": no synthetic streams in it that fio could imitate", workload.name));
    }
    drivers::fio::JobFile out;
    out.runtime = ask.runtime;
    out.ramp = ask.ramp;
    out.seed = ask.seed;
    if (workload.arrivals.pace == Pace::closed) {
        closed_jobs(workload, ask, out);
    } else {
        for (const WorkloadStream& stream : workload.streams) {
            drivers::fio::Job job = job_of(stream, workload, ask, out.notes);
            pace_open(job, stream, workload);
            spread_zones(job, stream);
            out.jobs.push_back(job);
        }
    }
    note_differences(workload, out);
    return out;
}

bool is_clipped(const FioStream& stream, double quantile) {
    return static_cast<double>(stream.clipped) >
           static_cast<double>(stream.service_ns.count()) * (1 - quantile);
}

results::Histogram histogram_of(const drivers::fio::Latency& latency) {
    results::Histogram out;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> bins = latency.bins;
    if (bins.empty()) {
        return out;
    }
    // The ends are known exactly: one sample each.
    --bins.front().second;
    out.record(latency.min_ns);
    if (latency.clipped() > 0) { // At least so long: no more is known of those.
        bins.back().first = drivers::fio::last_bucket_ns;
    }
    if (latency.count > 1) {
        --bins.back().second;
        out.record(latency.max_ns);
    }
    for (const auto& [middle, count] : bins) {
        out.record(std::clamp(middle, latency.min_ns, latency.max_ns), count);
    }
    return out;
}

std::vector<FioStream> fio_streams(const drivers::fio::Result& result) {
    std::vector<FioStream> out;
    for (const drivers::fio::JobResult& job : result.jobs) {
        for (const auto& [name, direction] : job.directions) {
            const std::string operation = name == "trim" ? "unmap" : name;
            auto found = std::find_if(out.begin(), out.end(), [&](const FioStream& one) {
                return one.operation == operation;
            });
            if (found == out.end()) {
                out.emplace_back().operation = operation;
                found = std::prev(out.end());
            }
            found->service_ns.merge(histogram_of(direction.total));
            found->completed += direction.total_ios;
            found->bytes += direction.io_bytes;
            found->clipped += direction.total.clipped();
            found->rate_per_s += direction.iops;
        }
    }
    return out;
}

} // namespace bench::plan
