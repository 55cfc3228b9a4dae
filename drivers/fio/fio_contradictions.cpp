// SPDX-License-Identifier: Apache-2.0
#include "drivers/fio/fio_contradictions.h"

#include "drivers/fio/fio_options.h"
#include "drivers/fio/latency_contradictions.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <iterator>

namespace drivers::fio {

namespace {

using Doubts = std::vector<std::string>;

// Outstanding accesses of jobs reported together, at most.
constexpr std::uint64_t in_flight_max = 65'536;

double real(std::uint64_t whole) {
    return static_cast<double>(whole);
}

// How many accesses may count as done and not as sent, or the other way round.
struct Slack {
    double more = 0; // Sent before a ramp ended, done behind it.
    double less = 0; // Sent, and not done or done again.
};

Slack slack_of(const JobResult& job, const Result& result, const Direction& direction) {
    const std::uint64_t depth = depth_of(job, result);
    const bool ramps = is_told(job, result, "ramp_time") || job.options.empty();
    const bool is_cut_off = ramps || is_told(job, result, "latency_target");
    const auto in_flight = real(is_alone(job) || !is_cut_off ? depth : in_flight_max);
    Slack out;
    out.more = ramps ? in_flight : 0;
    out.less = in_flight + real(direction.short_ios + direction.drop_ios + job.errors);
    return out;
}

class DirectionClaims {
public:
    DirectionClaims(const std::string& name,
                    const Direction& direction,
                    const JobResult& job,
                    const Result& result)
        : name_(name)
        , direction_(direction)
        , job_(job)
        , result_(result)
        , slack_(slack_of(job, result, direction)) {}

    Doubts checked() {
        check_rate();
        check_bytes_told_again();
        check_sizes();
        check_samples("lat_ns", direction_.total);
        check_samples("clat_ns", direction_.completion);
        check_both_latencies();
        check_time();
        return std::move(out_);
    }

private:
    template <typename... Values>
    void doubt(fmt::format_string<Values...> text, Values&&... values) {
        out_.push_back(fmt::format(text, std::forward<Values>(values)...));
    }

    double seconds() const { return real(direction_.runtime_ms) / 1000; }

    void check_rate() {
        if (direction_.runtime_ms == 0) {
            doubt("total_ios is {} and runtime 0: {}s in no time", direction_.total_ios, name_);
            return;
        }
        // fio 3 writes six digits behind the point, fio 2 two or none.
        const double digits = direction_.rounds_coarsely ? 1 : 1e-6;
        const double slack = 0.5 + seconds() * digits + real(direction_.total_ios) * 1e-6;
        if (std::abs(direction_.iops * seconds() - real(direction_.total_ios)) > slack) {
            doubt("total_ios {} and iops disagree: {} {}s in {:g} s are not {:g}/s",
                  direction_.total_ios,
                  direction_.total_ios,
                  name_,
                  seconds(),
                  direction_.iops);
        }
        if (direction_.short_ios > direction_.total_ios) {
            doubt("short_ios {} is above total_ios {}", direction_.short_ios, direction_.total_ios);
        }
    }

    // Each is cut down to what it counts in.
    void check_bytes_told_again() {
        const double bytes = real(direction_.io_bytes);
        const double grain = real(direction_.bytes_grain);
        if (direction_.io_kib && *direction_.io_kib != direction_.io_bytes / 1024) {
            doubt("io_kbytes {} and io_bytes {} disagree", *direction_.io_kib, direction_.io_bytes);
        }
        const auto disagrees = [&](double rate, double unit) {
            const double rest = bytes - rate * seconds();
            return rest < -grain - bytes * 1e-9 || rest > grain + seconds() * unit + bytes * 1e-9;
        };
        const auto& per_s = direction_.bytes_per_s;
        if (per_s && disagrees(real(*per_s), 1)) {
            doubt("bw_bytes {} and io_bytes {} in {:g} s disagree",
                  *per_s,
                  direction_.io_bytes,
                  seconds());
        }
        const auto& kib_per_s = direction_.kib_per_s;
        if (kib_per_s && disagrees(real(*kib_per_s) * 1024, 1024)) {
            doubt("bw {} and io_bytes {} in {:g} s disagree",
                  *kib_per_s,
                  direction_.io_bytes,
                  seconds());
        }
    }

    void check_sizes() {
        if (direction_.io_bytes == 0) {
            if (job_.errors == 0 && job_.error == 0 && real(direction_.total_ios) > slack_.less) {
                doubt("io_bytes is 0 and total_ios {}", direction_.total_ios);
            }
            return;
        }
        const auto sizes = sizes_of(job_, result_);
        const double most = (real(direction_.total_ios) + slack_.more) *
                            real(sizes ? sizes->most_bytes : 1ULL << 32U);
        const bool reads_back = is_told(job_, result_, "verify"); // Those are no bytes of the job.
        const double least = sizes && !reads_back ? (real(direction_.total_ios) - slack_.less) *
                                                        real(sizes->least_bytes)
                                                  : 0;
        constexpr double share = 0.01; // Of a short job that is reported together with a long one.
        const double bytes = real(direction_.io_bytes);
        const double slack = real(direction_.bytes_grain) + share * bytes;
        if (bytes > most + slack || bytes + slack < least) {
            doubt("io_bytes {} and total_ios {} disagree: of {} to {} bytes each",
                  direction_.io_bytes,
                  direction_.total_ios,
                  sizes ? sizes->least_bytes : 1,
                  sizes ? sizes->most_bytes : 1ULL << 32U);
        }
    }

