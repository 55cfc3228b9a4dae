// SPDX-License-Identifier: Apache-2.0
#include "bench/plan/plan_metric.h"

#include "profiles/units.h"
#include "results/numbers/summary.h"

#include <cmath>
#include <fmt/format.h>

namespace bench::plan {

using profiles::JsonObject;
using profiles::JsonValue;
using results::Metric;
using results::Quantity;
using namespace std::chrono_literals;

namespace {

constexpr double count_max = 1e15;
constexpr double rate_max_per_s = 1e9;
constexpr PlanDuration bound_max = 24h;

const std::vector<std::pair<std::string_view, Quantity>> quantities{
    {"response", Quantity::response},
    {"wait", Quantity::wait},
    {"service", Quantity::service},
    {"rate", Quantity::rate},
    {"throughput", Quantity::throughput},
    {"errors", Quantity::errors},
    {"first error", Quantity::first_error},
    {"stall", Quantity::stall},
    {"recovery", Quantity::recovery},
    {"late", Quantity::late},
    {"lost", Quantity::lost},
    {"named", Quantity::named}};

bool is_duration(const Metric& metric) {
    return results::metric_unit(metric) == std::string_view("ns") &&
           metric.quantity != Quantity::named;
}

double read_bound(const JsonValue& value, const Metric& metric) {
    if (is_duration(metric)) {
        return static_cast<double>(value.duration(0ns, bound_max).count());
    }
    if (metric.quantity == Quantity::rate) {
        return value.rate_per_s(0, rate_max_per_s);
    }
    if (metric.quantity == Quantity::throughput) {
        const std::string text = value.is_text() ? value.text() : "";
        const bool per_second = text.size() > 2 && text.substr(text.size() - 2) == "/s";
        const auto bytes =
            per_second ? profiles::parse_size_bytes(text.substr(0, text.size() - 2)) : std::nullopt;
        if (!bytes) {
            value.fail("bytes per second, like \"100MiB/s\"");
        }
        return static_cast<double>(*bytes);
    }
    return value.number(0, count_max);
}

void read_statistic(JsonObject& object, Metric& metric) {
    const bool wanted = metric.quantity == Quantity::response ||
                        metric.quantity == Quantity::wait || metric.quantity == Quantity::service;
    const auto statistic = object.optional("statistic");
    if (!wanted) {
        if (statistic) {
            statistic->fail("no statistic for this measure: it is one number per round");
        }
        return;
    }
    const JsonValue value = object.required("statistic");
    metric.statistic = value.text();
    if (metric.statistic != "mean" && metric.statistic != "max" &&
        !results::quantile_from_name(metric.statistic)) {
        value.fail(R"("mean", "max" or a percentile like "p99.9")");
    }
}

} // namespace

Metric read_metric(JsonObject& object) {
    Metric out;
    out.quantity = object.required("measure").choice(quantities);
    if (const auto stream = object.optional("stream")) {
        out.stream = stream->text();
    }
    if (out.quantity == Quantity::named) {
        out.name = object.required("name").text();
    }
    read_statistic(object, out);
    return out;
}

PlanLimit read_limit(const JsonValue& value) {
    JsonObject object = value.object();
    PlanLimit out;
    out.metric = read_metric(object);
    const auto at_most = object.optional("at_most");
    const auto at_least = object.optional("at_least");
    if (at_most.has_value() == at_least.has_value()) {
        value.fail(R"(exactly one of "at_most" and "at_least")");
    }
    out.at_most = at_most.has_value();
    out.bound = read_bound(at_most ? *at_most : *at_least, out.metric);
    if (const auto workload = object.optional("workload")) {
        out.workload = workload->text();
    }
    if (const auto point = object.optional("load_point")) {
        out.point = read_point(*point).text;
    }
    if (const auto demanded = object.optional("demanded")) {
        out.demanded = demanded->flag();
    }
    object.finish();
    return out;
}

PlanMetric read_plan_metric(const JsonValue& value) {
    JsonObject object = value.object();
    PlanMetric out;
    out.metric = read_metric(object);
    if (const auto margin = object.optional("margin")) {
        out.margin = margin->fraction();
        if (out.margin <= 0) {
            margin->fail("a margin above 0: nothing measured is exactly equal");
        }
    }
    if (const auto primary = object.optional("primary")) {
        out.primary = primary->flag();
    }
    object.finish();
    return out;
}

LoadPoint read_point(const JsonValue& value) {
    constexpr std::string_view depth_word = "depth ";
    constexpr std::string_view knee_words = "% of knee";
    constexpr std::string_view target_word = " targets";
    constexpr std::string_view camera_word = " cameras";
    constexpr std::string_view speed_word = "speed ";
    constexpr double speed_max = 1000;
    constexpr double depth_max = 65536;
    constexpr double targets_max = 1e7;
    LoadPoint out;
    out.text = value.is_text() ? value.text() : "";
    const std::string& text = out.text;
    char* end = nullptr;
    if (const auto rate = profiles::parse_rate_per_s(text)) {
        out.value = *rate;
        if (out.value > 0 && out.value <= rate_max_per_s) {
            return out;
        }
    } else if (text.starts_with(depth_word)) {
        out.kind = PointKind::depth;
        out.value = std::strtod(text.c_str() + depth_word.size(), &end);
        if (*end == '\0' && out.value >= 1 && out.value <= depth_max &&
            out.value == std::floor(out.value)) {
            return out;
        }
    } else if (text.ends_with(knee_words)) {
        out.kind = PointKind::knee_share;
        out.value = std::strtod(text.c_str(), &end) / 100;
        if (end == text.c_str() + text.size() - knee_words.size() && out.value > 0 &&
            out.value <= 2) {
            return out;
        }
    } else if (text.ends_with(target_word) || text.ends_with(camera_word)) {
        out.kind = text.ends_with(target_word) ? PointKind::targets : PointKind::cameras;
        out.value = std::strtod(text.c_str(), &end);
        static_assert(target_word.size() == camera_word.size());
        if (end == text.c_str() + text.size() - target_word.size() && out.value >= 1 &&
            out.value <= targets_max && out.value == std::floor(out.value)) {
            return out;
        }
    }
    if (text.starts_with(speed_word)) {
        out.kind = PointKind::speed;
        out.value = std::strtod(text.c_str() + speed_word.size(), &end);
        if (end == text.c_str() + text.size() && out.value >= 1 / speed_max &&
            out.value <= speed_max) {
            return out;
        }
    }
    value.fail(
        R"(a load point: "500/s", "depth 16", "50% of knee", "200 targets", "50 cameras" or "speed 2")");
}

std::string bound_text(const Metric& metric, double bound) {
    if (is_duration(metric)) {
        return profiles::duration_text(PlanDuration(std::llround(bound)));
    }
    if (metric.quantity == Quantity::throughput) {
        return profiles::size_text(static_cast<std::uint64_t>(bound)) + "/s";
    }
    return fmt::format("{}{}", bound, metric.quantity == Quantity::rate ? "/s" : "");
}

} // namespace bench::plan
