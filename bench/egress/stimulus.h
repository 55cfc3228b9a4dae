// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/egress/findings.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace bench::egress {

// One thing that the bench did to the array again and again, and when. Either by a design: pairs of
// neighbouring slots, in each of which a coin said which one gets the stimulus; or at instants that
// were not drawn (failovers, updates), each with the time within which an answer would come.
struct Stimulus {
    std::string arm; // "A load on and off", "B same load, canary or neutral data", ...
    bool lawful =
        false; // An answer may be declared telemetry, so that it is a note, not a finding.
    std::int64_t slot_ns = 0;
    std::int64_t from_ns = 0;   // UTC, of the first slot
    std::vector<bool> on_first; // By pair
    std::vector<std::int64_t> instants_ns;
    std::string seed_sha256; // Committed before the run; said, not checked here.
};

struct StimulusSettings {
    double false_discovery_rate = 0.05;
    std::uint64_t redraws = 19'999;
    std::size_t lags = 3; // Slots after the stimulus in which an answer is looked for: 0 .. lags-1
    std::uint64_t seed = 1;
    std::size_t groups_max = 2000;
    std::size_t cells_max = 20'000'000;
};

// How a group of flows answered one stimulus.
struct StimulusAnswer {
    double p = 1;
    double p_holm = 1;           // Adjusted for all groups of the arm
    bool any_dependence = false; // A discovery however the groups hang together
    bool enough = false;
    std::string measure;             // "bytes", "packets", "connections", "mean gap"
    std::size_t lag = 0;             // Slots
    double difference = 0;           // Of the measure, a slot with less a slot without
    double smallest_bytes_per_s = 0; // That would be found at p 0.001 with probability 0.9
};

// Sums of one group in consecutive slots.
struct SlotSums {
    std::vector<double> bytes;
    std::vector<double> packets;
    std::vector<double> connections;
    // A slot less the mean gap between its packets, in seconds: 0 in silence, more the denser.
    std::vector<double> density;
};

// The randomisation test of a paired design: S is the largest standardised difference over measures
// and lags; signs of pairs are redrawn; p = (1 + #{S* >= S}) / (B + 1) (Phipson and Smyth 2010).
StimulusAnswer test_pairs(const SlotSums& sums,
                          const std::vector<bool>& on_first,
                          const StimulusSettings& settings);

// For instants that nobody drew: the same statistic under circular shifts of the whole series,
// which keeps its own rhythm. Approximate where that is not stationary.
StimulusAnswer test_instants(const SlotSums& sums,
                             const std::vector<std::size_t>& slots,
                             const StimulusSettings& settings);

// Gathers what flows did slot by slot, and tests it at the end. Storage sessions do not count.
class StimulusWatch final : public PacketHearer {
public:
    StimulusWatch(std::vector<Stimulus> stimuli, StimulusSettings settings);

    void packet(const Flow& flow, const HeardPacket& heard) override;

    void find(const Analysis& analysis, std::vector<EgressFinding>& out) const;
    std::vector<std::string> detectable() const; // One sentence a stimulus
    std::size_t group_count() const noexcept;    // Hypotheses, over all stimuli

private:
    struct Group {
        FlowKey sample;
        std::int32_t rule = rule_none;
        SlotSums sums;
        std::int64_t last_ns = 0;
        std::vector<double> gaps_s; // Sums by slot, each gap cut to a slot's length
    };
    struct Arm {
        Stimulus stimulus;
        std::map<FlowKey, Group> groups;
    };

    StimulusAnswer test(const Arm& arm, const Group& group) const;
    static SlotSums sums_of(const Arm& arm, const Group& group);
    EgressFinding report(const Analysis& analysis,
                         const Arm& arm,
                         const Group& group,
                         const StimulusAnswer& answer) const;

    StimulusSettings settings_;
    std::vector<Arm> arms_;
    std::size_t cells_ = 0;
    std::uint64_t left_out_ = 0;
};

} // namespace bench::egress
