// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "results/run_record.h"

#include <cstdint>
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

// The two kinds of rows that every run carries.
std::vector<SelfTestRow> self_test_data();
std::vector<SelfTestRow> self_test_time();

// Of what arrays send: leaks that wait for a cue, and the books of a capture.
std::vector<SelfTestRow> self_test_egress();

// The same through real sockets: campaigns against emulated arrays in child processes. Brief: what
// happens to data, over iSCSI; full: data and time over both transports, a few minutes.
enum class LiveForm : std::uint8_t { brief, full };
std::vector<SelfTestRow> self_test_live(LiveForm form);

// Another LUN in a LUN's place, over real sockets.
std::vector<SelfTestRow> self_test_identity(const std::string& transport);

// What a round says of time: of the array only if the bench itself was in order.
std::set<std::string> said_of_time(const results::RoundRecord& round);

} // namespace bench::campaign
