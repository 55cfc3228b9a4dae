// SPDX-License-Identifier: Apache-2.0
#include "bench/exchange/foreign_run.h"
#include "bench/exchange/text_table.h"
#include "bench/exchange/vdbench_run.h"
#include "profiles/file_error.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <ctime>
#include <fmt/format.h>
#include <map>
#include <optional>
#include <sstream>

// Two kinds of flat file: of raw devices (SD=), with the columns rate, MB/sec and read%, and of
// file systems (FSD=), with Read_rate, MB_read and the like beside the rates of opens, closes and
// so on; older versions lack some columns, newer ones write names with capitals. "n/a" is no
// number.
namespace bench::exchange {

namespace {

using vdbench::Definition;
using vdbench::Interval;
using vdbench::Rates;

constexpr double mebibyte = 1048576;
constexpr double ms_ns = 1e6;
constexpr std::size_t intervals_max = 1'000'000;
constexpr double no_rate = 999'988; // iorate=max and iorate=curve stand as 99998x and 999998x.

// "11:22:33.123" as seconds of the day.
std::optional<double> seconds_of_day(const std::string& text) {
    int hours = 0;
    int minutes = 0;
    double seconds = 0;
    if (std::sscanf(text.c_str(), "%2d:%2d:%10lf", &hours, &minutes, &seconds) != 3 || hours < 0 ||
        hours > 23 || minutes < 0 || minutes > 59 || !(seconds >= 0 && seconds < 61)) {
        return std::nullopt;
    }
    return hours * 3600 + minutes * 60 + seconds;
}

// "05/10/2023-21:16:11-CST"; what the zone's letters mean is not known, so it is taken to be UTC.
std::int64_t instant_of(const std::string& text) {
    std::tm parts{};
    if (std::sscanf(text.c_str(),
                    "%2d/%2d/%4d-%2d:%2d:%2d",
                    &parts.tm_mon,
                    &parts.tm_mday,
                    &parts.tm_year,
                    &parts.tm_hour,
                    &parts.tm_min,
                    &parts.tm_sec) != 6) {
        return 0;
    }
    parts.tm_mon -= 1;
    parts.tm_year -= 1900;
    const std::time_t seconds = ::timegm(&parts);
    constexpr std::time_t seconds_max = 4'000'000'000; // With all intervals within 64 bits.
    return seconds < 0 || seconds > seconds_max
               ? 0
               : static_cast<std::int64_t>(seconds) * 1'000'000'000;
}

Rates rates_of(const TextTable& row) {
    Rates out;
    constexpr double rate_max = 1e12;
    const double rate = row.required("rate");
    if (rate > rate_max) {
        row.fail("at most 1e12 as rate");
    }
    const double bytes_per_s = row.required("mb/sec") * mebibyte;
    if (row.has("read_rate") && row.has("write_rate")) {
        out.reads_per_s = row.required("read_rate");
        out.writes_per_s = row.required("write_rate");
        out.read_bytes_per_s = row.required("mb_read") * mebibyte;
        out.written_bytes_per_s = row.required("mb_write") * mebibyte;
        out.others_per_s = std::max(rate - out.per_s(), 0.0);
        return out;
    }
    const double read_share = rate > 0 || bytes_per_s > 0 ? row.required("read%") / 100 : 1.0;
    if (read_share > 1) {
        row.fail("a percent as read%");
    }
    out.reads_per_s = rate * read_share;
    out.writes_per_s = rate - out.reads_per_s;
    out.read_bytes_per_s = bytes_per_s * read_share;
    out.written_bytes_per_s = bytes_per_s - out.read_bytes_per_s;
    return out;
}

std::string asked_of(const TextTable& row) {
    std::string out;
    for (const auto& [column, word] : {std::pair("threads", "threads"),
                                       std::pair("xfersize", "bytes"),
                                       std::pair("rdpct", "% reads")}) {
        const std::string value = row.text(column);
        if (!value.empty() && lower(value) != "n/a") {
            out += fmt::format("{}{} {}", out.empty() ? "" : ", ", value, word);
        }
    }
    return out;
}

class FlatFile {
public:
    explicit FlatFile(std::string file)
        : file_(std::move(file)) {}

