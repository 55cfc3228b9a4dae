// SPDX-License-Identifier: Apache-2.0
#include "bench/exchange/merge.h"

#include "drivers/api/errors.h"

#include <algorithm>
#include <cstdio>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <set>

namespace bench::exchange {

namespace {

using results::RoundRecord;
using results::RunRecord;

struct Part {
    unsigned index = 0;
    unsigned count = 0;
    auto operator<=>(const Part&) const = default; // NOLINT(modernize-use-nullptr): none there.
};

std::vector<Part> parts_of(const RunRecord& run) {
    const auto found = run.host.find(shard_key);
    if (found == run.host.end()) {
        throw drivers::UsageError(
            fmt::format("{}: wanted a part of a load, driven with --shard", run.id));
    }
    std::vector<Part> out;
    std::string_view rest = found->second;
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find('+'), rest.size());
        Part part;
        const std::string one(rest.substr(0, end));
        if (std::sscanf(one.c_str(), "%u/%u", &part.index, &part.count) != 2 || part.index < 1 ||
            part.index > part.count) {
            throw drivers::UsageError(fmt::format("{}: \"{}\" is no part of a load", run.id, one));
        }
        out.push_back(part);
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return out;
}

std::string text_of(const std::set<Part>& parts) {
    std::vector<std::string> out;
    out.reserve(parts.size());
    for (const Part& part : parts) {
        out.push_back(fmt::format("{}/{}", part.index, part.count));
    }
    return fmt::format("{}", fmt::join(out, "+"));
}

// All parts, each once, of one division.
std::set<Part> all_parts(std::span<const RunRecord> runs) {
    std::set<Part> out;
    for (const RunRecord& run : runs) {
        for (const Part& part : parts_of(run)) {
            if (!out.empty() && out.begin()->count != part.count) {
                throw drivers::UsageError(fmt::format("{}: part {}/{} beside parts of {}",
                                                      run.id,
                                                      part.index,
                                                      part.count,
                                                      out.begin()->count));
            }
            if (!out.insert(part).second) {
                throw drivers::UsageError(
                    fmt::format("{}: part {}/{} is there twice", run.id, part.index, part.count));
            }
        }
    }
    return out;
}

// Highest values do not add up.
bool is_extreme(const std::string& name) {
    for (const char* word : {"_p50", "_p99", "_max", "high_water", "fraction", "ns@", "_done_ns"}) {
        if (name.find(word) != std::string::npos) {
            return true;
        }
    }
    return false;
}

void add_stream(const results::StreamRecord& from, results::StreamRecord& to) {
    to.response_ns.merge(from.response_ns);
    to.wait_ns.merge(from.wait_ns);
    to.service_ns.merge(from.service_ns);
    to.completed += from.completed;
    to.bytes += from.bytes;
    to.failed += from.failed;
    to.timed_out += from.timed_out;
    to.lost += from.lost;
    to.unfinished += from.unfinished;
    for (const auto& [text, count] : from.errors) {
        to.errors[text] += count;
    }
}

void add_interval(const results::IntervalRecord& from, results::IntervalRecord& to) {
    to.length_ns = std::max(to.length_ns, from.length_ns);
    to.due += from.due;
    to.submitted += from.submitted;
    to.completed += from.completed;
    to.errors += from.errors;
    to.bytes_read += from.bytes_read;
    to.bytes_written += from.bytes_written;
    to.response_ns_p50 = std::max(to.response_ns_p50, from.response_ns_p50);
    to.response_ns_p99 = std::max(to.response_ns_p99, from.response_ns_p99);
    to.response_ns_max = std::max(to.response_ns_max, from.response_ns_max);
    to.outstanding_max += from.outstanding_max;
    to.invalid += to.invalid.empty() || from.invalid.empty() ? from.invalid : "; " + from.invalid;
}

void add_audit(const results::AuditRecord& from, results::AuditRecord& to) {
    to.offered_per_s += from.offered_per_s;
    to.achieved_per_s += from.achieved_per_s;
    to.scheduled += from.scheduled;
    to.submitted += from.submitted;
    to.completed += from.completed;
    to.slip_ns.merge(from.slip_ns);
    to.lane_cpu_fraction = std::max(to.lane_cpu_fraction, from.lane_cpu_fraction);
    to.host_cpu_fraction = std::max(to.host_cpu_fraction, from.host_cpu_fraction);
    to.cpu_s_per_million = std::max(to.cpu_s_per_million, from.cpu_s_per_million);
    to.emulator_lateness_ns_p99 =
        std::max(to.emulator_lateness_ns_p99, from.emulator_lateness_ns_p99);
    to.emulator_service_ns_p50 = std::max(to.emulator_service_ns_p50, from.emulator_service_ns_p50);
    to.invalid.insert(to.invalid.end(), from.invalid.begin(), from.invalid.end());
}

void add_measures(const RoundRecord& from, RoundRecord& to) {
    for (const auto& [name, value] : from.measures) {
        const auto [found, is_new] = to.measures.emplace(name, value);
        if (!is_new) {
            found->second =
                is_extreme(name) ? std::max(found->second, value) : found->second + value;
        }
    }
}

std::int64_t end_of(const RoundRecord& round) {
    return round.started_utc_ns + round.ramp_ns + round.duration_ns;
}

// When the hosts began and ended, in the record's own measures, so that merging goes on.
void note_times(const RoundRecord& from, RoundRecord& to) {
    const auto done = [](const RoundRecord& round, const char* which) {
        const auto found = round.measures.find(which);
        return found != round.measures.end()
                   ? round.started_utc_ns + static_cast<std::int64_t>(found->second)
                   : end_of(round);
    };
    const auto skew_of = [](const RoundRecord& round) {
        const auto found = round.measures.find("start_skew_ns_max");
        return found != round.measures.end() ? static_cast<std::int64_t>(found->second) : 0;
    };
    const std::int64_t first = std::min(done(from, "first_done_ns"), done(to, "first_done_ns"));
    const std::int64_t last = std::max(done(from, "last_done_ns"), done(to, "last_done_ns"));
    const std::int64_t latest =
        std::max(from.started_utc_ns + skew_of(from), to.started_utc_ns + skew_of(to));
    to.started_utc_ns = std::min(from.started_utc_ns, to.started_utc_ns);
    to.duration_ns = std::max(from.duration_ns, to.duration_ns);
    to.measures["first_done_ns"] = static_cast<double>(first - to.started_utc_ns);
    to.measures["last_done_ns"] = static_cast<double>(last - to.started_utc_ns);
    to.measures["start_skew_ns_max"] = static_cast<double>(latest - to.started_utc_ns);
}

void add_round(const RoundRecord& from, RoundRecord& to) {
    note_times(from, to);
    for (const results::StreamRecord& stream : from.streams) {
        const auto found = std::find_if(to.streams.begin(), to.streams.end(), [&](const auto& one) {
            return one.name == stream.name;
        });
        if (found == to.streams.end()) {
            to.streams.push_back(stream);
        } else {
            add_stream(stream, *found);
        }
    }
    for (const results::IntervalRecord& interval : from.intervals) {
        const auto found =
            std::find_if(to.intervals.begin(), to.intervals.end(), [&](const auto& one) {
                return one.from_ns == interval.from_ns;
            });
        if (found == to.intervals.end()) {
            to.intervals.push_back(interval);
        } else {
            add_interval(interval, *found);
        }
    }
    std::sort(to.intervals.begin(), to.intervals.end(), [](const auto& a, const auto& b) {
        return a.from_ns < b.from_ns;
    });
    for (const auto& [name, histogram] : from.histograms) {
        to.histograms[name].merge(histogram);
    }
    add_audit(from.audit, to.audit);
    RoundRecord own = from; // Times have been noted for both already.
    own.measures.erase("first_done_ns");
    own.measures.erase("last_done_ns");
    own.measures.erase("start_skew_ns_max");
    add_measures(own, to);
    to.findings.insert(to.findings.end(), from.findings.begin(), from.findings.end());
    if (from.ended != "complete") {
        to.ended = from.ended;
    }
}

// A single host's CPU and slip, before they are lost in the sums.
RoundRecord labelled(RoundRecord round, const std::string& who) {
    round.measures["lane_cpu_fraction@" + who] = round.audit.lane_cpu_fraction;
    round.measures["slip_p99_ns@" + who] =
        static_cast<double>(round.audit.slip_ns.quantile_ns(0.99));
    for (std::string& reason : round.audit.invalid) {
        reason.insert(0, who + ": ");
    }
    return round;
}

std::string identity_of(const results::ArrayRecord& array, const RunRecord& run) {
    const std::string& id = array.unique_id.empty() ? array.serial : array.unique_id;
    if (id.empty()) {
        throw drivers::UsageError(
            fmt::format("{}: array {} says no identity: whether it is the same LUN cannot be known",
                        run.id,
                        array.name));
    }
    return id;
}

class Merger {
public:
    void take(const RunRecord& run, bool is_single) {
        std::map<std::string, std::string> names; // Array's name there -> here.
        for (const results::ArrayRecord& array : run.arrays) {
            const std::string id = identity_of(array, run);
            const auto [found, is_new] = names_.emplace(id, array.name);
            if (is_new) {
                out_.arrays.push_back(array);
            }
            names[array.name] = found->second;
        }
        std::map<std::string, unsigned> seen; // The k-th round at a point belongs to the k-th.
        for (const RoundRecord& each : run.rounds) {
            RoundRecord round = is_single ? labelled(each, run.host.at(shard_key)) : each;
            round.array = names[each.array];
            const std::string key =
                fmt::format("{}\n{}\n{}", round.array, round.workload, round.point);
            add(fmt::format("{}\n{}", key, seen[key]++), std::move(round));
        }
        out_.not_seen.insert(out_.not_seen.end(), run.not_seen.begin(), run.not_seen.end());
    }

