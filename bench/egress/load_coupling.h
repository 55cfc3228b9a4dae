// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/egress/stimulus.h"

#include <map>
#include <string>
#include <vector>

namespace bench::egress {

// What each group of flows did while the array was under load, against what it did in the slot of
// the same pair in which it was not. Which of the two came first a coin drew before the run, so
// that what follows the load stands out whatever else goes on. Storage sessions do not count.
class LoadCoupling final : public PacketHearer {
public:
    explicit LoadCoupling(StimulusSettings settings);

    // In the order of their instants, between packets; a slot ends the one before it.
    void begin_slot(std::uint32_t pair, bool loaded, std::int64_t at_ns);
    void end_slot(std::int64_t at_ns);

    void packet(const Flow& flow, const HeardPacket& heard) override;

    void find(const Analysis& analysis, std::vector<EgressFinding>& out) const;
    std::string detectable() const; // One sentence

private:
    struct Slot {
        std::uint32_t pair = 0;
        bool loaded = false;
        std::int64_t from_ns = 0;
        std::int64_t to_ns = 0; // 0 = it lasts.

        double seconds() const noexcept { return static_cast<double>(to_ns - from_ns) / 1e9; }
    };
    struct Pair { // Places of its two slots
        std::size_t first = 0;
        std::size_t second = 0;
        bool loaded_first = false;
    };
    struct Group {
        FlowKey sample;
        std::int32_t rule = rule_none;
        SlotSums sums; // By slot; density is not kept.
    };

    std::vector<Pair> pairs() const;
    StimulusAnswer test(const Group& group, const std::vector<Pair>& pairs) const;
    EgressFinding report(const Group& group,
                         const StimulusAnswer& answer,
                         std::size_t pairs,
                         std::size_t groups) const;

    StimulusSettings settings_;
    std::vector<Slot> slots_;
    std::map<FlowKey, Group> groups_;
    std::uint64_t left_out_ = 0;
};

} // namespace bench::egress
