// SPDX-License-Identifier: Apache-2.0
// The order of the fields: fio(1), "Terse output". A direction has 41 of them, in version 5 six
// more.
#include "drivers/fio/fio_terse.h"

#include "drivers/fio/fio_checks.h"

#include <array>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <map>

namespace drivers::fio {

namespace {

constexpr std::size_t lines_max = 4096;
constexpr std::uint64_t number_max = 1ULL << 50U;
constexpr std::size_t percentiles_told = 20;
constexpr std::size_t behind_directions = 5 + 7 + 10 + 12; // CPU, depths, latencies in us and ms.

// How one version lays out a line.
struct Layout {
    char version;
    std::size_t head; // Fields before the first direction.
    std::size_t directions;
    std::size_t width; // Of a direction.

    std::size_t fields() const { return head + directions * width + behind_directions; }
};

constexpr std::array layouts{
    Layout{'2', 4, 3, 41}, Layout{'3', 5, 2, 41}, Layout{'4', 5, 3, 41}, Layout{'5', 5, 3, 47}};
constexpr std::array<const char*, 3> names{"read", "write", "trim"};

std::vector<std::string_view> fields_of(std::string_view line) {
    std::vector<std::string_view> out;
    for (std::size_t at = 0; at <= line.size();) {
        const std::size_t end = std::min(line.find(';', at), line.size());
        out.push_back(line.substr(at, end - at));
        at = end + 1;
    }
    return out;
}

bool begins_terse(std::string_view line) {
    const bool is_named = line.size() > 6 && line[0] >= '3' && line[0] <= '9' && line[1] == ';' &&
                          line.substr(2, 4) == "fio-";
    return is_named || line.rfind("2;", 0) == 0;
}

class Line {
public:
    Line(std::size_t number, std::string_view text)
        : number_(number)
        , fields_(fields_of(text)) {}

    [[noreturn]] void refuse(const std::string& wanted) const {
        throw ResultError(fmt::format("fio's terse output, line {}: wanted {}", number_, wanted));
    }

    const Layout& layout() const {
        for (const Layout& one : layouts) {
            if (fields_[0].size() == 1 && fields_[0][0] == one.version) {
                return one;
            }
        }
        refuse(fmt::format("version 2 to 5, not {}", fields_[0].substr(0, 10)));
    }
    std::size_t size() const { return fields_.size(); }
    std::string_view text(std::size_t field) const { return fields_.at(field); }

    double number(std::size_t field) const { return number_of(fields_.at(field), field); }
    std::uint64_t whole(std::size_t field) const {
        const double out = number(field);
        if (out != std::floor(out)) {
            refuse(fmt::format("a whole number as field {}, not {:g}", field + 1, out));
        }
        return static_cast<std::uint64_t>(out);
    }
    // "99.500000%=5"
    std::pair<double, double> percentile(std::size_t field) const {
        const std::string_view text = fields_.at(field);
        const std::size_t mark = text.find("%=");
        if (mark == std::string_view::npos) {
            refuse(fmt::format("a percentile like 99.000000%=5 as field {}", field + 1));
        }
        return {number_of(text.substr(0, mark), field), number_of(text.substr(mark + 2), field)};
    }

private:
    double number_of(std::string_view text, std::size_t field) const {
        double out = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
        if (error != std::errc{} || end != text.data() + text.size() ||
            !(out >= 0 && out <= static_cast<double>(number_max))) {
            refuse(fmt::format("a number from 0 to {} as field {}, not \"{}\"",
                               number_max,
                               field + 1,
                               text.substr(0, 40)));
        }
        return out;
    }

