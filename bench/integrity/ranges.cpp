// SPDX-License-Identifier: Apache-2.0
#include "bench/integrity/ranges.h"

#include <algorithm>

namespace bench::integrity {

namespace {

std::uint64_t end_of(const ByteRange& range) noexcept {
    return range.from_bytes + range.size_bytes;
}

} // namespace

std::vector<ByteRange> joined(std::vector<ByteRange> ranges) {
    std::sort(ranges.begin(), ranges.end(), [](const ByteRange& one, const ByteRange& other) {
        return one.from_bytes < other.from_bytes;
    });
    std::vector<ByteRange> out;
    for (const ByteRange& range : ranges) {
        if (range.size_bytes == 0) {
            continue;
        }
        if (!out.empty() && range.from_bytes <= end_of(out.back())) {
            const std::uint64_t end = std::max(end_of(out.back()), end_of(range));
            out.back().size_bytes = end - out.back().from_bytes;
        } else {
            out.push_back(range);
        }
    }
    return out;
}

std::vector<ByteRange> without(const std::vector<ByteRange>& ranges,
                               const std::vector<ByteRange>& others) {
    const std::vector<ByteRange> holes = joined(others);
    std::vector<ByteRange> out;
    for (const ByteRange& range : joined(ranges)) {
        std::uint64_t at = range.from_bytes;
        for (const ByteRange& hole : holes) {
            if (end_of(hole) <= at || hole.from_bytes >= end_of(range)) {
                continue;
            }
            if (hole.from_bytes > at) {
                out.push_back({at, hole.from_bytes - at});
            }
            at = end_of(hole);
        }
        if (at < end_of(range)) {
            out.push_back({at, end_of(range) - at});
        }
    }
    return out;
}

std::vector<std::vector<ByteRange>>
uncontested(const std::vector<std::vector<ByteRange>>& written_by_lane) {
    std::vector<std::vector<ByteRange>> out;
    for (std::size_t lane = 0; lane < written_by_lane.size(); ++lane) {
        std::vector<ByteRange> others;
        for (std::size_t other = 0; other < written_by_lane.size(); ++other) {
            if (other != lane) {
                others.insert(
                    others.end(), written_by_lane[other].begin(), written_by_lane[other].end());
            }
        }
        out.push_back(without(written_by_lane[lane], others));
    }
    return out;
}

} // namespace bench::integrity
