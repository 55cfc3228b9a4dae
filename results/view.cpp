// SPDX-License-Identifier: Apache-2.0
#include "results/view.h"

#include <algorithm>
#include <set>

namespace results::view {

std::vector<Load> loads(const RunRecord& run) {
    std::set<Load> seen;
    std::vector<std::string> order;
    for (const RoundRecord& round : run.rounds) {
        seen.insert({round.workload, round.point, round.point_value});
        if (std::find(order.begin(), order.end(), round.workload) == order.end()) {
            order.push_back(round.workload);
        }
    }
    std::vector<Load> out(seen.begin(), seen.end());
    const auto place = [&](const Load& load) {
        return std::find(order.begin(), order.end(), load.workload) - order.begin();
    };
    std::stable_sort(out.begin(), out.end(), [&](const Load& a, const Load& b) {
        return std::pair(place(a), a.value) < std::pair(place(b), b.value);
    });
    return out;
}

bool is_capacity(const Load& load) {
    return load.workload.starts_with("capacity: ");
}

bool is_told(const RunRecord& run, const Load& load) {
    return !is_capacity(load) ||
           std::any_of(run.capacity.begin(), run.capacity.end(), [&](const CapacityRecord& one) {
               return one.is_base && one.workload == load.workload && one.targets == load.value;
           });
}

std::vector<std::string> array_names(const RunRecord& run) {
    std::vector<std::string> out;
    const auto add = [&](const std::string& name) {
        if (std::find(out.begin(), out.end(), name) == out.end()) {
            out.push_back(name);
        }
    };
    for (const ArrayRecord& array : run.arrays) {
        add(array.name);
    }
    for (const RoundRecord& round : run.rounds) {
        add(round.array);
    }
    return out;
}

int slot(const RunRecord& run, const std::string& array) {
    const auto names = array_names(run);
    return static_cast<int>(std::find(names.begin(), names.end(), array) - names.begin());
}

bool is_valid(const RoundRecord& round) {
    return round.audit.invalid.empty() && (round.ended.empty() || round.ended == "complete");
}

Rounds rounds_at(const RunRecord& run, const std::string& array, const Load& load) {
    Rounds out;
    for (const RoundRecord& round : run.rounds) {
        if (round.array == array && round.workload == load.workload && round.point == load.point &&
            round.point_value == load.value) {
            out.push_back(&round);
        }
    }
    return out;
}

Rounds valid_only(const Rounds& rounds) {
    Rounds out;
    std::copy_if(rounds.begin(), rounds.end(), std::back_inserter(out), [](const auto* round) {
        return is_valid(*round);
    });
    return out;
}

std::vector<std::string> stream_names(const RunRecord& run, const Load& load) {
    std::vector<std::string> out;
    for (const RoundRecord& round : run.rounds) {
        if (round.workload != load.workload || round.point != load.point) {
            continue;
        }
        for (const StreamRecord& stream : round.streams) {
            if (std::find(out.begin(), out.end(), stream.name) == out.end()) {
                out.push_back(stream.name);
            }
        }
    }
    return out;
}

Histogram merged(const Rounds& rounds, const std::string& stream, Histogram StreamRecord::*member) {
    Histogram out;
    for (const RoundRecord* round : rounds) {
        for (const StreamRecord& one : round->streams) {
            if (stream.empty() || one.name == stream) {
                out.merge(one.*member);
            }
        }
    }
    return out;
}

double mean_achieved_per_s(const Rounds& rounds) {
    double sum = 0;
    for (const RoundRecord* round : rounds) {
        sum += round->audit.achieved_per_s;
    }
    return rounds.empty() ? 0 : sum / static_cast<double>(rounds.size());
}

double mean_bytes_per_s(const Rounds& rounds) {
    double bytes = 0;
    double seconds = 0;
    for (const RoundRecord* round : rounds) {
        for (const StreamRecord& stream : round->streams) {
            bytes += static_cast<double>(stream.bytes);
        }
        seconds += static_cast<double>(round->duration_ns) / 1e9;
    }
    return seconds > 0 ? bytes / seconds : 0;
}

std::optional<std::uint64_t> measured(const Histogram& histogram, double share) {
    if (histogram.count() == 0 || histogram.samples_above(share) < samples_above_min) {
        return std::nullopt;
    }
    return histogram.quantile_ns(share);
}

bool any_emulated(const RunRecord& run) {
    return std::any_of(
        run.arrays.begin(), run.arrays.end(), [](const auto& array) { return array.emulated; });
}

bool all_emulated(const RunRecord& run) {
    return !run.arrays.empty() && std::all_of(run.arrays.begin(),
                                              run.arrays.end(),
                                              [](const auto& array) { return array.emulated; });
}

bool is_emulated(const RunRecord& run, const std::string& array) {
    return std::any_of(run.arrays.begin(), run.arrays.end(), [&](const ArrayRecord& record) {
        return record.name == array && record.emulated;
    });
}

std::vector<FindingRecord> findings(const RunRecord& run, const std::string& area) {
    std::vector<FindingRecord> out;
    const auto take = [&](const FindingRecord& finding) {
        if ((finding.area.empty() ? "integrity" : finding.area) == area) {
            out.push_back(finding);
        }
    };
    std::for_each(run.findings.begin(), run.findings.end(), take);
    for (const RoundRecord& round : run.rounds) {
        for (FindingRecord finding : round.findings) {
            if (finding.array.empty()) {
                finding.array = round.array;
            }
            take(finding);
        }
    }
    return out;
}

std::size_t count_findings(const std::vector<FindingRecord>& findings, const std::string& array) {
    return static_cast<std::size_t>(
        std::count_if(findings.begin(), findings.end(), [&](const FindingRecord& finding) {
            return finding.severity != "note" && (array.empty() || finding.array == array);
        }));
}

std::optional<Load> common_load(const RunRecord& run) {
    const auto all = loads(run);
    const auto names = array_names(run);
    for (auto load = all.rbegin(); load != all.rend(); ++load) {
        const bool everyone = std::all_of(names.begin(), names.end(), [&](const auto& name) {
            const Rounds rounds = valid_only(rounds_at(run, name, *load));
            return !rounds.empty() && rounds[0]->disturbances.empty();
        });
        if (everyone && load->workload == all.front().workload && !is_capacity(*load)) {
            return *load;
        }
    }
    // Searches for capacity have no load in common: each array goes its own way.
    const auto last =
        std::find_if(all.rbegin(), all.rend(), [](const Load& load) { return !is_capacity(load); });
    return last == all.rend() ? std::nullopt : std::optional<Load>(*last);
}

LoadAxis load_axis(const RunRecord& run, const std::string& workload) {
    bool offered = false;
    std::string word; // The one that all points of the workload end in.
    for (const Load& load : loads(run)) {
        if (load.workload != workload) {
            continue;
        }
        const std::size_t space = load.point.rfind(' ');
        const std::string last = space == std::string::npos ? "" : load.point.substr(space + 1);
        if (!word.empty() && last != word) {
            word = "/";
        } else {
            word = last.empty() ? "/" : last;
        }
    }
    for (const RoundRecord& round : run.rounds) {
        offered = offered || (round.workload == workload && round.audit.offered_per_s > 0);
    }
    if (word == "targets") {
        return {"targets under interception", "targets"};
    }
    return {offered ? "accesses offered per second" : "accesses done per second", "/s"};
}

double load_axis_value(const LoadAxis& axis, const Rounds& rounds) {
    if (rounds.empty()) {
        return 0;
    }
    if (axis.unit == "targets") {
        return rounds[0]->point_value;
    }
    return rounds[0]->audit.offered_per_s > 0 ? rounds[0]->audit.offered_per_s
                                              : mean_achieved_per_s(rounds);
}

std::optional<Knee>
knee(const RunRecord& run, const std::string& array, const std::string& workload) {
    constexpr double kept_share = 0.99;
    const LoadAxis axis = load_axis(run, workload);
    std::optional<Knee> out;
    bool beyond = false;
    for (const Load& load : loads(run)) {
        const Rounds rounds = valid_only(rounds_at(run, array, load));
        if (load.workload != workload || rounds.empty() || !rounds[0]->disturbances.empty() ||
            rounds[0]->audit.offered_per_s <= 0) {
            continue;
        }
        const double offered = rounds[0]->audit.offered_per_s;
        if (mean_achieved_per_s(rounds) >= kept_share * offered && !beyond) {
            out = Knee{load, load_axis_value(axis, rounds), false};
        } else {
            beyond = true;
        }
    }
    if (out) {
        out->beyond = beyond;
    }
    return out;
}

std::string name_of(const Load& load) {
    if (load.workload.empty()) {
        return "in the whole run";
    }
    return load.workload + " at " + load.point;
}

const char* name_of(Outcome outcome) {
    switch (outcome) {
    case Outcome::pass:
        return "pass";
    case Outcome::fail:
        return "fail";
    case Outcome::inconclusive:
        return "inconclusive";
    case Outcome::not_measured:
        break;
    }
    return "not measured";
}

const char* name_of(Word word) {
    switch (word) {
    case Word::better:
        return "better";
    case Word::worse:
        return "worse";
    case Word::equivalent:
        return "equivalent";
    case Word::inconclusive:
        break;
    }
    return "inconclusive";
}

std::vector<const ComparisonRecord*> pairs_compared(const RunRecord& run) {
    std::vector<const ComparisonRecord*> out;
    for (const ComparisonRecord& one : run.comparisons) {
        const bool known = std::any_of(out.begin(), out.end(), [&](const auto* other) {
            return other->candidate == one.candidate && other->baseline == one.baseline;
        });
        if (!known) {
            out.push_back(&one);
        }
    }
    return out;
}

} // namespace results::view
