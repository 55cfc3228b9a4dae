// SPDX-License-Identifier: Apache-2.0
#include "results/charts/scale.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace results::charts {

namespace {

constexpr double smallest_positive = 1e-12;
constexpr std::array<double, 3> steps_of_ten = {1, 2, 5};

double projected(ScaleKind kind, double value) {
    switch (kind) {
    case ScaleKind::logarithmic:
        return std::log10(std::max(value, smallest_positive));
    case ScaleKind::percentile:
        return -std::log10(std::max(1 - value, smallest_positive));
    case ScaleKind::linear:
        break;
    }
    return value;
}

// 1, 2 or 5 times a power of ten, not below `rough`.
double round_step(double rough) {
    const double power = std::pow(10, std::floor(std::log10(rough)));
    for (const double step : steps_of_ten) {
        if (step * power >= rough * 0.999) {
            return step * power;
        }
    }
    return 10 * power;
}

std::vector<double> linear_ticks(Scale::Range values, int wanted) {
    const double step = round_step((values.high - values.low) / std::max(wanted, 1));
    const double first = std::ceil(values.low / step - 1e-9);
    const double last = std::floor(values.high / step + 1e-9);
    std::vector<double> out;
    for (double i = first; i <= last && out.size() < 100; ++i) {
        out.push_back(i * step);
    }
    return out;
}

std::vector<double> log_ticks(Scale::Range values, int wanted) {
    const int from = static_cast<int>(std::floor(std::log10(values.low) + 1e-9));
    const int to = static_cast<int>(std::ceil(std::log10(values.high) - 1e-9));
    const int decades = std::max(to - from, 1);
    const int every = (decades + std::max(wanted, 1) - 1) / std::max(wanted, 1);
    const bool fine = decades * 3 <= wanted;
    std::vector<double> out;
    for (int decade = from; decade <= to; decade += every) {
        for (const double step : steps_of_ten) {
            const double value = step * std::pow(10, decade);
            const bool inside = value >= values.low * 0.999 && value <= values.high * 1.001;
            if (inside && (fine || step == 1)) {
                out.push_back(value);
            }
        }
    }
    return out;
}

std::vector<double> percentile_ticks(Scale::Range values) {
    std::vector<double> out;
    for (const double share : {0.0, 0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999, 0.999999}) {
        if (share >= values.low && share <= values.high + 1e-9) {
            out.push_back(share);
        }
    }
    return out;
}

} // namespace

Scale::Scale(ScaleKind kind, Range values, Range pixels)
    : kind_(kind)
    , low_(projected(kind, values.low))
    , high_(projected(kind, values.high))
    , pixels_(pixels) {}

double Scale::at(double value) const noexcept {
    const double share = high_ > low_ ? (projected(kind_, value) - low_) / (high_ - low_) : 0.5;
    return pixels_.low + std::clamp(share, 0.0, 1.0) * (pixels_.high - pixels_.low);
}

std::vector<double> nice_ticks(ScaleKind kind, Scale::Range values, int wanted) {
    if (kind == ScaleKind::percentile) {
        return percentile_ticks(values);
    }
    if (!(values.high > values.low) || !std::isfinite(values.high - values.low)) {
        return {values.low};
    }
    return kind == ScaleKind::linear ? linear_ticks(values, wanted) : log_ticks(values, wanted);
}

Scale::Range nice_range(ScaleKind kind, Scale::Range values) {
    if (kind == ScaleKind::percentile) {
        return values;
    }
    if (kind == ScaleKind::linear) {
        const double width = values.high - values.low;
        if (!(width > 0)) {
            return {std::min(values.low, 0.0), values.high > 0 ? values.high * 1.2 : 1};
        }
        const double step = round_step(width / 5);
        return {std::floor(values.low / step + 1e-9) * step,
                std::ceil(values.high / step - 1e-9) * step};
    }
    const double low = std::max(values.low, smallest_positive);
    const double high = std::max(values.high, low);
    Scale::Range out{std::pow(10, std::floor(std::log10(low) + 1e-9)), round_step(high)};
    for (const double step : steps_of_ten) { // The largest round value not above low.
        const double power = std::pow(10, std::floor(std::log10(low) + 1e-9));
        if (step * power <= low * 1.001) {
            out.low = step * power;
        }
    }
    if (out.high <= out.low) {
        out.high = out.low * 10;
    }
    return out;
}

} // namespace results::charts
