// SPDX-License-Identifier: Apache-2.0
#include "drivers/fio/document_order.h"

#include "drivers/fio/fio_options.h"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>

namespace drivers::fio {

namespace {

// By groups, which follow each other: how long accesses were made.
std::uint64_t measured_ms(const Result& result) {
    std::map<std::uint64_t, std::uint64_t> groups;
    for (const JobResult& job : result.jobs) {
        for (const auto& [name, direction] : job.directions) {
            std::uint64_t& longest_ms = groups[job.group.value_or(0)];
            longest_ms = std::max(longest_ms, direction.runtime_ms);
        }
    }
    std::uint64_t out = 0;
    for (const auto& [group, longest_ms] : groups) {
        out += std::min<std::uint64_t>(longest_ms, 1ULL << 50U);
    }
    return out;
}

// At the latest, for what is not measured comes before it.
std::uint64_t began_ms(const Result& result) {
    return result.timestamp_ms - std::min(measured_ms(result), result.timestamp_ms);
}

bool may_have_ended(const Result& result) {
    const auto was_timed = [](const auto& one) { // At its end fio counts a begun millisecond.
        return one.second.total_ios == 0 || one.second.runtime_ms > 0;
    };
    return std::all_of(result.jobs.begin(), result.jobs.end(), [&](const JobResult& job) {
        return (job.eta_s == 0 || job.eta_s >= eta_unknown) &&
               std::all_of(job.directions.begin(), job.directions.end(), was_timed);
    });
}

bool has_grown(const JobResult& before, const JobResult& after) {
    return std::all_of(before.directions.begin(), before.directions.end(), [&](const auto& one) {
        const auto found = after.directions.find(one.first);
        return found != after.directions.end() && found->second.total_ios >= one.second.total_ios &&
               found->second.io_bytes >= one.second.io_bytes &&
               found->second.runtime_ms >= one.second.runtime_ms;
    });
}

// How long was run before anything was counted anew.
std::uint64_t ramp_ms(const Result& result) {
    double out = 0;
    for (const JobResult& job : result.jobs) {
        out = std::max(out, milliseconds_of(option_of(job, result, "ramp_time")));
    }
    return static_cast<std::uint64_t>(std::min(out, 1e12));
}

bool is_same_run(const Result& before, const Result& after) {
    if (before.version != after.version || before.jobs.size() != after.jobs.size() ||
        (after.timestamp_ms > 0 && after.timestamp_ms < began_ms(before))) {
        return false;
    }
    bool grown = true;
    for (std::size_t i = 0; i < before.jobs.size(); ++i) {
        if (before.jobs[i].name != after.jobs[i].name) {
            return false;
        }
        grown = grown && has_grown(before.jobs[i], after.jobs[i]);
    }
    const std::uint64_t ramped_ms = ramp_ms(after);
    if (!may_have_ended(before) && (grown || ramped_ms > 0)) {
        return true;
    }
    const std::uint64_t began = began_ms(after) - std::min(ramped_ms, began_ms(after));
    return (grown || ramped_ms > 0 || !may_have_ended(before)) && began <= before.timestamp_ms;
}

// Sums from the start never fall, but where a ramp ends. Both documents are one run's.
void doubt_fall(const Result& before, Result& after) {
    for (std::size_t i = 0; i < before.jobs.size(); ++i) {
        const JobResult& was = before.jobs[i];
        const JobResult& is = after.jobs[i];
        for (const auto& [name, direction] : was.directions) {
            const auto found = is.directions.find(name);
            const std::uint64_t now = found == is.directions.end() ? 0 : found->second.total_ios;
            if (now < direction.total_ios && !is_told(is, after, "ramp_time")) {
                after.doubts.push_back(fmt::format(
                    "fio's job {}: {}: total_ios falls from {} in one document to {} in the next, "
                    "and no ramp_time is told of: they do not stand as fio wrote them",
                    is.name,
                    name,
                    direction.total_ios,
                    now));
                return;
            }
        }
    }
}

void doubt_times(const Result& before, Result& after) {
    if (after.timestamp_ms < before.timestamp_ms) {
        after.doubts.push_back(
            fmt::format("timestamp_ms falls from {} in one document to {} in the "
                        "next: they do not stand as fio wrote them",
                        before.timestamp_ms,
                        after.timestamp_ms));
    }
}

// Runs that one file tells of one behind the other did not run at the same time.
void doubt_overlaps(std::vector<Result>& runs) {
    std::vector<Result*> ordered;
    for (Result& run : runs) {
        ordered.push_back(&run);
        if (run.timestamp_ms == 0 && runs.size() > 1) {
            run.doubts.emplace_back("timestamp_ms is missing: whether it ran beside another run of "
                                    "this file is not told");
        }
    }
    const auto rounding_ms = [](std::uint64_t measured) { // Of a clock that is set meanwhile.
        return std::min<std::uint64_t>(10, measured / 2) + measured / 1000;
    };
    std::sort(ordered.begin(), ordered.end(), [](const Result* one, const Result* other) {
        return one->timestamp_ms < other->timestamp_ms;
    });
    for (std::size_t i = 1; i < ordered.size(); ++i) {
        Result& earlier = *ordered[i - 1];
        Result& later = *ordered[i];
        if (began_ms(later) + rounding_ms(measured_ms(later)) < earlier.timestamp_ms) {
            const std::string why =
                fmt::format("by timestamp_ms {} and its runtime one run of this file began before "
                            "another had ended at timestamp_ms {}: they ran beside each other, or "
                            "are documents of one run in another order than fio's",
                            later.timestamp_ms,
                            earlier.timestamp_ms);
            earlier.doubts.push_back(why);
            later.doubts.push_back(why);
        }
    }
}

} // namespace

std::vector<Result> last_of_each_run(std::vector<Result> documents) {
    std::vector<Result> out;
    for (Result& document : documents) {
        if (!out.empty() && is_same_run(out.back(), document)) {
            doubt_fall(out.back(), document);
            doubt_times(out.back(), document);
            document.documents = out.back().documents + 1;
            document.doubts.insert(
                document.doubts.begin(), out.back().doubts.begin(), out.back().doubts.end());
            document.text_before = std::move(out.back().text_before);
            out.pop_back();
        }
        out.push_back(std::move(document));
    }
    doubt_overlaps(out);
    return out;
}

} // namespace drivers::fio