    void line(std::size_t number, std::string_view text, bool is_whole) {
        is_line_whole_ = is_whole;
        auto words = words_of(text);
        if (words.empty() || words[0][0] == '*' || words[0][0] == '<') {
            return;
        }
        std::vector<std::string> names(words.size());
        std::transform(words.begin(), words.end(), names.begin(), lower);
        const auto named = [&](const char* name) {
            return std::find(names.begin(), names.end(), name) != names.end();
        };
        if (named("interval") && named("rate")) {
            table_.emplace(file_, std::move(words)); // Stands again before each run.
            return;
        }
        const bool is_row = table_ && (words.size() == table_->width() ||
                                       std::isdigit(static_cast<unsigned char>(words[0][0])) != 0);
        if (!is_row) {
            return; // Words between.
        }
        table_->row(number, std::move(words));
        read_row();
    }

    std::vector<Definition>& definitions() { return definitions_; }

private:
    void read_row() {
        const std::string interval = lower(table_->text("interval"));
        if (interval.rfind("avg", 0) == 0) {
            return read_average(interval);
        }
        if (interval.empty() || interval.find_first_not_of("0123456789") != std::string::npos) {
            return;
        }
        Interval out;
        out.number = whole_from<std::uint64_t>(table_->required("interval"));
        Definition& into = definition(out.number);
        out.tod_s = seconds_of_day(table_->text("tod"));
        out.instant_ns = instant_of(table_->text("timestamp"));
        out.rates = rates_of(*table_);
        out.resp_ms = table_->mean("resp");
        out.resp_max_ms = table_->mean("resp_max").value_or(0);
        if (into.intervals.size() == intervals_max) {
            table_->fail("at most 1,000,000 intervals of a run");
        }
        into.intervals.push_back(out);
        note_contradictions(into);
    }

    void note_contradictions(Definition& into) const {
        constexpr std::size_t told_max = 8; // Of a million lines these will do.
        for (std::string& one : vdbench::contradictions(*table_)) {
            if (into.doubts.size() < told_max) {
                into.doubts.push_back(std::move(one));
            }
        }
        if (!is_line_whole_) {
            into.doubts.emplace_back("the last line has no end: its last cell may be cut");
        }
    }

    // The same name again, counted from the start, is another run: "forthreads=" and the like.
    Definition& definition(std::uint64_t interval) {
        const std::string run = table_->text("run");
        const bool goes_on = !definitions_.empty() && definitions_.back().name == run &&
                             !definitions_.back().is_over &&
                             (definitions_.back().intervals.empty() ||
                              definitions_.back().intervals.back().number < interval);
        if (!goes_on) {
            if (run.empty() || definitions_.size() == 10'000) {
                table_->fail("a run's name, and at most 10,000 runs");
            }
            definitions_.emplace_back();
            definitions_.back().name = run;
            definitions_.back().asked = asked_of(*table_);
        }
        return definitions_.back();
    }

    // "avg_2-5": the mean from the second interval to the fifth; "avg_2-1" is one of none.
    void read_average(const std::string& interval) {
        const std::uint64_t last = definitions_.empty() || definitions_.back().intervals.empty()
                                       ? 0
                                       : definitions_.back().intervals.back().number;
        Definition& into = definition(last + 1);
        into.is_over = true;
        unsigned from = 0;
        unsigned to = 0;
        if (std::sscanf(interval.c_str(), "avg_%9u-%9u", &from, &to) == 2) {
            into.mean_from = from;
            into.mean_to = to;
        }
        into.mean = rates_of(*table_);
        into.mean_resp_ms = table_->mean("resp");
        note_contradictions(into);
        into.reqrate = table_->number("reqrate").value_or(0);
        for (const char* name : {"resp", "read_resp", "write_resp"}) {
            if (const auto mean_ms = table_->mean(name)) {
                into.measures[std::string(name) + "_mean_ns"] = *mean_ms * ms_ns;
            }
        }
        if (const auto cpu = table_->mean("cpu_used")) {
            into.measures["cpu_used_percent"] = *cpu;
        }
    }

