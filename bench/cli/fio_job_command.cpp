// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/lun_lease.h"
#include "bench/campaign/safety.h"
#include "bench/cli/fio_answer.h"
#include "bench/cli/option_page.h"
#include "bench/cli/option_values.h"
#include "bench/cli/say.h"
#include "bench/plan/fio_target.h"
#include "drivers/api/errors.h"
#include "drivers/api/monotonic_clock.h"
#include "profiles/synthetic_source.h"
#include "profiles/units.h"
#include "profiles/workload_file.h"

#include <fmt/format.h>

namespace bench::cli {

int fio_job_command(const Arguments& arguments);

namespace po = boost::program_options;

namespace {

constexpr const char* introduction =
    "usage: arraybench fio-job [OPTION]... WORKLOAD.json TARGET\n\n"
    "Prints the workload as a fio job file, or runs it with --run and shows fio's answer as this\n"
    "bench's own histograms. TARGET is a URL, a device or a file; iSCSI and NVMe/TCP are reached\n"
    "through nbdkit and this project's plugin.\n\n"
    "  arraybench fio-job profiles/workloads/random-read-4k.json /dev/mapper/mpatha > a.fio\n"
    "  arraybench fio-job profiles/workloads/random-read-4k.json file:/srv/lun --run\n\n";

profiles::Duration duration_option(const po::variables_map& given, const char* name) {
    const auto text = given[name].as<std::string>();
    const auto value = profiles::parse_duration(text);
    if (!value) {
        throw drivers::UsageError(fmt::format("--{} {}: wanted a time like 10s", name, text));
    }
    return *value;
}

std::uint64_t size_or_zero(const po::variables_map& given, const char* name) {
    if (given.count(name) == 0) {
        return 0;
    }
    const auto text = given[name].as<std::string>();
    const auto value = profiles::parse_size_bytes(text);
    if (!value) {
        throw drivers::UsageError(fmt::format("--{} {}: wanted a size like 1GiB", name, text));
    }
    return *value;
}

profiles::Workload workload_of(const po::variables_map& given, const std::string& file) {
    profiles::Workload out = profiles::read_workload(file);
    if (given.count("depth") > 0 && given.count("rate") > 0) {
        throw drivers::UsageError("--depth and --rate: wanted one of them");
    }
    if (given.count("depth") > 0) {
        out.arrivals.pace = profiles::Pace::closed;
        out.arrivals.depth = given["depth"].as<std::uint32_t>();
    }
    if (given.count("rate") > 0) {
        const double rate = given["rate"].as<double>();
        if (!(rate >= 1 && rate <= 1e9)) {
            throw drivers::UsageError("--rate: wanted 1 to 1e9 accesses per second");
        }
        out.arrivals.rate_per_s = rate;
        if (out.arrivals.pace == profiles::Pace::closed) {
            out.arrivals.pace = profiles::Pace::poisson;
        }
    }
    return out;
}

plan::Url target_of(const std::string& text) {
    const bool is_path = text.starts_with('/') && !text.starts_with("/dev/");
    return plan::parse_url(is_path ? "file:" + text : text);
}

// The same word that every other writing command wants, given before fio opens anything.
std::optional<campaign::LunLease> clear_for_fio(const profiles::Workload& workload,
                                                plan::FioPlace& place,
                                                const campaign::WritePermission& permission,
                                                drivers::Clock& clock) {
    place.writes = profiles::writes(workload);
    if (!place.writes) {
        return std::nullopt;
    }
    const plan::Url& url = place.url;
    plan::DriverOptions options;
    options.depth = 1;
    const auto report = plan::probe_lun(url, options, clock);
    profiles::want_whole_blocks(workload, report.geometry.block_bytes);
    options.expected = drivers::mark_of(report.identity, report.geometry);
    const auto driver = plan::open_driver(url, options, clock);
    place.options.expected = options.expected;
    place.lease_token = campaign::new_lease_token();
    campaign::LunLease lease(*options.expected, place.lease_token);
    campaign::check_may_write(*driver, report, permission);
    return lease;
}

void declare_options(po::options_description& visible) {
    visible.add_options()("help,h", "this page")(
        "runtime", po::value<std::string>()->default_value("10s"), "how long")(
        "ramp", po::value<std::string>()->default_value("0s"), "driven before it is measured")(
        "size", po::value<std::string>(), "working set; else the workload's, else the whole LUN")(
        "depth", po::value<std::uint32_t>(), "a closed loop with so many in flight")(
        "rate", po::value<double>(), "an open loop of so many accesses per second")(
        "seed", po::value<std::uint64_t>()->default_value(1), "of places and gaps")(
        "run", "run fio and show what it found")(
        "destroy", po::value<std::vector<std::string>>()->default_value({}, ""), destroy_help)(
        "overwrite-data", "even if it holds somebody's data");
    add_format_option(visible);
}

} // namespace

int fio_job_command(const Arguments& arguments) {
    OptionPage page;
    page.introduction = introduction;
    page.operand = "WORKLOAD.json TARGET";
    declare_options(page.visible);
    const auto given = read_options(arguments, page);
    if (!given) {
        return 0;
    }
    const auto names = operands(*given);
    if (names.size() != 2) {
        throw drivers::UsageError(
            "fio-job: wanted WORKLOAD.json and TARGET; --help has an example");
    }
    const profiles::Workload workload = workload_of(*given, names[0]);
    const plan::Url url = target_of(names[1]);
    drivers::MonotonicClock clock;
    plan::FioAsk ask;
    ask.runtime = duration_option(*given, "runtime");
    ask.ramp = duration_option(*given, "ramp");
    ask.seed = (*given)["seed"].as<std::uint64_t>();
    ask.size_bytes = size_or_zero(*given, "size");
    if (ask.size_bytes == 0) {
        ask.size_bytes = workload.working_set_bytes;
    }
    plan::FioPlace place;
    place.url = url;
    if (given->count("run") == 0) {
        say("{}", drivers::fio::job_text(plan::fio_job_for(workload, ask, place, clock)));
        return 0;
    }
    const bool json = is_json_wanted(*given);
    const campaign::WritePermission permission{
        (*given)["destroy"].as<std::vector<std::string>>(), given->count("overwrite-data") > 0, 1};
    const auto lease = clear_for_fio(workload, place, permission, clock);
    place.destroy = permission.identities;
    place.overwrite_data = permission.overwrite_data;
    const FioAnswer answer = run_fio(workload, ask, place, clock);
    say("{}", json ? fio_json(answer) : fio_text(answer));
    return 0;
}

} // namespace bench::cli
