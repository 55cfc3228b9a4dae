// SPDX-License-Identifier: Apache-2.0
#include "bench/exchange/merge.h"

#include "drivers/api/errors.h"

#include <algorithm>
#include <cstdio>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <set>
#include <tuple>

namespace bench::exchange {

namespace {

using results::RoundRecord;
using results::RunRecord;

struct Part {
    unsigned index = 0;
    unsigned count = 0;
    auto operator<=>(const Part&) const = default; // NOLINT(modernize-use-nullptr): none there.
};

constexpr unsigned parts_most = 65'536;

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
            part.index > part.count || part.count > parts_most) {
            throw drivers::UsageError(fmt::format("{}: \"{}\" is no part of a load", run.id, one));
        }
        out.push_back(part);
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    if (out.empty()) {
        throw drivers::UsageError(fmt::format("{}: \"\" is no part of a load", run.id));
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

std::string host_name(const RunRecord& run) {
    const auto found = run.host.find("name");
    return found == run.host.end() ? run.id : found->second;
}

// A single host's CPU and slip, before they are lost in the sums.
RoundRecord labelled(RoundRecord round, const RunRecord& run) {
    const std::string& who = run.host.at(shard_key);
    round.measures["lane_cpu_fraction@" + who] = round.audit.lane_cpu_fraction;
    round.measures["slip_p99_ns@" + who] =
        static_cast<double>(round.audit.slip_ns.quantile_ns(0.99));
    const Part part = parts_of(run).front();
    results::name_part(round, {part.index, part.count, host_name(run)});
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
        const std::map<std::string, std::string> names = names_of(run);
        for (const RoundRecord& each : run.rounds) {
            RoundRecord round = is_single ? labelled(each, run) : each;
            const auto name = names.find(each.array);
            if (name == names.end()) {
                throw drivers::UsageError(fmt::format(
                    "{}: round {} is of no array that the run names", run.id, each.index));
            }
            round.array = name->second;
            add(std::move(round));
        }
        out_.not_seen.insert(out_.not_seen.end(), run.not_seen.begin(), run.not_seen.end());
    }

    RunRecord finish(std::size_t parts) {
        std::sort(out_.not_seen.begin(), out_.not_seen.end());
        out_.not_seen.erase(std::unique(out_.not_seen.begin(), out_.not_seen.end()),
                            out_.not_seen.end());
        std::sort(out_.rounds.begin(), out_.rounds.end(), [](const auto& a, const auto& b) {
            return std::tie(a.index, a.array) < std::tie(b.index, b.array);
        });
        for (RoundRecord& round : out_.rounds) {
            const std::size_t there = round.hosts ? round.hosts->size() : 0;
            if (round.ended == "complete" && there < parts) {
                round.ended = fmt::format("interrupted: {} of {} parts", there, parts);
            }
        }
        return std::move(out_);
    }

private:
    struct Lun {
        std::string id;
        std::string name; // Here.
    };

    // The arrays' names there -> here. A plan may name one LUN twice, to hold it against itself.
    std::map<std::string, std::string> names_of(const RunRecord& run) {
        std::map<std::string, std::string> out;
        std::set<std::string> given;
        for (const results::ArrayRecord& array : run.arrays) {
            const std::string id = identity_of(array, run);
            const auto fits = [&](const Lun& one) {
                return one.id == id && given.count(one.name) == 0;
            };
            auto found = std::find_if(luns_.begin(), luns_.end(), [&](const Lun& one) {
                return fits(one) && one.name == array.name;
            });
            found = found == luns_.end() ? std::find_if(luns_.begin(), luns_.end(), fits) : found;
            if (found == luns_.end()) {
                out_.arrays.push_back(array);
                out_.arrays.back().name = free_name(array.name);
                luns_.push_back({id, out_.arrays.back().name});
                found = luns_.end() - 1;
            }
            out[array.name] = found->name;
            given.insert(found->name);
        }
        return out;
    }

    std::string free_name(const std::string& wanted) const {
        std::string out = wanted;
        const std::string base = wanted.substr(0, 56); // With its number still a plain name.
        const auto is_taken = [&](const Lun& one) {
            return one.name == out;
        };
        for (int i = 2; std::any_of(luns_.begin(), luns_.end(), is_taken); ++i) {
            out = fmt::format("{}-{}", base, i);
        }
        return out;
    }

    void add(RoundRecord round) {
        const auto found =
            std::find_if(out_.rounds.begin(), out_.rounds.end(), [&](const auto& one) {
                return std::tie(one.index, one.array, one.workload, one.point) ==
                       std::tie(round.index, round.array, round.workload, round.point);
            });
        if (found == out_.rounds.end()) {
            out_.rounds.push_back(std::move(round));
        } else {
            results::merge_round(round, *found);
        }
    }

    RunRecord out_;
    std::vector<Lun> luns_;
};

// Of a merged run its rounds say so: what was missing may be here by now.
std::string why_incomplete(const RunRecord& run) {
    if (run.host.count(results::merged_key) == 0) {
        return run.complete ? "" : run.interrupted;
    }
    for (const RoundRecord& round : run.rounds) {
        for (const results::HostRecord& host :
             round.hosts.value_or(std::vector<results::HostRecord>{})) {
            if (host.ended != "complete") {
                return fmt::format("{}/{} {}: {}", host.part, host.parts, host.host, host.ended);
            }
        }
    }
    return "";
}

void describe_hosts(const RunRecord& from, RunRecord& to) {
    if (from.host.count(results::merged_key) == 0) {
        const auto said = [&](const char* key) {
            const auto found = from.host.find(key);
            return found == from.host.end() ? std::string("?") : found->second;
        };
        to.host["host " + from.host.at(shard_key)] = fmt::format(
            "{}, {}, {} processors", host_name(from), said("kernel"), said("processors"));
    }
    for (const auto& [key, value] : from.host) {
        if (key.starts_with("host ")) {
            to.host[key] = value;
        }
    }
}

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
        merger.take(*run, parts_of(*run).size() == 1 && run->host.count(results::merged_key) == 0);
    }
    RunRecord out = merger.finish(parts.size());
    const RunRecord& first = *ordered.front();
    out.id = "merged";
    out.plan_name = first.plan_name;
    out.plan_purpose = first.plan_purpose;
    out.plan_sha256 = first.plan_sha256;
    out.seed = first.seed;
    out.started_utc_ns = first.started_utc_ns;
    out.complete = true;
    for (const RunRecord* run : ordered) {
        out.started_utc_ns = std::min(out.started_utc_ns, run->started_utc_ns);
        out.finished_utc_ns = std::max(out.finished_utc_ns, run->finished_utc_ns);
        if (run->seed != first.seed || run->plan_name != first.plan_name ||
            run->plan_sha256 != first.plan_sha256) {
            throw drivers::UsageError(
                fmt::format("{}: is a part of another load: seed, plan or load differ", run->id));
        }
        if (const std::string why = why_incomplete(*run); !why.empty()) {
            out.complete = false;
            out.interrupted = why;
        }
        describe_hosts(*run, out);
    }
    out.host[results::merged_key] = "yes";
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
