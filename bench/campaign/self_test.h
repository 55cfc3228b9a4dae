// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

namespace bench::campaign {

// One known fault, what must be found when it is there, and what was.
struct SelfTestRow {
    std::string fault;
    std::set<std::string> expected; // All of it: nothing less, nothing more.
    std::set<std::string> found;
    std::string problem; // Why the fault could not even be injected; empty = it was.

    bool is_right() const { return problem.empty() && found == expected; }
};

// Injects each known fault into an emulated array, one at a time and in virtual time, lets the
// bench look, and holds what it says against what it should: the honest array's rows are empty.
std::vector<SelfTestRow> run_self_test();

bool is_right(const std::vector<SelfTestRow>& rows);

// The matrix for people, and as a run carries it: fault -> verdict.
std::string self_test_text(const std::vector<SelfTestRow>& rows);
std::string self_test_json(const std::vector<SelfTestRow>& rows);
std::map<std::string, std::string> self_test_record(const std::vector<SelfTestRow>& rows);

// The two kinds of rows.
std::vector<SelfTestRow> self_test_data();
std::vector<SelfTestRow> self_test_time();

} // namespace bench::campaign