    RunRecord finish() {
        std::sort(out_.not_seen.begin(), out_.not_seen.end());
        out_.not_seen.erase(std::unique(out_.not_seen.begin(), out_.not_seen.end()),
                            out_.not_seen.end());
        return std::move(out_);
    }

private:
    void add(const std::string& key, RoundRecord round) {
        const auto [found, is_new] = places_.emplace(key, out_.rounds.size());
        if (is_new) {
            round.index = static_cast<std::uint32_t>(out_.rounds.size());
            round.block = round.index;
            out_.rounds.push_back(std::move(round));
        } else {
            add_round(round, out_.rounds[found->second]);
        }
    }

    RunRecord out_;
    std::map<std::string, std::string> names_; // Identity -> name.
    std::map<std::string, std::size_t> places_;
};

} // namespace

RunRecord merge_runs(std::span<const RunRecord> runs) {
    if (runs.empty()) {
        throw drivers::UsageError("merge: wanted at least one run");
    }
    const std::set<Part> parts = all_parts(runs);
    std::vector<const RunRecord*> ordered; // Whatever order they were named in.
    for (const RunRecord& run : runs) {
        ordered.push_back(&run);
    }
    std::sort(ordered.begin(), ordered.end(), [](const RunRecord* a, const RunRecord* b) {
        return parts_of(*a) < parts_of(*b);
    });
    Merger merger;
    for (const RunRecord* run : ordered) {
        merger.take(*run, parts_of(*run).size() == 1 && run->host.count("merged") == 0);
    }
    RunRecord out = merger.finish();
    const RunRecord& first = *ordered.front();
    out.id = "merged";
    out.plan_name = first.plan_name;
    out.seed = first.seed;
    out.started_utc_ns = first.started_utc_ns;
    out.complete = true;
    for (const RunRecord* run : ordered) {
        out.started_utc_ns = std::min(out.started_utc_ns, run->started_utc_ns);
        out.finished_utc_ns = std::max(out.finished_utc_ns, run->finished_utc_ns);
        if (run->seed != first.seed || run->plan_name != first.plan_name) {
            throw drivers::UsageError(
                fmt::format("{}: is a part of another load: seed or load differ", run->id));
        }
        // What is missing of a merged run may be here by now.
        if (!run->complete && run->host.count("merged") == 0) {
            out.complete = false;
            out.interrupted = run->interrupted;
        }
    }
    out.host["merged"] = "yes";
    out.host[shard_key] = text_of(parts);
    if (parts.size() < parts.begin()->count) {
        out.complete = false;
        out.interrupted = fmt::format("{} of {} parts are missing",
                                      parts.begin()->count - parts.size(),
                                      parts.begin()->count);
    }
    constexpr int incomplete = 6;
    out.exit_code = out.complete ? 0 : incomplete;
    return out;
}

} // namespace bench::exchange