    std::string file_;
    std::optional<TextTable> table_;
    bool is_line_whole_ = true;
    std::vector<Definition> definitions_;
};

// What vdbench leaves out of its average, as a rule the first interval, is not counted here either.
results::RoundRecord round_of(const Definition& run) {
    results::RoundRecord out;
    out.workload = run.name;
    Rates sums;
    double counted_s = 0;
    const double seconds = vdbench::interval_s(run);
    for (const Interval& one : run.intervals) {
        results::IntervalRecord interval;
        interval.from_ns = out.intervals.empty()
                               ? 0
                               : out.intervals.back().from_ns + out.intervals.back().length_ns;
        interval.length_ns = whole_from<std::int64_t>(seconds * 1e9);
        interval.ramp = run.has_mean() && (one.number < run.mean_from || one.number > run.mean_to);
        interval.completed = whole_from<std::uint64_t>(one.rates.per_s() * seconds);
        interval.submitted = interval.completed;
        interval.bytes_read = whole_from<std::uint64_t>(one.rates.read_bytes_per_s * seconds);
        interval.bytes_written = whole_from<std::uint64_t>(one.rates.written_bytes_per_s * seconds);
        interval.response_ns_max = whole_from<std::uint64_t>(one.resp_max_ms * ms_ns);
        interval.phase = "load";
        (interval.ramp ? out.ramp_ns : out.duration_ns) += interval.length_ns;
        if (!interval.ramp) {
            counted_s += seconds;
            sums.reads_per_s += one.rates.reads_per_s * seconds;
            sums.writes_per_s += one.rates.writes_per_s * seconds;
            sums.read_bytes_per_s += one.rates.read_bytes_per_s * seconds;
            sums.written_bytes_per_s += one.rates.written_bytes_per_s * seconds;
        }
        out.intervals.push_back(std::move(interval));
    }
    if (!out.intervals.empty()) {
        out.started_utc_ns = std::max<std::int64_t>(
            run.intervals.front().instant_ns - out.intervals.front().length_ns, 0);
    }
    if (run.has_mean()) {
        sums.reads_per_s = run.mean.reads_per_s * counted_s;
        sums.writes_per_s = run.mean.writes_per_s * counted_s;
        sums.read_bytes_per_s = run.mean.read_bytes_per_s * counted_s;
        sums.written_bytes_per_s = run.mean.written_bytes_per_s * counted_s;
        out.measures = run.measures;
    }
    if (run.is_over && run.reqrate < no_rate) {
        out.audit.offered_per_s = run.reqrate;
    }
    out.audit.achieved_per_s = counted_s > 0 ? sums.per_s() / counted_s : 0;
    add_stream_without_latency("read", sums.reads_per_s, sums.read_bytes_per_s, out);
    add_stream_without_latency("write", sums.writes_per_s, sums.written_bytes_per_s, out);
    out.audit.invalid = vdbench::doubts(run);
    return out;
}

// What vdbench writes before it measures.
bool is_format(const std::string& run) {
    return run == "SD_format" || run.rfind("format_for_", 0) == 0;
}

} // namespace

void import_vdbench(std::string_view text, const std::string& name, results::RunRecord& out) {
    out.host["tool"] = "vdbench";
    out.not_seen.emplace_back("vdbench's flat file has means and maxima and no histogram: its "
                              "percentiles are not measured here");
    FlatFile file(name);
    std::istringstream lines{std::string(text)};
    std::size_t number = 0;
    for (std::string line; std::getline(lines, line);) {
        file.line(++number, line, !lines.eof());
    }
    std::map<std::string, int> times;
    for (const Definition& run : file.definitions()) {
        ++times[run.name];
    }
    bool has_others = false;
    bool has_format = false;
    for (const Definition& run : file.definitions()) {
        if (is_format(run.name)) {
            has_format = true;
            continue;
        }
        results::RoundRecord round = round_of(run);
        if (round.streams.empty()) {
            continue;
        }
        round.point = times[run.name] > 1 && !run.asked.empty() ? run.asked : "as measured";
        has_others = has_others || run.mean.others_per_s > 0.5;
        out.rounds.push_back(std::move(round));
    }
    if (has_format) {
        out.not_seen.emplace_back("vdbench's own formatting is left out");
    }
    if (has_others) {
        out.not_seen.emplace_back("operations on files other than reads and writes are left out");
    }
}

} // namespace bench::exchange
