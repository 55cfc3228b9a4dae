// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/conclusion.h"
#include "bench/campaign/run_comparison.h"
#include "bench/cli/option_page.h"
#include "bench/cli/say.h"
#include "drivers/api/errors.h"
#include "results/run_record_file.h"

#include <fmt/format.h>

namespace bench::cli {

int compare_command(const Arguments& arguments);

namespace {

namespace po = boost::program_options;

constexpr const char* introduction =
    "usage: arraybench compare RUN RUN... [--margin SHARE] [--format text|json]\n\n"
    "Compares finished runs round by round: the same array before and after, or the only array\n"
    "of each run.\n\n"
    "  arraybench compare results/runs/before results/runs/after --margin 0.05\n\n";

} // namespace

int compare_command(const Arguments& arguments) {
    OptionPage page;
    page.introduction = introduction;
    page.operand = "RUN";
    page.visible.add_options()("help,h",
                               "this page")("margin",
                                            po::value<double>()->default_value(0.1),
                                            "ratios nearer to one than this are equivalent");
    add_format_option(page.visible);
    const auto given = read_options(arguments, page);
    if (!given) {
        return 0;
    }
    const bool json = is_json_wanted(*given);
    const double margin = (*given)["margin"].as<double>();
    if (!(margin > 0 && margin < 10)) {
        throw drivers::UsageError(fmt::format("--margin {}: wanted a share above 0", margin));
    }
    std::vector<results::RunRecord> runs;
    for (const std::string& folder : operands(*given)) {
        runs.push_back(results::read_run(folder));
    }
    using results::Quantity;
    const std::vector<judge::ComparedMetric> metrics{
        {{"", Quantity::response, "p50", ""}, margin, true},
        {{"", Quantity::response, "p99", ""}, margin, true},
        {{"", Quantity::rate, "", ""}, margin, false}};
    const results::RunRecord found = campaign::compare_runs(runs, metrics);
    say("{}", json ? results::result_text(found) : campaign::conclusion_text(found));
    return 0;
}

} // namespace bench::cli
