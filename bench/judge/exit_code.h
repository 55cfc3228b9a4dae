// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "results/run_record.h"

#include <initializer_list>

namespace bench::judge {

// What the program's exit code says; the numbers are its contract.
inline constexpr int exit_passed = 0;
inline constexpr int exit_failed = 1;
inline constexpr int exit_usage = 2;
inline constexpr int exit_array = 3;
inline constexpr int exit_safety = 4;
inline constexpr int exit_host = 5;
inline constexpr int exit_incomplete = 6;
inline constexpr int exit_no_answer = 7;

// Of several codes the one that counts: 2, 4, 5, 3, 6, 1, 7, then 0.
int foremost_exit_code(std::initializer_list<int> codes);

// Of a run that was not cut short by an error. In an A-against-A run every primary comparison
// must be equivalent: a difference is a failure of the bench, no answer is no answer.
int exit_code_of(const results::RunRecord& run, bool a_against_a);

} // namespace bench::judge
