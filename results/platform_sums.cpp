// SPDX-License-Identifier: Apache-2.0
#include "results/platform_sums.h"

#include "results/text/human.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <utility>

namespace results {

namespace {

double measure(const RoundRecord& round, const char* name) {
    const auto found = round.measures.find(name);
    return found == round.measures.end() ? 0 : found->second;
}

std::string count(double value) {
    return text::grouped(static_cast<std::uint64_t>(value));
}

std::string percentile(const Histogram& histogram, double share) {
    const auto value = view::measured(histogram, share);
    return value ? text::duration(static_cast<double>(*value)) : "n.m.";
}

} // namespace

std::vector<PlatformSum> platform_sums(const RunRecord& run) {
    std::vector<PlatformSum> out;
    for (const view::Load& load : view::loads(run)) {
        if (!view::is_told(run, load)) {
            continue;
        }
        for (const std::string& array : view::array_names(run)) {
            PlatformSum sum;
            sum.load = load;
            sum.array = array;
            const view::Rounds rounds = view::rounds_at(run, array, load);
            for (const RoundRecord* round : rounds) {
                sum.rounds += round->measures.count("lost_pdus");
                sum.lost_pdus += measure(*round, "lost_pdus");
                sum.lost_target_seconds += measure(*round, "lost_target_seconds");
                sum.high_water_bytes =
                    std::max(sum.high_water_bytes, measure(*round, "buffer_high_water_bytes"));
                sum.buffer_bytes = std::max(sum.buffer_bytes, measure(*round, "buffer_bytes"));
                sum.seals_late += measure(*round, "seals_late");
                sum.searches_over_limit += measure(*round, "searches_over_limit");
                sum.playbacks_over_limit += measure(*round, "playbacks_over_limit");
            }
            sum.commit_delay_ns = view::merged(rounds, "commit delay", &StreamRecord::response_ns);
            if (sum.rounds > 0 && sum.commit_delay_ns.count() > 0) {
                out.push_back(std::move(sum));
            }
        }
    }
    return out;
}

std::vector<std::string> platform_columns() {
    return {"Load",
            "Array",
            "PDUs lost",
            "Target seconds lost",
            "Buffer used at most",
            "Commit delay P50",
            "P99",
            "Worst",
            "Seals late",
            "Searches late",
            "Playbacks late"};
}

std::vector<std::string> platform_cells(const PlatformSum& sum) {
    const double share = sum.buffer_bytes > 0 ? sum.high_water_bytes / sum.buffer_bytes : 0;
    return {view::name_of(sum.load),
            sum.array,
            count(sum.lost_pdus),
            count(sum.lost_target_seconds),
            fmt::format("{}{}",
                        text::size(sum.high_water_bytes),
                        share > 0 ? ", " + text::percent(share, 2) : ""),
            percentile(sum.commit_delay_ns, 0.5),
            percentile(sum.commit_delay_ns, 0.99),
            text::duration(static_cast<double>(sum.commit_delay_ns.max_ns())),
            count(sum.seals_late),
            count(sum.searches_over_limit),
            count(sum.playbacks_over_limit)};
}

namespace {

// Kind and number, and what they lost over the rounds.
using Tolls = std::map<std::pair<std::string, std::uint64_t>, LossRecord>;

Tolls tolls_of(const view::Rounds& rounds) {
    Tolls out;
    for (const RoundRecord* round : rounds) {
        for (const LossRecord& one : round->losses.value_or(std::vector<LossRecord>{})) {
            LossRecord& sum = out[{one.kind, one.number}];
            sum.kind = one.kind;
            sum.number = one.number;
            sum.units += one.units;
            sum.seconds += one.seconds;
        }
    }
    return out;
}

} // namespace

std::vector<std::string> loss_columns() {
    return {"Load", "Array", "Who", "PDUs lost", "Seconds with loss"};
}

std::vector<std::vector<std::string>> loss_rows(const RunRecord& run, std::size_t most) {
    std::vector<std::vector<std::string>> out;
    for (const view::Load& load : view::loads(run)) {
        for (const std::string& array : view::array_names(run)) {
            std::map<std::string, std::vector<LossRecord>> kinds;
            for (const auto& [who, toll] : tolls_of(view::rounds_at(run, array, load))) {
                kinds[who.first].push_back(toll);
            }
            for (auto& [kind, list] : kinds) {
                std::stable_sort(list.begin(), list.end(), [](const auto& one, const auto& other) {
                    return one.units > other.units;
                });
                list.resize(std::min(list.size(), most));
                for (const LossRecord& one : list) {
                    out.push_back({view::name_of(load),
                                   array,
                                   fmt::format("{} {}", one.kind, one.number),
                                   text::grouped(one.units),
                                   text::grouped(one.seconds)});
                }
            }
        }
    }
    return out;
}

} // namespace results
