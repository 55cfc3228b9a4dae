// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/self_test.h"

#include <nlohmann/json.hpp>

#include <algorithm>
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

std::string self_test_json(const std::vector<SelfTestRow>& rows) {
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const SelfTestRow& row : rows) {
        list.push_back({{"fault", row.fault},
                        {"expected", row.expected},
                        {"found", row.found},
                        {"problem", row.problem},
                        {"right", row.is_right()}});
    }
    const nlohmann::ordered_json out = {
        {"$schema", "arraybench/self-test/1"}, {"right", is_right(rows)}, {"rows", list}};
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
