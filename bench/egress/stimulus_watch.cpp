// SPDX-License-Identifier: Apache-2.0
#include "bench/egress/stimulus.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <numeric>

namespace bench::egress {

namespace {

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

void StimulusWatch::packet(const Flow& flow, const HeardPacket& heard) {
    const std::int64_t at_ns = heard.at_ns;
    if (heard.storage) {
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
        const FlowKey key = service_key(flow);
        const auto known = arm.groups.find(key);
        if (cells_ > settings_.cells_max ||
            (known == arm.groups.end() && arm.groups.size() >= settings_.groups_max)) {
            ++left_out_;
            continue;
        }
        Group& group = known == arm.groups.end() ? arm.groups[key] : known->second;
        group.sample = flow.key;
        group.rule = flow.rule;
        add(group.sums.bytes, slot, static_cast<double>(heard.wire_bytes), cells_);
        add(group.sums.packets, slot, 1, cells_);
        add(group.sums.connections, slot, heard.fresh ? 1 : 0, cells_);
        const std::int64_t gap_ns = group.last_ns == 0
                                        ? stimulus.slot_ns
                                        : std::max<std::int64_t>(at_ns - group.last_ns, 0);
        add(group.gaps_s,
            slot,
            static_cast<double>(std::min(gap_ns, stimulus.slot_ns)) / 1e9,
            cells_);
        group.last_ns = at_ns;
    }
}

SlotSums StimulusWatch::sums_of(const Arm& arm, const Group& group) {
    SlotSums out = group.sums;
    const double slot_s = static_cast<double>(arm.stimulus.slot_ns) / 1e9;
    for (std::size_t slot = 0; slot < group.gaps_s.size(); ++slot) {
        const double packets = group.sums.packets[slot];
        out.density.push_back(packets > 0 ? slot_s - group.gaps_s[slot] / packets : 0);
    }
    return out;
}

StimulusAnswer StimulusWatch::test(const Arm& arm, const Group& group) const {
    const SlotSums sums = sums_of(arm, group);
    const Stimulus& stimulus = arm.stimulus;
    if (!stimulus.on_first.empty()) {
        StimulusAnswer out = test_pairs(sums, stimulus.on_first, settings_);
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
    return test_instants(sums, slots, settings_);
}

EgressFinding StimulusWatch::report(const Analysis& analysis,
                                    const Arm& arm,
                                    const Group& group,
                                    const StimulusAnswer& answer) const {
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
        designed ? fmt::format("randomisation test of {} pairs, largest over 4 measures and {} "
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
    finding.confidence =
        designed && answer.p_holm <= settings_.false_discovery_rate ? "high" : "medium";
    finding.first_ns = arm.stimulus.from_ns;
    finding.last_ns = analysis.last_ns();
    finding.packets = static_cast<std::uint64_t>(
        std::accumulate(group.sums.packets.begin(), group.sums.packets.end(), 0.0));
    finding.bytes = static_cast<std::uint64_t>(
        std::accumulate(group.sums.bytes.begin(), group.sums.bytes.end(), 0.0));
    finding.details["arm"] = arm.stimulus.arm;
    finding.details["p"] = fmt::format("{:.3g}", answer.p);
    finding.details["p (Holm, over the family)"] = fmt::format("{:.3g}", answer.p_holm);
    finding.details["holds under any dependence (Benjamini-Yekutieli)"] =
        answer.any_dependence ? "yes" : "no";
    if (!arm.stimulus.seed_sha256.empty()) {
        finding.details["seed committed as"] = arm.stimulus.seed_sha256;
    }
    return finding;
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
        const std::vector<bool> strictly =
            benjamini_yekutieli(p_values, settings_.false_discovery_rate);
        const std::vector<double> holm = holm_adjusted(p_values);
        std::size_t index = 0;
        for (const auto& [key, group] : arm.groups) {
            answers[index].p_holm = holm[index];
            answers[index].any_dependence = strictly[index];
            if (discovered[index]) {
                out.push_back(report(analysis, arm, group, answers[index]));
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
        out.emplace_back(
            "Answers to stimuli: an array that waits out the test, stores for later or "
            "leaks at a constant rate does not answer.");
    }
    return out;
}

std::size_t StimulusWatch::group_count() const noexcept {
    std::size_t out = 0;
    for (const Arm& arm : arms_) {
        out += arm.groups.size();
    }
    return out;
}

} // namespace bench::egress
