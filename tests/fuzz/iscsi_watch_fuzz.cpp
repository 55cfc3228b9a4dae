// SPDX-License-Identifier: Apache-2.0
#include "drivers/iscsi/pdu_watch.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

using drivers::iscsi::PduWatch;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

struct Stretch {
    bool is_sent = false;
    std::span<const std::byte> bytes;
};

// Says what the watch says in the end; a fault is for good.
std::string told_of(const PduWatch::Terms& terms, std::span<const Stretch> all, std::size_t piece) {
    PduWatch watch(terms);
    for (const Stretch& one : all) {
        for (std::size_t at = 0; at < one.bytes.size(); at += piece) {
            const auto bytes = one.bytes.subspan(at, std::min(piece, one.bytes.size() - at));
            if (one.is_sent) {
                watch.sent(bytes);
            } else if (watch.received(bytes) == watch.fault().empty()) {
                continue;
            } else {
                std::abort();
            }
        }
    }
    if (!watch.fault().empty() && watch.received({})) {
        std::abort();
    }
    return watch.fault() + (watch.went_through_chap() ? "+" : "-");
}

} // namespace

// Input: terms, the length of the pieces, then stretches of both directions, each led by its
// direction and length. However the bytes are cut, the watch comes to the same end.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) {
        return 0;
    }
    const PduWatch::Terms terms{.header_digest = data[0] % 2 == 1,
                                .segment_bytes_max = 512U << (data[0] >> 4U),
                                .unasked_max = 10,
                                .open_requests_max = 3};
    const std::size_t piece = std::max<std::size_t>(data[1], 1);
    std::vector<Stretch> all;
    const std::span<const std::byte> bytes = std::as_bytes(std::span(data, size));
    for (std::size_t at = 2; at + 1 < size;) {
        const std::size_t length = std::min<std::size_t>(data[at + 1] + 1U, size - at - 2);
        all.push_back({data[at] % 2 == 1, bytes.subspan(at + 2, length)});
        at += 2 + length;
    }
    if (told_of(terms, all, piece) != told_of(terms, all, 1U << 20U)) {
        std::abort();
    }
    return 0;
}
