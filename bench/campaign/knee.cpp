// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/knee.h"

#include <algorithm>
#include <cmath>

namespace bench::campaign {

namespace {

constexpr double achieved_share = 0.99;
constexpr double known_to = 1.05;

} // namespace

std::optional<double> find_knee(const plan::KneeSearch& search,
                                const std::function<std::optional<KneeTrial>(double)>& trial) {
    const auto bound_ns = static_cast<double>(search.p99_at_most.count());
    bool interrupted = false;
    const auto holds = [&](double rate_per_s) {
        const auto seen = trial(rate_per_s);
        interrupted = interrupted || !seen;
        return seen && seen->achieved_per_s >= rate_per_s * achieved_share &&
               seen->p99_ns <= bound_ns;
    };
    double good = 0;
    double bad = search.rate_from_per_s;
    while (holds(bad)) {
        good = bad;
        if (bad >= search.rate_max_per_s) {
            return good;
        }
        bad = std::min(bad * 2, search.rate_max_per_s);
    }
    while (!interrupted && good > 0 && bad / good > known_to) {
        const double middle = std::sqrt(good * bad);
        (holds(middle) ? good : bad) = middle;
    }
    return good > 0 && !interrupted ? std::optional(good) : std::nullopt;
}

std::string knee_key(const std::string& array, const std::string& workload) {
    return array + " " + workload;
}

} // namespace bench::campaign
