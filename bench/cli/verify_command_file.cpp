// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/verification.h"
#include "bench/cli/option_page.h"
#include "bench/cli/say.h"
#include "bench/judge/exit_code.h"
#include "results/text/escape.h"

#include <nlohmann/json.hpp>

#include <fmt/format.h>

namespace bench::cli {

int verify_command(const Arguments& arguments);

namespace {

constexpr const char* introduction =
    "usage: arraybench verify RUN [--format text|json]\n\n"
    "Checks a run's folder: hashes of all files, the journal's chain, and every number of\n"
    "result.json recomputed from the rounds. Exit code 1 if anything is not as it was written, 6 "
    "if\n"
    "the run is unfinished.\n\n"
    "  arraybench verify results/runs/20260101T000000Z-demo-1a2b\n\n";

} // namespace

int verify_command(const Arguments& arguments) {
    OptionPage page;
    page.introduction = introduction;
    page.operand = "RUN";
    page.visible.add_options()("help,h", "this page");
    add_format_option(page.visible);
    const auto given = read_options(arguments, page);
    if (!given) {
        return 0;
    }
    const auto code = [](const campaign::Verification& found) {
        return !found.problems.empty()    ? judge::exit_failed
               : found.unfinished.empty() ? judge::exit_passed
                                          : judge::exit_incomplete;
    };
    const bool json = is_json_wanted(*given);
    const campaign::Verification found = campaign::verify_run(only_operand(*given, page));
    if (json) {
        const nlohmann::ordered_json out{{"$schema", "arraybench/verification/1"},
                                         {"verified", found.problems.empty()},
                                         {"unfinished", found.unfinished},
                                         {"checked", found.checked},
                                         {"problems", found.problems}};
        say("{}\n", out.dump(1, ' ', false, nlohmann::json::error_handler_t::replace));
        return code(found);
    }
    for (const std::string& sentence : found.checked) {
        say("checked {}\n", results::text::clean_text(sentence)); // A name ends no line.
    }
    for (const std::string& problem : found.problems) {
        say("PROBLEM {}\n", results::text::clean_text(problem));
    }
    if (!found.problems.empty()) {
        say("NOT verified\n");
    } else if (!found.unfinished.empty()) {
        say("verified, but unfinished: {}\n", results::text::clean_text(found.unfinished));
    } else {
        say("verified: all is as it was written\n");
    }
    return code(found);
}

} // namespace bench::cli
