// SPDX-License-Identifier: Apache-2.0
#include "bench/egress/load_coupling.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace bench::egress {

namespace {

double at(const std::vector<double>& values, std::size_t place) {
    return place < values.size() ? values[place] : 0;
}

void add(std::vector<double>& values, std::size_t place, double value) {
    values.resize(std::max(values.size(), place + 1));
    values[place] += value;
}

double pairs_needed(std::size_t groups, double rate) {
    return std::ceil(std::log2(static_cast<double>(std::max<std::size_t>(groups, 1)) / rate));
}

} // namespace

LoadCoupling::LoadCoupling(StimulusSettings settings)
    : settings_(settings) {
    settings_.lags = 1; // The next slot is another array's, or of another pair.
}

void LoadCoupling::begin_slot(std::uint32_t pair, bool loaded, std::int64_t at_ns) {
    end_slot(at_ns);
    slots_.push_back({pair, loaded, at_ns, 0});
}

void LoadCoupling::end_slot(std::int64_t at_ns) {
    if (!slots_.empty() && slots_.back().to_ns == 0) {
        slots_.back().to_ns = std::max(at_ns, slots_.back().from_ns + 1);
    }
}

void LoadCoupling::packet(const Flow& flow, const HeardPacket& heard) {
    if (heard.storage) {
        return;
    }
    const FlowKey key = service_key(flow);
    const auto known = groups_.find(key);
    if (known == groups_.end() && groups_.size() >= settings_.groups_max) {
        ++left_out_;
        return;
    }
    // Who speaks outside all slots is a hypothesis too: it could have spoken inside.
    Group& group = known == groups_.end() ? groups_[key] : known->second;
    group.sample = flow.key;
    group.rule = flow.rule;
    if (slots_.empty() || slots_.back().to_ns != 0) {
        return;
    }
    const std::size_t place = slots_.size() - 1;
    add(group.sums.bytes, place, static_cast<double>(heard.wire_bytes));
    add(group.sums.packets, place, 1);
    add(group.sums.connections, place, heard.fresh ? 1 : 0);
}

std::vector<LoadCoupling::Pair> LoadCoupling::pairs() const {
    std::map<std::uint32_t, std::vector<std::size_t>> by_pair;
    for (std::size_t i = 0; i < slots_.size(); ++i) {
        if (slots_[i].to_ns != 0) {
            by_pair[slots_[i].pair].push_back(i);
        }
    }
    std::vector<Pair> out;
    for (const auto& [pair, places] : by_pair) {
        if (places.size() == 2 && slots_[places[0]].loaded != slots_[places[1]].loaded) {
            out.push_back({places[0], places[1], slots_[places[0]].loaded});
        }
    }
    return out;
}

StimulusAnswer LoadCoupling::test(const Group& group, const std::vector<Pair>& pairs) const {
    SlotSums rates; // A second: slots are not of one length.
    std::vector<bool> loaded_first;
    const auto take = [&](std::size_t place) {
        const double seconds = slots_[place].seconds();
        rates.bytes.push_back(at(group.sums.bytes, place) / seconds);
        rates.packets.push_back(at(group.sums.packets, place) / seconds);
        rates.connections.push_back(at(group.sums.connections, place) / seconds);
    };
    for (const Pair& pair : pairs) {
        take(pair.first);
        take(pair.second);
        loaded_first.push_back(pair.loaded_first);
    }
    StimulusAnswer out = test_pairs(rates, loaded_first, settings_);
    out.enough = static_cast<double>(pairs.size()) >=
                 pairs_needed(groups_.size(), settings_.false_discovery_rate);
    out.p = out.enough ? out.p : 1.0;
    return out;
}

EgressFinding LoadCoupling::report(const Group& group,
                                   const StimulusAnswer& answer,
                                   std::size_t pairs,
                                   std::size_t groups) const {
    Flow flow;
    flow.key = group.sample;
    EgressFinding out = finding_of(group.sample,
                                   "volume follows load",
                                   fmt::format("{} of {}: {:.4g} more a second while the array was "
                                               "under load than while it was not",
                                               answer.measure,
                                               flow_text(flow),
                                               answer.difference));
    // What is declared may well be telemetry of the load.
    out.severity = group.rule == rule_none ? "finding" : "note";
    out.confidence = answer.p_holm <= settings_.false_discovery_rate ? "high" : "medium";
    out.test = fmt::format("randomisation test of {} pairs of rounds, largest over 3 measures, p "
                           "{:.3g}; false discovery rate {} among {} groups",
                           pairs,
                           answer.p,
                           settings_.false_discovery_rate,
                           groups);
    out.first_ns = slots_.front().from_ns;
    out.last_ns = slots_.back().to_ns;
    out.details["p"] = fmt::format("{:.3g}", answer.p);
    out.details["p (Holm, over the family)"] = fmt::format("{:.3g}", answer.p_holm);
    out.details["holds under any dependence (Benjamini-Yekutieli)"] =
        answer.any_dependence ? "yes" : "no";
    return out;
}

void LoadCoupling::find(const Analysis& /*analysis*/, std::vector<EgressFinding>& out) const {
    const std::vector<Pair> all = pairs();
    std::vector<const Group*> groups;
    std::vector<StimulusAnswer> answers;
    std::vector<double> p_values;
    for (const auto& [key, group] : groups_) {
        groups.push_back(&group);
        answers.push_back(test(group, all));
        p_values.push_back(answers.back().p);
    }
    const auto discovered = benjamini_hochberg(p_values, settings_.false_discovery_rate);
    const auto strictly = benjamini_yekutieli(p_values, settings_.false_discovery_rate);
    const auto holm = holm_adjusted(p_values);
    for (std::size_t i = 0; i < groups.size(); ++i) {
        answers[i].p_holm = holm[i];
        answers[i].any_dependence = strictly[i];
        if (discovered[i]) {
            out.push_back(report(*groups[i], answers[i], all.size(), groups.size()));
        }
    }
}

std::string LoadCoupling::detectable() const {
    const std::vector<Pair> all = pairs();
    const double needed = pairs_needed(groups_.size(), settings_.false_discovery_rate);
    if (static_cast<double>(all.size()) < needed) {
        return fmt::format(
            "Volume by load: not tested: {} pairs of rounds with and without load in "
            "an order drawn by chance; {} groups of flows need {}.",
            all.size(),
            groups_.size(),
            needed);
    }
    double smallest = 0;
    for (const auto& [key, group] : groups_) {
        smallest = std::max(smallest, test(group, all).smallest_bytes_per_s);
    }
    return fmt::format(
        "Volume by load: {} pairs of rounds; on a silent flow p reaches {:.2g}; in the "
        "noisiest of {} groups {:.3g} B/s under load would be found (p 0.001, power "
        "90 %).{}",
        all.size(),
        std::pow(0.5, static_cast<double>(all.size())),
        groups_.size(),
        smallest,
        left_out_ > 0 ? " Some packets were left out for memory." : "");
}

} // namespace bench::egress
