// SPDX-License-Identifier: Apache-2.0
#include "bench/egress/stimulus.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <numeric>

namespace bench::egress {

namespace {

// A client's port is not part of what it does.
std::uint64_t group_key(const Flow& flow) {
    FlowKey key = flow.key;
    if (flow.initiator != Initiator::unknown) {
        key.ports[flow.initiator_end()] = 0;
    }
    return key.hash();
}

void add(std::vector<double>& values, std::size_t slot, double value, std::size_t& cells) {
    if (values.size() <= slot) {
        cells += slot + 1 - values.size();
        values.resize(slot + 1);
    }
    values[slot] += value;
}

std::string who(const FlowKey& key, const std::string& measure) {
    Flow flow;
    flow.key = key;
    return fmt::format("{} of {}", measure, flow_text(flow));
}

} // namespace

StimulusWatch::StimulusWatch(std::vector<Stimulus> stimuli, StimulusSettings settings)
    : settings_(settings) {
    for (Stimulus& stimulus : stimuli) {
        arms_.push_back({std::move(stimulus), {}});
    }
}

void StimulusWatch::packet(
    const Flow& flow, bool fresh, bool storage, std::uint64_t wire_bytes, std::int64_t at_ns) {
    if (storage) {
        return;
    }
    for (Arm& arm : arms_) {
        const Stimulus& stimulus = arm.stimulus;
        const std::int64_t since = at_ns - stimulus.from_ns;
        const std::size_t slot = since < 0 ? 0 : static_cast<std::size_t>(since / stimulus.slot_ns);
        const bool designed = !stimulus.on_first.empty();
        if (since < 0 || (designed && slot >= 2 * stimulus.on_first.size() + settings_.lags)) {
            continue;
        }
        const std::uint64_t key = group_key(flow);
        const auto known = arm.groups.find(key);
        if (cells_ > settings_.cells_max ||
            (known == arm.groups.end() && arm.groups.size() >= settings_.groups_max)) {
            ++left_out_;
            continue;
        }
        Group& group = known == arm.groups.end() ? arm.groups[key] : known->second;
        group.sample = flow.key;
        group.rule = flow.rule;
        add(group.sums.bytes, slot, static_cast<double>(wire_bytes), cells_);
        add(group.sums.packets, slot, 1, cells_);
        add(group.sums.connections, slot, fresh ? 1 : 0, cells_);
    }
}

StimulusAnswer StimulusWatch::test(const Arm& arm, const Group& group) const {
    const Stimulus& stimulus = arm.stimulus;
    if (!stimulus.on_first.empty()) {
        StimulusAnswer out = test_pairs(group.sums, stimulus.on_first, settings_);
        // Without so many pairs not even a perfect answer could be discovered among so many groups.
        const double pairs_needed =
            std::log2(static_cast<double>(arm.groups.size()) / settings_.false_discovery_rate);
        out.enough = static_cast<double>(stimulus.on_first.size()) >= pairs_needed;
        out.p = out.enough ? out.p : 1.0;
        return out;
    }
    std::vector<std::size_t> slots;
    for (const std::int64_t instant : stimulus.instants_ns) {
        slots.push_back(static_cast<std::size_t>(
            std::max<std::int64_t>(instant - stimulus.from_ns, 0) / stimulus.slot_ns));
    }
    return test_instants(group.sums, slots, settings_);
}

void StimulusWatch::report(const Analysis& analysis,
                           const Arm& arm,
                           const Group& group,
                           const StimulusAnswer& answer,
                           std::vector<EgressFinding>& out) const {
    const auto seconds = static_cast<double>(arm.stimulus.slot_ns) / 1e9;
    EgressFinding finding = finding_of(
        group.sample,
        "answer to a stimulus",
        fmt::format("{} {} by {:.4g} per slot of {} when \"{}\" came{}",
                    who(group.sample, answer.measure),
                    answer.difference >= 0 ? "rose" : "fell",
                    std::abs(answer.difference),
                    seconds_text(static_cast<double>(arm.stimulus.slot_ns)),
                    arm.stimulus.arm,
                    answer.lag == 0 ? ""
                                    : fmt::format(", {:.4g} s later",
                                                  static_cast<double>(answer.lag) * seconds)));
    const bool designed = !arm.stimulus.on_first.empty();
    finding.test =
        designed ? fmt::format("randomisation test of {} pairs, largest over 3 measures and {} "
                               "lags, p {:.3g}; false discovery rate {} among {} groups",
                               arm.stimulus.on_first.size(),
                               settings_.lags,
                               answer.p,
                               settings_.false_discovery_rate,
                               arm.groups.size())
                 : fmt::format("{} instants against circular shifts, p {:.3g}: not drawn by the "
                               "bench, and so approximate",
                               arm.stimulus.instants_ns.size(),
                               answer.p);
    finding.severity = group.rule != rule_none && arm.stimulus.lawful ? "note" : "finding";
    finding.confidence = designed ? "high" : "medium";
    finding.first_ns = arm.stimulus.from_ns;
    finding.last_ns = analysis.last_ns();
    finding.packets = static_cast<std::uint64_t>(
        std::accumulate(group.sums.packets.begin(), group.sums.packets.end(), 0.0));
    finding.bytes = static_cast<std::uint64_t>(
        std::accumulate(group.sums.bytes.begin(), group.sums.bytes.end(), 0.0));
    finding.details["arm"] = arm.stimulus.arm;
    finding.details["p"] = fmt::format("{:.3g}", answer.p);
    if (!arm.stimulus.seed_sha256.empty()) {
        finding.details["seed committed as"] = arm.stimulus.seed_sha256;
    }
    out.push_back(std::move(finding));
}

void StimulusWatch::find(const Analysis& analysis, std::vector<EgressFinding>& out) const {
    for (const Arm& arm : arms_) { // A family each
        std::vector<StimulusAnswer> answers;
        std::vector<double> p_values;
        for (const auto& [key, group] : arm.groups) {
            answers.push_back(test(arm, group));
            p_values.push_back(answers.back().p);
        }
        const std::vector<bool> discovered =
            benjamini_hochberg(p_values, settings_.false_discovery_rate);
        std::size_t index = 0;
        for (const auto& [key, group] : arm.groups) {
            if (discovered[index]) {
                report(analysis, arm, group, answers[index], out);
            }
            ++index;
        }
    }
}

std::vector<std::string> StimulusWatch::detectable() const {
    std::vector<std::string> out;
    for (const Arm& arm : arms_) {
        const Stimulus& stimulus = arm.stimulus;
        if (stimulus.on_first.empty()) {
            out.push_back(fmt::format("Answers to \"{}\": {} instants that were not drawn; p is "
                                      "approximate and cannot be below 1/slots.",
                                      stimulus.arm,
                                      stimulus.instants_ns.size()));
            continue;
        }
        double smallest = 0;
        for (const auto& [key, group] : arm.groups) {
            smallest = std::max(
                smallest,
                test_pairs(group.sums, stimulus.on_first, {.redraws = 1}).smallest_bytes_per_s);
        }
        const auto seconds = static_cast<double>(stimulus.slot_ns) / 1e9;
        out.push_back(fmt::format(
            "Answers to \"{}\": {} pairs of {}; on a silent flow p reaches {:.2g}; in the noisiest "
            "of {} groups {:.3g} B/s of time with the stimulus would be found (p 0.001, power "
            "90 %).{}",
            stimulus.arm,
            stimulus.on_first.size(),
            seconds_text(static_cast<double>(stimulus.slot_ns)),
            std::pow(0.5, static_cast<double>(stimulus.on_first.size())),
            arm.groups.size(),
            smallest / seconds,
            left_out_ > 0 ? " Some packets were left out for memory." : ""));
    }
    if (!arms_.empty()) {
        out.push_back("Answers to stimuli: an array that waits out the test, stores for later or "
                      "leaks at a constant rate does not answer.");
    }
    return out;
}

} // namespace bench::egress