    void check_samples(const char* latency_name, const Latency& latency) {
        const double counted = real(direction_.total_ios);
        const double timed = real(latency.count);
        const bool is_timed = latency.count > 0 || latency.max_ns > 0;
        if (is_timed && (timed > counted + slack_.more || timed < counted - slack_.less)) {
            doubt("{} N {} and total_ios {} disagree",
                  latency_name,
                  latency.count,
                  direction_.total_ios);
        }
    }

    // The whole latency is never shorter than its later part.
    void check_both_latencies() {
        const Latency& whole = direction_.total;
        const Latency& part = direction_.completion;
        Doubts of_part = contradictions("clat_ns", part);
        if (!of_part.empty() && part.grain_ns > 1 && whole.percentiles.empty()) {
            Latency other = whole; // Terse output does not say whose percentiles it tells.
            Latency own = part;
            std::swap(other.percentiles, own.percentiles);
            of_part =
                contradictions("lat_ns", other).empty() ? contradictions("clat_ns", own) : of_part;
        }
        const Doubts of_whole = contradictions("lat_ns", whole);
        out_.insert(out_.end(), of_whole.begin(), of_whole.end());
        out_.insert(out_.end(), of_part.begin(), of_part.end());
        if (whole.count == 0 || part.count == 0) {
            return;
        }
        if (whole.count != part.count) {
            doubt("lat_ns N {} and clat_ns N {} disagree", whole.count, part.count);
        }
        const auto less = [&](const char* what, double of_all, double of_some) {
            if (of_all + 1 + of_some * 1e-6 + real(whole.grain_ns) < of_some) {
                doubt("lat_ns {} {:.0f} is below clat_ns {} {:.0f}", what, of_all, what, of_some);
            }
        };
        const Latency& first = direction_.submission;
        if (first.count == whole.count && part.count == whole.count && first.mean_ns &&
            part.mean_ns && whole.mean_ns) {
            const double sum = *first.mean_ns + *part.mean_ns;
            if (std::abs(sum - *whole.mean_ns) > 1 + sum * 1e-6) {
                doubt("slat_ns mean {} and clat_ns mean {} together are not lat_ns mean {}",
                      *first.mean_ns,
                      *part.mean_ns,
                      *whole.mean_ns);
            }
        }
        less("min", real(whole.min_ns), real(part.min_ns));
        less("max", real(whole.max_ns), real(part.max_ns));
        if (whole.mean_ns && part.mean_ns) {
            less("mean", *whole.mean_ns, *part.mean_ns);
        }
    }

    void check_time() {
        constexpr std::uint64_t rounding_ms = 2;
        if (job_.job_runtime_ms && direction_.runtime_ms > *job_.job_runtime_ms + rounding_ms) {
            doubt(
                "runtime {} is above job_runtime {}", direction_.runtime_ms, *job_.job_runtime_ms);
        }
        if (job_.elapsed_s && direction_.runtime_ms > (*job_.elapsed_s + 1) * 1000) {
            doubt("runtime {} ms is above elapsed {} s", direction_.runtime_ms, *job_.elapsed_s);
        }
        if (job_.start_ms > 0 && result_.timestamp_ms > 0 &&
            job_.start_ms + direction_.runtime_ms > result_.timestamp_ms + 1000) {
            doubt("job_start {} and runtime {} ms end behind timestamp_ms {}",
                  job_.start_ms,
                  direction_.runtime_ms,
                  result_.timestamp_ms);
        }
    }

