// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/egress/canary_tools.h"

#include <string>
#include <vector>

namespace bench::egress {

// Compressed streams that begin in one sequence of bytes, unpacked as far as the search's budget
// goes, and searched by views of their own.
class PackedStreams {
public:
    // `depth`: how many packings are around the sequence.
    PackedStreams(CanaryTools& tools, unsigned depth, bool folds)
        : tools_(tools)
        , depth_(depth)
        , folds_(folds) {}
    PackedStreams(const PackedStreams&) = delete;
    PackedStreams& operator=(const PackedStreams&) = delete;
    ~PackedStreams();

    // The last `fresh` bytes of `all` are new; before `look_from` beginnings were looked for.
    struct Look {
        Bytes all{};
        std::size_t fresh = 0;
        std::size_t look_from = 0;
    };
    void take(const Look& look, const std::string& inside, const CanaryHearer& hearer);
    void end(const CanaryHearer& hearer); // What waits is put by.

private:
    void begin(const Look& look, const std::string& inside, const CanaryHearer& hearer);

    CanaryTools& tools_;
    unsigned depth_;
    bool folds_;
    std::vector<PackedStream> streams_;
};

// Unpacks what waits of a stream that was put by; what no budget is left for is counted.
void unpack_put_by(CanaryTools& tools, PackedStream stream, const CanaryHearer& hearer);

} // namespace bench::egress
