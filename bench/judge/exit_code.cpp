// SPDX-License-Identifier: Apache-2.0
#include "bench/judge/exit_code.h"

#include <algorithm>
#include <array>

namespace bench::judge {

using results::Outcome;
using results::Word;

int foremost_exit_code(std::initializer_list<int> codes) {
    constexpr std::array<int, 7> order{exit_usage,
                                       exit_safety,
                                       exit_host,
                                       exit_array,
                                       exit_incomplete,
                                       exit_failed,
                                       exit_no_answer};
    for (const int code : order) {
        if (std::find(codes.begin(), codes.end(), code) != codes.end()) {
            return code;
        }
    }
    return exit_passed;
}

int exit_code_of(const results::RunRecord& run, bool a_against_a) {
    bool failed = false;
    bool unanswered = false;
    for (const auto& finding : run.findings) { // Egress is judged by a verdict of its own.
        failed = failed || (finding.severity == "finding" && finding.area != "egress");
    }
    for (const auto& round : run.rounds) {
        for (const auto& finding : round.findings) {
            failed = failed || finding.severity == "finding";
        }
    }
    for (const auto& verdict : run.verdicts) {
        failed = failed || verdict.outcome == Outcome::fail;
        unanswered = unanswered || (verdict.demanded && verdict.outcome != Outcome::pass &&
                                    verdict.outcome != Outcome::fail);
    }
    for (const auto& one : run.capacity) {
        failed = failed || (one.is_base && one.measured && one.targets == 0);
        unanswered = unanswered || (one.is_base && !one.measured);
    }
    for (const auto& comparison : run.comparisons) {
        if (a_against_a && comparison.primary && comparison.word != Word::equivalent) {
            const bool different =
                comparison.word == Word::better || comparison.word == Word::worse;
            failed = failed || different;
            unanswered = unanswered || !different;
        }
    }
    return foremost_exit_code({run.complete ? exit_passed : exit_incomplete,
                               failed ? exit_failed : exit_passed,
                               unanswered ? exit_no_answer : exit_passed});
}

} // namespace bench::judge
