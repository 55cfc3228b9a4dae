// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/egress_parts.h"

#include "bench/campaign/tap_record.h"
#include "bench/egress/sinks.h"
#include "results/folder_files.h"
#include "results/record_error.h"
#include "results/run_record_file.h"
#include "results/whole_file.h"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>

namespace bench::campaign {

namespace {

void add_reason(std::string& reasons, const std::string& one) {
    if (!one.empty() && reasons.find(one) == std::string::npos) {
        reasons += (reasons.empty() ? "" : "; ") + one;
    }
}

void add_taps(const std::vector<results::TapRecord>& earlier, results::EgressRecord& sum) {
    std::vector<results::TapRecord> now = sum.taps.value_or(std::vector<results::TapRecord>());
    for (const results::TapRecord& before : earlier) {
        const auto same = std::find_if(now.begin(), now.end(), [&](const auto& one) {
            return one.interface == before.interface && one.markers_from == before.markers_from;
        });
        if (same == now.end()) {
            now.push_back(before);
            continue;
        }
        same->markers_sent += before.markers_sent;
        same->markers_lost += before.markers_lost;
        same->dropped += before.dropped;
        add_reason(same->note, before.note);
        bound_loss(*same);
    }
    sum.taps = now;
}

void add(const results::EgressRecord& earlier, results::EgressRecord& sum) {
    sum.watched_ns += earlier.watched_ns;
    sum.frames += earlier.frames;
    sum.frames_lost += earlier.frames_lost;
    sum.captured_bytes += earlier.captured_bytes;
    sum.allowed_bytes += earlier.allowed_bytes;
    sum.unlisted_bytes += earlier.unlisted_bytes;
    sum.undecoded_bytes += earlier.undecoded_bytes;
    sum.unreadable_bytes += earlier.unreadable_bytes;
    for (const auto& [detector, least] : earlier.smallest_seen) {
        std::string& now = sum.smallest_seen[detector];
        if (now.empty()) {
            now = least;
        } else if (now != least) {
            now = fmt::format("before the interruption: {} After it: {}", least, now);
        }
    }
    std::string reasons = earlier.not_measured;
    add_reason(reasons, sum.not_measured);
    sum.not_measured = reasons;
    if (earlier.taps) {
        add_taps(*earlier.taps, sum);
    }
}

bool is_real(const plan::Plan& plan, const std::string& name) {
    return std::any_of(plan.arrays.begin(), plan.arrays.end(), [&](const plan::PlanArray& array) {
        return array.name == name && array.description.real.has_value();
    });
}

} // namespace

EarlierEgress read_earlier_egress(const std::vector<results::JournalEntry>& journal,
                                  const std::string& folder) {
    EarlierEgress out;
    std::int64_t ended_ns = 0; // Of the part before; 0 = it has not ended.
    std::int64_t last_ns = 0;
    const auto part_over = [&] {
        out.lost_parts += ended_ns == 0 ? 1U : 0U;
        out.gaps_from_utc_ns.push_back(ended_ns == 0 ? last_ns : ended_ns);
        ended_ns = 0;
    };
    for (const results::JournalEntry& entry : journal) {
        if (entry.kind == "run resumed") {
            part_over();
        } else if (entry.kind == "run ended") {
            ended_ns = entry.at.realtime_ns;
        }
        last_ns = entry.at.realtime_ns;
    }
    if (!journal.empty()) { // Another part begins now.
        part_over();
    }
    const std::string path = folder + "/result.json";
    if (results::is_there_in(folder, "result.json")) {
        results::RunRecord run =
            results::result_from_text(results::read_file_in(folder, "result.json"), path);
        out.records = std::move(run.egress);
        for (results::FindingRecord& finding : run.findings) {
            if (finding.area == "egress") {
                out.findings.push_back(std::move(finding));
            }
        }
    }
    return out;
}

void join_earlier_egress(const EarlierEgress& earlier,
                         const plan::Plan& plan,
                         results::RunRecord& run) {
    if (earlier.gaps_from_utc_ns.empty()) {
        return;
    }
    for (const results::EgressRecord& part : earlier.records) {
        const auto same = std::find_if(
            run.egress.begin(), run.egress.end(), [&](const results::EgressRecord& one) {
                return one.array == part.array && one.phase == part.phase;
            });
        if (same == run.egress.end()) {
            run.egress.push_back(part);
        } else {
            add(part, *same);
        }
    }
    run.findings.insert(run.findings.end(), earlier.findings.begin(), earlier.findings.end());
    for (results::EgressRecord& one : run.egress) {
        if (!one.phase.empty()) {
            continue;
        }
        if (earlier.lost_parts > 0) {
            add_reason(
                one.not_measured,
                fmt::format("{} earlier part{} of this run ended without leaving what {} had "
                            "captured",
                            earlier.lost_parts,
                            earlier.lost_parts == 1 ? "" : "s",
                            earlier.lost_parts == 1 ? "it" : "they"));
        }
        for (const std::int64_t from : earlier.gaps_from_utc_ns) {
            if (is_real(plan, one.array)) {
                add_reason(one.not_measured,
                           fmt::format("not watched from {} until the run went on",
                                       egress::utc_text(from)));
            }
        }
    }
}

} // namespace bench::campaign
