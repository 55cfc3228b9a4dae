// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/spare_rounds.h"

#include <algorithm>
#include <set>

namespace bench::campaign {

namespace {

std::set<std::uint32_t> valid_blocks(const plan::Plan& plan,
                                     const PlannedRound& spare,
                                     std::size_t array,
                                     const std::vector<results::RoundRecord>& rounds) {
    std::set<std::uint32_t> out;
    for (const results::RoundRecord& round : rounds) {
        if (round.block < spare.block && round.array == plan.arrays[array].name &&
            round.workload == plan.workloads[spare.workload].name &&
            round.point == plan.points[spare.point].text && results::is_valid(round)) {
            out.insert(round.block);
        }
    }
    return out;
}

} // namespace

bool is_wanted(const plan::Plan& plan,
               const PlannedRound& spare,
               const std::vector<results::RoundRecord>& rounds) {
    const auto baseline = valid_blocks(plan, spare, 0, rounds);
    const auto lacks_pairs = [&](std::size_t array) {
        const auto blocks = valid_blocks(plan, spare, array, rounds);
        const auto pairs = std::count_if(blocks.begin(), blocks.end(), [&](std::uint32_t block) {
            return baseline.count(block) != 0;
        });
        return static_cast<std::uint64_t>(pairs) < plan.rounds;
    };
    if (spare.array != 0 || plan.arrays.size() == 1) {
        return lacks_pairs(spare.array);
    }
    for (std::size_t array = 1; array < plan.arrays.size(); ++array) {
        if (lacks_pairs(array)) {
            return true;
        }
    }
    return false;
}

} // namespace bench::campaign
