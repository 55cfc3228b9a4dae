// SPDX-License-Identifier: Apache-2.0
#include "bench/cli/load_options.h"

#include "bench/cli/fio_units.h"
#include "bench/integrity/canary_key_file.h"
#include "drivers/api/errors.h"
#include "profiles/workload_file.h"
#include "results/numbers/summary.h"
#include "results/text/human.h"

#include <boost/program_options.hpp>

#include <unistd.h>

#include <fmt/format.h>
#include <map>
#include <sstream>

namespace bench::cli {

namespace {

namespace options = boost::program_options;
using profiles::AccessOp;
using profiles::Pace;
using profiles::Spot;

constexpr const char* introduction =
    "usage: arraybench load URL [OPTION]...\n\n"
    "Drives one LUN with an ad-hoc load and prints what it took. Reads unless told otherwise; "
    "latency counts\nfrom the instant an access was due. Option names are fio's; a bare size "
    "suffix "
    "is a power of two, a\nbare time is in seconds, and with --rate_iops the arrival of accesses "
    "does not wait for the array.\n\n"
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
    add("percentile_list", text("50:90:95:99:99.9:99.99:99.999"), "percentiles to print");
    add("interval", text("1"), "length of the intervals of the series");
    add("seed", options::value<std::uint64_t>()->default_value(1), "decides every random choice");
    add("destroy",
        options::value<std::vector<std::string>>()->composing(),
        "identity (NAA, EUI-64, NGUID or serial) of a LUN that may be written to");
    add("overwrite-data", "with --destroy: even if the LUN carries somebody's data");
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

[[noreturn]] void refuse(const char* option, const std::string& value, const char* wanted) {
    throw drivers::UsageError(fmt::format("--{}: \"{}\": wanted {}", option, value, wanted));
}

template <typename Value>
Value one_of(const options::variables_map& given,
             const char* option,
             const std::map<std::string, Value>& choices) {
    const auto& text = given[option].as<std::string>();
    const auto found = choices.find(text);
    if (found == choices.end()) {
        std::string wanted;
        for (const auto& [name, value] : choices) {
            wanted += (wanted.empty() ? "one of " : ", ") + name;
        }
        refuse(option, text, wanted.c_str());
    }
    return found->second;
}

std::uint64_t size_option(const options::variables_map& given, const char* option) {
    const auto& text = given[option].as<std::string>();
    const auto size = parse_fio_size_bytes(text);
    if (!size) {
        refuse(option, text, "a size like 4k, 1m or 4KiB");
    }
    return *size;
}

std::chrono::nanoseconds time_option(const options::variables_map& given, const char* option) {
    const auto& text = given[option].as<std::string>();
    const auto time = parse_fio_time(text);
    if (!time) {
        refuse(option, text, "a time like 10, 500ms or 2m");
    }
    return *time;
}

profiles::Arrivals arrivals_of(const options::variables_map& given, const LoadRequest& request) {
    profiles::Arrivals out;
    const auto& rate = given["rate_iops"].as<std::string>();
    if (rate.empty()) {
        out.depth = request.depth_per_job * request.jobs;
        return out;
    }
    const auto per_job = parse_fio_rate(rate);
    if (!per_job) {
        refuse("rate_iops", rate, "a rate per second from 0.001 to 100m, like 1000 or 50k");
    }
    out.rate_per_s = *per_job * request.jobs;
    out.pace =
        one_of<Pace>(given, "rate_process", {{"linear", Pace::fixed}, {"poisson", Pace::poisson}});
    return out;
}

void set_distribution(const options::variables_map& given, profiles::Locality& out) {
    const auto& text = given["random_distribution"].as<std::string>();
    if (text == "random") {
        return;
    }
    const auto theta = text.rfind("zipf:", 0) == 0 ? parse_fio_rate(text.substr(5)) : std::nullopt;
    if (!theta || *theta < 0.01 || *theta > 10) {
        refuse("random_distribution", text, "random, or zipf: and a number from 0.01 to 10");
    }
    out.spot = Spot::zipf;
    out.zipf_theta = *theta;
}

std::vector<profiles::WorkloadStream> streams_of(const options::variables_map& given) {
    struct Kind {
        bool reads;
        bool writes;
        bool random;
    };
    const auto kind = one_of<Kind>(given,
                                   "rw",
                                   {{"read", {true, false, false}},
                                    {"write", {false, true, false}},
                                    {"randread", {true, false, true}},
                                    {"randwrite", {false, true, true}},
                                    {"rw", {true, true, false}},
                                    {"readwrite", {true, true, false}},
                                    {"randrw", {true, true, true}}});
    profiles::WorkloadStream stream;
    stream.blocks = {{size_option(given, "bs"), 1}};
    if (stream.blocks[0].size_bytes == 0 || stream.blocks[0].size_bytes > (64U << 20U)) {
        refuse("bs", given["bs"].as<std::string>(), "a block size from 512 to 64m");
    }
    stream.locality.spot = kind.random ? Spot::uniform : Spot::sequential;
    if (kind.random) {
        set_distribution(given, stream.locality);
    }
    const unsigned read_percent = given["rwmixread"].as<unsigned>();
    if (read_percent > 100) {
        refuse("rwmixread", std::to_string(read_percent), "a percentage from 0 to 100");
    }
    std::vector<profiles::WorkloadStream> out;
    if (kind.reads && (!kind.writes || read_percent > 0)) {
        stream.name = "read";
        stream.op = AccessOp::read;
        stream.share = kind.writes ? read_percent / 100.0 : 1;
        out.push_back(stream);
    }
    if (kind.writes && (!kind.reads || read_percent < 100)) {
        stream.name = "write";
        stream.op = AccessOp::write;
        stream.share = kind.reads ? 1 - read_percent / 100.0 : 1;
        out.push_back(stream);
    }
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

std::string pace_text(const LoadRequest& request) {
    const profiles::Arrivals& arrivals = request.workload.arrivals;
    if (arrivals.pace == Pace::closed) {
        return fmt::format("depth {}", arrivals.depth);
    }
    const char* kind = arrivals.pace == Pace::fixed     ? "fixed gaps"
                       : arrivals.pace == Pace::poisson ? "Poisson"
                                                        : "bursts";
    return fmt::format("{} offered, {}", results::text::per_second(arrivals.rate_per_s), kind);
}

void set_workload(const options::variables_map& given, LoadRequest& out) {
    const auto& file = given["workload"].as<std::string>();
    std::string what;
    if (file.empty()) {
        out.workload.name = "load";
        out.workload.streams = streams_of(given);
        out.workload.arrivals = arrivals_of(given, out);
        what =
            given["rw"].as<std::string>() + " " +
            results::text::size(static_cast<double>(out.workload.streams[0].blocks[0].size_bytes));
    } else {
        for (const char* option : {"rw", "bs", "rate_iops", "rwmixread", "random_distribution"}) {
            if (!given[option].defaulted()) {
                refuse(option, file, "either a workload file or this option");
            }
        }
        out.workload = profiles::read_workload(file);
        what = out.workload.name;
        if (out.workload.arrivals.pace == Pace::closed) {
            const std::uint32_t depth = out.workload.arrivals.depth;
            out.depth_per_job = (depth + out.jobs - 1) / out.jobs;
        }
    }
    out.summary = fmt::format(
        "{}, {}, {} {}", what, pace_text(out), out.jobs, out.jobs == 1 ? "lane" : "lanes");
}

} // namespace

std::optional<LoadRequest> read_load_request(const Arguments& arguments) {
    const options::options_description known = described();
    options::positional_options_description places;
    places.add("url", 1);
    options::variables_map given;
    options::store(options::command_line_parser(arguments).options(known).positional(places).run(),
                   given);
    if (given.count("help") != 0) {
        std::ostringstream text;
        text << introduction << known;
        fmt::print("{}", text.str());
        return std::nullopt;
    }
    if (given.count("url") == 0) {
        throw drivers::UsageError("load: wanted the URL of a LUN; see arraybench load --help");
    }
    LoadRequest out;
    out.url = given["url"].as<std::string>();
    out.jobs = given["numjobs"].as<std::uint32_t>();
    const bool paced =
        !given["rate_iops"].as<std::string>().empty() || !given["workload"].defaulted();
    out.depth_per_job = given.count("iodepth") != 0 ? given["iodepth"].as<std::uint32_t>()
                        : paced                     ? 256
                                                    : 1;
    if (out.jobs < 1 || out.jobs > 64 || out.depth_per_job < 1 || out.depth_per_job > 4096) {
        throw drivers::UsageError("load: wanted 1 to 64 jobs and a depth from 1 to 4096");
    }
    set_workload(given, out);
    out.offset_bytes = size_option(given, "offset");
    out.size_bytes =
        given["size"].defaulted() ? out.workload.working_set_bytes : size_option(given, "size");
    out.runtime = time_option(given, "runtime");
    out.ramp = given["ramp_time"].defaulted() ? out.workload.ramp : time_option(given, "ramp_time");
    out.interval = time_option(given, "interval");
    if (out.runtime.count() == 0 || out.interval < std::chrono::milliseconds(1)) {
        throw drivers::UsageError("load: wanted a --runtime above 0 and an --interval of 1ms or "
                                  "more");
    }
    out.seed = given["seed"].as<std::uint64_t>();
    out.quantiles = quantiles_of(given);
    if (given.count("destroy") != 0) {
        out.destroy = given["destroy"].as<std::vector<std::string>>();
    }
    out.overwrite_data = given.count("overwrite-data") != 0;
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
