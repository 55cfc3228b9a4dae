// SPDX-License-Identifier: Apache-2.0
#include "bench/exchange/foreign_run.h"
#include "bench/exchange/text_table.h"
#include "profiles/file_error.h"

#include <algorithm>
#include <fmt/format.h>
#include <optional>
#include <sstream>

namespace bench::exchange {

namespace {

constexpr double mebibyte = 1048576;
constexpr double ms_ns = 1e6;

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

// One run definition (RD=) as a round: its intervals, and what the average line says of them.
class FlatFile {
public:
    FlatFile(std::string file, results::RunRecord& out)
        : file_(std::move(file))
        , out_(out) {}

    void line(std::size_t number, std::string_view text) {
        auto words = words_of(text);
        if (words.empty() || words[0][0] == '*' || words[0][0] == '<') {
            return;
        }
        if (std::find(words.begin(), words.end(), "Interval") != words.end() &&
            std::find(words.begin(), words.end(), "rate") != words.end()) {
            table_.emplace(file_, std::move(words)); // Stands again before each run.
            return;
        }
        if (!table_ || words.size() < table_->width()) {
            return;
        }
        table_->row(number, std::move(words));
        read_row();
    }

    void finish() {
        for (results::RoundRecord& round : out_.rounds) {
            close(round);
        }
    }

private:
    void read_row() {
        const std::string interval = table_->text("interval");
        results::RoundRecord& round = round_of(table_->text("run"));
        if (!interval.empty() && interval.find_first_not_of("0123456789") == std::string::npos) {
            read_interval(round);
        } else if (interval.rfind("avg", 0) == 0) {
            read_average(round);
        }
    }

    results::RoundRecord& round_of(const std::string& run) {
        if (out_.rounds.empty() || out_.rounds.back().workload != run) {
            if (run.empty() || out_.rounds.size() == 10'000) {
                table_->fail("a run's name, and at most 10,000 runs");
            }
            results::RoundRecord round;
            round.workload = run;
            round.point = "as measured";
            out_.rounds.push_back(std::move(round));
            last_tod_.reset();
        }
        return out_.rounds.back();
    }

    void read_interval(results::RoundRecord& round) {
        double length_s = 1; // Unless the times of day say otherwise.
        if (const auto tod = seconds_of_day(table_->text("tod"))) {
            if (last_tod_ && *tod > *last_tod_) {
                length_s = *tod - *last_tod_;
            }
            last_tod_ = tod;
        }
        results::IntervalRecord interval;
        interval.from_ns = round.intervals.empty()
                               ? 0
                               : round.intervals.back().from_ns + round.intervals.back().length_ns;
        interval.length_ns = whole_from<std::int64_t>(length_s * 1e9);
        const double count = table_->required("rate") * length_s;
        const double bytes = table_->required("mb/sec") * mebibyte * length_s;
        const double read_share = table_->number("read%").value_or(100) / 100;
        interval.completed = whole_from<std::uint64_t>(count);
        interval.submitted = interval.completed;
        interval.bytes_read = whole_from<std::uint64_t>(bytes * read_share);
        interval.bytes_written = whole_from<std::uint64_t>(bytes * (1 - read_share));
        interval.response_ns_max =
            whole_from<std::uint64_t>(table_->number("resp_max").value_or(0) * ms_ns);
        interval.phase = "load";
        round.intervals.push_back(interval);
    }

    void read_average(results::RoundRecord& round) {
        round.audit.offered_per_s = table_->number("reqrate").value_or(0);
        constexpr double no_rate = 999'988; // iorate=max and iorate=curve stand as 99998x.
        if (round.audit.offered_per_s >= no_rate) {
            round.audit.offered_per_s = 0;
        }
        round.audit.achieved_per_s = table_->required("rate");
        const double bytes_per_s = table_->required("mb/sec") * mebibyte;
        const double read_share = table_->number("read%").value_or(100) / 100;
        for (const char* name : {"resp", "read_resp", "write_resp"}) {
            if (const auto mean_ms = table_->number(name)) {
                round.measures[std::string(name) + "_mean_ns"] = *mean_ms * ms_ns;
            }
        }
        for (const auto& [name, share] :
             {std::pair("read", read_share), std::pair("write", 1 - read_share)}) {
            if (share > 0) {
                averages_.push_back({round.workload,
                                     name,
                                     round.audit.achieved_per_s * share,
                                     bytes_per_s * share});
            }
        }
    }

    void close(results::RoundRecord& round) const {
        for (const results::IntervalRecord& interval : round.intervals) {
            round.duration_ns += interval.length_ns;
        }
        const double seconds = static_cast<double>(round.duration_ns) * 1e-9;
        for (const Average& average : averages_) {
            if (average.run == round.workload) {
                results::StreamRecord stream;
                stream.name = average.stream;
                stream.operation = average.stream + ", mean and maximum only: no percentiles";
                stream.completed = whole_from<std::uint64_t>(average.per_s * seconds);
                stream.bytes = whole_from<std::uint64_t>(average.bytes_per_s * seconds);
                round.audit.completed += stream.completed;
                round.streams.push_back(std::move(stream));
            }
        }
    }

    struct Average {
        std::string run;
        std::string stream;
        double per_s = 0;
        double bytes_per_s = 0;
    };

    std::string file_;
    results::RunRecord& out_;
    std::optional<TextTable> table_;
    std::optional<double> last_tod_;
    std::vector<Average> averages_;
};

} // namespace

void import_vdbench(std::string_view text, const std::string& name, results::RunRecord& out) {
    out.host["tool"] = "vdbench";
    out.not_seen.emplace_back("vdbench's flat file has means and maxima and no histogram: its "
                              "percentiles are not measured here");
    FlatFile file(name, out);
    std::istringstream lines{std::string(text)};
    std::size_t number = 0;
    for (std::string line; std::getline(lines, line);) {
        file.line(++number, line);
    }
    file.finish();
    std::erase_if(out.rounds, [](const auto& round) { return round.streams.empty(); });
}

} // namespace bench::exchange
