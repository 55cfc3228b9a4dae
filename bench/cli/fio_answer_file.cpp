// SPDX-License-Identifier: Apache-2.0
#include "bench/cli/fio_answer.h"
#include "drivers/fio/fio_run.h"
#include "results/text/human.h"

#include <nlohmann/json.hpp>

#include <array>
#include <fmt/format.h>
#include <utility>

namespace bench::cli {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::pair<const char*, double>, 6> percentiles{{{"p50", 0.5},
                                                                     {"p90", 0.9},
                                                                     {"p95", 0.95},
                                                                     {"p99", 0.99},
                                                                     {"p99_9", 0.999},
                                                                     {"p99_99", 0.9999}}};
constexpr std::uint64_t samples_least = 10; // Above a percentile, or it is not measured.

constexpr const char* rated_note =
    "service time, not response: fio counts from when an access was sent, not from when it was "
    "due, so what an outage kept waiting is missing";

} // namespace

FioAnswer run_fio(const profiles::Workload& workload,
                  const plan::FioAsk& ask,
                  const plan::FioPlace& place,
                  drivers::Clock& clock) {
    const plan::FioRun run = plan::run_fio_at(workload, ask, place, clock);
    FioAnswer out;
    out.url = place.url.text();
    out.workload = workload.name;
    out.version = run.result.version;
    out.rated = workload.arrivals.pace != profiles::Pace::closed;
    out.notes = run.notes;
    out.streams = plan::fio_streams(run.result);
    return out;
}

std::string fio_text(const FioAnswer& answer) {
    std::string out =
        fmt::format("{} with {} on {}\n\n", answer.workload, answer.version, answer.url);
    out += fmt::format("{:<7} {:>10} {:>12} {:>10} {:>10} {:>10} {:>10} {:>10}\n",
                       "",
                       "completed",
                       "rate",
                       "p50",
                       "p95",
                       "p99",
                       "p99.9",
                       "max");
    for (const plan::FioStream& stream : answer.streams) {
        out += fmt::format("{:<7} {:>10} {:>12}",
                           stream.operation,
                           stream.completed,
                           results::text::per_second(stream.rate_per_s));
        for (const double quantile : {0.5, 0.95, 0.99, 0.999}) {
            const bool measured = stream.service_ns.samples_above(quantile) >= samples_least;
            out += fmt::format(" {:>10}",
                               measured ? (plan::is_clipped(stream, quantile) ? ">" : "") +
                                              results::text::duration(static_cast<double>(
                                                  stream.service_ns.quantile_ns(quantile)))
                                        : "-");
        }
        out += fmt::format(
            " {:>10}\n", results::text::duration(static_cast<double>(stream.service_ns.max_ns())));
        if (stream.clipped > 0) {
            out += fmt::format("        {} took 17.18 s or longer: fio counts no further\n",
                               stream.clipped);
        }
    }
    out += "\n";
    if (answer.rated) {
        out += fmt::format("note: {}\n", rated_note);
    }
    for (const std::string& note : answer.notes) {
        out += fmt::format("note: {}\n", note);
    }
    return out;
}

std::string fio_json(const FioAnswer& answer) {
    Json out;
    out["$schema"] = "arraybench/fio/1";
    out["url"] = answer.url;
    out["workload"] = answer.workload;
    out["fio_version"] = answer.version;
    out["latency_is"] =
        answer.rated ? rated_note : "service time; nothing was due before it was sent";
    out["notes"] = answer.notes;
    out["streams"] = Json::array();
    for (const plan::FioStream& stream : answer.streams) {
        Json one;
        one["operation"] = stream.operation;
        one["completed"] = stream.completed;
        one["bytes"] = stream.bytes;
        one["completed_per_s"] = stream.rate_per_s;
        one["clipped_at_17_18_s"] = stream.clipped;
        Json latency;
        for (const auto& [name, quantile] : percentiles) {
            const std::uint64_t above = stream.service_ns.samples_above(quantile);
            if (above >= samples_least) {
                latency[name] = {{"value", stream.service_ns.quantile_ns(quantile)},
                                 {"samples_above", above}};
                if (plan::is_clipped(stream, quantile)) {
                    latency[name]["at_least"] = true;
                }
            }
        }
        latency["min"] = stream.service_ns.min_ns();
        latency["max"] = stream.service_ns.max_ns();
        latency["bins"] = stream.service_ns.bins();
        one["service_ns"] = latency;
        out["streams"].push_back(one);
    }
    return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

} // namespace bench::cli
