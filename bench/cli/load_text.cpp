// SPDX-License-Identifier: Apache-2.0
#include "bench/cli/load_answer.h"
#include "bench/load/content_measure.h"
#include "results/numbers/summary.h"
#include "results/put_off.h"
#include "results/text/escape.h"
#include "results/text/human.h"

#include <algorithm>
#include <fmt/format.h>

namespace bench::cli {

namespace {

namespace human = results::text;
using Row = std::vector<std::string>;

// Characters as a terminal shows them: UTF-8 continuation bytes take no room.
std::size_t width_of(const std::string& text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char each) {
        return (static_cast<unsigned char>(each) & 0xc0U) != 0x80U;
    }));
}

// Columns as wide as they must be, the first to the left, the others to the right.
std::string table(const std::vector<Row>& rows) {
    std::vector<std::size_t> widths;
    for (const Row& row : rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i) {
            widths[i] = std::max(widths[i], width_of(row[i]));
        }
    }
    std::string out;
    for (const Row& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) {
            const std::string room(widths[i] - width_of(row[i]), ' ');
            line += i == 0 ? row[i] + room : "  " + room + row[i];
        }
        line.erase(line.find_last_not_of(' ') + 1);
        out += line + "\n";
    }
    return out;
}

std::string latency(double value_ns) {
    return human::duration(value_ns, human::Zeros::kept);
}

Row latency_row(const std::string& name,
                const results::Histogram& histogram,
                const std::vector<double>& quantiles) {
    Row out{name};
    if (histogram.count() == 0) {
        return out;
    }
    out.push_back(latency(histogram.mean_ns()));
    for (const double quantile : quantiles) {
        const auto percentile = results::percentile_of(histogram, quantile);
        out.push_back(percentile.measured ? latency(static_cast<double>(percentile.value_ns))
                                          : "-");
    }
    out.push_back(latency(static_cast<double>(histogram.max_ns())));
    return out;
}

std::string rates(const LoadAnswer& answer) {
    const double seconds = static_cast<double>(answer.round.duration_ns) * 1e-9;
    std::vector<Row> rows{{"", "accesses", "rate", "bandwidth", "errors"}};
    for (const auto& stream : answer.round.streams) {
        const auto per_s = [&](std::uint64_t count) {
            return seconds > 0 ? static_cast<double>(count) / seconds : 0;
        };
        rows.push_back(
            {stream.name,
             human::grouped(stream.completed),
             human::per_second(per_s(stream.completed)),
             human::bytes_per_second(per_s(stream.bytes)),
             human::grouped(stream.failed + stream.timed_out + stream.lost + stream.unfinished)});
    }
    return table(rows);
}

std::string latencies(const LoadAnswer& answer) {
    Row head{"latency", "mean"};
    for (const double quantile : answer.request.quantiles) {
        head.push_back(results::quantile_name(quantile));
    }
    head.emplace_back("max");
    std::vector<Row> rows{head};
    for (const auto& stream : answer.round.streams) {
        const auto& quantiles = answer.request.quantiles;
        rows.push_back(latency_row(stream.name + " response", stream.response_ns, quantiles));
        rows.push_back(latency_row("  wait", stream.wait_ns, quantiles));
        rows.push_back(latency_row("  service", stream.service_ns, quantiles));
    }
    return table(rows);
}

std::string audit(const LoadAnswer& answer) {
    const results::AuditRecord& audit = answer.round.audit;
    std::string out;
    if (audit.offered_per_s > 0) {
        out += fmt::format("offered    {}; achieved {}; {} scheduled, {} submitted in time\n",
                           human::per_second(audit.offered_per_s),
                           human::per_second(audit.achieved_per_s),
                           human::grouped(audit.scheduled),
                           human::grouped(audit.submitted));
        out += fmt::format("slip       p50 {}, p99 {}, max {}\n",
                           human::duration(static_cast<double>(audit.slip_ns.quantile_ns(0.5))),
                           human::duration(static_cast<double>(audit.slip_ns.quantile_ns(0.99))),
                           human::duration(static_cast<double>(audit.slip_ns.max_ns())));
    } else {
        out += fmt::format("achieved   {} in a closed loop\n",
                           human::per_second(audit.achieved_per_s));
    }
    out += fmt::format("CPU        busiest lane {}, host {}, {} s per million accesses\n",
                       human::percent(audit.lane_cpu_fraction),
                       human::percent(audit.host_cpu_fraction),
                       human::significant(audit.cpu_s_per_million));
    return out;
}

