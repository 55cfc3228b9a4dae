// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/campaign.h"
#include "bench/campaign/conclusion.h"
#include "bench/campaign/host_follower.h"
#include "bench/campaign/host_leader.h"
#include "bench/campaign/host_memory.h"
#include "bench/campaign/interruption.h"
#include "bench/campaign/outline.h"
#include "bench/campaign/shard_timetable.h"
#include "bench/cli/option_page.h"
#include "bench/cli/option_values.h"
#include "bench/cli/say.h"
#include "bench/hosts/guard.h"
#include "bench/hosts/launch.h"
#include "bench/hosts/mpi.h"
#include "bench/plan/plan_file.h"
#include "drivers/api/errors.h"
#include "drivers/api/monotonic_clock.h"
#include "drivers/confine/capabilities.h"
#include "results/run_record_file.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <memory>
#include <optional>
#include <set>

namespace bench::cli {

int run_command(const Arguments& arguments);

namespace {

namespace po = boost::program_options;

constexpr const char* introduction =
    "usage: arraybench run PLAN.json [OPTION]...\n"
    "       arraybench run --resume DIR [OPTION]...\n\n"
    "Measures the plan's arrays in interleaved rounds and leaves a folder from which every number\n"
    "can be recomputed. SIGINT or SIGHUP ends it cleanly; --resume goes on where it ended.\n\n"
    "  arraybench run profiles/plans/demo.json --out /tmp/demo\n\n"
    "Several hosts drive one plan together under MPI, or by a timetable and then `merge`:\n\n"
    "  mpirun --host one,two arraybench run PLAN.json\n"
    "  arraybench run PLAN.json --shard 1/2 --start-at 2026-11-22T10:00:00Z\n\n"
    "A host that is lost ends the run with exit code 6, what was measured is kept; mpirun must "
    "then\n"
    "not end the others at once: mpirun --enable-recovery.\n\n"
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
        "destroy", po::value<std::vector<std::string>>()->default_value({}, ""), destroy_help)(
        "overwrite-data", po::bool_switch(), "even if somebody's data lies on it")(
        "shard",
        po::value<std::string>()->default_value("1/1"),
        "drive the i-th of n parts of every round, as i/n")(
        "start-at",
        po::value<std::string>()->default_value(""),
        "with --shard: when the first round begins, 2026-11-22T10:00:00Z, the same for all")(
        "lost-after",
        po::value<std::string>()->default_value("20s"),
        "under MPI: a host that is silent for so long is lost")(
        "meet-on",
        po::value<std::string>()->default_value(""),
        "under MPI: the interface or address of the leading host on which it waits for the others, "
        "and on no other")(
        "progress", po::value<std::string>()->default_value("auto"), "auto, none, plain or json");
    add_format_option(out.visible);
    return out;
}

struct Asked {
    plan::Plan plan;
    campaign::RunFolder folder;
};

// Before anything is made: whether several hosts can drive this plan as they are asked to.
void check_hosts(const po::variables_map& given, const plan::Plan& plan, bool is_led) {
    const HostPart part = part_option(given, "shard");
    const auto start = instant_option(given, "start-at");
    const bool has_laboratory =
        plan.egress && std::any_of(plan.arrays.begin(), plan.arrays.end(), [](const auto& array) {
            return array.description.emulated.has_value();
        });
    if (is_led && has_laboratory) {
        throw drivers::UsageError("run: emulated arrays whose traffic is watched are in a network "
                                  "of one process: run this plan on one host, without a launcher, "
                                  "or name real arrays, whose taps rank 0 watches");
    }
    if (part.count == 1 && !start) {
        return;
    }
    if (is_led) {
        throw drivers::UsageError("run: --shard is for hosts without a launcher");
    }
    if (part.count == 1 || !start) {
        throw drivers::UsageError("run: --shard and --start-at belong together");
    }
    if (given.count("resume") > 0) {
        throw drivers::UsageError("run: --resume: the timetable of a shard is over");
    }
    if (const std::string why = campaign::shard_hindrance(plan); !why.empty()) {
        throw drivers::UsageError("run: --shard: " + why);
    }
    if (*start <= std::chrono::system_clock::now()) {
        throw drivers::UsageError("run: --start-at: this instant has passed");
    }
}

