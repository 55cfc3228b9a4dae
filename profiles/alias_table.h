// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiles/random.h"

#include <span>
#include <vector>

namespace profiles {

// Draws an index with given weights in constant time from one random number (Walker's aliases).
class AliasTable {
public:
    // Weights need not add up to one; at least one is above zero.
    explicit AliasTable(std::span<const double> weights);

    std::size_t pick(Random& random) const noexcept {
        if (columns_.size() == 1) {
            return 0;
        }
        const Wide product = Wide{random.next()} * columns_.size();
        const auto column = static_cast<std::size_t>(product >> 64U);
        const auto height = static_cast<std::uint64_t>(product);
        return height < columns_[column].own_below ? column : columns_[column].other;
    }

private:
    struct Column {
        std::uint64_t own_below = ~0ULL; // Heights below this belong to the column's own index.
        std::size_t other = 0;
    };
    std::vector<Column> columns_;
};

} // namespace profiles
