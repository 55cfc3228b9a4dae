// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/conclusion.h"
#include "bench/campaign/merged_run.h"
#include "bench/cli/option_page.h"
#include "bench/cli/outputs.h"
#include "bench/cli/say.h"
#include "bench/exchange/foreign_run.h"
#include "bench/exchange/merge.h"
#include "drivers/api/errors.h"
#include "drivers/api/monotonic_clock.h"
#include "results/run_record_file.h"
#include "results/text/human.h"

#include <algorithm>
#include <fmt/format.h>

namespace bench::cli {

int merge_command(const Arguments& arguments);

namespace {

namespace po = boost::program_options;

constexpr const char* introduction =
    "usage: arraybench merge DIR... --out DIR [--format text|json]\n\n"
    "Puts the parts of one load or one plan's run, driven by several hosts with --shard i/n, "
    "together\n"
    "into one run, with its limits and comparisons. All parts begin at one instant, --start-at:\n\n"
    "  host1$ arraybench run PLAN.json --shard 1/2 --start-at 2026-11-22T10:00:00Z --out one\n"
    "  host2$ arraybench run PLAN.json --shard 2/2 --start-at 2026-11-22T10:00:00Z --out two\n"
    "  arraybench merge one two --out both && arraybench report both\n\n"
    "The same of an ad-hoc load, recorded with --record:\n\n"
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

// Into the new folder: parts of a plan's run with all that a run concludes.
results::RunRecord kept(results::RunRecord merged,
                        const std::vector<campaign::RunPart>& parts,
                        const std::string& out) {
    const bool of_plan = std::all_of(parts.begin(), parts.end(), [](const auto& part) {
        return campaign::holds_plan(part.folder);
    });
    if (of_plan) {
        drivers::MonotonicClock clock;
        return campaign::keep_merged_run(std::move(merged), parts, out, clock);
    }
    exchange::write_run(out, merged);
    return merged;
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
    const bool json = is_json_wanted(*given);
    check_new_folder("out", out);
    std::vector<results::RunRecord> runs;
    std::vector<campaign::RunPart> parts;
    for (const std::string& folder : operands(*given)) {
        runs.push_back(results::read_run(folder));
        parts.push_back({folder, runs.back().host[results::shard_key]});
    }
    const results::RunRecord merged = kept(exchange::merge_runs(runs), parts, out);
    say("{}",
        json                        ? results::result_text(merged)
        : campaign::holds_plan(out) ? campaign::conclusion_text(merged)
                                    : text_of(merged));
    if (!merged.complete) {
        tell_at_last("arraybench: {}\n", merged.interrupted);
    }
    return merged.exit_code;
}

} // namespace bench::cli
