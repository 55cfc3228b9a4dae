// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/run_comparison.h"

#include "drivers/api/errors.h"
#include "results/metric.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <set>
#include <tuple>

namespace bench::campaign {

namespace {

std::set<std::string> array_names(const results::RunRecord& run) {
    std::set<std::string> out;
    for (const results::ArrayRecord& array : run.arrays) {
        out.insert(array.name);
    }
    return out;
}

// The arrays that every run measured.
std::set<std::string> common_arrays(const std::vector<results::RunRecord>& runs) {
    std::set<std::string> out = array_names(runs.front());
    for (const results::RunRecord& run : runs) {
        std::set<std::string> both;
        const auto names = array_names(run);
        std::set_intersection(
            out.begin(), out.end(), names.begin(), names.end(), std::inserter(both, both.begin()));
        out = std::move(both);
    }
    return out;
}

std::string name_in(const std::string& array, const results::RunRecord& run) {
    return fmt::format("{}@{}", array, run.id);
}

// "recommended" or "uniform".
std::string host_settings(const std::string& array, const results::RunRecord& run) {
    for (const results::ArrayRecord& record : run.arrays) {
        const auto found = record.settings.find("host settings");
        if (record.name == array && found != record.settings.end()) {
            return found->second;
        }
    }
    return "unknown";
}

template <typename T>
void add_once(std::vector<T>& list, const T& item) {
    if (std::find(list.begin(), list.end(), item) == list.end()) {
        list.push_back(item);
    }
}

// The run's rounds under the array's new name, the k-th at each point in block k.
void take_rounds(const results::RunRecord& run,
                 const std::string& array,
                 results::RunRecord& out,
                 judge::Question& question) {
    std::map<std::pair<std::string, std::string>, std::uint32_t> counts;
    for (results::RoundRecord round : run.rounds) {
        if (round.array != array || !results::is_valid(round)) {
            continue;
        }
        add_once(question.workloads, round.workload);
        add_once(question.points, round.point);
        round.block = counts[{round.workload, round.point}]++;
        round.array = name_in(array, run);
        out.rounds.push_back(std::move(round));
    }
    for (results::ArrayRecord record : run.arrays) {
        if (record.name == array) {
            record.name = name_in(array, run);
            out.arrays.push_back(std::move(record));
        }
    }
}

bool is_imported(const results::RunRecord& run) {
    return std::any_of(run.rounds.begin(), run.rounds.end(), &results::is_imported);
}

// Another tool's durations begin when an access was sent: they are held against ours from there.
void mark_imports(const std::vector<results::RunRecord>& runs,
                  std::vector<judge::ComparedMetric>& metrics,
                  results::RunRecord& out) {
    if (std::none_of(runs.begin(), runs.end(), &is_imported)) {
        return;
    }
    for (judge::ComparedMetric& one : metrics) {
        if (one.metric.quantity == results::Quantity::response) {
            one.metric.quantity = results::Quantity::service;
        }
    }
    out.not_seen.emplace_back("no due-time latency: service, from sent to done, is compared "
                              "instead of response; what an access waited before is in no number");
    for (const results::RunRecord& run : runs) {
        for (const std::string& lost : run.not_seen) {
            if (is_imported(run)) {
                out.not_seen.push_back(run.id + ": " + lost);
            }
        }
    }
}

// What other tools measured has names of its own: where every run has one load, it is that which is
// compared.
void match_only_loads(std::vector<results::RunRecord>& runs, results::RunRecord& out) {
    using Load = std::pair<std::string, std::string>;
    std::set<Load> all;
    std::string words;
    for (const results::RunRecord& run : runs) {
        std::set<Load> own;
        for (const results::RoundRecord& round : run.rounds) {
            own.emplace(round.workload, round.point);
        }
        if (own.size() != 1) {
            return;
        }
        all.merge(std::set<Load>(own));
        words += fmt::format("{}{} at {} in {}",
                             words.empty() ? "" : ", ",
                             own.begin()->first,
                             own.begin()->second,
                             run.id);
    }
    if (all.size() < 2 || std::none_of(runs.begin(), runs.end(), &is_imported)) {
        return;
    }
    const results::RoundRecord first = runs.front().rounds.front();
    for (results::RunRecord& run : runs) {
        for (results::RoundRecord& round : run.rounds) {
            round.workload = first.workload;
            round.point = first.point;
        }
    }
    out.not_seen.push_back(
        "the only load of each run is compared, whether it is the same or not: " + words);
}

} // namespace

results::RunRecord compare_runs(std::vector<results::RunRecord> runs,
                                std::vector<judge::ComparedMetric> metrics) {
    if (runs.size() < 2) {
        throw drivers::UsageError("compare: wanted at least two runs");
    }
    results::RunRecord out;
    out.id = "comparison";
    out.plan_name = "comparison of finished runs";
    out.complete = true;
    match_only_loads(runs, out);
    mark_imports(runs, metrics, out);
    std::vector<std::vector<std::string>> groups; // One array's name in each run.
    for (const std::string& name : common_arrays(runs)) {
        groups.emplace_back(runs.size(), name);
    }
    const bool single = std::all_of(runs.begin(), runs.end(), [](const results::RunRecord& run) {
        return run.arrays.size() == 1;
    });
    if (groups.empty() && single) {
        groups.emplace_back();
        for (const results::RunRecord& run : runs) {
            groups.back().push_back(run.arrays[0].name);
        }
    }
    if (groups.empty()) {
        throw drivers::UsageError("compare: no array was measured by all of these runs");
    }
    for (const auto& group : groups) {
        judge::Question question;
        question.metrics = metrics;
        for (std::size_t i = 0; i < runs.size(); ++i) {
            question.arrays.push_back(name_in(group[i], runs[i]));
            take_rounds(runs[i], group[i], out, question);
        }
        const auto found = judge::compare_arrays(question, out.rounds);
        out.comparisons.insert(out.comparisons.end(), found.begin(), found.end());
    }
    for (const auto& group : groups) {
        std::string words;
        std::set<std::string> different;
        for (std::size_t i = 0; i < runs.size(); ++i) {
            const std::string settings = host_settings(group[i], runs[i]);
            different.insert(settings);
            words += fmt::format(
                "{}{} {}", words.empty() ? "" : ", ", name_in(group[i], runs[i]), settings);
        }
        if (different.size() > 1) {
            out.not_seen.push_back("the host settings differ: " + words);
        }
    }
    out.not_seen.emplace_back("the runs were not interleaved: whatever changed between them, the "
                              "host included, is part of the difference");
    return out;
}

} // namespace bench::campaign
