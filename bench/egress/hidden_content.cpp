// SPDX-License-Identifier: Apache-2.0
#include "bench/egress/hidden_content.h"

namespace bench::egress {

namespace {
constexpr std::size_t senders_max = 10'000;
}

void HiddenContent::note(const Flow& flow, std::size_t end, const Unsearched& left) {
    const auto hash = static_cast<std::uint32_t>(flow.key.hash(secret_) + end);
    std::uint32_t at = table_.find(hash, [&](std::uint32_t one) {
        return senders_[one].end == end && senders_[one].flow.key == flow.key;
    });
    if (at == SlotTable::none) {
        if (senders_.size() >= senders_max) {
            by_others_ += left;
            return;
        }
        at = static_cast<std::uint32_t>(senders_.size());
        table_.insert(hash, at);
        senders_.emplace_back().first_ns = flow.last_ns;
    }
    Sender& sender = senders_[at];
    sender.flow = flow;
    sender.end = static_cast<std::uint8_t>(end);
    sender.left += left;
}

} // namespace bench::egress
