// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

namespace bench::integrity {

struct ByteRange {
    std::uint64_t from_bytes = 0;
    std::uint64_t size_bytes = 0;

    bool operator==(const ByteRange&) const = default;
};

// Sorted, touching and overlapping ones joined, empty ones gone.
std::vector<ByteRange> joined(std::vector<ByteRange> ranges);

// `ranges` without what `others` cover.
std::vector<ByteRange> without(const std::vector<ByteRange>& ranges,
                               const std::vector<ByteRange>& others);

// What each lane writes, less what another lane writes too: there the order of two writes is known
// to nobody.
std::vector<std::vector<ByteRange>>
uncontested(const std::vector<std::vector<ByteRange>>& written_by_lane);

} // namespace bench::integrity
