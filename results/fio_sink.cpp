// SPDX-License-Identifier: Apache-2.0
#include "results/numbers/summary.h"
#include "results/sinks.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <map>
#include <set>

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

// From the bins: exact to their width, and never more or less than the exact ends allow.
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
    if (count <= 1) {
        return 0;
    }
    const double below = mean - static_cast<double>(latency.min_ns());
    const double above = static_cast<double>(latency.max_ns()) - mean;
    const double most = std::sqrt(std::max(below * above, 0.0));
    const double least = std::max(below, above) / std::sqrt(count - 1);
    return std::max(std::min(std::sqrt(sum / count), most), least);
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

// fio reckons rates from whole milliseconds: who checks them against each other finds them so.
Json direction_json(const Direction& direction, std::uint64_t runtime_ms) {
    const double seconds = static_cast<double>(runtime_ms) / 1000;
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
    out["runtime"] = runtime_ms;
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

// "4096", or means of reads, writes and trims, as fio takes them.
std::string block_sizes(std::map<std::string, Direction>& directions) {
    std::set<std::uint64_t> sizes;
    std::string out;
    for (const char* name : {"read", "write", "trim"}) {
        const Direction& one = directions[name];
        const std::uint64_t mean = one.count > 0 ? one.bytes / one.count : 0;
        out += fmt::format("{}{}", out.empty() ? "" : ",", mean);
        if (mean > 0) {
            sizes.insert(mean);
        }
    }
    return sizes.size() > 1 ? out : fmt::format("{}", sizes.empty() ? 0 : *sizes.begin());
}

// What fio-plot groups by; what is no whole number there is left at one.
Json options_json(const RoundRecord& round, std::map<std::string, Direction>& directions) {
    const bool reads = directions["read"].count > 0;
    const bool writes = directions["write"].count > 0;
    Json out = Json::object();
    out["name"] = round.workload;
    out["rw"] = reads && writes ? "randrw" : writes ? "randwrite" : "randread";
    out["bs"] = block_sizes(directions);
    const bool depth = round.point.rfind("depth ", 0) == 0;
    out["iodepth"] = fmt::format("{:.0f}", depth ? round.point_value : 1);
    out["numjobs"] = "1";
    out["stonewall"] = "1"; // Rounds follow each other.
    out["point"] = round.point;
    out["array"] = round.array;
    return out;
}

std::uint64_t runtime_ms_of(const RoundRecord& round) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(round.duration_ns, 0)) / 1'000'000;
}

Json job_json(const RoundRecord& round, std::size_t group, std::uint64_t elapsed_s) {
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
    const std::uint64_t runtime_ms = runtime_ms_of(round);
    Json out = Json::object();
    out["jobname"] =
        fmt::format("{} {} {} {}", round.array, round.workload, round.point, round.index);
    out["groupid"] = group;
    out["error"] = round.ended == "complete" ? 0 : 5;
    out["eta"] = 0;
    out["elapsed"] = elapsed_s; // Of all of them.
    out["job options"] = options_json(round, directions);
    for (const char* name : {"read", "write", "trim"}) {
        out[name] = direction_json(directions[name], runtime_ms);
    }
    out["sync"] = {{"total_ios", directions["sync"].count},
                   {"lat_ns", latency_json(directions["sync"].response_ns, true)}};
    out["job_runtime"] = runtime_ms;
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
    std::uint64_t all_ms = 0;
    for (const RoundRecord& round : run.rounds) {
        all_ms += runtime_ms_of(round);
    }
    for (const RoundRecord& round : run.rounds) {
        out["jobs"].push_back(job_json(round, out["jobs"].size(), all_ms / 1000 + 1));
    }
    out["disk_util"] = Json::array();
    return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

} // namespace results
