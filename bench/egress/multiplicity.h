// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

// Many tests at once: a family is judged together, whatever it holds.
namespace bench::egress {

// Benjamini and Hochberg (1995): which of the p-values are discoveries at rate q.
std::vector<bool> benjamini_hochberg(const std::vector<double>& p_values, double q);

// Benjamini and Yekutieli (2001): the same however the tests hang together, and so stricter.
std::vector<bool> benjamini_yekutieli(const std::vector<double>& p_values, double q);

// Holm (1979): p-values so adjusted that rejecting those up to alpha errs anywhere in the family
// with a probability of at most alpha. In the order given.
std::vector<double> holm_adjusted(const std::vector<double>& p_values);

} // namespace bench::egress
