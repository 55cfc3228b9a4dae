// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "results/run_record.h"

#include <optional>
#include <string>

namespace results {

// What can be asked of a round.
enum class Quantity : std::uint8_t {
    response, // Durations of a stream, or of all streams together: due to done, ...
    wait,     // ... due to submitted, ...
    service,  // ... submitted to done.
    rate,     // Accesses completed well, per second.
    throughput,
    errors,      // Failed, timed out and lost accesses.
    first_error, // Of the round's disturbances, the worst one.
    stall,
    recovery,
    late,
    lost,
    named // One of the workload's own measures.
};

// A number that limits and comparisons speak of: "read response p99".
struct Metric {
    std::string stream; // Empty = all streams.
    Quantity quantity = Quantity::response;
    std::string statistic; // Durations: "p50" .. "p99.999", "mean", "max".
    std::string name;      // Of a named measure.

    bool operator==(const Metric&) const = default;
};

std::string metric_text(const Metric& metric); // Without the stream: "response p99".
bool higher_is_better(const Metric& metric);
const char* metric_unit(const Metric& metric); // "ns", "/s", "B/s", "" for counts

// The quantile of a metric that is one; such metrics are judged over merged histograms.
std::optional<double> metric_quantile(const Metric& metric);

// The durations a metric looks at, its streams merged.
Histogram metric_histogram(const RoundRecord& round, const Metric& metric);

// The round's own value. None: not measured in this round.
std::optional<double> metric_value(const RoundRecord& round, const Metric& metric);

// A round that counts: complete, and nothing but the array was the bottleneck.
bool is_valid(const RoundRecord& round);

// Whether another tool measured it: nothing is known of when its accesses were due.
bool is_imported(const RoundRecord& round);

} // namespace results
