// SPDX-License-Identifier: Apache-2.0
#include "drivers/fio/latency_contradictions.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace drivers::fio {

namespace {

// A bucket's middle is at most half its width, 1/128 of where it begins, from any of its samples.
constexpr double half_width = 1.0 / 128;

class Claims {
public:
    Claims(const std::string& name, const Latency& latency)
        : name_(name)
        , latency_(latency)
        , longest_ns_(static_cast<double>(latency.max_ns))
        , grain_ns_(static_cast<double>(latency.grain_ns)) {}

    std::vector<std::string> checked() {
        if (latency_.count == 0) {
            check_nothing();
            return std::move(out_);
        }
        check_mean();
        check_spread();
        check_order();
        check_ends();
        check_bins();
        if (latency_.bins.empty()) {
            check_mean_by_percentiles();
        } else {
            check_percentiles_by_bins();
        }
        return std::move(out_);
    }

private:
    template <typename... Values>
    void doubt(fmt::format_string<Values...> text, Values&&... values) {
        out_.push_back(name_ + ": " + fmt::format(text, std::forward<Values>(values)...));
    }

    // The shortest and the longest that a sample can be whose bucket has this middle.
    double shortest(std::uint64_t middle_ns) const {
        const auto middle = static_cast<double>(std::min(middle_ns, last_bucket_ns));
        return middle * (1 - half_width) - 1 - grain_ns_;
    }
    double longest(std::uint64_t middle_ns) const {
        const auto middle = static_cast<double>(middle_ns);
        return middle_ns >= last_bucket_ns ? std::max(longest_ns_, middle)
                                           : middle * (1 + half_width) + 1 + grain_ns_;
    }

    void check_nothing() {
        if (latency_.max_ns > 0 || !latency_.percentiles.empty() ||
            latency_.mean_ns.value_or(0) > 0) {
            doubt("N is 0, and max {}, mean {:g} and {} percentiles are told",
                  latency_.max_ns,
                  latency_.mean_ns.value_or(0),
                  latency_.percentiles.size());
        }
    }

    void check_mean() {
        if (!latency_.mean_ns) {
            return;
        }
        const double mean = *latency_.mean_ns;
        const double slack = 1 + mean * 1e-6;
        if (mean + slack < static_cast<double>(latency_.min_ns)) {
            doubt("mean {:g} is below min {}", mean, latency_.min_ns);
        }
        if (mean > static_cast<double>(latency_.max_ns) + grain_ns_ + slack) {
            doubt("mean {:g} is above max {}", mean, latency_.max_ns);
        }
    }

    // The ends are samples too, and no sample is beyond them.
    void check_spread() {
        if (!latency_.mean_ns || !latency_.stddev_ns || grain_ns_ > 1 || latency_.count < 2) {
            return;
        }
        const double mean = *latency_.mean_ns;
        const double below = std::max(mean - static_cast<double>(latency_.min_ns), 0.0);
        const double above = std::max(longest_ns_ - mean, 0.0);
        const auto count = static_cast<double>(latency_.count);
        const double squares = *latency_.stddev_ns * *latency_.stddev_ns * (count - 1);
        const double slack = 1e-5 * squares + count;
        if (squares + slack < std::max(above * above, below * below)) {
            doubt("{} {} is further from mean {} than stddev {} and N {} allow",
                  above > below ? "max" : "min",
                  above > below ? latency_.max_ns : latency_.min_ns,
                  mean,
                  *latency_.stddev_ns,
                  latency_.count);
        }
        if (squares > count * above * below * (1 + 1e-5) + slack) {
            doubt("stddev {} is more than min {}, mean {} and max {} allow",
                  *latency_.stddev_ns,
                  latency_.min_ns,
                  mean,
                  latency_.max_ns);
        }
    }

    void check_order() {
        const std::pair<const double, std::uint64_t>* before = nullptr;
        for (const auto& one : latency_.percentiles) {
            if (before != nullptr && one.second < before->second) {
                doubt("percentile {:g} is {}, and percentile {:g} is less: {}",
                      before->first,
                      before->second,
                      one.first,
                      one.second);
                return;
            }
            before = &one;
        }
    }