Asked resumed(const po::variables_map& given, bool is_led) {
    auto folder = campaign::RunFolder::open(given["resume"].as<std::string>());
    plan::Plan plan = plan::read_plan_in(folder.path());
    check_hosts(given, plan, is_led);
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

Asked started(const po::variables_map& given, const OptionPage& options, bool is_led) {
    plan::Plan plan = plan::read_plan(only_operand(given, options));
    check_hosts(given, plan, is_led);
    if (given.count("seed") > 0) {
        plan.seed = given["seed"].as<std::uint64_t>();
    }
    campaign::check_memory(campaign::memory_needed(plan), campaign::memory_available_bytes());
    auto folder = campaign::RunFolder::create(given["out"].as<std::string>(), plan);
    // From here on the copies count, so that a resumed run reads the same.
    return {plan::read_plan_in(folder.path()), std::move(folder)};
}

// The ranks of an MPI launcher; null = nobody else is there.
std::unique_ptr<hosts::Fellowship> fellowship_of_launch(const po::variables_map& given,
                                                        hosts::Guard& guard,
                                                        const drivers::Clock& clock) {
    hosts::Introduced introduced = hosts::introduced_by_mpi(given["meet-on"].as<std::string>());
    guard.met(introduced.self.rank == 0);
    if (introduced.self.size < 2) {
        return nullptr;
    }
    introduced.self.link.silence_max = time_option(given, "lost-after");
    hosts::LinkEvents events;
    events.lost = [](const std::string&) {
        campaign::Interruption::raise();
    };
    events.stop = [] {
        campaign::Interruption::raise();
    };
    return std::make_unique<hosts::Fellowship>(
        introduced.self, introduced.companions, clock, events);
}

std::unique_ptr<campaign::OtherHosts>
timetable_of(const po::variables_map& given, const plan::Plan& plan, drivers::Clock& clock) {
    const HostPart part = part_option(given, "shard");
    const auto start = instant_option(given, "start-at");
    return start ? std::make_unique<campaign::ShardTimetable>(
                       plan, campaign::HostShare{part.index, part.count}, *start, clock)
                 : nullptr;
}

campaign::CampaignOptions asked_options(const po::variables_map& given,
                                        const Arguments& arguments) {
    campaign::CampaignOptions out;
    out.progress = campaign::progress_mode(given["progress"].as<std::string>());
    out.permission.identities = given["destroy"].as<std::vector<std::string>>();
    out.permission.overwrite_data = given["overwrite-data"].as<bool>();
    out.command = fmt::format("arraybench run {}", fmt::join(arguments, " "));
    return out;
}

// What this plan's campaign needs; what others would need is given up before it begins.
std::set<drivers::confine::Privilege> privileges_for(const plan::Plan& plan) {
    using drivers::confine::Privilege;
    std::set<Privilege> out{Privilege::real_time, Privilege::any_file};
    if (plan.egress) {
        out.insert({Privilege::capture, Privilege::networks});
    }
    for (const plan::PlanArray& array : plan.arrays) {
        if (array.description.real) {
            out.insert(Privilege::raw_disks); // Perhaps it is a disk of this host.
        }
    }
    return out;
}

drivers::confine::Heirs heirs_of(const plan::Plan& plan) {
    const bool names_hooks =
        std::any_of(plan.arrays.begin(), plan.arrays.end(), [](const plan::PlanArray& array) {
            return array.description.real && !array.description.real->hooks.empty();
        });
    return names_hooks ? drivers::confine::Heirs::as_the_user
                       : drivers::confine::Heirs::as_confined;
}

// As the one host, or the one that leads.
int run_here(const po::variables_map& given,
             const OptionPage& options,
             campaign::CampaignOptions asked,
             drivers::Clock& clock) {
    const bool is_led = asked.others != nullptr;
    const Asked what =
        given.count("resume") > 0 ? resumed(given, is_led) : started(given, options, is_led);
    const auto timetable = timetable_of(given, what.plan, clock);
    asked.others = timetable ? timetable.get() : asked.others;
    if (timetable) { // The parts that begin then with this plan, divided alike, are one run.
        const campaign::HostShare share = timetable->share();
        asked.lease_token = fmt::format("{}-{}-{}",
                                        what.folder.plan_sha256(),
                                        share.count,
                                        given["start-at"].as<std::string>());
        asked.lease_part = campaign::lease_part_name(share.index, share.count);
    }
    tell("run folder: {}\n{}",
         what.folder.path(),
         campaign::length_text(what.plan, campaign::outline_of(what.plan)));
    drivers::confine::keep_only(privileges_for(what.plan), heirs_of(what.plan));
    asked.egress_hindrance = campaign::egress_hindrance(what.plan);
    const results::RunRecord run = campaign::run_campaign(what.plan, what.folder, asked, clock);
    if (!run.interrupted.empty()) {
        tell_at_last("arraybench: {}\n", run.interrupted);
    }
    if (is_json_wanted(given)) {
        say("{}", results::result_text(run));
    } else {
        say("{}\nreport: {}/report.html\n", campaign::conclusion_text(run), what.folder.path());
    }
    return run.exit_code;
}

} // namespace

int run_command(const Arguments& arguments) {
    const OptionPage options = page();
    const auto given = read_options(arguments, options);
    if (!given) {
        return 0;
    }
    (void)is_json_wanted(*given); // Before the run, which is long.
    drivers::MonotonicClock clock;
    campaign::CampaignOptions asked = asked_options(*given, arguments);
    const hosts::Launch launch = hosts::how_launched();
    if (launch == hosts::Launch::strangers && part_option(*given, "shard").count == 1) {
        throw drivers::UsageError(
            "run: one of several that srun started, none of which knows of the others: each would "
            "drive the whole load. Wanted `srun --mpi=pmix`, or --shard i/n --start-at TIME");
    }
    if (launch != hosts::Launch::led) {
        return run_here(*given, options, std::move(asked), clock);
    }
    hosts::Guard guard;
    const auto fellowship = fellowship_of_launch(*given, guard, clock);
    if (fellowship && !fellowship->leads()) {
        return campaign::follow(*fellowship, clock);
    }
    std::optional<campaign::HostLeader> leader;
    if (fellowship) {
        leader.emplace(*fellowship, asked.permission.overwrite_data, clock);
        asked.others = &*leader;
    }
    return run_here(*given, options, std::move(asked), clock);
}

} // namespace bench::cli
