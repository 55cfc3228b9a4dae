// SPDX-License-Identifier: Apache-2.0
#include "bench/egress/findings.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

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

void find_full_tables(const Analysis& analysis, std::vector<EgressFinding>& out) {
    for (const TableUse& table : analysis.tables()) {
        if (table.left_out > 0) {
            EgressFinding full;
            full.kind = "table full";
            full.severity = "note";
            full.summary = fmt::format("{}: {} {}", table.table, table.left_out, table.what);
            full.test = "every table whose keys come from outside has a bound";
            full.confidence = "certain";
            out.push_back(std::move(full));
        }
    }
}

std::vector<EgressFinding> draw_findings(const Analysis& analysis,
                                         const DetectorSettings& settings) {
    std::vector<EgressFinding> out;
    find_unlisted(analysis, out);
    find_budgets(analysis, out);
    find_tunnels(analysis, settings, out);
    find_beacons(analysis, settings, out);
    find_oddities(analysis, settings, out);
    find_full_tables(analysis, out);
    std::stable_sort(
        out.begin(), out.end(), [](const EgressFinding& left, const EgressFinding& right) {
            return (left.severity == "finding") > (right.severity == "finding");
        });
    return out;
}

} // namespace bench::egress
