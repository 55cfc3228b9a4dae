// SPDX-License-Identifier: Apache-2.0
#include "profiles/workload.h"

#include <algorithm>

namespace profiles {

bool writes(const Workload& workload) noexcept {
    return std::any_of(workload.streams.begin(), workload.streams.end(), [](const auto& stream) {
        return stream.op == AccessOp::write || stream.op == AccessOp::unmap ||
               stream.op == AccessOp::write_zeroes;
    });
}

std::uint64_t largest_access_bytes(const Workload& workload) noexcept {
    std::uint64_t out = 0;
    for (const auto& stream : workload.streams) {
        for (const auto& block : stream.blocks) {
            if (stream.op == AccessOp::read || stream.op == AccessOp::write ||
                stream.op == AccessOp::compare) {
                out = std::max(out, block.size_bytes);
            }
        }
    }
    return out;
}

} // namespace profiles
