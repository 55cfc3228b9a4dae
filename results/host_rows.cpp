// SPDX-License-Identifier: Apache-2.0
#include "results/host_rows.h"

#include "results/text/human.h"

#include <algorithm>
#include <fmt/format.h>
#include <limits>
#include <map>

namespace results::view {

namespace {

struct Sum {
    std::string name;
    double offered_per_s = 0;
    double achieved_per_s = 0;
    std::int64_t skew_ns = 0;
    std::int64_t done_first_ns = std::numeric_limits<std::int64_t>::max();
    std::int64_t done_last_ns = 0;
    std::uint64_t slip_ns = 0;
    std::int64_t error_ns = 0;
    bool knows_error = true;
    double lane = 0;
    double cpu = 0;
    std::size_t rounds = 0;
    std::size_t finished = 0;
};

void add(const HostRecord& host, std::int64_t started_utc_ns, Sum& sum) {
    sum.name = host.host == "lost" && !sum.name.empty()
                   ? sum.name
                   : fmt::format("{}/{} {}", host.part, host.parts, host.host);
    ++sum.rounds;
    if (host.ended != "complete") {
        return;
    }
    ++sum.finished;
    sum.offered_per_s += host.offered_per_s;
    sum.achieved_per_s += host.achieved_per_s;
    sum.skew_ns = std::max(sum.skew_ns, host.started_utc_ns - started_utc_ns);
    sum.done_first_ns = std::min(sum.done_first_ns, host.done_utc_ns - started_utc_ns);
    sum.done_last_ns = std::max(sum.done_last_ns, host.done_utc_ns - started_utc_ns);
    sum.slip_ns = std::max(sum.slip_ns, host.slip_ns_p99);
    sum.knows_error = sum.knows_error && host.clock_error_ns.has_value();
    sum.error_ns = std::max(sum.error_ns, host.clock_error_ns.value_or(0));
    sum.lane = std::max(sum.lane, host.lane_cpu_fraction);
    sum.cpu = std::max(sum.cpu, host.host_cpu_fraction);
}

std::string short_time(std::int64_t value_ns) {
    return value_ns == 0 ? "0" : text::duration(static_cast<double>(value_ns));
}

HostRow row_of(const Sum& sum) {
    HostRow out;
    out.host = sum.name;
    out.rounds = fmt::format("{} of {}", sum.finished, sum.rounds);
    if (sum.finished == 0) {
        return out;
    }
    const auto rounds = static_cast<double>(sum.finished);
    out.offered = sum.offered_per_s > 0 ? text::per_second(sum.offered_per_s / rounds)
                                        : std::string("closed loop");
    out.achieved = text::per_second(sum.achieved_per_s / rounds);
    out.skew = short_time(sum.skew_ns);
    if (!sum.knows_error) {
        out.skew += " by its own calendar";
    } else if (sum.error_ns > 0) {
        out.skew += " \xC2\xB1 " + short_time(sum.error_ns);
    }
    out.done = fmt::format("{} to {}", short_time(sum.done_first_ns), short_time(sum.done_last_ns));
    out.slip = short_time(static_cast<std::int64_t>(sum.slip_ns));
    out.lane = text::percent(sum.lane, 2);
    out.cpu = text::percent(sum.cpu, 2);
    return out;
}

} // namespace

std::vector<HostRow> host_rows(const Rounds& rounds) {
    std::map<std::uint32_t, Sum> sums; // By part.
    for (const RoundRecord* round : rounds) {
        for (const HostRecord& host : round->hosts.value_or(std::vector<HostRecord>{})) {
            add(host, round->started_utc_ns, sums[host.part]);
        }
    }
    std::vector<HostRow> out;
    for (const auto& [part, sum] : sums) {
        out.push_back(row_of(sum));
    }
    return out;
}

std::vector<std::string> cells_of(const HostRow& row) {
    return {row.host,
            row.offered,
            row.achieved,
            row.skew,
            row.done,
            row.slip,
            row.lane,
            row.cpu,
            row.rounds};
}

} // namespace results::view
