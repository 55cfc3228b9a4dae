// SPDX-License-Identifier: Apache-2.0
#include "bench/exchange/vdbench_run.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>

namespace bench::exchange::vdbench {

namespace {

constexpr double mebibyte = 1048576;
constexpr double day_s = 86'400;
constexpr double longest_interval_s = 3'600;
constexpr double share = 0.02; // By which vdbench's own clock and sums may differ.

// From the line of one interval to that of the next told; none: one of them tells no time.
std::optional<double> between_s(const Interval& one, const Interval& next) {
    if (!one.tod_s || !next.tod_s) {
        return std::nullopt;
    }
    const double out = *next.tod_s - *one.tod_s;
    return out < 0 ? out + day_s : out;
}

void doubt_numbers(const Definition& run, std::vector<std::string>& out) {
    std::uint64_t before = 0;
    for (const Interval& one : run.intervals) {
        if (one.number != before + 1) {
            out.push_back(fmt::format("of vdbench's intervals number {} is missing", before + 1));
            return;
        }
        before = one.number;
    }
    if (run.has_mean() && run.mean_to != before) {
        out.push_back(
            fmt::format("vdbench's average is until interval {}, and interval {} is the last here",
                        run.mean_to,
                        before));
    }
    if (run.is_over && !run.has_mean() && run.intervals.size() > 1) {
        out.push_back(fmt::format("vdbench's average is one of no intervals, and there are {}",
                                  run.intervals.size()));
    }
}

// How long an interval was, everything that is counted hangs on.
void doubt_lengths(const Definition& run, std::vector<std::string>& out) {
    if (run.intervals.size() < 2) {
        out.emplace_back("vdbench's run has one interval: how long it was is not told");
        return;
    }
    const double usual_s = interval_s(run);
    for (std::size_t i = 1; i < run.intervals.size(); ++i) {
        const Interval& one = run.intervals[i - 1];
        const Interval& next = run.intervals[i];
        const auto passed_s = between_s(one, next);
        if (!passed_s) {
            out.push_back(
                fmt::format("vdbench's interval {} or {} tells no tod: how long it was is "
                            "not told",
                            one.number,
                            next.number));
            return;
        }
        const double wanted_s = usual_s * static_cast<double>(next.number - one.number);
        const double late_s = usual_s + 1;
        if (std::abs(*passed_s - wanted_s) > late_s || usual_s > longest_interval_s) {
            out.push_back(
                fmt::format("tod says {:.1f} s between vdbench's intervals {} and {}, and "
                            "{:.0f} s between others",
                            *passed_s,
                            one.number,
                            next.number,
                            usual_s));
            return;
        }
    }
}

// The average line against the lines that it is the average of.
void doubt_average(const Definition& run, std::vector<std::string>& out) {
    if (!run.has_mean()) {
        return;
    }
    double per_s = 0;
    double bytes_per_s = 0;
    double counted = 0;
    double shortest_ms = 1e300;
    double longest_ms = 0;
    for (const Interval& one : run.intervals) {
        if (one.number < run.mean_from || one.number > run.mean_to) {
            continue;
        }
        per_s += one.rates.per_s();
        bytes_per_s += one.rates.bytes_per_s();
        ++counted;
        shortest_ms = std::min(shortest_ms, one.resp_ms.value_or(0));
        longest_ms = std::max(longest_ms, one.resp_ms.value_or(1e300));
    }
    if (counted == 0) {
        out.push_back(
            fmt::format("vdbench's average is from interval {} to {}, of which none is here",
                        run.mean_from,
                        run.mean_to));
        return;
    }
    const auto differ = [](double mean, double of_lines, double digit) {
        return std::abs(mean - of_lines) > share * of_lines + digit;
    };
    if (differ(run.mean.per_s(), per_s / counted, 1)) {
        out.push_back(fmt::format("rate {:g} of vdbench's average and {:g} of its intervals "
                                  "disagree",
                                  run.mean.per_s(),
                                  per_s / counted));
    }
    if (differ(run.mean.bytes_per_s(), bytes_per_s / counted, mebibyte / 20)) {
        out.push_back(fmt::format("MB/sec {:g} of vdbench's average and {:g} of its intervals "
                                  "disagree",
                                  run.mean.bytes_per_s() / mebibyte,
                                  bytes_per_s / counted / mebibyte));
    }
    const double digit_ms = 0.001;
    if (run.mean_resp_ms && run.mean.per_s() > 0 &&
        (*run.mean_resp_ms < shortest_ms * (1 - share) - digit_ms ||
         *run.mean_resp_ms > longest_ms * (1 + share) + digit_ms)) {
        out.push_back(
            fmt::format("resp {:g} of vdbench's average and {:g} to {:g} of its intervals "
                        "disagree",
                        *run.mean_resp_ms,
                        shortest_ms,
                        longest_ms));
    }
}

class Row {
public:
    explicit Row(const TextTable& row)
        : row_(row) {}

