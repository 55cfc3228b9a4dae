// SPDX-License-Identifier: Apache-2.0
#include "results/metric.h"

#include "results/numbers/summary.h"

#include <algorithm>

namespace results {

namespace {

constexpr double ns_per_s = 1e9;

const char* quantity_name(Quantity quantity) {
    switch (quantity) {
    case Quantity::response:
        return "response";
    case Quantity::wait:
        return "wait";
    case Quantity::service:
        return "service";
    case Quantity::rate:
        return "rate";
    case Quantity::throughput:
        return "throughput";
    case Quantity::errors:
        return "errors";
    case Quantity::first_error:
        return "first error";
    case Quantity::stall:
        return "stall";
    case Quantity::recovery:
        return "recovery";
    case Quantity::late:
        return "late";
    case Quantity::lost:
        return "lost";
    case Quantity::named:
        break;
    }
    return "";
}

bool is_duration(Quantity quantity) {
    return quantity == Quantity::response || quantity == Quantity::wait ||
           quantity == Quantity::service;
}

bool concerns(const Metric& metric, const StreamRecord& stream) {
    return metric.stream.empty() || metric.stream == stream.name;
}

std::optional<double> stream_value(const RoundRecord& round, const Metric& metric) {
    double sum = 0;
    bool any = false;
    for (const StreamRecord& stream : round.streams) {
        if (!concerns(metric, stream)) {
            continue;
        }
        any = true;
        if (metric.quantity == Quantity::rate) {
            sum += static_cast<double>(stream.completed);
        } else if (metric.quantity == Quantity::throughput) {
            sum += static_cast<double>(stream.bytes);
        } else {
            sum += static_cast<double>(stream.failed + stream.timed_out + stream.lost +
                                       stream.unfinished);
        }
    }
    const double seconds = static_cast<double>(round.duration_ns) / ns_per_s;
    if (!any || (metric.quantity != Quantity::errors && seconds <= 0)) {
        return std::nullopt;
    }
    return metric.quantity == Quantity::errors ? sum : sum / seconds;
}

// The worst of the round's disturbances; none if one of them was never answered (not recovered).
std::optional<double> disturbance_value(const RoundRecord& round, Quantity quantity) {
    std::optional<double> worst;
    for (const DisturbanceRecord& one : round.disturbances) {
        std::optional<double> value;
        if (quantity == Quantity::first_error && one.first_error_after_ns) {
            value = static_cast<double>(*one.first_error_after_ns);
        } else if (quantity == Quantity::recovery && one.recovered_after_ns) {
            value = static_cast<double>(*one.recovered_after_ns);
        } else if (quantity == Quantity::stall) {
            value = static_cast<double>(one.stall_ns);
        } else if (quantity == Quantity::late) {
            value = static_cast<double>(one.late);
        } else if (quantity == Quantity::lost) {
            value = static_cast<double>(one.lost);
        }
        if (!value) {
            return std::nullopt;
        }
        worst = std::max(worst.value_or(*value), *value);
    }
    return worst;
}

std::optional<double> duration_value(const RoundRecord& round, const Metric& metric) {
    const Histogram merged = metric_histogram(round, metric);
    if (merged.count() == 0) {
        return std::nullopt;
    }
    if (metric.statistic == "mean") {
        return merged.mean_ns();
    }
    if (metric.statistic == "max") {
        return static_cast<double>(merged.max_ns());
    }
    const auto quantile = metric_quantile(metric);
    const auto value = quantile ? measured_quantile_ns(merged, *quantile) : std::nullopt;
    return value ? std::optional(static_cast<double>(*value)) : std::nullopt;
}

} // namespace

std::string metric_text(const Metric& metric) {
    if (metric.quantity == Quantity::named) {
        return metric.name;
    }
    const std::string name = quantity_name(metric.quantity);
    return metric.statistic.empty() ? name : name + " " + metric.statistic;
}

bool higher_is_better(const Metric& metric) {
    return metric.quantity == Quantity::rate || metric.quantity == Quantity::throughput;
}

const char* metric_unit(const Metric& metric) {
    switch (metric.quantity) {
    case Quantity::rate:
        return "/s";
    case Quantity::throughput:
        return "B/s";
    case Quantity::errors:
    case Quantity::late:
    case Quantity::lost:
        return "";
    case Quantity::named: // Units stand last in names.
        return metric.name.find("_ns") != std::string::npos ? "ns" : "";
    default:
        return "ns";
    }
}

std::optional<double> metric_quantile(const Metric& metric) {
    return is_duration(metric.quantity) ? quantile_from_name(metric.statistic) : std::nullopt;
}

Histogram metric_histogram(const RoundRecord& round, const Metric& metric) {
    Histogram out;
    for (const StreamRecord& stream : round.streams) {
        if (!concerns(metric, stream)) {
            continue;
        }
        if (metric.quantity == Quantity::wait) {
            out.merge(stream.wait_ns);
        } else if (metric.quantity == Quantity::service) {
            out.merge(stream.service_ns);
        } else {
            out.merge(stream.response_ns);
        }
    }
    return out;
}

std::optional<double> metric_value(const RoundRecord& round, const Metric& metric) {
    switch (metric.quantity) {
    case Quantity::response:
    case Quantity::wait:
    case Quantity::service:
        return duration_value(round, metric);
    case Quantity::rate:
    case Quantity::throughput:
    case Quantity::errors:
        return stream_value(round, metric);
    case Quantity::named: {
        const auto found = round.measures.find(metric.name);
        return found == round.measures.end() ? std::nullopt : std::optional(found->second);
    }
    default:
        return disturbance_value(round, metric.quantity);
    }
}

bool is_imported(const RoundRecord& round) {
    return round.measures.count("imported") > 0;
}

bool is_valid(const RoundRecord& round) {
    return round.ended == "complete" && round.audit.invalid.empty();
}

} // namespace results
