// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/self_test_egress.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace bench::campaign {

namespace {

std::string words(const std::set<std::string>& names) {
    return names.empty() ? "nothing" : fmt::format("{}", fmt::join(names, ", "));
}

} // namespace

std::vector<SelfTestRow> run_self_test() {
    std::vector<SelfTestRow> out = self_test_data();
    for (SelfTestRow& row : self_test_time()) {
        out.push_back(std::move(row));
    }
    return out;
}

bool is_right(const std::vector<SelfTestRow>& rows) {
    return std::all_of(
        rows.begin(), rows.end(), [](const SelfTestRow& row) { return row.is_right(); });
}

std::string self_test_text(const std::vector<SelfTestRow>& rows) {
    std::string out = fmt::format("{:<56} {:<26} {:<26}\n", "fault injected", "must find", "found");
    for (const SelfTestRow& row : rows) {
        out += fmt::format("{:<56} {:<26} {:<26} {}\n",
                           row.fault,
                           words(row.expected),
                           row.problem.empty() ? words(row.found) : row.problem,
                           row.is_right() ? "right" : "WRONG");
    }
    const auto right = std::count_if(
        rows.begin(), rows.end(), [](const SelfTestRow& row) { return row.is_right(); });
    return out + fmt::format("{} of {} rows right\n", right, rows.size());
}

namespace {

using Json = nlohmann::ordered_json;

Json rows_json(const std::vector<SelfTestRow>& rows) {
    Json list = Json::array();
    for (const SelfTestRow& row : rows) {
        list.push_back({{"fault", row.fault},
                        {"expected", row.expected},
                        {"found", row.found},
                        {"problem", row.problem},
                        {"right", row.is_right()}});
    }
    return {{"$schema", "arraybench/self-test/1"}, {"right", is_right(rows)}, {"rows", list}};
}

Json cell_json(const LeakCell& cell) {
    return {{"asked_bytes_per_s", cell.asked_bytes_per_s},
            {"leaked_bytes_per_s", cell.leaked_bytes_per_s},
            {"messages", cell.messages},
            {"promised", cell.promised},
            {"by_policy", cell.by_policy},
            {"by_detectors", cell.by_detectors},
            {"seeds_found_by_policy", cell.found_by_policy},
            {"seeds_found_by_detectors", cell.found_by_detectors}};
}

Json matrix_json(const LeakMatrix& matrix) {
    Json list = Json::array();
    for (const LeakRow& row : matrix.rows) {
        Json cells = Json::array();
        for (const LeakCell& cell : row.cells) {
            cells.push_back(cell_json(cell));
        }
        Json one = {{"actor", row.actor},
                    {"detector", row.detector},
                    {"promised_bytes_per_s", nullptr}, // None is.
                    {"smallest_bytes_per_s_by_policy", row.smallest_by_policy(matrix.seeds)},
                    {"smallest_bytes_per_s_by_detectors", row.smallest_by_detectors(matrix.seeds)},
                    {"false_alarms", row.false_alarms},
                    {"right", row.is_right(matrix.seeds)},
                    {"cells", cells}};
        if (std::isfinite(row.promised_bytes_per_s)) {
            one["promised_bytes_per_s"] = row.promised_bytes_per_s;
        }
        list.push_back(std::move(one));
    }
    return {{"watched_ns", matrix.watched.count()}, {"seeds", matrix.seeds}, {"rows", list}};
}

Json quiet_json(const EgressProof& proof) {
    Json list = Json::array();
    for (const QuietRow& row : proof.quiet) {
        list.push_back({{"policy", row.policy},
                        {"seeds", row.seeds},
                        {"frames", row.frames},
                        {"alarms", row.alarms},
                        {"alarms_expected", 0},
                        {"hypotheses", row.hypotheses},
                        {"periodic", row.periodic},
                        {"false_periods", row.false_notes},
                        {"false_periods_expected_at_most", row.notes_expected},
                        {"sham_groups", row.groups},
                        {"sham_answers", row.sham_answers},
                        {"sham_answers_expected_at_most", row.sham_expected},
                        {"right", row.is_right()}});
    }
    return {{"lasts_ns", proof.quiet_settings.lasts.count()}, {"rows", list}};
}

} // namespace

std::string self_test_json(const std::vector<SelfTestRow>& rows) {
    return rows_json(rows).dump(2) + "\n";
}

std::string self_test_json(const std::vector<SelfTestRow>& rows, const EgressProof& proof) {
    Json out = rows_json(rows);
    out["egress_by_leak_rate"] = matrix_json(proof.matrix);
    out["egress_without_alarm"] = quiet_json(proof);
    return out.dump(2) + "\n";
}

std::map<std::string, std::string> self_test_record(const std::vector<SelfTestRow>& rows) {
    std::map<std::string, std::string> out;
    for (const SelfTestRow& row : rows) {
        out[row.fault] = fmt::format("{}: {}{}",
                                     row.is_right() ? "right" : "WRONG",
                                     "found ",
                                     row.problem.empty() ? words(row.found) : row.problem);
    }
    return out;
}

} // namespace bench::campaign