std::string notes(const LoadAnswer& answer) {
    std::string out;
    const auto& measures = answer.round.measures;
    const LoadRequest& request = answer.request;
    if (profiles::writes(request.workload)) {
        out += fmt::format("content    of what is written {}\n",
                           load::describe_content(profiles::reduction_of(request.workload),
                                                  request.verify != integrity::Verify::none));
    }
    if (measures.count("sectors_checked") != 0) {
        out += fmt::format("data       {:.0f} sectors stamped; of those read, {:.0f} checked and "
                           "{:.0f} of unknown content\n",
                           measures.at("sectors_stamped"),
                           measures.at("sectors_checked"),
                           measures.at("sectors_unchecked"));
    }
    if (const std::string text = results::put_off_text(measures); !text.empty()) {
        out += fmt::format("put off    {}\n", text);
    }
    for (const auto& [name, value] : measures) {
        if (name.rfind("sectors_", 0) != 0 && !results::is_put_off(name)) {
            out += fmt::format("measure    {}: {:g}\n", name, value);
        }
    }
    for (const std::string& path : answer.missing_paths) {
        out += fmt::format("PATH       UNREACHABLE: {}\n", human::clean_text(path));
    }
    for (const auto& stream : answer.round.streams) {
        for (const auto& [text, count] : stream.errors) {
            out +=
                fmt::format("ERROR      {}: {} x {}\n", stream.name, human::grouped(count), text);
        }
        if (stream.unanswered_ns) {
            out +=
                fmt::format("UNANSWERED {}: {}, waited for until given up, {} at most\n",
                            stream.name,
                            human::grouped(stream.unanswered_ns->count()),
                            human::duration(static_cast<double>(stream.unanswered_ns->max_ns())));
        }
    }
    for (const auto& reason : answer.round.audit.invalid) {
        out += fmt::format("INVALID    {}\n", reason);
    }
    for (const auto& interval : answer.round.intervals) {
        if (!interval.invalid.empty()) {
            out += fmt::format("INVALID    interval at {}: {}\n",
                               human::duration(static_cast<double>(interval.from_ns)),
                               interval.invalid);
        }
    }
    for (const auto& finding : answer.round.findings) {
        out += fmt::format("DATA       {}: {}\n", finding.kind, human::clean_text(finding.summary));
    }
    if (answer.round.ended != "complete") {
        out += fmt::format("ENDED      {}\n", answer.round.ended);
    }
    return out;
}

} // namespace

std::string load_text(const LoadAnswer& answer) {
    const drivers::Identity& who = answer.identity;
    const double capacity = static_cast<double>(answer.geometry.block_count) *
                            static_cast<double>(answer.geometry.block_bytes);
    const LoadRequest& request = answer.request;
    std::string out =
        fmt::format("{}\n{} {}, serial {}, {}\n{}, {} after a ramp of {}, seed {}\n\n",
                    request.url,
                    human::clean_text(who.vendor),
                    human::clean_text(who.product),
                    who.serial.empty() ? "none" : human::clean_text(who.serial),
                    human::size(capacity),
                    request.summary,
                    human::duration(static_cast<double>(request.runtime.count())),
                    human::duration(static_cast<double>(request.ramp.count())),
                    request.seed);
    out += rates(answer) + "\n" + latencies(answer) + "\n" + audit(answer) + notes(answer);
    return out;
}

} // namespace bench::cli
