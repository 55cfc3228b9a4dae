// SPDX-License-Identifier: Apache-2.0
#include "bench/exchange/foreign_run.h"
#include "bench/exchange/text_table.h"

#include <fmt/format.h>
#include <optional>
#include <sstream>

namespace bench::exchange {

namespace {

constexpr double mebibyte = 1048576;

// "2026-05-22T16:09:38"; the zone is not said, so it is taken to be UTC.
std::int64_t instant_of(const std::string& text) {
    std::tm parts{};
    std::istringstream in(text);
    if (std::sscanf(text.c_str(),
                    "%4d-%2d-%2dT%2d:%2d:%2d",
                    &parts.tm_year,
                    &parts.tm_mon,
                    &parts.tm_mday,
                    &parts.tm_hour,
                    &parts.tm_min,
                    &parts.tm_sec) != 6) {
        return 0;
    }
    parts.tm_year -= 1900;
    parts.tm_mon -= 1;
    const std::time_t seconds = ::timegm(&parts);
    constexpr std::time_t seconds_max = 9'000'000'000; // What nanoseconds in 64 bits reach.
    return seconds < 0 || seconds > seconds_max
               ? 0
               : static_cast<std::int64_t>(seconds) * 1'000'000'000;
}

// One phase of elbencho as a round. Of its two columns the last counts: when the slowest thread
// was done; how much earlier the first was is a measure.
std::optional<results::RoundRecord> round_of(const TextTable& row) {
    const std::string operation = lower(row.text("operation"));
    if (operation != "read" && operation != "write") {
        return std::nullopt; // Folders made, caches dropped.
    }
    results::RoundRecord out;
    const std::string label = row.text("label");
    out.workload = label.empty() ? operation : label + " " + operation;
    out.point = "as measured";
    out.started_utc_ns = instant_of(row.text("iso date"));
    out.duration_ns = whole_from<std::int64_t>(row.required("time ms [last]") * 1e6);
    out.audit.achieved_per_s = row.number("iops [last]").value_or(0);
    const double seconds = static_cast<double>(out.duration_ns) * 1e-9;
    results::StreamRecord stream;
    stream.name = operation;
    stream.operation = operation + ", mean and maximum only: no percentiles";
    stream.completed = whole_from<std::uint64_t>(out.audit.achieved_per_s * seconds);
    stream.bytes = whole_from<std::uint64_t>(
        row.number("mib [last]").value_or(row.number("mib/s [last]").value_or(0) * seconds) *
        mebibyte);
    out.audit.completed = stream.completed;
    out.streams.push_back(std::move(stream));
    const auto measure = [&](const char* column, const char* name, double factor) {
        if (const auto value = row.number(column)) {
            out.measures[name] = *value * factor;
        }
    };
    measure("io lat us [min]", "io_latency_ns_min", 1000);
    measure("io lat us [avg]", "io_latency_ns_mean", 1000);
    measure("io lat us [max]", "io_latency_ns_max", 1000);
    measure("time ms [first]", "first_done_ns", 1e6);
    measure("time ms [last]", "last_done_ns", 1e6);
    if (const auto cpu = row.number("cpu% [last]")) {
        out.audit.host_cpu_fraction = *cpu / 100;
    }
    return out;
}

} // namespace

void import_elbencho(std::string_view text, const std::string& name, results::RunRecord& out) {
    out.host["tool"] = "elbencho";
    out.not_seen.emplace_back("elbencho's CSV has means and maxima and no histogram: its "
                              "percentiles are not measured here");
    std::istringstream lines{std::string(text)};
    std::string line;
    std::getline(lines, line);
    TextTable table(name, cells_of(line));
    table.row(1, {});
    if (!table.has("operation") || !table.has("time ms [last]")) {
        table.fail("the columns \"operation\" and \"time ms [last]\"");
    }
    for (std::size_t number = 2; std::getline(lines, line); ++number) {
        if (line.empty() || out.rounds.size() == 10'000) {
            continue;
        }
        table.row(number, cells_of(line));
        if (auto round = round_of(table)) {
            out.rounds.push_back(std::move(*round));
        }
    }
}

} // namespace bench::exchange
