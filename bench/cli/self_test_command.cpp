// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/self_test.h"
#include "bench/cli/command.h"
#include "bench/cli/option_page.h"

#include <fmt/format.h>

namespace bench::cli {

int self_test_command(const Arguments& arguments);

namespace {

constexpr const char* introduction = "usage: arraybench self-test [--format text|json]\n\n"
                                     "Injects each known fault into an emulated array, one at a "
                                     "time and in virtual time, and holds\n"
                                     "what the bench finds against what it must find: all of it "
                                     "and nothing else. The honest array's\n"
                                     "rows must stay empty. Exit 1 if any row is wrong.\n\n"
                                     "  arraybench self-test\n\n";

} // namespace

int self_test_command(const Arguments& arguments) {
    OptionPage page;
    page.introduction = introduction;
    page.visible.add_options()("help,h", "this page");
    add_format_option(page.visible);
    const auto given = read_options(arguments, page);
    if (!given) {
        return 0;
    }
    const bool json = is_json_wanted(*given);
    const auto rows = campaign::run_self_test();
    fmt::print("{}", json ? campaign::self_test_json(rows) : campaign::self_test_text(rows));
    return campaign::is_right(rows) ? 0 : 1;
}

} // namespace bench::cli
