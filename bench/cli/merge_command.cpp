// SPDX-License-Identifier: Apache-2.0
#include "bench/cli/option_page.h"
#include "bench/exchange/foreign_run.h"
#include "bench/exchange/merge.h"
#include "drivers/api/errors.h"
#include "results/run_record_file.h"
#include "results/text/human.h"

#include <fmt/format.h>

namespace bench::cli {

int merge_command(const Arguments& arguments);

namespace {

namespace po = boost::program_options;

constexpr const char* introduction =
    "usage: arraybench merge DIR... --out DIR [--format text|json]\n\n"
    "Puts the parts of one load, driven by several hosts, together into one run. Each part was\n"
    "recorded with --shard and --record; all of them begin at one instant, --start-at:\n\n"
    "  host1$ arraybench load URL --rate_iops=50k --shard 1/2 --start-at 2026-11-22T10:00:00Z "
    "--record one\n"
    "  host2$ arraybench load URL --rate_iops=50k --shard 2/2 --start-at 2026-11-22T10:00:00Z "
    "--record two\n"
    "  arraybench merge one two --out both && arraybench report both\n\n";

std::string text_of(const results::RunRecord& run) {
    std::string out;
    for (const results::RoundRecord& round : run.rounds) {
        out += fmt::format("{} {}: {} accesses, {} scheduled\n",
                           round.array,
                           round.workload,
                           results::text::grouped(round.audit.completed),
                           results::text::grouped(round.audit.scheduled));
        for (const auto& [name, value] : round.measures) {
            const bool is_time = name.find("_ns") != std::string::npos;
            out +=
                fmt::format("  {:<32} {}\n",
                            name,
                            is_time ? results::text::duration(value) : fmt::format("{:g}", value));
        }
        for (const std::string& reason : round.audit.invalid) {
            out += fmt::format("  INVALID {}\n", reason);
        }
    }
    return out;
}

} // namespace

int merge_command(const Arguments& arguments) {
    OptionPage page;
    page.introduction = introduction;
    page.operand = "DIR";
    page.visible.add_options()("help,h", "this page")(
        "out", po::value<std::string>()->default_value(""), "new folder for the merged run");
    add_format_option(page.visible);
    const auto given = read_options(arguments, page);
    if (!given) {
        return 0;
    }
    const std::string out = (*given)["out"].as<std::string>();
    if (out.empty()) {
        throw drivers::UsageError("merge: wanted --out, a new folder");
    }
    std::vector<results::RunRecord> runs;
    for (const std::string& folder : operands(*given)) {
        runs.push_back(results::read_run(folder));
    }
    const results::RunRecord merged = exchange::merge_runs(runs);
    exchange::write_run(out, merged);
    fmt::print("{}", is_json_wanted(*given) ? results::result_text(merged) : text_of(merged));
    if (!merged.complete) {
        fmt::print(stderr, "arraybench: {}\n", merged.interrupted);
    }
    return merged.exit_code;
}

} // namespace bench::cli
