// SPDX-License-Identifier: Apache-2.0
#include "bench/egress/sinks.h"

#include <cstdint>
#include <cstdlib>

using namespace bench::egress;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

// Input: frames, each behind two bytes of length. Whatever they hold, the books balance.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const CompiledPolicy policy{profiles::Policy{}};
    Analysis analysis(policy, {.flows_max = 16, .evidence_bytes_max = 65536, .content = nullptr});
    std::int64_t at_ns = 1;
    while (size >= 2) {
        const std::size_t length =
            std::min<std::size_t>(static_cast<std::size_t>(data[0] << 8U | data[1]), size - 2);
        drivers::Frame frame;
        frame.at = std::chrono::sys_time<std::chrono::nanoseconds>(
            std::chrono::nanoseconds(at_ns += 1'000'000));
        frame.link_type = 1;
        frame.wire_bytes = static_cast<std::uint32_t>(length);
        frame.bytes = std::as_bytes(std::span(data + 2, length));
        analysis.frame(frame);
        data += 2 + length;
        size -= 2 + length;
    }
    analysis.finish();
    if (!analysis.ledger().balances()) {
        std::abort();
    }
    (void)draw_findings(analysis, DetectorSettings{});
    return 0;
}
