// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/judge/capacity_search.h"

#include <cstdint>
#include <map>
#include <optional>

namespace bench::judge {

// The load at which a round is as likely to be sustained as not.
struct Threshold {
    double low = 0;
    double value = 0; // The median.
    double high = 0;
};

// From how often each number of targets was sustained: the chance falls along a logistic curve of
// the load's logarithm whose place and width are both unknown, as in a psychometric function
// (Treutwein 1995; Wichmann and Hill 2001), and one round in a hundred goes the other way for
// reasons of its own. Widths are summed over, so a noisy edge gives a wide interval. None: without
// a sustained round and a failed one there is no edge. Unclear rounds say nothing.
std::optional<Threshold> threshold_of(const std::map<std::uint32_t, CapacitySearch::Votes>& votes,
                                      double resolution,
                                      double confidence);

// What is left when one is taken from the other, each known to an interval (the squares of their
// half-widths are added, on each side its own: Zou and Donner 2008).
Threshold difference(const Threshold& left, const Threshold& right);

} // namespace bench::judge
