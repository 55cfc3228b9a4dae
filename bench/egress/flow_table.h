// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/egress/flow.h"
#include "bench/egress/pile.h"
#include "bench/egress/slot_table.h"

#include <functional>
#include <vector>

namespace bench::egress {

// Every flow seen, in bounded memory: when it is full, the flow that has been silent longest is
// handed to `folded` and forgotten; its counts live on in whatever aggregate the hearer keeps.
class FlowTable {
public:
    using Hearer = std::function<void(const Flow&)>;

    explicit FlowTable(std::size_t flows_max, Hearer folded);

    // The flow of a key, made if new (`fresh`), and moved to the young end: in large tables not at
    // every packet, so that age is right to a quarter of the table. References hold until the next
    // call.
    struct Found {
        Flow* flow = nullptr;
        bool fresh = false;
    };
    Found find_or_make(const FlowKey& key);
    Flow* find(const FlowKey& key) noexcept;

    void for_each(const Hearer& hearer) const; // Oldest first.
    std::size_t size() const noexcept { return used_; }
    std::uint64_t folded_count() const noexcept { return folded_count_; }

private:
    static constexpr std::uint32_t none = SlotTable::none;
    struct Slot {
        Flow flow;
        std::uint32_t older = none;
        std::uint32_t younger = none;
        std::uint64_t moved = 0; // Lookup at which it last went to the young end.
    };

    std::uint32_t hash_of(const FlowKey& key) const noexcept {
        return static_cast<std::uint32_t>(key.hash(secret_));
    }
    std::uint32_t index_of(const FlowKey& key, std::uint32_t hash) const noexcept;
    void unlink(std::uint32_t index) noexcept;
    void append(std::uint32_t index) noexcept;
    void fold_oldest();

    integrity::SipSecret secret_ = integrity::drawn_secret();
    std::size_t flows_max_;
    Hearer folded_;
    Pile<Slot> slots_;
    SlotTable table_;
    std::vector<std::uint32_t> free_;
    std::uint32_t oldest_ = none;
    std::uint32_t youngest_ = none;
    std::size_t used_ = 0;
    std::uint64_t folded_count_ = 0;
    std::uint64_t lookups_ = 0;
};

} // namespace bench::egress
