// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/egress/canary_tools.h"
#include "bench/egress/flow.h"
#include "bench/egress/pile.h"
#include "bench/egress/slot_table.h"

#include <cstdint>
#include <vector>

namespace bench::egress {

// Who sent content that a canary search had to leave, and how much.
class HiddenContent {
public:
    struct Sender {
        Flow flow; // As it was when this was last noted
        std::uint8_t end = 0;
        std::int64_t first_ns = 0;
        Unsearched left;
    };

    void note(const Flow& flow, std::size_t end, const Unsearched& left);
    const Pile<Sender>& senders() const noexcept { return senders_; }
    const Unsearched& by_others() const noexcept { return by_others_; } // More than are kept

private:
    integrity::SipSecret secret_ = integrity::drawn_secret();
    Pile<Sender> senders_;
    SlotTable table_;
    Unsearched by_others_;
};

} // namespace bench::egress
