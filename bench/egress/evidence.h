// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/egress/flow.h"
#include "bench/egress/pile.h"
#include "bench/egress/slot_table.h"
#include "drivers/api/capture_source.h"

#include <cstdint>
#include <vector>

namespace bench::egress {

struct EvidenceFrame {
    std::int64_t at_ns = 0;
    std::uint32_t wire_bytes = 0;
    std::uint16_t link_type = 0;
    std::vector<std::byte> bytes;
};

// A frame kept, the bytes of a very long one cut.
EvidenceFrame evidence_of(const drivers::Frame& frame);

// The first frames of flows, within a bound on their bytes in all.
class Evidence {
public:
    explicit Evidence(std::size_t bytes_max)
        : bytes_max_(bytes_max) {}

    void keep(const FlowKey& key, const drivers::Frame& frame);
    const std::vector<EvidenceFrame>& of(const FlowKey& key) const; // Empty: nothing was kept.
    std::uint64_t left_out() const noexcept { return left_out_; }   // Frames

private:
    struct Kept {
        FlowKey key;
        std::vector<EvidenceFrame> frames;
    };

    std::uint32_t find(const FlowKey& key, std::uint32_t hash) const;
    std::uint32_t hash_of(const FlowKey& key) const noexcept {
        return static_cast<std::uint32_t>(key.hash(secret_));
    }

    std::size_t bytes_max_;
    std::size_t bytes_ = 0;
    std::uint64_t left_out_ = 0;
    integrity::SipSecret secret_ = integrity::drawn_secret();
    Pile<Kept> kept_;
    SlotTable table_;
};

} // namespace bench::egress
