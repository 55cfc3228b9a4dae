// SPDX-License-Identifier: Apache-2.0
#include "drivers/fio/fio_checks.h"

#include "drivers/fio/fio_contradictions.h"
#include "drivers/fio/fio_versions.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <limits>

namespace drivers::fio {

namespace {

void check_latency(const JobResult& job, const std::string& name, Latency& latency) {
    std::sort(latency.bins.begin(), latency.bins.end());
    std::uint64_t counted = 0;
    for (const auto& [middle, count] : latency.bins) {
        if (count > std::numeric_limits<std::uint64_t>::max() / 2 - counted) {
            throw ResultError(
                fmt::format("fio's result: job {}: {}: impossible counts", job.name, name));
        }
        counted += count;
    }
    if (!latency.bins.empty() && counted != latency.count) {
        throw ResultError(fmt::format("fio's result: job {}: {}: its bins hold {} samples and it "
                                      "says {}",
                                      job.name,
                                      name,
                                      counted,
                                      latency.count));
    }
    if (latency.min_ns > latency.max_ns) {
        throw ResultError(
            fmt::format("fio's result: job {}: {}: a minimum above the maximum", job.name, name));
    }
}

std::uint64_t accesses(const JobResult& job) {
    std::uint64_t out = 0;
    for (const auto& [name, direction] : job.directions) {
        out += direction.total_ios;
    }
    return out;
}

// Where reads and writes stand beside their sum, which is then left out.
void doubt_sum(JobResult& job) {
    const auto sum = job.directions.find("mixed");
    if (sum == job.directions.end() || job.directions.size() == 1) {
        return;
    }
    const std::uint64_t parts = accesses(job) - sum->second.total_ios;
    if (sum->second.total_ios != parts) {
        job.doubts.push_back(fmt::format("fio's job {}: mixed: total_ios {} is not that of its "
                                         "parts, {}",
                                         job.name,
                                         sum->second.total_ios,
                                         parts));
    }
}

// What all jobs did together is added up in 64 bits.
void check_sums(const Result& result) {
    constexpr double most = 1ULL << 62U;
    constexpr std::uint64_t longest_ms = 4'000'000'000'000;
    double accesses_and_bytes = 0;
    for (const JobResult& job : result.jobs) {
        for (const auto& [name, one] : job.directions) {
            accesses_and_bytes +=
                static_cast<double>(one.total_ios) + static_cast<double>(one.short_ios) +
                static_cast<double>(one.drop_ios) + static_cast<double>(one.io_bytes);
            if (accesses_and_bytes > most || one.runtime_ms > longest_ms) {
                throw ResultError(fmt::format("fio's result: job {}: {}: impossible counts: {} "
                                              "accesses, {} bytes, {} ms",
                                              job.name,
                                              name,
                                              one.total_ios,
                                              one.io_bytes,
                                              one.runtime_ms));
            }
        }
    }
}

// fio drops a server's job without a word; its own sum over all clients gives it away.
void check_clients(const Result& result) {
    if (!result.all_clients) {
        return;
    }
    std::uint64_t told = 0;
    for (const JobResult& job : result.jobs) {
        told += accesses(job);
    }
    if (told != accesses(*result.all_clients)) {
        throw ResultError(fmt::format("fio's result: its clients' jobs did {} accesses and \"All "
                                      "clients\" {}: a server's job is missing",
                                      told,
                                      accesses(*result.all_clients)));
    }
}

// What has been counted must be told in full: what is missing would else be taken for nothing.
void check_counts(const JobResult& job, const std::string& name, const Direction& direction) {
    constexpr std::array<const char*, 3> wanted = {"total_ios", "io_bytes", "runtime"};
    const bool is_idle = direction.total_ios == 0 && direction.io_bytes == 0 &&
                         direction.runtime_ms == 0 && !(direction.iops > 0);
    for (std::size_t i = direction.is_old ? 1 : 0; i < wanted.size() && !is_idle; ++i) {
        if ((direction.told >> i & 1U) == 0) {
            throw ResultError(
                fmt::format("fio's result: job {}: {}: wanted {}", job.name, name, wanted[i]));
        }
    }
}

} // namespace

Result checked(Result result) {
    if (result.version.rfind("fio-", 0) != 0) {
        throw ResultError("fio's result: no \"fio version\" in it");
    }
    for (JobResult& job : result.jobs) {
        for (auto& [name, direction] : job.directions) {
            direction.is_old = direction.is_old || (result.version.rfind("fio-2.", 0) == 0 &&
                                                    (direction.told & told_ns) == 0);
            check_counts(job, name, direction);
        }
        doubt_sum(job);
        as_of_today(job);
        const std::vector<std::string> doubts = contradictions(job, result);
        job.doubts.insert(job.doubts.end(), doubts.begin(), doubts.end());
        std::erase_if(job.directions, [](const auto& one) { return one.second.total_ios == 0; });
        for (auto& [name, direction] : job.directions) {
            check_latency(job, name + " lat_ns", direction.total);
            check_latency(job, name + " clat_ns", direction.completion);
        }
    }
    check_sums(result);
    check_clients(result);
    const std::vector<std::string> doubts = contradictions(result);
    result.doubts.insert(result.doubts.end(), doubts.begin(), doubts.end());
    return result;
}

std::uint64_t Latency::clipped() const {
    if (bins.empty() || max_ns < clip_ns) {
        return 0;
    }
    return bins.back().first >= last_bucket_ns ? bins.back().second : 0;
}

} // namespace drivers::fio
