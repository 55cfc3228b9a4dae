// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/campaign.h"
#include "bench/campaign/conclusion.h"
#include "bench/campaign/host_memory.h"
#include "bench/campaign/outline.h"
#include "bench/cli/option_page.h"
#include "bench/plan/plan_file.h"
#include "drivers/api/errors.h"
#include "drivers/api/monotonic_clock.h"
#include "results/run_record_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace bench::cli {

int run_command(const Arguments& arguments);

namespace {

namespace po = boost::program_options;

constexpr const char* introduction =
    "usage: arraybench run PLAN.json [OPTION]...\n"
    "       arraybench run --resume DIR [OPTION]...\n\n"
    "Measures the plan's arrays in interleaved rounds and leaves a folder from which every number\n"
    "can be recomputed. SIGINT ends it cleanly; --resume goes on where it ended.\n\n"
    "  arraybench run profiles/plans/demo.json --out /tmp/demo\n\n"
    "Exit code: 0 all limits passed, 1 a limit failed or data was wrong, 2 usage, 3 array or I/O,\n"
    "4 refused for safety, 5 this host, 6 incomplete, 7 no answer where the plan demands one.\n\n";

OptionPage page() {
    OptionPage out;
    out.introduction = introduction;
    out.operand = "PLAN.json";
    out.visible.add_options()("help,h", "this page")(
        "out", po::value<std::string>()->default_value(""), "the run's folder, which must be new")(
        "resume", po::value<std::string>(), "go on with the run in this folder")(
        "seed", po::value<std::uint64_t>(), "instead of the plan's")(
        "destroy",
        po::value<std::vector<std::string>>()->default_value({}, ""),
        "unique id or serial of a LUN that may be written to; again for each")(
        "overwrite-data", po::bool_switch(), "even if somebody's data lies on it")(
        "progress", po::value<std::string>()->default_value("auto"), "auto, none, plain or json");
    add_format_option(out.visible);
    return out;
}

struct Asked {
    plan::Plan plan;
    campaign::RunFolder folder;
};

Asked resumed(const po::variables_map& given) {
    auto folder = campaign::RunFolder::open(given["resume"].as<std::string>());
    plan::Plan plan = plan::read_plan(folder.plan_path());
    for (const std::string& named : operands(given)) {
        if (plan::read_plan(named).name != plan.name) {
            throw drivers::UsageError(fmt::format(
                "{}: the run in {} is of the plan \"{}\"", named, folder.path(), plan.name));
        }
    }
    if (given.count("seed") > 0) {
        throw drivers::UsageError("--seed: a resumed run keeps its own");
    }
    return {std::move(plan), std::move(folder)};
}

Asked started(const po::variables_map& given, const OptionPage& options) {
    plan::Plan plan = plan::read_plan(only_operand(given, options));
    if (given.count("seed") > 0) {
        plan.seed = given["seed"].as<std::uint64_t>();
    }
    campaign::check_memory(campaign::memory_needed(plan), campaign::memory_available_bytes());
    auto folder = campaign::RunFolder::create(given["out"].as<std::string>(), plan);
    // From here on the copies count, so that a resumed run reads the same.
    return {plan::read_plan(folder.plan_path()), std::move(folder)};
}

} // namespace

int run_command(const Arguments& arguments) {
    const OptionPage options = page();
    const auto given = read_options(arguments, options);
    if (!given) {
        return 0;
    }
    const bool json = is_json_wanted(*given);
    campaign::CampaignOptions asked;
    asked.progress = campaign::progress_mode((*given)["progress"].as<std::string>());
    asked.permission.identities = (*given)["destroy"].as<std::vector<std::string>>();
    asked.permission.overwrite_data = (*given)["overwrite-data"].as<bool>();
    asked.command = fmt::format("arraybench run {}", fmt::join(arguments, " "));
    const Asked what = given->count("resume") > 0 ? resumed(*given) : started(*given, options);
    fmt::print(stderr,
               "run folder: {}\n{}",
               what.folder.path(),
               campaign::length_text(what.plan, campaign::outline_of(what.plan)));
    asked.egress_hindrance = campaign::egress_hindrance(what.plan);
    drivers::MonotonicClock clock;
    const results::RunRecord run = campaign::run_campaign(what.plan, what.folder, asked, clock);
    if (!run.interrupted.empty()) {
        fmt::print(stderr, "arraybench: {}\n", run.interrupted);
    }
    if (json) {
        fmt::print("{}", results::result_text(run));
    } else {
        fmt::print(
            "{}\nreport: {}/report.html\n", campaign::conclusion_text(run), what.folder.path());
    }
    return run.exit_code;
}

} // namespace bench::cli
