// SPDX-License-Identifier: Apache-2.0
#include "bench/egress/canary_view.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

using namespace bench::egress;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

// Input: bytes of a stream, cut into pieces of the first byte's length. Nobody without the key
// makes a token that is taken for authentic, and what is unpacked stays within its limit.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static CanaryTools tools(bench::integrity::CanaryKey{});
    tools.limits.bytes_max = 1U << 20U;
    if (size == 0) {
        return 0;
    }
    const std::size_t piece = std::max<std::size_t>(data[0], 1);
    const Bytes bytes = std::as_bytes(std::span(data + 1, size - 1));
    const std::uint64_t before = tools.budget.unpacked_bytes();
    {
        CanaryView view(tools, 0, tools.outermost, true);
        const auto hear = [](const CanaryHit& hit) {
            if (hit.place) {
                std::abort();
            }
        };
        for (std::size_t at = 0; at < bytes.size(); at += piece) {
            view.take(bytes.subspan(at, std::min(piece, bytes.size() - at)), hear);
        }
        view.end(hear);
        for (std::size_t i = 0; i < tools.put_by.size(); ++i) { // It may grow.
            unpack_put_by(tools, std::move(tools.put_by[i]), hear);
        }
        tools.put_by.clear();
    }
    if (tools.unpackers != 0 || tools.waiting_bytes != 0 ||
        tools.budget.unpacked_bytes() - before > (64U << 20U)) {
        std::abort();
    }
    return 0;
}
