// SPDX-License-Identifier: Apache-2.0
#include "profiles/alias_table.h"

#include <cmath>
#include <numeric>

namespace profiles {

AliasTable::AliasTable(std::span<const double> weights)
    : columns_(weights.size()) {
    const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
    const auto count = static_cast<double>(weights.size());
    std::vector<double> height;
    std::vector<std::size_t> low;
    std::vector<std::size_t> high;
    for (std::size_t i = 0; i < weights.size(); ++i) {
        height.push_back(weights[i] * count / total);
        columns_[i].other = i;
        (height[i] < 1.0 ? low : high).push_back(i);
    }
    while (!low.empty() && !high.empty()) {
        const std::size_t needy = low.back();
        const std::size_t rich = high.back();
        low.pop_back();
        columns_[needy].own_below = static_cast<std::uint64_t>(std::ldexp(height[needy], 64));
        columns_[needy].other = rich;
        height[rich] -= 1.0 - height[needy];
        if (height[rich] < 1.0) {
            high.pop_back();
            low.push_back(rich);
        }
    }
}

} // namespace profiles
