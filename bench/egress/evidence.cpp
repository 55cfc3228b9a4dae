// SPDX-License-Identifier: Apache-2.0
#include "bench/egress/evidence.h"

#include <algorithm>

namespace bench::egress {

namespace {
constexpr std::size_t frame_bytes_max = 2048;
}

EvidenceFrame evidence_of(const drivers::Frame& frame) {
    const auto kept = frame.bytes.first(std::min(frame.bytes.size(), frame_bytes_max));
    return {frame.at.time_since_epoch().count(),
            frame.wire_bytes,
            frame.link_type,
            {kept.begin(), kept.end()}};
}

std::uint32_t Evidence::find(const FlowKey& key, std::uint32_t hash) const {
    return table_.find(hash, [&](std::uint32_t one) { return kept_[one].key == key; });
}

void Evidence::keep(const FlowKey& key, const drivers::Frame& frame) {
    const std::size_t bytes = std::min(frame.bytes.size(), frame_bytes_max) + sizeof(EvidenceFrame);
    if (bytes_ + bytes > bytes_max_) {
        left_out_ += bytes_max_ > 0 ? 1U : 0U;
        return;
    }
    bytes_ += bytes;
    const std::uint32_t hash = hash_of(key);
    std::uint32_t at = find(key, hash);
    if (at == SlotTable::none) {
        at = static_cast<std::uint32_t>(kept_.size());
        kept_.emplace_back().key = key;
        table_.insert(hash, at);
    }
    kept_[at].frames.push_back(evidence_of(frame));
}

const std::vector<EvidenceFrame>& Evidence::of(const FlowKey& key) const {
    static const std::vector<EvidenceFrame> nothing;
    const std::uint32_t at = find(key, hash_of(key));
    return at == SlotTable::none ? nothing : kept_[at].frames;
}

} // namespace bench::egress
