// SPDX-License-Identifier: Apache-2.0
#include "results/numbers/summary.h"
#include "results/sinks.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace results {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::array percents{1.0,
                              5.0,
                              10.0,
                              20.0,
                              30.0,
                              40.0,
                              50.0,
                              60.0,
                              70.0,
                              80.0,
                              90.0,
                              95.0,
                              99.0,
                              99.5,
                              99.9,
                              99.95,
                              99.99};

// From the bins: exact to their width.
double deviation_ns(const Histogram& latency) {
    const double mean = latency.mean_ns();
    double sum = 0;
    double count = 0;
    for (const auto& [edge_ns, times] : latency.bins()) {
        const double middle =
            static_cast<double>(edge_ns + Histogram::bin_upper_edge_ns(edge_ns)) / 2;
        sum += static_cast<double>(times) * (middle - mean) * (middle - mean);
        count += static_cast<double>(times);
    }
    return count > 1 ? std::sqrt(sum / count) : 0;
}

Json latency_json(const Histogram& latency, bool bins) {
    Json out = Json::object();
    out["min"] = latency.count() == 0 ? 0 : latency.min_ns();
    out["max"] = latency.max_ns();
    out["mean"] = latency.count() == 0 ? 0.0 : latency.mean_ns();
    out["stddev"] = deviation_ns(latency);
    out["N"] = latency.count();
    if (latency.count() == 0 || !bins) {
        return out;
    }
    Json percentiles = Json::object();
    for (const double percent : percents) {
        percentiles[fmt::format("{:.6f}", percent)] = latency.quantile_ns(percent / 100);
    }
    out["percentile"] = std::move(percentiles);
    Json counts = Json::object(); // Keys are the middles of bins, as fio's are.
    for (const auto& [edge_ns, times] : latency.bins()) {
        const std::uint64_t middle =
            edge_ns + (Histogram::bin_upper_edge_ns(edge_ns) - edge_ns) / 2;
        counts[std::to_string(middle)] = times;
    }
    if (latency.overflow() > 0) {
        counts[std::to_string(latency.max_ns())] = latency.overflow();
    }
    out["bins"] = std::move(counts);
    return out;
}

// Streams of one kind together; fio knows reads, writes, trims and syncs.
struct Direction {
    Histogram response_ns;
    std::uint64_t count = 0;
    std::uint64_t bytes = 0;
    std::uint64_t failed = 0;
};

const char* direction_of(const StreamRecord& stream) {
    const std::string& operation = stream.operation;
    const auto begins = [&](const char* word) {
        return operation.rfind(word, 0) == 0;
    };
    if (stream.bytes == 0 && !begins("unmap") && !begins("flush")) {
        return stream.completed == 0 ? ""
               : begins("read")      ? "read"
               : begins("write")     ? "write"
                                     : "";
    }
    return begins("read") || begins("seek") ? "read"
           : begins("write")                ? "write"
           : begins("unmap")                ? "trim"
           : begins("flush")                ? "sync"
                                            : "";
}

Json direction_json(const Direction& direction, double seconds) {
    const auto per_s = [&](double amount) {
        return seconds > 0 ? amount / seconds : 0;
    };
    const auto bytes = static_cast<double>(direction.bytes);
    const double iops = per_s(static_cast<double>(direction.count));
    Json out = Json::object();
    out["io_bytes"] = direction.bytes;
    out["io_kbytes"] = direction.bytes / 1024;
    out["bw_bytes"] = static_cast<std::uint64_t>(per_s(bytes));
    out["bw"] = static_cast<std::uint64_t>(per_s(bytes) / 1024);
    out["iops"] = iops;
    out["runtime"] = static_cast<std::uint64_t>(seconds * 1000);
    out["total_ios"] = direction.count;
    out["short_ios"] = 0;
    out["drop_ios"] = direction.failed;
    out["slat_ns"] = latency_json({}, false);
    out["clat_ns"] = latency_json(direction.response_ns, true);
    out["lat_ns"] = latency_json(direction.response_ns, true);
    out["bw_min"] = out["bw"];
    out["bw_max"] = out["bw"];
    out["bw_agg"] = 100.0;
    out["bw_mean"] = per_s(bytes) / 1024;
    out["bw_dev"] = 0.0;
    out["bw_samples"] = 1;
    out["iops_min"] = static_cast<std::uint64_t>(iops);
    out["iops_max"] = static_cast<std::uint64_t>(iops);
    out["iops_mean"] = iops;
    out["iops_stddev"] = 0.0;
    out["iops_samples"] = 1;
    return out;
}

// What fio-plot groups by; what is no whole number there is left at one.
Json options_json(const RoundRecord& round, std::map<std::string, Direction>& directions) {
    const bool reads = directions["read"].count > 0;
    const bool writes = directions["write"].count > 0;
    Json out = Json::object();
    out["name"] = round.workload;
    out["rw"] = reads && writes ? "randrw" : writes ? "randwrite" : "randread";
    std::uint64_t bytes = 0;
    std::uint64_t count = 0;
    for (const auto& [name, direction] : directions) {
        bytes += direction.bytes;
        count += direction.bytes > 0 ? direction.count : 0;
    }
    out["bs"] = fmt::format("{}", count > 0 ? bytes / count : 0);
    const bool depth = round.point.rfind("depth ", 0) == 0;
    out["iodepth"] = fmt::format("{:.0f}", depth ? round.point_value : 1);
    out["numjobs"] = "1";
    out["point"] = round.point;
    out["array"] = round.array;
    return out;
}

Json job_json(const RoundRecord& round, std::size_t group) {
    std::map<std::string, Direction> directions;
    for (const StreamRecord& stream : round.streams) {
        const std::string name = direction_of(stream);
        if (!name.empty()) {
            Direction& direction = directions[name];
            direction.response_ns.merge(stream.response_ns);
            direction.count += stream.completed;
            direction.bytes += stream.bytes;
            direction.failed += stream.failed + stream.timed_out + stream.lost;
        }
    }
    const double seconds = static_cast<double>(round.duration_ns) * 1e-9;
    Json out = Json::object();
    out["jobname"] =
        fmt::format("{} {} {} {}", round.array, round.workload, round.point, round.index);
    out["groupid"] = group;
    out["error"] = round.ended == "complete" ? 0 : 5;
    out["eta"] = 0;
    out["elapsed"] = static_cast<std::uint64_t>(seconds) + 1;
    out["job options"] = options_json(round, directions);
    for (const char* name : {"read", "write", "trim"}) {
        out[name] = direction_json(directions[name], seconds);
    }
    out["sync"] = {{"total_ios", directions["sync"].count},
                   {"lat_ns", latency_json(directions["sync"].response_ns, true)}};
    out["job_runtime"] = static_cast<std::uint64_t>(seconds * 1000);
    out["usr_cpu"] = round.audit.lane_cpu_fraction * 100;
    out["sys_cpu"] = 0.0;
    out["ctx"] = 0;
    out["majf"] = 0;
    out["minf"] = 0;
    return out;
}

} // namespace

std::string fio_report(const RunRecord& run) {
    Json out = Json::object();
    out["fio version"] = "fio-3.33"; // Whose format this is.
    out["arraybench"] = "latency counts from the due time, not from submission";
    out["timestamp"] = run.started_utc_ns / 1'000'000'000;
    out["timestamp_ms"] = run.started_utc_ns / 1'000'000;
    out["time"] = run.id;
    out["jobs"] = Json::array();
    for (const RoundRecord& round : run.rounds) {
        out["jobs"].push_back(job_json(round, out["jobs"].size()));
    }
    out["disk_util"] = Json::array();
    return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

} // namespace results
