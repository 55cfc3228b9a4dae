// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/outline.h"
#include "bench/cli/option_page.h"
#include "bench/cli/say.h"
#include "bench/plan/plan_file.h"

#include <fmt/format.h>

namespace bench::cli {

int plan_command(const Arguments& arguments);

namespace {

constexpr const char* introduction =
    "usage: arraybench plan PLAN.json [--format text|json]\n\n"
    "Reads a plan and everything it names and says what a run would do: the identities written\n"
    "to, bytes, duration. Opens no connection and writes nothing.\n\n"
    "  arraybench plan profiles/plans/demo.json\n\n";

} // namespace

int plan_command(const Arguments& arguments) {
    OptionPage page;
    page.introduction = introduction;
    page.operand = "PLAN.json";
    page.visible.add_options()("help,h", "this page");
    add_format_option(page.visible);
    const auto given = read_options(arguments, page);
    if (!given) {
        return 0;
    }
    const bool json = is_json_wanted(*given);
    const plan::Plan plan = plan::read_plan(only_operand(*given, page));
    const campaign::Outline outline = campaign::outline_of(plan);
    say("{}", json ? campaign::outline_json(plan, outline) : campaign::outline_text(plan, outline));
    return 0;
}

} // namespace bench::cli
