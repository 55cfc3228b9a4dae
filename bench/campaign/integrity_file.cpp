// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/integrity_account.h"

#include <nlohmann/json.hpp>

#include <charconv>
#include <map>

namespace bench::campaign {

using Json = nlohmann::ordered_json;

namespace {

// A record stands for itself, or for as many as it says were only counted.
std::uint64_t count_of(const results::FindingRecord& finding) {
    std::uint64_t out = 1;
    if (const auto more = finding.details.find("count"); more != finding.details.end()) {
        const std::string& text = more->second;
        std::from_chars(text.data(), text.data() + text.size(), out);
    }
    return out;
}

Json finding_json(const results::FindingRecord& finding, const results::RoundRecord& round) {
    return {{"round", round.index},
            {"phase", finding.phase},
            {"kind", finding.kind},
            {"severity", finding.severity},
            {"summary", finding.summary},
            {"details", finding.details},
            {"cutout", finding.cutout},
            {"at_utc_ns", std::to_string(finding.at_utc_ns)}};
}

Json array_json(const plan::Plan& plan,
                const results::RunRecord& run,
                const results::IntegrityRecord& record) {
    std::map<std::string, std::uint64_t> counts;
    Json findings = Json::array();
    Json verified = Json::array();
    for (const results::RoundRecord& round : run.rounds) {
        if (round.array != record.array) {
            continue;
        }
        if (round.verified_after) {
            verified.push_back({{"round", round.index}, {"after", *round.verified_after}});
        }
        for (const results::FindingRecord& finding : round.findings) {
            if (finding.area.empty() || finding.area == "integrity") {
                counts[finding.kind] += count_of(finding);
                findings.push_back(finding_json(finding, round));
            }
        }
    }
    return {{"array", record.array},
            {"verify", record.verify},
            {"unit_bytes", unit_bytes(plan)},
            {"units_written", record.units_written},
            {"units_checked", record.units_checked},
            {"units_undecidable", record.units_undecidable},
            {"after", record.after},
            {"read_back", verified},
            {"not_detected", not_detected(plan, run.rounds, record.array)},
            {"finding_counts", counts},
            {"findings", findings}};
}

} // namespace

std::string integrity_text(const plan::Plan& plan, const results::RunRecord& run) {
    Json arrays = Json::array();
    for (const results::IntegrityRecord& record : run.integrity) {
        arrays.push_back(array_json(plan, run, record));
    }
    const Json out = {{"$schema", "arraybench/integrity/1"}, {"arrays", arrays}};
    return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

} // namespace bench::campaign
