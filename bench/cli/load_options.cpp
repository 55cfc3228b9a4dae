// SPDX-License-Identifier: Apache-2.0
#include "bench/cli/load_options.h"

#include "bench/cli/load_workload.h"
#include "bench/cli/option_page.h"
#include "bench/cli/option_values.h"
#include "bench/cli/say.h"
#include "bench/integrity/canary_key_file.h"
#include "drivers/api/errors.h"
#include "results/numbers/summary.h"

#include <boost/program_options.hpp>

#include <unistd.h>

#include <fmt/format.h>
#include <map>
#include <sstream>

namespace bench::cli {

namespace {

namespace options = boost::program_options;

constexpr const char* introduction =
    "usage: arraybench load URL [OPTION]...\n\n"
    "Drives one LUN with an ad-hoc load and prints what it took. Reads unless told otherwise; "
    "latency counts\nfrom the instant an access was due. Option names are fio's; a bare size "
    "suffix "
    "is a power of two, a\nbare time is in seconds, and with --rate_iops the arrival of accesses "
    "does not wait for the array.\n"
    "Files and folders to write are tried before anything is driven. SIGINT or SIGHUP ends the "
    "load; "
    "what it\nhas measured is printed and kept, exit code 6. Exit code 5: the answer cannot be "
    "written.\n\n"
    "  arraybench load iscsi://127.0.0.1:3260/iqn.2026-01.org.example:lun/1 --rw=randread --bs=4k "
    "--iodepth=64 --runtime=10\n"
    "  arraybench load null:size=1TiB --rw=randread --bs=4k --rate_iops=100k --runtime=5 "
    "--format json\n\n";

options::options_description described() {
    options::options_description out("Options");
    const auto text = [](const char* preset) {
        return options::value<std::string>()->default_value(preset);
    };
    auto add = out.add_options();
    add("help,h", "show this");
    add("url", options::value<std::string>(), "the LUN (also as the first argument)");
    add("rw", text("randread"), "read, write, randread, randwrite, rw or randrw");
    add("bs", text("4k"), "block size");
    add("iodepth",
        options::value<std::uint32_t>(),
        "requests in flight per job, or at most so many with --rate_iops (default 1, or 256)");
    add("numjobs", options::value<std::uint32_t>()->default_value(1), "lanes, a session each");
    add("rate_iops", text(""), "accesses per second and job, due whatever the array does");
    add("rate_process", text("linear"), "with --rate_iops: linear or poisson");
    add("rwmixread", options::value<unsigned>()->default_value(50), "percent of reads in a mix");
    add("random_distribution", text("random"), "random or zipf:THETA");
    add("runtime", text("10"), "measured time");
    add("ramp_time", text("0"), "time before that, driven but not measured");
    add("size", text(""), "how much of the LUN to use (default: all from --offset on)");
    add("offset", text("0"), "where to begin");
    add("workload", text(""), "a workload file instead of the options above that describe one");
    add("scale", text(""), "scale factor of a platform workload instead of the file's");
    add("trace", text(""), "a trace to replay: fio's iolog or what blkparse prints");
    add("read_iolog", text(""), "the same, by fio's name");
    add("trace-speed", text("1"), "replay so many times as fast");
    add("trace-remap", text("modulo"), "addresses into the working set: modulo, scale or none");
    add("trace-rate", text(""), "accesses per second of a trace that has no instants");
    add("trace-repeat", "begin again when the trace has ended");
    add("write_iolog", text(""), "a file for what was submitted, as fio replays it");
    add("write_iolog_version", options::value<std::uint32_t>()->default_value(3), "3, or 2");
    add("shard", text("1/1"), "drive the i-th of n parts of the load, as i/n: one host of several");
    add("start-at", text(""), "begin then: 2026-11-22T10:00:00Z, the same for all hosts");
    add("record", text(""), "a new folder for the run, as report, compare and merge read it");
    add("percentile_list", text("50:90:95:99:99.9:99.99:99.999"), "percentiles to print");
    add("interval", text("1"), "length of the intervals of the series");
    add("seed", options::value<std::uint64_t>()->default_value(1), "decides every random choice");
    add("destroy", options::value<std::vector<std::string>>()->composing(), destroy_help);
    add("overwrite-data", "with --destroy: even if the LUN carries somebody's data");
    add("paths", text("all"), "of a URL with several portals: all must answer, or any is enough");
    add("verify", text("none"), "none, sample or full: stamp what is written, check what is read");
    add("expectation",
        text(""),
        "with --verify: the file that then says what the LUN must hold, for verify-data");
    add("canary-key",
        text(""),
        "with --verify: plant a token of this key in every sector stamped, for `egress` to find");
    add("canary-lun", options::value<std::uint32_t>()->default_value(1), "the LUN's number there");
    add("format", text("text"), "text or json");
    add("progress", text("auto"), "auto, none or plain: a line per interval on stderr");
    return out;
}

std::vector<double> quantiles_of(const options::variables_map& given) {
    const auto& text = given["percentile_list"].as<std::string>();
    std::vector<double> out;
    std::istringstream in(text);
    for (std::string item; std::getline(in, item, ':');) {
        const auto quantile = results::quantile_from_name("p" + item);
        if (!quantile || !(*quantile > 0 && *quantile < 1) || out.size() == 20) {
            refuse("percentile_list",
                   text,
                   "up to 20 percentiles above 0 and below 100, as in "
                   "50:99:99.9");
        }
        out.push_back(*quantile);
    }
    return out;
}

// As given, or for a trace its own length.
void set_times(const options::variables_map& given, LoadRequest& out) {
    out.runtime = time_option(given, "runtime");
    const auto* trace = std::get_if<profiles::trace::TraceWorkload>(&out.workload);
    if (trace != nullptr && given["runtime"].defaulted()) {
        out.runtime = profiles::trace::length_of(*trace) + std::chrono::milliseconds(1);
    }
    const auto* synthetic = std::get_if<profiles::Workload>(&out.workload);
    out.ramp = synthetic != nullptr && given["ramp_time"].defaulted()
                   ? synthetic->ramp
                   : time_option(given, "ramp_time");
    out.interval = time_option(given, "interval");
    if (out.runtime.count() == 0 || out.interval < std::chrono::milliseconds(1)) {
        throw drivers::UsageError("load: wanted a --runtime above 0 and an --interval of 1ms or "
                                  "more");
    }
}

void set_hosts(const options::variables_map& given, LoadRequest& out) {
    const HostPart part = part_option(given, "shard");
    out.shard = {part.index, part.count};
    if (part.count > 1 && out.verify != integrity::Verify::none) {
        refuse("shard",
               given["shard"].as<std::string>(),
               "no --verify beside it: what other hosts write is not known here");
    }
    out.start_at = instant_option(given, "start-at");
    out.record = given["record"].as<std::string>();
}

void set_recording(const options::variables_map& given, LoadRequest& out) {
    out.write_iolog = given["write_iolog"].as<std::string>();
    out.iolog_version = given["write_iolog_version"].as<std::uint32_t>();
    if (out.iolog_version != 2 && out.iolog_version != 3) {
        refuse("write_iolog_version", std::to_string(out.iolog_version), "2 or 3");
    }
}

} // namespace

std::optional<LoadRequest> read_load_request(const Arguments& arguments) {
    const options::options_description known = described();
    options::positional_options_description places;
    places.add("url", 1);
    const options::variables_map given = stored_options(arguments, known, places);
    if (given.count("help") != 0) {
        std::ostringstream text;
        text << introduction << known;
        say("{}", text.str());
        return std::nullopt;
    }
    if (given.count("url") == 0) {
        throw drivers::UsageError("load: wanted the URL of a LUN; see arraybench load --help");
    }
    LoadRequest out;
    out.url = given["url"].as<std::string>();
    out.jobs = given["numjobs"].as<std::uint32_t>();
    const bool paced = is_paced(given);
    out.depth_per_job = given.count("iodepth") != 0 ? given["iodepth"].as<std::uint32_t>()
                        : paced                     ? 256
                                                    : 1;
    if (out.jobs < 1 || out.jobs > 64 || out.depth_per_job < 1 || out.depth_per_job > 4096) {
        throw drivers::UsageError("load: wanted 1 to 64 jobs and a depth from 1 to 4096");
    }
    set_workload(given, out);
    out.offset_bytes = size_option(given, "offset");
    out.size_bytes = given["size"].defaulted() ? profiles::working_set_bytes(out.workload)
                                               : size_option(given, "size");
    set_times(given, out);
    set_recording(given, out);
    out.seed = given["seed"].as<std::uint64_t>();
    out.quantiles = quantiles_of(given);
    if (given.count("destroy") != 0) {
        out.destroy = given["destroy"].as<std::vector<std::string>>();
    }
    out.overwrite_data = given.count("overwrite-data") != 0;
    out.any_paths = one_of<bool>(given, "paths", {{"all", false}, {"any", true}});
    out.json = one_of<bool>(given, "format", {{"text", false}, {"json", true}});
    out.progress =
        one_of<bool>(given,
                     "progress",
                     {{"auto", isatty(STDERR_FILENO) == 1}, {"none", false}, {"plain", true}});
    out.verify = one_of<integrity::Verify>(given,
                                           "verify",
                                           {{"none", integrity::Verify::none},
                                            {"sample", integrity::Verify::sample},
                                            {"full", integrity::Verify::full}});
    set_hosts(given, out);
    out.expectation = given["expectation"].as<std::string>();
    if (!out.expectation.empty() && out.verify == integrity::Verify::none) {
        refuse("expectation", out.expectation, "--verify sample or full beside it");
    }
    if (const auto path = given["canary-key"].as<std::string>(); !path.empty()) {
        if (out.verify == integrity::Verify::none) {
            refuse("canary-key", path, "--verify sample or full beside it: tokens stand in stamps");
        }
        out.canary.emplace(integrity::read_canary_key(path).key,
                           integrity::CanaryPlace{.lun = given["canary-lun"].as<std::uint32_t>()});
    }
    return out;
}

} // namespace bench::cli
