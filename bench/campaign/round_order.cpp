// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/round_order.h"

#include <algorithm>
#include <numeric>
#include <random>

namespace bench::campaign {

namespace {

using Chance = std::mt19937_64; // The same on every platform; the library's shuffles are not.

template <typename T>
void shuffle(std::vector<T>& items, Chance& chance) {
    for (std::size_t i = items.size(); i > 1; --i) {
        std::swap(items[i - 1], items[static_cast<std::size_t>(chance() % i)]);
    }
}

struct Block {
    std::size_t workload = 0;
    std::size_t point = 0;
};

constexpr std::uint64_t spare_seed = 0x5370617265; // Their chance is not that of the others.

std::vector<PlannedRound>
order_blocks(const plan::Plan& plan, std::uint32_t repetitions, Chance chance) {
    std::vector<Block> blocks;
    for (std::uint32_t repetition = 0; repetition < repetitions; ++repetition) {
        for (std::size_t workload = 0; workload < plan.workloads.size(); ++workload) {
            for (std::size_t point = 0; point < plan.points.size(); ++point) {
                blocks.push_back({workload, point});
            }
        }
    }
    shuffle(blocks, chance);

    std::vector<std::size_t> forwards(plan.arrays.size());
    std::iota(forwards.begin(), forwards.end(), std::size_t{0});
    // ABBA: at each point the direction alternates, so that drift falls on all arrays alike.
    std::vector<bool> backwards(plan.workloads.size() * plan.points.size());
    for (auto&& flag : backwards) {
        flag = (chance() & 1U) != 0;
    }
    std::vector<PlannedRound> out;
    for (std::size_t number = 0; number < blocks.size(); ++number) {
        const Block& block = blocks[number];
        std::vector<std::size_t> arrays = forwards;
        if (plan.order == plan::Order::random) {
            shuffle(arrays, chance);
        } else {
            const std::size_t place = (block.workload * plan.points.size()) + block.point;
            if (backwards[place]) {
                std::reverse(arrays.begin(), arrays.end());
            }
            backwards[place] = !backwards[place];
        }
        const std::uint64_t seed = chance();
        for (const std::size_t array : arrays) {
            PlannedRound round;
            round.index = static_cast<std::uint32_t>(out.size());
            round.block = static_cast<std::uint32_t>(number);
            round.array = array;
            round.workload = block.workload;
            round.point = block.point;
            round.seed = seed;
            out.push_back(round);
        }
    }
    return out;
}

} // namespace

std::vector<PlannedRound> order_rounds(const plan::Plan& plan) {
    return order_blocks(plan, plan.rounds, Chance(plan.seed));
}

std::vector<PlannedRound> order_spare_rounds(const plan::Plan& plan) {
    auto out = order_blocks(plan, plan.spare_rounds, Chance(plan.seed ^ spare_seed));
    const std::size_t blocks = plan.rounds * plan.workloads.size() * plan.points.size();
    for (PlannedRound& round : out) {
        round.index += static_cast<std::uint32_t>(blocks * plan.arrays.size());
        round.block += static_cast<std::uint32_t>(blocks);
    }
    return out;
}

} // namespace bench::campaign
