// SPDX-License-Identifier: Apache-2.0
// What this capture could have shown: for each detector the smallest rate or the longest period.
#include "bench/egress/beacon.h"
#include "bench/egress/findings.h"

#include <algorithm>
#include <fmt/format.h>

namespace bench::egress {

namespace {

std::string rate_text(double bytes_per_s) {
    constexpr double kilo = 1000;
    return bytes_per_s < kilo ? fmt::format("{:.3g} B/s", bytes_per_s)
                              : bytes_text(static_cast<std::uint64_t>(bytes_per_s)) + "/s";
}

double watched_s(const Analysis& analysis) {
    return static_cast<double>(analysis.last_ns() - analysis.first_ns()) / 1e9;
}

// How much more the array could have sent under each rule without a word.
std::string budgets_sentence(const Analysis& analysis) {
    std::string bounded;
    std::string unbounded;
    const auto& rules = analysis.policy().rules();
    for (std::size_t i = 0; i < rules.size(); ++i) {
        const profiles::PolicyRule& rule = rules[i];
        if (rule.storage || rule.direction == profiles::Direction::to_array) {
            continue;
        }
        if (!rule.bytes_per_interval) {
            unbounded += fmt::format("{}\"{}\"", unbounded.empty() ? "" : ", ", rule.name);
            continue;
        }
        const std::uint64_t used =
            std::min(*rule.bytes_per_interval, analysis.budgets()[i].worst_bytes);
        const double interval_s = static_cast<double>(rule.interval.count()) / 1e9;
        const double over_s = std::max(1e-9, std::min(interval_s, watched_s(analysis)));
        bounded +=
            fmt::format("{}\"{}\" allows {} in {}, {} of it used at most: {} more passes unseen",
                        bounded.empty() ? "" : "; ",
                        rule.name,
                        bytes_text(*rule.bytes_per_interval),
                        seconds_text(interval_s * 1e9),
                        bytes_text(used),
                        rate_text(static_cast<double>(*rule.bytes_per_interval - used) / over_s));
    }
    std::string out = "Budgets: ";
    out += bounded.empty() ? "no rule that the array may send by has one" : bounded;
    out += unbounded.empty() ? "." : fmt::format(". Without a budget, any volume: {}.", unbounded);
    return out;
}

std::string beacons_sentence(const Analysis& analysis, const DetectorSettings& settings) {
    const BeaconFamily family = beacon_family(analysis);
    const double watched_ns = watched_s(analysis) * 1e9;
    const double shortest_ns = 2.0 * static_cast<double>(burst_gaps_ns[0]);
    if (watched_ns < shortest_ns * static_cast<double>(beacon_events_min)) {
        return fmt::format("Beacons: none could be shown: {} were watched, and {} calls or bursts "
                           "are needed, {} or more apart.",
                           seconds_text(watched_ns),
                           beacon_events_min,
                           seconds_text(shortest_ns));
    }
    return fmt::format(
        "Beacons: calls and bursts of periods from {} up to {} ({} are needed in the {} watched); "
        "slower or rarer ones cannot be excluded. {} services, {} with data enough, false "
        "discovery rate {}.",
        seconds_text(shortest_ns),
        seconds_text(watched_ns / static_cast<double>(beacon_events_min)),
        beacon_events_min,
        seconds_text(watched_ns),
        family.hypotheses,
        family.enough,
        settings.false_discovery_rate);
}

std::string periods_sentence(const Analysis& analysis) {
    constexpr double periods_needed = 4;
    std::size_t declared = 0;
    std::size_t too_slow = 0;
    for (const profiles::PolicyRule& rule : analysis.policy().rules()) {
        declared += rule.period ? 1U : 0U;
        too_slow +=
            rule.period && static_cast<double>(rule.period->count()) * periods_needed / 1e9 >
                               watched_s(analysis)
                ? 1U
                : 0U;
    }
    return fmt::format("Lost periods: {} rules declare a period; {} of these are too slow for this "
                       "capture, which shows a loss of periods up to {}.",
                       declared,
                       too_slow,
                       seconds_text(watched_s(analysis) * 1e9 / periods_needed));
}

std::string dns_sentence(const Analysis& analysis, const DnsLimits& limits) {
    const double seconds = watched_s(analysis);
    return fmt::format(
        "DNS tunnels: {} characters of distinct subdomains below one domain, {} of "
        "data-like labels over all domains of a pair, or {} B of answers, in the "
        "whole of the time watched ({:.3g} characters/s upwards, {} down).",
        limits.domain_characters,
        limits.pair_data_characters,
        limits.answer_bytes,
        seconds <= 0 ? 0.0 : static_cast<double>(limits.domain_characters) / seconds,
        rate_text(seconds <= 0 ? 0.0 : static_cast<double>(limits.answer_bytes) / seconds));
}

std::string long_sentence(const Analysis& analysis, const DetectorSettings& settings) {
    const double least_ns = std::max(static_cast<double>(settings.long_connection_ns),
                                     settings.long_connection_share * watched_s(analysis) * 1e9);
    return least_ns > watched_s(analysis) * 1e9
               ? fmt::format("Long connections: none could be shown: {} were watched, and only {} "
                             "count as long.",
                             seconds_text(watched_s(analysis) * 1e9),
                             seconds_text(least_ns))
               : fmt::format("Long connections: TCP connections of {} or more, at any rate.",
                             seconds_text(least_ns));
}

} // namespace

std::vector<std::string> detectable(const Analysis& analysis, const DetectorSettings& settings) {
    std::vector<std::string> out;
    out.emplace_back("Unlisted flows: one frame is enough; nothing smaller than a frame exists. So "
                     "are calls by data ports and traffic to initiators outside storage ports.");
    out.push_back(budgets_sentence(analysis));
    out.push_back(beacons_sentence(analysis, settings));
    out.push_back(periods_sentence(analysis));
    out.push_back(dns_sentence(analysis, settings.dns));
    out.emplace_back(
        "ICMP tunnels: two echo replies with changed data, eight echo requests whose data "
        "differ, or payloads above 128 B in more than 4 sizes.");
    out.push_back(long_sentence(analysis, settings));
    out.emplace_back("Covert carriers: one packet for reserved bits, options, urgent data and "
                     "padding; 8 packets of the array for a TTL, 16 of a flow for an IP "
                     "identification.");
    out.emplace_back(
        "Content inside encrypted allowed flows is invisible to all detectors; only its "
        "volume, times and peers speak.");
    return out;
}

} // namespace bench::egress
