// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/array/persona/random.h"
#include "drivers/array/persona/service_settings.h"

#include <cstdint>
#include <vector>

namespace drivers::array {

// A service time drawn by looking up one of 8,192 equally likely quantiles: no logarithm on the way
// of a command. The mean of the draws is the mean of the table.
class Distribution {
public:
    explicit Distribution(const DistributionSettings& settings);

    Duration draw(Random& chance) const noexcept {
        return quantiles_.empty() ? fixed_
                                  : Duration(quantiles_[chance.next() >> (64U - quantile_bits)]);
    }
    Duration mean() const noexcept { return mean_; }

    static constexpr unsigned quantile_bits = 13;

private:
    Duration fixed_{0};
    Duration mean_{0};
    std::vector<std::int64_t> quantiles_;
};

} // namespace drivers::array
