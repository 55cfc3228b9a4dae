// SPDX-License-Identifier: Apache-2.0
#include "bench/egress/flow_table.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace bench::egress {

namespace {
constexpr std::size_t entries_at_first = 1024;
constexpr std::size_t exact_age_flows_max = 1024;
} // namespace

FlowTable::FlowTable(std::size_t flows_max, Hearer folded)
    : flows_max_(std::max<std::size_t>(1, flows_max))
    , folded_(std::move(folded))
    , entries_(entries_at_first) {}

std::size_t FlowTable::probe(const FlowKey& key, std::uint32_t hash) const noexcept {
    const std::size_t mask = entries_.size() - 1;
    std::size_t at = hash & mask;
    while (entries_[at].index != none &&
           (entries_[at].hash != hash || !(slots_[entries_[at].index].flow.key == key))) {
        at = (at + 1) & mask;
    }
    return at;
}

Flow* FlowTable::find(const FlowKey& key) noexcept {
    const std::size_t at = probe(key, hash_of(key));
    return entries_[at].index == none ? nullptr : &slots_[entries_[at].index].flow;
}

FlowTable::Found FlowTable::find_or_make(const FlowKey& key) {
    const std::uint32_t hash = hash_of(key);
    std::size_t at = probe(key, hash);
    if (entries_[at].index != none) {
        const std::uint32_t index = entries_[at].index;
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
        at = probe(key, hash);
    } else if ((used_ + 1) * 2 > entries_.size()) {
        grow();
        at = probe(key, hash);
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
    entries_[at] = {index, hash};
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
    erase_entry(probe(flow.key, hash_of(flow.key)));
    unlink(index);
    free_.push_back(index);
    --used_;
    ++folded_count_;
}

// Linear probing needs no tombstones if what follows is moved up to where it wants to be.
void FlowTable::erase_entry(std::size_t at) noexcept {
    const std::size_t mask = entries_.size() - 1;
    std::size_t hole = at;
    for (std::size_t next = (at + 1) & mask; entries_[next].index != none;
         next = (next + 1) & mask) {
        const std::size_t home = entries_[next].hash & mask;
        if (((next - home) & mask) >= ((next - hole) & mask)) {
            entries_[hole] = entries_[next];
            hole = next;
        }
    }
    entries_[hole] = {};
}

void FlowTable::grow() {
    std::vector<Entry> old(entries_.size() * 2);
    old.swap(entries_);
    const std::size_t mask = entries_.size() - 1;
    for (const Entry& entry : old) {
        if (entry.index != none) {
            std::size_t at = entry.hash & mask;
            while (entries_[at].index != none) {
                at = (at + 1) & mask;
            }
            entries_[at] = entry;
        }
    }
}

void FlowTable::for_each(const Hearer& hearer) const {
    for (std::uint32_t index = oldest_; index != none; index = slots_[index].younger) {
        hearer(slots_[index].flow);
    }
}

} // namespace bench::egress
