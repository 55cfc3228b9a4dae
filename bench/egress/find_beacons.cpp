// SPDX-License-Identifier: Apache-2.0
// Beacons: regular starts of connections, or regular bursts inside them, decided by a p-value
// within one family.
#include "bench/egress/beacon.h"
#include "bench/egress/findings.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace bench::egress {

namespace {

struct Tested {
    const Service* service = nullptr;
    std::string what;
    BeaconResult result;
    double p_holm = 1; // Adjusted for the whole family
};

// The same instants, but for what a handshake takes.
bool are_alike(const std::vector<std::int64_t>& left, const std::vector<std::int64_t>& right) {
    return std::equal(
        left.begin(), left.end(), right.begin(), right.end(), [](std::int64_t a, std::int64_t b) {
            return std::abs(a - b) < burst_gaps_ns[0];
        });
}

// The most telling of a service's sequences of instants, its p-value paid for each one looked at.
Tested test_service(const Service& service, std::int64_t window_ns) {
    Tested best{&service,
                "connection starts",
                test_beacon(service.starts_ns, burst_gaps_ns[0], window_ns),
                1};
    std::vector<std::int64_t> before = collapse_bursts(service.starts_ns, burst_gaps_ns[0]);
    std::size_t looked_at = 1;
    for (std::size_t level = 0; level < burst_gaps_ns.size(); ++level) {
        Bursts bursts{service.bursts_ns[level], service.silences_ns[level]};
        if (are_alike(bursts.starts_ns, before)) {
            continue; // Looked at already.
        }
        const BeaconResult result = test_bursts(bursts, burst_gaps_ns[level], window_ns);
        before = std::move(bursts.starts_ns);
        looked_at += result.enough ? 1U : 0U;
        const bool better = result.enough && (!best.result.enough || result.p < best.result.p);
        if (better) {
            best.result = result;
            best.what = fmt::format("bursts after {} of silence",
                                    seconds_text(static_cast<double>(burst_gaps_ns[level])));
        }
    }
    best.result.p = std::min(1.0, best.result.p * static_cast<double>(looked_at));
    return best;
}

std::string service_text(const Service& service) {
    Flow flow;
    flow.key = service.sample;
    return fmt::format("{} -> {}{} {}",
                       drivers::wire::to_text(service.client),
                       drivers::wire::to_text(service.server),
                       service.port == 0 ? "" : fmt::format(":{}", service.port),
                       protocol_text(service.sample));
}

EgressFinding report(const Analysis& analysis,
                     const Tested& tested,
                     const std::string& kind,
                     const std::string& summary) {
    const Service& service = *tested.service;
    EgressFinding out = finding_of(service.sample, kind, summary);
    const double score =
        rita_score(service.starts_ns, service.start_bytes, analysis.first_ns(), analysis.last_ns());
    out.test = fmt::format("{}: n {}, period {}, p {:.2g} (Rayleigh {:.2g}, regularity {:.2g}); "
                           "halves {:.2g} and {:.2g}; RITA v5 score {:.2f}",
                           tested.what,
                           tested.result.events,
                           seconds_text(tested.result.period_ns),
                           tested.result.p,
                           tested.result.p_rayleigh,
                           tested.result.p_regular,
                           tested.result.p_first_half,
                           tested.result.p_second_half,
                           score);
    out.first_ns = service.first_ns;
    out.last_ns = service.last_ns;
    out.packets = service.connections;
    out.bytes = service.bytes_out;
    out.details["period"] = seconds_text(tested.result.period_ns);
    out.details["p"] = fmt::format("{:.3g}", tested.result.p);
    out.details["p (Holm, over the family)"] = fmt::format("{:.3g}", tested.p_holm);
    out.confidence = tested.p_holm <= 0.05 ? "high" : "medium";
    out.details["RITA v5 score"] = fmt::format("{:.3f}", score);
    out.details["connections"] = std::to_string(service.connections);
    return out;
}

void judge(const Analysis& analysis, const Tested& tested, std::vector<EgressFinding>& out) {
    const Service& service = *tested.service;
    const double period = tested.result.period_ns;
    if (service.rule == rule_none) {
        EgressFinding finding =
            report(analysis,
                   tested,
                   "beacon",
                   fmt::format("{} calls every {}", service_text(service), seconds_text(period)));
        out.push_back(std::move(finding));
        return;
    }
    const profiles::PolicyRule& rule =
        analysis.policy().rules()[static_cast<std::size_t>(service.rule)];
    if (rule.storage) {
        return; // The bench's own pacing.
    }
    if (!rule.period) {
        EgressFinding finding =
            report(analysis,
                   tested,
                   "period not declared",
                   fmt::format("{} calls every {}; rule \"{}\" declares no period",
                               service_text(service),
                               seconds_text(period),
                               rule.name));
        finding.severity = "note";
        finding.details["rule"] = rule.name;
        out.push_back(std::move(finding));
        return;
    }
    const auto declared = static_cast<double>(rule.period->count());
    if (std::abs(period - declared) > rule.period_tolerance * declared) {
        EgressFinding finding = report(analysis,
                                       tested,
                                       "changed period",
                                       fmt::format("{} calls every {}; rule \"{}\" declares {}",
                                                   service_text(service),
                                                   seconds_text(period),
                                                   rule.name,
                                                   seconds_text(declared)));
        out.push_back(std::move(finding));
    }
}

void find_lost_periods(const Analysis& analysis, std::vector<EgressFinding>& out) {
    const auto& rules = analysis.policy().rules();
    const auto watched = static_cast<double>(analysis.last_ns() - analysis.first_ns());
    for (std::size_t rule = 0; rule < rules.size(); ++rule) {
        if (!rules[rule].period || static_cast<double>(rules[rule].period->count()) * 4 > watched) {
            continue;
        }
        std::int64_t last_ns = 0;
        for (const Service& service : analysis.services().all()) {
            last_ns = service.rule == static_cast<std::int32_t>(rule)
                          ? std::max(last_ns, service.last_ns)
                          : last_ns;
        }
        const auto silent = static_cast<double>(analysis.last_ns() -
                                                (last_ns == 0 ? analysis.first_ns() : last_ns));
        if (silent > 4 * static_cast<double>(rules[rule].period->count())) {
            EgressFinding finding;
            finding.kind = "lost period";
            finding.severity = "note";
            finding.summary =
                fmt::format("rule \"{}\" declares a call every {}; none came in the last {}",
                            rules[rule].name,
                            seconds_text(static_cast<double>(rules[rule].period->count())),
                            seconds_text(silent));
            finding.test = "four declared periods without a call";
            finding.confidence = "medium";
            finding.first_ns = analysis.last_ns();
            out.push_back(std::move(finding));
        }
    }
}

} // namespace

