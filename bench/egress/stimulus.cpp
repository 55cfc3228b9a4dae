// SPDX-License-Identifier: Apache-2.0
#include "bench/egress/stimulus.h"

#include "profiles/random.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace bench::egress {

namespace {

constexpr std::size_t measure_gap = 3;
constexpr std::array<const char*, 4> measures{"bytes", "packets", "connections", "mean gap"};

const std::vector<double>& measure_of(const SlotSums& sums, std::size_t measure) {
    return measure == 0   ? sums.bytes
           : measure == 1 ? sums.packets
           : measure == 2 ? sums.connections
                          : sums.density;
}

double at(const std::vector<double>& values, std::size_t index) {
    return index < values.size() ? values[index] : 0;
}

// One column: what each pair's first slot had more than its second, so many slots later.
struct Column {
    std::size_t measure = 0;
    std::size_t lag = 0;
    std::vector<double> differences;
    double norm = 0; // The same under every redraw of signs.
};

std::vector<Column>
columns_of(const SlotSums& sums, std::size_t pairs, const StimulusSettings& settings) {
    std::vector<Column> out;
    for (std::size_t measure = 0; measure < measures.size(); ++measure) {
        for (std::size_t lag = 0; lag < settings.lags; ++lag) {
            Column column{measure, lag, {}, 0};
            const std::vector<double>& values = measure_of(sums, measure);
            for (std::size_t pair = 0; pair < pairs; ++pair) {
                const double difference =
                    at(values, 2 * pair + lag) - at(values, 2 * pair + 1 + lag);
                column.differences.push_back(difference);
                column.norm += difference * difference;
            }
            column.norm = std::sqrt(column.norm);
            if (column.norm > 0) {
                out.push_back(std::move(column));
            }
        }
    }
    return out;
}

constexpr std::uint64_t enough_as_large = 100; // Redraws that settle that p is not small

// Quantiles of the normal distribution: p 0.001 one-sided, and 90 %.
constexpr double z_found = 3.0902;
constexpr double z_power = 1.2816;

} // namespace

StimulusAnswer test_pairs(const SlotSums& sums,
                          const std::vector<bool>& on_first,
                          const StimulusSettings& settings) {
    StimulusAnswer out;
    const std::size_t pairs = on_first.size();
    const std::vector<Column> columns = columns_of(sums, pairs, settings);
    out.enough = pairs > 0;
    if (columns.empty() || pairs == 0) {
        return out; // Silent throughout: nothing answered.
    }
    const auto statistic = [pairs](const Column& column, const std::vector<double>& signs) {
        double sum = 0;
        for (std::size_t pair = 0; pair < pairs; ++pair) {
            sum += signs[pair] * column.differences[pair];
        }
        return sum / column.norm;
    };
    std::vector<double> signs(pairs);
    for (std::size_t pair = 0; pair < pairs; ++pair) {
        signs[pair] = on_first[pair] ? 1 : -1;
    }
    double observed = -1e300;
    for (const Column& column : columns) {
        const double value = statistic(column, signs);
        if (value > observed) {
            observed = value;
            out.measure = measures[column.measure];
            out.lag = column.lag;
            const double density = value * column.norm / static_cast<double>(pairs);
            out.difference = column.measure == measure_gap ? -density : density;
        }
    }
    profiles::Random random(settings.seed);
    std::uint64_t as_large = 0;
    std::uint64_t draws = 0;
    while (draws < settings.redraws && as_large < enough_as_large) {
        ++draws;
        std::uint64_t coins = 0;
        for (std::size_t pair = 0; pair < pairs; ++pair) {
            coins = pair % 64 == 0 ? random.next() : coins >> 1U;
            signs[pair] = (coins & 1U) != 0 ? 1 : -1;
        }
        const bool larger = std::any_of(columns.begin(), columns.end(), [&](const Column& column) {
            return statistic(column, signs) >= observed - 1e-9;
        });
        as_large += larger ? 1U : 0U;
    }
    // Stopped early it is the sequential test of Besag and Clifford (1991), exact as well.
    out.p = as_large == enough_as_large
                ? static_cast<double>(as_large) / static_cast<double>(draws)
                : static_cast<double>(1 + as_large) / static_cast<double>(draws + 1);
    for (const Column& column : columns) {
        if (column.measure == 0 && column.lag == 0) {
            out.smallest_bytes_per_s =
                (z_found + z_power) * column.norm / static_cast<double>(pairs);
        }
    }
    return out;
}

StimulusAnswer test_instants(const SlotSums& sums,
                             const std::vector<std::size_t>& slots,
                             const StimulusSettings& settings) {
    constexpr std::size_t slots_min = 20;
    StimulusAnswer out;
    std::size_t length = sums.bytes.size();
    for (const std::size_t slot : slots) {
        length = std::max(length, slot + settings.lags);
    }
    out.enough = !slots.empty() && length >= slots_min;
    if (!out.enough || sums.bytes.empty()) {
        return out;
    }
    std::vector<std::pair<double, double>> moments; // Mean and deviation, by measure
    for (std::size_t measure = 0; measure < measures.size(); ++measure) {
        const std::vector<double>& values = measure_of(sums, measure);
        double sum = 0;
        double squares = 0;
        for (const double value : values) {
            sum += value;
            squares += value * value;
        }
        const double mean = sum / static_cast<double>(length);
        moments.emplace_back(
            mean, std::sqrt(std::max(squares / static_cast<double>(length) - mean * mean, 0.0)));
    }
    const auto largest = [&](std::size_t shift, bool note) {
        double best = -1e300;
        for (std::size_t measure = 0; measure < measures.size(); ++measure) {
            const auto [mean, deviation] = moments[measure];
            for (std::size_t lag = 0; deviation > 0 && lag < settings.lags; ++lag) {
                double sum = 0;
                for (const std::size_t slot : slots) {
                    sum += at(measure_of(sums, measure), (slot + lag + shift) % length) - mean;
                }
                if (sum / deviation > best) {
                    best = sum / deviation;
                    if (note) {
                        out.measure = measures[measure];
                        out.lag = lag;
                        const double density = sum / static_cast<double>(slots.size());
                        out.difference = measure == measure_gap ? -density : density;
                    }
                }
            }
        }
        return best;
    };
    const double observed = largest(0, true);
    std::size_t as_large = 0;
    for (std::size_t shift = 1; shift < length; ++shift) {
        as_large += largest(shift, false) >= observed - 1e-9 ? 1U : 0U;
    }
    out.p = static_cast<double>(1 + as_large) / static_cast<double>(length);
    return out;
}

} // namespace bench::egress
