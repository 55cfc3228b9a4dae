// SPDX-License-Identifier: Apache-2.0
#include "bench/egress/multiplicity.h"

#include <algorithm>
#include <numeric>

namespace bench::egress {

namespace {

std::vector<std::size_t> smallest_first(const std::vector<double>& p_values) {
    std::vector<std::size_t> order(p_values.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t left, std::size_t right) {
        return p_values[left] < p_values[right];
    });
    return order;
}

} // namespace

std::vector<bool> benjamini_hochberg(const std::vector<double>& p_values, double q) {
    const std::vector<std::size_t> order = smallest_first(p_values);
    std::size_t discoveries = 0;
    for (std::size_t rank = 0; rank < order.size(); ++rank) {
        if (p_values[order[rank]] <=
            q * static_cast<double>(rank + 1) / static_cast<double>(order.size())) {
            discoveries = rank + 1;
        }
    }
    std::vector<bool> out(p_values.size(), false);
    for (std::size_t rank = 0; rank < discoveries; ++rank) {
        out[order[rank]] = true;
    }
    return out;
}

std::vector<bool> benjamini_yekutieli(const std::vector<double>& p_values, double q) {
    double harmonic = 0;
    for (std::size_t i = 1; i <= p_values.size(); ++i) {
        harmonic += 1.0 / static_cast<double>(i);
    }
    return benjamini_hochberg(p_values, harmonic > 0 ? q / harmonic : q);
}

std::vector<double> holm_adjusted(const std::vector<double>& p_values) {
    const std::vector<std::size_t> order = smallest_first(p_values);
    std::vector<double> out(p_values.size(), 1.0);
    double largest = 0;
    for (std::size_t rank = 0; rank < order.size(); ++rank) {
        const auto left = static_cast<double>(order.size() - rank);
        largest = std::max(largest, std::min(1.0, left * p_values[order[rank]]));
        out[order[rank]] = largest;
    }
    return out;
}

} // namespace bench::egress
