// SPDX-License-Identifier: Apache-2.0
#include "bench/egress/findings.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <numeric>

namespace bench::egress {

EgressFinding finding_of(const FlowKey& key, std::string kind, std::string summary) {
    EgressFinding out;
    out.kind = std::move(kind);
    out.severity = "finding";
    out.summary = std::move(summary);
    out.key = key;
    out.filter = wireshark_filter(key);
    out.community_id = community_id(key).value_or("");
    return out;
}

std::string seconds_text(double nanoseconds) {
    static constexpr std::array<std::pair<double, const char*>, 5> steps{
        {{86400e9, "d"}, {3600e9, "h"}, {60e9, "min"}, {1e9, "s"}, {1e6, "ms"}}};
    for (const auto& [factor, unit] : steps) {
        if (nanoseconds >= factor) {
            return fmt::format("{:.3g} {}", nanoseconds / factor, unit);
        }
    }
    return fmt::format("{:.0f} ns", nanoseconds);
}

std::string bytes_text(std::uint64_t bytes) {
    static constexpr std::array<const char*, 5> units{"B", "kB", "MB", "GB", "TB"};
    auto value = static_cast<double>(bytes);
    std::size_t unit = 0;
    while (value >= 1000 && unit + 1 < units.size()) {
        value /= 1000;
        ++unit;
    }
    return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.3g} {}", value, units[unit]);
}

std::vector<bool> benjamini_hochberg(const std::vector<double>& p_values, double q) {
    std::vector<std::size_t> order(p_values.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t left, std::size_t right) {
        return p_values[left] < p_values[right];
    });
    std::size_t discoveries = 0;
    for (std::size_t rank = 0; rank < order.size(); ++rank) {
        if (p_values[order[rank]] <=
            q * static_cast<double>(rank + 1) / static_cast<double>(order.size())) {
            discoveries = rank + 1;
        }
    }
    std::vector<bool> out(p_values.size(), false);
    for (std::size_t rank = 0; rank < discoveries; ++rank) {
        out[order[rank]] = true;
    }
    return out;
}

std::vector<EgressFinding> draw_findings(const Analysis& analysis,
                                         const DetectorSettings& settings) {
    std::vector<EgressFinding> out;
    find_unlisted(analysis, out);
    find_budgets(analysis, out);
    find_tunnels(analysis, settings, out);
    find_beacons(analysis, settings, out);
    find_oddities(analysis, settings, out);
    std::stable_sort(
        out.begin(), out.end(), [](const EgressFinding& left, const EgressFinding& right) {
            return (left.severity == "finding") > (right.severity == "finding");
        });
    return out;
}

std::vector<std::string> detectable(const Analysis& analysis, const DetectorSettings& settings) {
    const auto watched_ns = static_cast<double>(analysis.last_ns() - analysis.first_ns());
    std::vector<std::string> out;
    out.push_back("Unlisted flows: one frame is enough; nothing smaller than a frame exists.");
    out.push_back(fmt::format("Beacons: periods up to {} (a third of the {} watched) that fired at "
                              "least 16 times; slower or "
                              "rarer ones cannot be excluded.",
                              seconds_text(watched_ns / 3),
                              seconds_text(watched_ns)));
    out.push_back(fmt::format("DNS tunnels: {} characters of distinct subdomains below one domain, "
                              "or {} B of answers, in the whole "
                              "of the time watched ({:.3g} characters/s upwards).",
                              settings.dns.domain_characters,
                              settings.dns.answer_bytes,
                              watched_ns <= 0
                                  ? 0.0
                                  : static_cast<double>(settings.dns.domain_characters) /
                                        (watched_ns / 1e9)));
    out.push_back("ICMP tunnels: two echo replies with changed data, or payloads above 128 B in "
                  "more than 4 sizes.");
    out.push_back("Content inside encrypted allowed flows is invisible to all detectors; only its "
                  "volume, times and peers speak.");
    return out;
}

} // namespace bench::egress
