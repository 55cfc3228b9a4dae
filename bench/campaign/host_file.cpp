// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/host_record.h"
#include "drivers/api/priority.h"

#include <nlohmann/json.hpp>

#include <sys/utsname.h>
#include <unistd.h>

#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <thread>

namespace bench::campaign {

namespace fs = std::filesystem;

namespace {

std::string first_line(const std::string& path) {
    std::ifstream in(path);
    std::string line;
    std::getline(in, line);
    return line;
}

// The value of the first line of a "key : value" file that begins with `key`.
std::string value_in(const std::string& path, const std::string& key) {
    std::ifstream in(path);
    for (std::string line; std::getline(in, line);) {
        const std::size_t colon = line.find(':');
        if (line.starts_with(key) && colon != std::string::npos) {
            const std::size_t from = line.find_first_not_of(" \t", colon + 1);
            return from == std::string::npos ? "" : line.substr(from);
        }
    }
    return "";
}

void add_interfaces(std::map<std::string, std::string>& out) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator("/sys/class/net", error)) {
        const std::string folder = entry.path().string();
        const std::string speed = first_line(folder + "/speed");
        out["interface " + entry.path().filename().string()] =
            fmt::format("{}, MTU {}{}",
                        first_line(folder + "/operstate"),
                        first_line(folder + "/mtu"),
                        speed.empty() || speed[0] == '-' ? "" : ", " + speed + " Mb/s");
    }
}

std::string lane_scheduling() {
    bool is_granted = false;
    std::thread([&is_granted] { is_granted = drivers::Priority().is_granted(); }).join();
    return is_granted ? "real-time (SCHED_FIFO) while it mostly sleeps; as any other "
                        "process in a closed loop on this host's own devices"
                      : "as any other process: the host grants no priority";
}

} // namespace

std::map<std::string, std::string> describe_host() {
    std::map<std::string, std::string> out;
    utsname system{};
    if (::uname(&system) == 0) {
        out["kernel"] = fmt::format("{} {}", system.sysname, system.release);
        out["architecture"] = system.machine;
        out["name"] = system.nodename;
    }
    out["processor"] = value_in("/proc/cpuinfo", "model name");
    out["processors"] = std::to_string(std::thread::hardware_concurrency());
    out["memory"] = value_in("/proc/meminfo", "MemTotal");
    out["clock source"] =
        first_line("/sys/devices/system/clocksource/clocksource0/current_clocksource");
    out["load before"] = first_line("/proc/loadavg");
    const std::string governor =
        first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
    if (!governor.empty()) {
        out["frequency governor"] = governor;
    }
    out["lane scheduling"] = lane_scheduling();
    out["compiler"] = __VERSION__;
    out["library fmt"] = std::to_string(FMT_VERSION);
    add_interfaces(out);
    return out;
}

std::string host_text(const std::map<std::string, std::string>& host) {
    nlohmann::ordered_json out;
    out["$schema"] = "arraybench/host/1";
    for (const auto& [key, value] : host) {
        out[key] = value;
    }
    return out.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

} // namespace bench::campaign