    std::size_t number_;
    std::vector<std::string_view> fields_;
};

constexpr std::uint64_t us_ns = 1000;

void read_latency(const Line& line, std::size_t from, Latency& out) {
    out.min_ns = line.whole(from) * us_ns;
    out.max_ns = line.whole(from + 1) * us_ns;
    out.mean_ns = line.number(from + 2) * static_cast<double>(us_ns);
    out.grain_ns = us_ns;
}

Direction direction_of(const Line& line, std::size_t from) {
    Direction out;
    out.io_bytes = line.whole(from) * 1024;
    out.bytes_grain = 1024;
    out.kib_per_s = line.whole(from + 1);
    out.iops = line.number(from + 2);
    out.runtime_ms = line.whole(from + 3);
    out.total_ios = static_cast<std::uint64_t>(
        std::llround(out.iops * static_cast<double>(out.runtime_ms) / 1000));
    read_latency(line, from + 8, out.completion);
    for (std::size_t i = 0; i < percentiles_told; ++i) {
        const auto [percent, value_us] = line.percentile(from + 12 + i);
        if (percent > 100) {
            line.refuse(fmt::format("a percent as field {}", from + 13 + i));
        }
        if (percent > 0) {
            const auto value_ns = static_cast<std::uint64_t>(value_us * static_cast<double>(us_ns));
            if (out.completion.percentiles.emplace(percent, value_ns).first->second != value_ns) {
                line.refuse(fmt::format("one value of percentile {:g} as field {}, not several",
                                        percent,
                                        from + 13 + i));
            }
        }
    }
    read_latency(line, from + 32, out.total);
    for (Latency* latency : {&out.completion, &out.total}) { // Below a microsecond the ends are 0.
        latency->count = latency->max_ns > 0 || latency->mean_ns > 0 ? out.total_ios : 0;
    }
    out.completion.tells_count = true;
    out.total.tells_count = true;
    out.told = ~0U;
    return out;
}

// Accesses are told by whole ones a second, and reckoned from that.
void doubt_counts(const std::string& name, const Direction& direction, JobResult& out) {
    constexpr double exact_enough = 100; // Within 1 %.
    if ((direction.io_bytes > 0 || direction.runtime_ms > 0) && direction.iops < exact_enough) {
        out.doubts.push_back(
            fmt::format("terse output tells whole accesses a second: of {:.0f} {}s/s, how many "
                        "there were is not known within 1 %; fio's json tells it",
                        direction.iops,
                        name));
    }
}

JobResult job_of(const Line& line) {
    const Layout& layout = line.layout();
    if (line.size() < layout.fields()) {
        line.refuse(fmt::format("{} fields of version {}, not {}: it is cut, or of "
                                "unified_rw_reporting, which only JSON tells",
                                layout.fields(),
                                layout.version,
                                line.size()));
    }
    if (const auto last = line.text(layout.fields() - 1); last.empty() || last.back() != '%') {
        line.refuse(fmt::format("a percentage as field {}: it is cut, or of "
                                "unified_rw_reporting, which only JSON tells",
                                layout.fields()));
    }
    JobResult out;
    out.name = line.text(layout.head - 3);
    out.group = line.whole(layout.head - 2);
    out.error = static_cast<std::int64_t>(line.whole(layout.head - 1));
    out.tells_error = true;
    for (std::size_t i = 0; i < layout.directions; ++i) {
        const Direction direction = direction_of(line, layout.head + i * layout.width);
        doubt_counts(names.at(i), direction, out);
        out.directions[names.at(i)] = direction;
    }
    return out;
}

bool may_go_on(const JobResult& before, const JobResult& after) {
    for (const auto& [name, was] : before.directions) {
        const auto found = after.directions.find(name);
        if (found == after.directions.end()) {
            return false;
        }
        const Direction& is = found->second;
        const bool grew = is.io_bytes >= was.io_bytes && is.runtime_ms >= was.runtime_ms &&
                          is.completion.max_ns >= was.completion.max_ns &&
                          (was.io_bytes == 0 || is.completion.min_ns <= was.completion.min_ns);
        if (!grew) {
            return false;
        }
    }
    return true;
}

// Lines of one job: how many of the last may be all there is; all of them = they are copies.
std::size_t last_sums(const std::vector<JobResult>& lines) {
    for (std::size_t copies = 1; copies <= lines.size() / 2; ++copies) {
        bool may_be_sums = lines.size() % copies == 0;
        for (std::size_t i = copies; i < lines.size() && may_be_sums; ++i) {
            may_be_sums = may_go_on(lines[i - copies], lines[i]);
        }
        if (may_be_sums) {
            return copies;
        }
    }
    return lines.size();
}

} // namespace

bool looks_terse(std::string_view output) {
    for (std::size_t at = 0; at < output.size();) {
        const std::size_t end = std::min(output.find('\n', at), output.size());
        if (begins_terse(output.substr(at, end - at))) {
            return true;
        }
        at = end + 1;
    }
    return false;
}

Result parse_terse(std::string_view output) {
    Result out;
    out.version = "fio-2";
    std::map<std::pair<std::uint64_t, std::string>, std::vector<JobResult>> lines;
    std::size_t number = 0;
    std::size_t taken = 0;
    for (std::size_t at = 0; at < output.size();) {
        const std::size_t end = std::min(output.find('\n', at), output.size());
        std::string_view text = output.substr(at, end - at);
        at = end + 1;
        ++number;
        text.remove_suffix(text.ends_with('\r') ? 1 : 0);
        if (!begins_terse(text)) {
            continue; // A warning.
        }
        const Line line(number, text);
        if (++taken > lines_max) {
            line.refuse(fmt::format("at most {} jobs", lines_max));
        }
        if (line.layout().version != '2' && line.size() > 1) {
            out.version = line.text(1);
        }
        JobResult job = job_of(line);
        lines[{job.group.value_or(0), job.name}].push_back(std::move(job));
    }
    for (auto& [key, of_job] : lines) {
        const std::size_t count = last_sums(of_job);
        if (count < of_job.size()) {
            of_job.back().doubts.push_back(fmt::format(
                "{} lines of job {}: whether they are its copies or, with --status-interval, its "
                "sums so far, terse output does not tell: the last is taken; fio's json tells it",
                of_job.size(),
                key.second));
        }
        std::move(of_job.end() - static_cast<std::ptrdiff_t>(count),
                  of_job.end(),
                  std::back_inserter(out.jobs));
    }
    return checked(std::move(out));
}

} // namespace drivers::fio
