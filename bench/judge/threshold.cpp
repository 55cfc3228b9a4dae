// SPDX-License-Identifier: Apache-2.0
#include "bench/judge/threshold.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace bench::judge {

namespace {

using Votes = std::map<std::uint32_t, CapacitySearch::Votes>;

constexpr double lapse = 0.01;
constexpr double beyond_tried = 1.5; // So far outside of what was tried an edge is looked for.
constexpr double width_least_of_resolution = 0.25;
constexpr double width_most = 0.15; // Of the logistic curve, in parts of the load.
constexpr int widths = 12;
constexpr int places_most = 4000;
constexpr double steps_per_rung = 5;

struct Edge {
    double place = 0; // Logarithm of the load.
    double weight = 0;
};

struct Tried {
    double place = 0; // Logarithm of the targets.
    double sustained = 0;
    double failed = 0;
};

double log_likelihood(const std::vector<Tried>& tried, double place, double width) {
    double out = 0;
    for (const Tried& one : tried) {
        const double holds = lapse + (1 - 2 * lapse) / (1 + std::exp((one.place - place) / width));
        out += (one.sustained > 0 ? one.sustained * std::log(holds) : 0) +
               (one.failed > 0 ? one.failed * std::log1p(-holds) : 0);
    }
    return out;
}

// How likely each place is, all widths taken together; weights add up to one.
std::vector<Edge> edges(const Votes& votes, double resolution) {
    std::vector<Tried> tried;
    for (const auto& [targets, count] : votes) {
        tried.push_back({std::log(static_cast<double>(targets)),
                         static_cast<double>(count.sustained),
                         static_cast<double>(count.failed)});
    }
    const double first = tried.front().place - std::log(beyond_tried);
    const double last = tried.back().place + std::log(beyond_tried);
    const double step =
        std::max(std::log1p(resolution) / steps_per_rung, (last - first) / places_most);
    const double narrowest = std::min(resolution * width_least_of_resolution, width_most / 2);
    std::vector<Edge> out;
    std::vector<double> logs; // By place, then by width.
    for (double place = first; place <= last; place += step) {
        out.push_back({place, 0});
        for (int i = 0; i < widths; ++i) { // Of every order alike: a sharp edge is as likely.
            const double width =
                narrowest * std::pow(width_most / narrowest, static_cast<double>(i) / (widths - 1));
            logs.push_back(log_likelihood(tried, place, width));
        }
    }
    const double most = *std::max_element(logs.begin(), logs.end());
    double sum = 0;
    for (std::size_t i = 0; i < logs.size(); ++i) {
        const double weight = std::exp(logs[i] - most);
        out[i / widths].weight += weight;
        sum += weight;
    }
    for (Edge& edge : out) {
        edge.weight /= sum;
    }
    return out;
}

double place_below(const std::vector<Edge>& edges, double share) {
    double sum = 0;
    for (std::size_t i = 0; i < edges.size(); ++i) {
        if (sum + edges[i].weight >= share) {
            const double step = i > 0 ? edges[i].place - edges[i - 1].place : 0;
            const double part = edges[i].weight > 0 ? (share - sum) / edges[i].weight : 0.5;
            return edges[i].place + step * (part - 0.5);
        }
        sum += edges[i].weight;
    }
    return edges.back().place;
}

} // namespace

std::optional<Threshold> threshold_of(const Votes& votes, double resolution, double confidence) {
    std::uint64_t sustained = 0;
    std::uint64_t failed = 0;
    Votes told;
    for (const auto& [targets, count] : votes) {
        sustained += count.sustained;
        failed += count.failed;
        if (count.sustained + count.failed > 0) {
            told[targets] = count;
        }
    }
    if (sustained == 0 || failed == 0) {
        return std::nullopt;
    }
    const auto all = edges(told, resolution);
    const double tail = (1 - confidence) / 2;
    return Threshold{std::exp(place_below(all, tail)),
                     std::exp(place_below(all, 0.5)),
                     std::exp(place_below(all, 1 - tail))};
}

Threshold difference(const Threshold& left, const Threshold& right) {
    Threshold out;
    out.value = left.value - right.value;
    out.low = out.value - std::hypot(left.value - left.low, right.high - right.value);
    out.high = out.value + std::hypot(left.high - left.value, right.value - right.low);
    return out;
}

} // namespace bench::judge