    void check_ends() {
        for (const auto& [percent, value_ns] : latency_.percentiles) {
            if (longest(value_ns) < static_cast<double>(latency_.min_ns)) {
                doubt("percentile {:g} is {}, below min {}", percent, value_ns, latency_.min_ns);
                return;
            }
            if (shortest(value_ns) > longest_ns_) {
                doubt("percentile {:g} is {}, above max {}", percent, value_ns, latency_.max_ns);
                return;
            }
        }
    }

    bool is_in(std::uint64_t value_ns, std::uint64_t middle_ns) const {
        const auto value = static_cast<double>(value_ns);
        return value >= shortest(middle_ns) && value <= longest(middle_ns);
    }

    void check_bins() {
        if (latency_.bins.empty()) {
            return;
        }
        const std::uint64_t first = latency_.bins.front().first;
        const std::uint64_t last = latency_.bins.back().first;
        if (!is_in(latency_.min_ns, first)) {
            doubt("min {} is not in the first of its bins, {}", latency_.min_ns, first);
        }
        if (!is_in(latency_.max_ns, last)) {
            doubt("max {} is not in the last of its bins, {}", latency_.max_ns, last);
        }
        double least = 0;
        double most = 0;
        for (const auto& [middle_ns, count] : latency_.bins) {
            least += shortest(middle_ns) * static_cast<double>(count);
            most += longest(middle_ns) * static_cast<double>(count);
        }
        const auto count = static_cast<double>(latency_.count);
        check_mean_within(least / count, most / count, "bins");
    }

    void check_mean_within(double least, double most, const char* by) {
        if (!latency_.mean_ns) {
            return;
        }
        const double slack = 1 + *latency_.mean_ns * 1e-6;
        if (*latency_.mean_ns < least - slack || *latency_.mean_ns > most + slack) {
            doubt("mean {:g} is not that of its {}, which lies between {:.0f} and {:.0f}",
                  *latency_.mean_ns,
                  by,
                  least,
                  most);
        }
    }

    // Of so many samples the percentile says that they took at least, or at most, as long.
    void check_mean_by_percentiles() {
        auto least = static_cast<double>(latency_.min_ns);
        double most = longest_ns_ + grain_ns_;
        double before = least;
        for (const auto& [percent, value_ns] : latency_.percentiles) {
            const double here = std::max(shortest(value_ns), before);
            least += (here - before) * (1 - percent / 100);
            before = here;
        }
        double above = longest_ns_ + grain_ns_;
        for (auto at = latency_.percentiles.rbegin(); at != latency_.percentiles.rend(); ++at) {
            const double here = std::min(longest(at->second), above);
            most -= (above - here) * (at->first / 100);
            above = here;
        }
        check_mean_within(least, most, "percentiles");
    }

    // Which bin holds the sample of this rank, counted from 1.
    std::uint64_t bin_of(double rank) const {
        double counted = 0;
        for (const auto& [middle_ns, count] : latency_.bins) {
            counted += static_cast<double>(count);
            if (counted >= rank) {
                return middle_ns;
            }
        }
        return latency_.bins.back().first;
    }

    void check_percentiles_by_bins() {
        for (const auto& [percent, value_ns] : latency_.percentiles) {
            const double rank = percent / 100 * static_cast<double>(latency_.count);
            const std::uint64_t from = bin_of(rank - 1); // Doubles round at a sample's edge.
            const std::uint64_t to = bin_of(rank + 1);
            const auto value = static_cast<double>(value_ns);
            if (value < shortest(from) || value > longest(to)) {
                doubt(
                    "percentile {:g} is {}, and its bins say {}", percent, value_ns, bin_of(rank));
                return;
            }
        }
    }

    const std::string& name_;
    const Latency& latency_;
    double longest_ns_;
    double grain_ns_;
    std::vector<std::string> out_;
};

} // namespace

std::vector<std::string> contradictions(const std::string& name, const Latency& latency) {
    return Claims(name, latency).checked();
}

} // namespace drivers::fio
