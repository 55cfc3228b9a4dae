// SPDX-License-Identifier: Apache-2.0
#include "bench/egress/flow_table.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace bench::egress {

namespace {
constexpr std::size_t exact_age_flows_max = 1024;
} // namespace

FlowTable::FlowTable(std::size_t flows_max, Hearer folded)
    : flows_max_(std::max<std::size_t>(1, flows_max))
    , folded_(std::move(folded)) {}

std::uint32_t FlowTable::index_of(const FlowKey& key, std::uint32_t hash) const noexcept {
    return table_.find(hash, [&](std::uint32_t index) { return slots_[index].flow.key == key; });
}

Flow* FlowTable::find(const FlowKey& key) noexcept {
    const std::uint32_t index = index_of(key, hash_of(key));
    return index == none ? nullptr : &slots_[index].flow;
}

FlowTable::Found FlowTable::find_or_make(const FlowKey& key) {
    const std::uint32_t hash = hash_of(key);
    if (const std::uint32_t index = index_of(key, hash); index != none) {
        ++lookups_;
        const bool young =
            used_ > exact_age_flows_max && lookups_ - slots_[index].moved < used_ / 4;
        if (index != youngest_ && !young) {
            unlink(index);
            append(index);
        }
        return {&slots_[index].flow, false};
    }
    if (used_ == flows_max_) {
        fold_oldest();
    }
    auto index = static_cast<std::uint32_t>(slots_.size());
    if (free_.empty()) {
        slots_.emplace_back();
    } else {
        index = free_.back();
        free_.pop_back();
        slots_[index] = Slot{};
    }
    slots_[index].flow.key = key;
    table_.insert(hash, index);
    append(index);
    ++used_;
    return {&slots_[index].flow, true};
}

void FlowTable::unlink(std::uint32_t index) noexcept {
    const Slot& slot = slots_[index];
    (slot.older == none ? oldest_ : slots_[slot.older].younger) = slot.younger;
    (slot.younger == none ? youngest_ : slots_[slot.younger].older) = slot.older;
}

void FlowTable::append(std::uint32_t index) noexcept {
    Slot& slot = slots_[index];
    slot.moved = lookups_;
    slot.older = youngest_;
    slot.younger = none;
    (youngest_ == none ? oldest_ : slots_[youngest_].younger) = index;
    youngest_ = index;
}

void FlowTable::fold_oldest() {
    const std::uint32_t index = oldest_;
    assert(index != none);
    const Flow& flow = slots_[index].flow;
    folded_(flow);
    table_.erase(hash_of(flow.key), index);
    unlink(index);
    free_.push_back(index);
    --used_;
    ++folded_count_;
}

void FlowTable::for_each(const Hearer& hearer) const {
    for (std::uint32_t index = oldest_; index != none; index = slots_[index].younger) {
        hearer(slots_[index].flow);
    }
}

} // namespace bench::egress
