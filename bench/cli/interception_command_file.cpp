// SPDX-License-Identifier: Apache-2.0
#include "bench/cli/command.h"
#include "bench/cli/option_page.h"
#include "bench/cli/say.h"
#include "bench/load/content_measure.h"
#include "drivers/api/errors.h"
#include "profiles/interception/rates.h"
#include "profiles/kinds/any_workload.h"

#include <boost/program_options.hpp>
#include <nlohmann/json.hpp>

#include <fmt/format.h>
#include <sstream>

namespace bench::cli {

namespace po = boost::program_options;
using namespace profiles::interception;

int interception_command(const Arguments& arguments);

namespace {

constexpr const char* usage = R"(usage: arraybench interception WORKLOAD.json [OPTION]...

Says what the interception platform that WORKLOAD describes will ask of the array: streams, rates, bytes and
operations a second in its busy hour. Nothing is driven.

example: arraybench interception profiles/workloads/platform/national.json --targets 20000

)";

std::string megabytes(double bytes_per_s) {
    return fmt::format("{:.1f} MB/s", bytes_per_s / 1e6);
}

std::string streams_text(const PlatformTable& table) {
    std::string out;
    out += fmt::format("{:<4} {:<16} {:<10} {:>9} {:>10} {:>12}  {}\n",
                       "id",
                       "stream",
                       "operation",
                       "block",
                       "per s",
                       "MB/s",
                       "pattern");
    for (const StreamRate& stream : table.streams) {
        out += fmt::format("{:<4} {:<16} {:<10} {:>5} KiB {:>10.1f} {:>12.2f}  {}\n",
                           stream.id,
                           stream.name,
                           stream.operation,
                           stream.block_bytes / 1024,
                           stream.per_s,
                           stream.bytes_per_s / 1e6,
                           stream.pattern);
    }
    out += fmt::format("\nwrites  {} in {:.0f} operations/s\nreads   {} in {:.0f} operations/s\n",
                       megabytes(table.write_bytes_per_s),
                       table.write_per_s,
                       megabytes(table.read_bytes_per_s),
                       table.read_per_s);
    return out;
}

std::string content_text(const profiles::AnyWorkload& workload) {
    return fmt::format("content of what is written {}\n",
                       load::describe_content(profiles::reduction_of(workload), true));
}

std::string text_of(const PlatformWorkload& workload, const PlatformTable& table) {
    const Parameters& p = workload.parameters;
    std::string out =
        fmt::format("{}: {}\n{:.0f} targets, scale {:g}, {:.0f} % of IP traffic kept\n\n",
                    workload.name,
                    workload.purpose,
                    p.targets,
                    p.scale,
                    p.data.keep * 100);
    out += fmt::format("ingest  mean {}, busy hour {}, busiest second {}\n",
                       megabytes(table.ingest_mean_bytes_per_s),
                       megabytes(table.ingest_busy_bytes_per_s),
                       megabytes(table.ingest_peak_bytes_per_s));
    out += fmt::format("        {:.2f} TB a day, {:.3f} PB retained over {:.0f} days\n",
                       table.bytes_per_day / 1e12,
                       table.retained_bytes / 1e15,
                       p.readers.retention_days);
    out += fmt::format("        {:.0f} voice PDUs/s ({:.0f} calls at once), {:.0f} IP PDUs/s\n\n",
                       table.voice_pdus_per_s,
                       table.erlangs,
                       table.ip_pdus_per_s);
    return out + streams_text(table) + content_text(workload);
}

void add_streams(const PlatformTable& table, nlohmann::ordered_json& out) {
    out["streams"] = nlohmann::ordered_json::array();
    for (const StreamRate& stream : table.streams) {
        out["streams"].push_back({{"id", stream.id},
                                  {"name", stream.name},
                                  {"operation", stream.operation},
                                  {"block_bytes", stream.block_bytes},
                                  {"per_s", stream.per_s},
                                  {"bytes_per_s", stream.bytes_per_s},
                                  {"pattern", stream.pattern}});
    }
    out["write_bytes_per_s"] = table.write_bytes_per_s;
    out["writes_per_s"] = table.write_per_s;
    out["read_bytes_per_s"] = table.read_bytes_per_s;
    out["reads_per_s"] = table.read_per_s;
}

std::string json_of(const PlatformWorkload& workload, const PlatformTable& table) {
    nlohmann::ordered_json out;
    out["$schema"] = "arraybench/interception-table/1";
    out["workload"] = workload.name;
    out["targets"] = workload.parameters.targets;
    out["scale"] = workload.parameters.scale;
    out["ingest_mean_bytes_per_s"] = table.ingest_mean_bytes_per_s;
    out["ingest_busy_hour_bytes_per_s"] = table.ingest_busy_bytes_per_s;
    out["ingest_busiest_second_bytes_per_s"] = table.ingest_peak_bytes_per_s;
    out["bytes_per_day"] = table.bytes_per_day;
    out["retained_bytes"] = table.retained_bytes;
    out["voice_pdus_per_s"] = table.voice_pdus_per_s;
    out["ip_pdus_per_s"] = table.ip_pdus_per_s;
    out["calls_at_once"] = table.erlangs;
    add_streams(table, out);
    return out.dump(2) + "\n";
}

std::string video_text(const VideoWorkload& workload, const PlatformTable& table) {
    std::string out = fmt::format("{}: {}\n{} cameras of {} each, {:.0f} viewers\n\n",
                                  workload.name,
                                  workload.purpose,
                                  camera_count(workload.parameters),
                                  megabytes(workload.parameters.camera_bytes_per_s),
                                  workload.parameters.viewers * workload.parameters.scale);
    out += fmt::format("ingest  {}, {:.2f} TB a day\n\n",
                       megabytes(table.ingest_mean_bytes_per_s),
                       table.bytes_per_day / 1e12);
    return out + streams_text(table) + content_text(workload);
}

std::string video_json(const VideoWorkload& workload, const PlatformTable& table) {
    nlohmann::ordered_json out;
    out["$schema"] = "arraybench/video-table/1";
    out["workload"] = workload.name;
    out["cameras"] = camera_count(workload.parameters);
    out["ingest_bytes_per_s"] = table.ingest_mean_bytes_per_s;
    out["bytes_per_day"] = table.bytes_per_day;
    add_streams(table, out);
    return out.dump(2) + "\n";
}

// What the options ask of a workload of either kind, as text or JSON.
std::string described(profiles::AnyWorkload workload, const po::variables_map& values, bool json) {
    const auto asked = [&](const char* option, double least, double most, double& out) {
        if (values.count(option) != 0) {
            out = values[option].as<double>();
            if (!(out >= least && out <= most)) {
                throw drivers::UsageError(fmt::format(
                    "interception: --{} {}: wanted {} to {}", option, out, least, most));
            }
        }
    };
    if (auto* platform = std::get_if<PlatformWorkload>(&workload)) {
        asked("targets", 1, 1e7, platform->parameters.targets);
        asked("scale", 0.0001, 4, platform->parameters.scale);
        const PlatformTable table = platform_table(platform->parameters);
        return json ? json_of(*platform, table) : text_of(*platform, table);
    }
    if (auto* video = std::get_if<VideoWorkload>(&workload)) {
        if (values.count("targets") != 0) {
            throw drivers::UsageError("interception: --targets: cameras are no targets; --scale?");
        }
        asked("scale", 0.0001, 4, video->parameters.scale);
        const PlatformTable table = video_table(video->parameters);
        return json ? video_json(*video, table) : video_text(*video, table);
    }
    throw drivers::UsageError("interception: wanted a workload of a platform or of cameras");
}

} // namespace

int interception_command(const Arguments& arguments) {
    std::string file;
    std::string format = "text";
    po::options_description all("options");
    auto add = all.add_options();
    add("help,h", "this help");
    add("describe", "print the table of streams (what this command does)");
    add("targets", po::value<double>(), "simultaneous targets instead of the file's");
    add("scale", po::value<double>(), "scale factor instead of the file's");
    add("format", po::value(&format), "text or json");
    add("workload", po::value(&file), "the workload file");
    po::positional_options_description positional;
    positional.add("workload", 1);
    po::variables_map values = stored_options(arguments, all, positional);
    po::notify(values);
    if (values.count("help") != 0) {
        std::ostringstream help;
        help << usage << all;
        say("{}", help.str());
        return 0;
    }
    if (file.empty()) {
        throw drivers::UsageError("interception: wanted a workload file");
    }
    if (format != "text" && format != "json") {
        throw drivers::UsageError(
            fmt::format("interception: --format {}: wanted text or json", format));
    }
    say("{}", described(profiles::read_any_workload(file), values, format == "json"));
    return 0;
}

} // namespace bench::cli