void find_beacons(const Analysis& analysis,
                  const DetectorSettings& settings,
                  std::vector<EgressFinding>& out) {
    const std::int64_t window_ns = analysis.last_ns() - analysis.first_ns();
    std::vector<Tested> tested;
    std::vector<double> p_values;
    const auto& services = analysis.services().all();
    for (std::size_t i = 1; i < services.size(); ++i) {
        tested.push_back(test_service(services[i], window_ns));
        p_values.push_back(
            tested.back()
                .result.p); // 1 where there is too little data: never removed after looking.
    }
    const std::vector<bool> discovered =
        benjamini_hochberg(p_values, settings.false_discovery_rate);
    const std::vector<double> holm = holm_adjusted(p_values);
    for (std::size_t i = 0; i < tested.size(); ++i) {
        tested[i].p_holm = holm[i];
        if (discovered[i] && tested[i].result.second_window_agrees()) {
            judge(analysis, tested[i], out);
        }
    }
    find_lost_periods(analysis, out);
}

BeaconFamily beacon_family(const Analysis& analysis) {
    BeaconFamily out;
    const auto& services = analysis.services().all();
    out.hypotheses = services.size() - 1; // The first is no service.
    for (std::size_t i = 1; i < services.size(); ++i) {
        bool any =
            collapse_bursts(services[i].starts_ns, burst_gaps_ns[0]).size() >= beacon_events_min;
        for (const auto& bursts : services[i].bursts_ns) {
            any = any || bursts.size() >= beacon_events_min;
        }
        out.enough += any ? 1U : 0U;
    }
    return out;
}

} // namespace bench::egress