    std::vector<std::string> checked() {
        const bool has_files = row_.has("read_rate") && row_.has("write_rate");
        if (has_files) {
            check_files();
        } else {
            check_sizes();
            check_parts();
        }
        check_longest();
        return std::move(out_);
    }

private:
    template <typename... Values>
    void doubt(fmt::format_string<Values...> text, Values&&... values) {
        out_.push_back(
            fmt::format(
                "vdbench's line of {} interval {}: ", row_.text("run"), row_.text("interval")) +
            fmt::format(text, std::forward<Values>(values)...));
    }

    void check_sizes() {
        const auto bytes = row_.number("bytes/io");
        if (!bytes) {
            return;
        }
        const double rate = row_.required("rate");
        const double moved = row_.required("mb/sec");
        const double slack =
            (rate * row_.last_digit("bytes/io") + *bytes * row_.last_digit("rate")) / mebibyte +
            row_.last_digit("mb/sec") + moved * 1e-6;
        if (std::abs(rate * *bytes / mebibyte - moved) > slack) {
            doubt("rate {:g} of bytes/io {:g} is not MB/sec {:g}", rate, *bytes, moved);
        }
    }

    // The mean of all lies between that of reads and that of writes.
    void check_parts() {
        const auto all = row_.mean("resp");
        const auto reads = row_.mean("read_resp");
        const auto writes = row_.mean("write_resp");
        const double percent = row_.number("read%").value_or(0);
        if (!all || !reads || !writes || !(row_.required("rate") > 0)) {
            return;
        }
        const double low = percent >= 100 ? *reads
                           : percent <= 0 ? *writes
                                          : std::min(*reads, *writes);
        const double high = percent >= 100 ? *reads
                            : percent <= 0 ? *writes
                                           : std::max(*reads, *writes);
        const double slack = row_.last_digit("resp") + row_.last_digit("read_resp") +
                             row_.last_digit("write_resp") + *all * share;
        if (*all < low - slack || *all > high + slack) {
            doubt("resp {:g} is not between read_resp {:g} and write_resp {:g}",
                  *all,
                  *reads,
                  *writes);
        }
    }

    void check_files() {
        const double rate = row_.required("rate");
        const double parts = row_.required("read_rate") + row_.required("write_rate");
        const double digits =
            row_.last_digit("rate") + row_.last_digit("read_rate") + row_.last_digit("write_rate");
        if (parts > rate + digits + rate * share) {
            doubt("read_rate and write_rate are {:g} together, above rate {:g}", parts, rate);
        }
        const double moved = row_.required("mb/sec");
        const double sum = row_.required("mb_read") + row_.required("mb_write");
        const double last =
            row_.last_digit("mb/sec") + row_.last_digit("mb_read") + row_.last_digit("mb_write");
        if (std::abs(sum - moved) > last + moved * share) {
            doubt("mb_read and mb_write are {:g} together, and MB/sec {:g}", sum, moved);
        }
    }

    void check_longest() {
        const auto mean = row_.mean("resp");
        const auto longest = row_.mean("resp_max");
        if (mean && longest &&
            *mean > *longest + row_.last_digit("resp") + row_.last_digit("resp_max")) {
            doubt("resp {:g} is above resp_max {:g}", *mean, *longest);
        }
    }

    const TextTable& row_;
    std::vector<std::string> out_;
};

} // namespace

double interval_s(const Definition& run) {
    std::vector<double> lengths;
    for (std::size_t i = 1; i < run.intervals.size(); ++i) {
        const Interval& one = run.intervals[i - 1];
        const Interval& next = run.intervals[i];
        if (const auto passed_s = between_s(one, next); passed_s && next.number > one.number) {
            lengths.push_back(*passed_s / static_cast<double>(next.number - one.number));
        }
    }
    if (lengths.empty()) {
        return 1;
    }
    const auto middle = lengths.begin() + static_cast<std::ptrdiff_t>((lengths.size() - 1) / 2);
    std::nth_element(lengths.begin(), middle, lengths.end());
    return std::clamp(std::round(*middle), 1.0, longest_interval_s + 1);
}

std::vector<std::string> contradictions(const TextTable& row) {
    return Row(row).checked();
}

std::vector<std::string> doubts(const Definition& run) {
    std::vector<std::string> out;
    if (!run.is_over) {
        out.emplace_back("vdbench ended before it wrote this run's average");
    }
    doubt_numbers(run, out);
    doubt_lengths(run, out);
    doubt_average(run, out);
    out.insert(out.end(), run.doubts.begin(), run.doubts.end());
    return out;
}

} // namespace bench::exchange::vdbench