    const std::string& name_;
    const Direction& direction_;
    const JobResult& job_;
    const Result& result_;
    Slack slack_;
    Doubts out_;
};

// Samples that are the same to the last digit are one job's.
bool is_copy(const JobResult& one, const JobResult& other) {
    constexpr std::uint64_t enough = 16; // A few may be equal by chance.
    if (one.directions.size() != other.directions.size() || one.directions.empty()) {
        return false;
    }
    const auto same = [&](const auto& here) {
        const auto there = other.directions.find(here.first);
        if (there == other.directions.end()) {
            return false;
        }
        const Direction& a = here.second;
        const Direction& b = there->second;
        const bool is_fine = a.total.grain_ns == 1 && (a.total.mean_ns || a.completion.mean_ns);
        return is_fine && a.completion.count + a.total.count >= enough &&
               a.total_ios == b.total_ios && a.io_bytes == b.io_bytes &&
               a.runtime_ms == b.runtime_ms && a.total == b.total && a.completion == b.completion;
    };
    return std::all_of(one.directions.begin(), one.directions.end(), same);
}

void doubt_twins(const Result& result, Doubts& out) {
    std::vector<const JobResult*> jobs;
    for (const JobResult& job : result.jobs) {
        if (!job.directions.empty()) {
            jobs.push_back(&job);
        }
    }
    std::stable_sort(jobs.begin(), jobs.end(), [](const JobResult* one, const JobResult* other) {
        return one->directions.begin()->second.total_ios <
               other->directions.begin()->second.total_ios;
    });
    for (std::size_t i = 1; i < jobs.size(); ++i) {
        if (is_copy(*jobs[i - 1], *jobs[i])) {
            out.push_back(
                fmt::format("fio's jobs {} and {} say the same numbers to the last digit: "
                            "one of them stands twice",
                            jobs[i - 1]->name,
                            jobs[i]->name));
        }
    }
}

void doubt_copies(const Result& result, Doubts& out) {
    std::map<std::pair<std::string, std::string>, std::vector<const JobResult*>> named;
    for (const JobResult& job : result.jobs) {
        named[{job.name, job.host}].push_back(&job);
    }
    for (const auto& [name, jobs] : named) {
        const std::string copies = option_of(*jobs.front(), result, "numjobs");
        const auto wanted = copies.empty() ? 1ULL : std::strtoull(copies.c_str(), nullptr, 10);
        const bool are_together = jobs.size() == 1 && !is_alone(*jobs.front());
        if (wanted > 1 && jobs.size() % wanted != 0 && !are_together) {
            out.push_back(fmt::format("numjobs of fio's job {} is {}, and jobs has {} of that name",
                                      name.first,
                                      copies,
                                      jobs.size()));
        }
    }
}

// Groups follow each other behind a stonewall; a new_group waits for nobody. fio repeats neither
// where it has no value, but tells how long all of it took.
void doubt_groups(const Result& result, Doubts& out) {
    std::map<std::uint64_t, std::uint64_t> longest_ms; // By groups.
    std::optional<std::uint64_t> elapsed_s;
    bool is_beside = false;
    const JobResult* without = nullptr;
    for (const JobResult& job : result.jobs) {
        without = job.group ? without : &job;
        elapsed_s = job.elapsed_s ? job.elapsed_s : elapsed_s;
        is_beside =
            is_beside || (is_told(job, result, "new_group") && !is_told(job, result, "stonewall"));
        std::uint64_t& longest = longest_ms[job.group.value_or(0)];
        for (const auto& [name, direction] : job.directions) {
            longest = std::max(longest, direction.runtime_ms);
        }
    }
    if (without != nullptr && result.jobs.size() > 1) {
        out.push_back(fmt::format("fio's job {} has no groupid: beside which of the {} jobs it ran "
                                  "is not told",
                                  without->name,
                                  result.jobs.size()));
    }
    if (longest_ms.size() < 2) {
        return;
    }
    std::uint64_t all_ms = 0;
    for (const auto& [group, longest] : longest_ms) {
        all_ms += longest;
    }
    if (is_beside || !elapsed_s) {
        out.push_back(
            fmt::format("groupid tells of {} groups{}: whether they ran behind each other "
                        "or beside each other is not known",
                        longest_ms.size(),
                        is_beside ? ", and new_group waits for none" : ", and no elapsed"));
    } else if (all_ms > *elapsed_s * 1000) {
        out.push_back(
            fmt::format("runtime of the {} groups, {} ms together, is above elapsed {} s: "
                        "they ran beside each other",
                        longest_ms.size(),
                        all_ms,
                        *elapsed_s));
    }
}

} // namespace

Doubts contradictions(const JobResult& job, const Result& result) {
    Doubts out;
    if (!job.tells_error) {
        out.emplace_back("error is missing: whether it failed is not told");
    }
    for (const auto& [name, direction] : job.directions) {
        const bool did_nothing = direction.total_ios == 0;
        if (did_nothing && (direction.io_bytes > 0 || direction.total.count > 0 ||
                            direction.completion.count > 0)) {
            out.push_back(fmt::format("{}: total_ios is 0, io_bytes {}, lat_ns N {}, clat_ns N {}",
                                      name,
                                      direction.io_bytes,
                                      direction.total.count,
                                      direction.completion.count));
        }
        if (did_nothing) {
            if (direction.iops > 0) {
                out.push_back(fmt::format("{}: total_ios is 0, iops {}", name, direction.iops));
            }
            continue;
        }
        for (const std::string& one : DirectionClaims(name, direction, job, result).checked()) {
            out.push_back(name + ": " + one);
        }
    }
    for (std::string& one : out) {
        one.insert(0, fmt::format("fio's job {}: ", job.name));
    }
    return out;
}

Doubts contradictions(const Result& result) {
    Doubts out;
    doubt_twins(result, out);
    doubt_copies(result, out);
    doubt_groups(result, out);
    constexpr std::uint64_t apart_s = 1; // Two looks at the clock, in old versions.
    const std::uint64_t seconds = result.timestamp_ms / 1000;
    if (result.timestamp_s > 0 &&
        (seconds > result.timestamp_s + apart_s || seconds + apart_s < result.timestamp_s)) {
        out.push_back(fmt::format(
            "timestamp {} and timestamp_ms {} disagree", result.timestamp_s, result.timestamp_ms));
    }
    return out;
}

} // namespace drivers::fio
