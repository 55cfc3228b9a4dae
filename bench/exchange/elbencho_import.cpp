// SPDX-License-Identifier: Apache-2.0
#include "bench/exchange/foreign_run.h"
#include "bench/exchange/text_table.h"
#include "profiles/file_error.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <optional>

namespace bench::exchange {

namespace {

constexpr double mebibyte = 1048576;
constexpr std::size_t rounds_max = 10'000;

// "2026-05-22T16:09:38", of newer versions with ".562-0400"; without a zone taken to be UTC.
std::int64_t instant_of(const std::string& text) {
    std::tm parts{};
    int read = 0;
    if (std::sscanf(text.c_str(),
                    "%4d-%2d-%2dT%2d:%2d:%2d%n",
                    &parts.tm_year,
                    &parts.tm_mon,
                    &parts.tm_mday,
                    &parts.tm_hour,
                    &parts.tm_min,
                    &parts.tm_sec,
                    &read) != 6) {
        return 0;
    }
    parts.tm_year -= 1900;
    parts.tm_mon -= 1;
    const std::size_t zone = text.find_first_of("+-", static_cast<std::size_t>(read));
    int hours = 0;
    int minutes = 0;
    if (zone != std::string::npos) {
        (void)std::sscanf(text.c_str() + zone + 1, "%2d%2d", &hours, &minutes);
    }
    const std::time_t east = (std::time_t{hours} * 60 + minutes) * 60;
    const bool is_west = zone != std::string::npos && text[zone] == '-';
    const std::time_t seconds = ::timegm(&parts) + (is_west ? east : -east);
    constexpr std::time_t seconds_max = 9'000'000'000; // What nanoseconds in 64 bits reach.
    return seconds < 0 || seconds > seconds_max
               ? 0
               : static_cast<std::int64_t>(seconds) * 1'000'000'000;
}

// Reads of a mixed phase stand in columns of their own, before whose names this stands.
constexpr const char* mixed_reads = "rwmix read ";

// One of two numbers that say the same must be there, and both must agree within what whole numbers
// of the table hide.
double told(const TextTable& row,
            const std::string& sum,
            const std::string& per_s,
            results::RoundRecord& out) {
    const double seconds = static_cast<double>(out.duration_ns) * 1e-9;
    const auto whole = row.number(sum);
    const auto rate = row.number(per_s);
    if (!whole && !rate) {
        row.fail(fmt::format("a number as {} or {}", sum, per_s));
    }
    constexpr double share = 0.02;
    if (whole && rate && std::abs(*whole - *rate * seconds) > share * *whole + seconds + 1) {
        out.audit.invalid.push_back(
            fmt::format("{} {:g} and {} {:g} do not agree over {:g} s: the row is cut or altered",
                        sum,
                        *whole,
                        per_s,
                        *rate,
                        seconds));
    }
    return whole ? *whole : *rate * seconds;
}

// A setting in bytes; 0: it is not told, or in other words.
double setting_bytes(const TextTable& row, const char* column) {
    const std::string text = row.text(column);
    const bool is_plain = !text.empty() && text.size() < 16 &&
                          text.find_first_not_of("0123456789") == std::string::npos;
    return is_plain ? row.required(column) : 0;
}

// Accesses of one block size: only a file's last one may be smaller.
void doubt_sizes(const TextTable& row,
                 const std::string& columns,
                 double count,
                 double bytes,
                 results::RoundRecord& out) {
    const double block = setting_bytes(row, "block size");
    if (!(block > 0)) {
        return;
    }
    constexpr double share = 0.02;
    const double seconds = static_cast<double>(out.duration_ns) * 1e-9;
    const double wanted = count * block;
    // What whole numbers of the table hide: of MiB or MiB a second, and of accesses a second.
    const double slack = share * wanted + mebibyte * (seconds + 1) + block * (seconds + 1);
    const double file = setting_bytes(row, "file size");
    const bool has_ends = file == 0 || std::fmod(file, block) != 0;
    if (bytes > wanted + slack || (!has_ends && bytes < wanted - slack)) {
        out.audit.invalid.push_back(fmt::format(
            "{0}iops [last] and {0}mib [last] disagree: {1:.0f} accesses of block size {2:.0f} are "
            "not {3:.0f} bytes",
            columns,
            count,
            block,
            bytes));
    }
}

// Columns of which one is never above the other.
void doubt_order(const TextTable& row, results::RoundRecord& out) {
    constexpr std::array<std::pair<const char*, const char*>, 6> ordered = {
        {{"time ms [first]", "time ms [last]"},
         {"mib [first]", "mib [last]"},
         {"io lat us [min]", "io lat us [avg]"},
         {"io lat us [avg]", "io lat us [max]"},
         {"rwmix read io lat us [min]", "rwmix read io lat us [avg]"},
         {"rwmix read io lat us [avg]", "rwmix read io lat us [max]"}}};
    for (const auto& [less, more] : ordered) {
        const auto low = row.number(less);
        const auto high = row.number(more);
        if (low && high && *low > *high) {
            out.audit.invalid.push_back(
                fmt::format("{} {:g} is above {} {:g}", less, *low, more, *high));
        }
    }
}

void add_stream(const TextTable& row,
                const char* name,
                const std::string& columns,
                results::RoundRecord& out) {
    const std::array<std::string, 4> asked = {columns + "ios [last]",
                                              columns + "iops [last]",
                                              columns + "mib [last]",
                                              columns + "mib/s [last]"};
    if (std::all_of(asked.begin(), asked.end(), [&](const std::string& column) {
            return row.text(column).empty();
        })) {
        return; // Empty files, or no reads among the writes.
    }
    const double count = told(row, asked[0], asked[1], out);
    const double bytes = told(row, asked[2], asked[3], out) * mebibyte;
    doubt_sizes(row, columns, count, bytes, out);
    if (add_stream_without_latency(name, count, bytes, out)) {
        const double seconds = static_cast<double>(out.duration_ns) * 1e-9;
        out.audit.achieved_per_s +=
            row.number(asked[1]).value_or(seconds > 0 ? count / seconds : 0);
    }
}

void add_measures(const TextTable& row, results::RoundRecord& out) {
    const auto measure = [&](const std::string& column, const std::string& name, double factor) {
        if (const auto value = row.number(column)) {
            out.measures[name] = *value * factor;
        }
    };
    for (const char* of : {"min", "avg", "max"}) {
        const std::string name = of == std::string("avg") ? "mean" : of;
        measure(fmt::format("io lat us [{}]", of), "io_latency_ns_" + name, 1000);
        measure(fmt::format("{}io lat us [{}]", mixed_reads, of),
                "mixed_read_io_latency_ns_" + name,
                1000);
    }
    measure("time ms [first]", "first_done_ns", 1e6);
    measure("time ms [last]", "last_done_ns", 1e6);
    if (const auto cpu = row.number("cpu% [last]")) {
        if (*cpu > 100) {
            out.audit.invalid.push_back(
                fmt::format("cpu% [last] {:g} is no share of a host", *cpu));
        }
        out.audit.host_cpu_fraction = *cpu / 100;
    }
}

// One phase of elbencho as a round. Of its two columns the last counts: when the slowest thread
// was done; how much earlier the first was is a measure. Mixed phases are called RWMIX and the
// percent of reads, or MIX-T and the number of readers; WRITE+r reads back what it wrote.
std::optional<results::RoundRecord> round_of(const TextTable& row) {
    const std::string operation = lower(row.text("operation"));
    const auto begins = [&](const char* word) {
        return operation.rfind(word, 0) == 0;
    };
    const bool mixes = begins("rwmix") || begins("mix-t");
    if (!mixes && !begins("read") && !begins("write")) {
        return std::nullopt; // Folders made, caches dropped, a network alone.
    }
    results::RoundRecord out;
    const std::string label = row.text("label");
    out.workload = label.empty() ? operation : label + " " + operation;
    out.point = "as measured";
    out.started_utc_ns = instant_of(row.text("iso date"));
    const double time_ms = row.required("time ms [last]");
    constexpr double longest_ms = 100 * 86'400e3;
    if (time_ms > longest_ms) {
        row.fail("at most 100 days as time ms [last]");
    }
    out.duration_ns = whole_from<std::int64_t>(time_ms * 1e6);
    add_stream(row, begins("read") ? "read" : "write", "", out);
    add_stream(row, "read", mixed_reads, out);
    add_measures(row, out);
    doubt_order(row, out);
    if (out.duration_ns == 0) {
        out.audit.invalid.push_back(
            fmt::format("time ms [last] is 0: {} accesses in no time", out.audit.completed));
    }
    return out.streams.empty() ? std::nullopt : std::optional(std::move(out)); // Empty files.
}

void note_settings(const TextTable& row, const std::string& workload, results::RunRecord& out) {
    for (const char* column :
         {"hosts", "threads", "block size", "io depth", "direct io", "random"}) {
        const std::string value = row.text(column);
        if (!value.empty()) {
            out.host[fmt::format("{}: {}", workload, column)] = value;
        }
    }
    if (const std::string version = row.text("version"); !version.empty()) {
        out.host["tool"] = "elbencho " + version;
    }
}

TextTable head_of(const std::string& name, std::size_t line, std::vector<std::string> cells) {
    TextTable out(name, cells);
    out.row(line, std::move(cells));
    if (!out.has("operation") || !out.has("time ms [last]")) {
        out.fail(R"(the columns "operation" and "time ms [last]")");
    }
    return out;
}

} // namespace

void import_elbencho(std::string_view text, const std::string& name, results::RunRecord& out) {
    out.host["tool"] = "elbencho";
    out.not_seen.emplace_back("elbencho's CSV has means and maxima and no histogram: its "
                              "percentiles are not measured here");
    std::optional<TextTable> table;
    std::size_t number = 0;
    for (std::size_t at = 0; at < text.size() && out.rounds.size() < rounds_max;) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        const std::string_view line = text.substr(at, end - at);
        const bool is_ended = end < text.size();
        at = end + 1;
        ++number;
        if (line.find_first_not_of(" \t\r") == std::string_view::npos) {
            continue;
        }
        auto cells = cells_of(line);
        if (!cells) {
            throw profiles::FileError(
                fmt::format("{}:{}: wanted a quote's end: the row is cut", name, number));
        }
        if (!table || lower(cells->front()) == "iso date") { // Files put together have it again.
            table = head_of(name, number, std::move(*cells));
            continue;
        }
        table->row(number, std::move(*cells));
        if (auto round = round_of(*table)) {
            if (!is_ended) {
                round->audit.invalid.push_back(fmt::format(
                    "{}:{}: the last line has no end: its last cell may be cut", name, number));
            }
            note_settings(*table, round->workload, out);
            out.rounds.push_back(std::move(*round));
        }
    }
}

} // namespace bench::exchange
