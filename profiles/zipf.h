// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiles/random.h"

namespace profiles {

// Ranks 0 .. count-1 with probability proportional to 1 / (rank + 1)^theta, by rejection-inversion
// (Hoermann and Derflinger 1996): no table, a little over one trial a draw, any count.
class Zipf {
public:
    Zipf(std::uint64_t count, double theta) noexcept;

    std::uint64_t draw(Random& random) const noexcept;

private:
    double density(double x) const noexcept;
    double integral(double x) const noexcept;
    double inverse(double y) const noexcept;

    double count_;
    double theta_;
    double integral_first_;
    double integral_last_;
    double accept_within_;
};

} // namespace profiles
