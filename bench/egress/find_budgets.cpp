// SPDX-License-Identifier: Apache-2.0
// Declared limits of allowed flows: bytes per interval, frame size, names that DNS may be asked
// for.
#include "bench/egress/findings.h"

#include <fmt/format.h>

namespace bench::egress {

void find_budgets(const Analysis& analysis, std::vector<EgressFinding>& out) {
    const auto& rules = analysis.policy().rules();
    for (std::size_t rule = 0; rule < rules.size(); ++rule) {
        const profiles::PolicyRule& declared = rules[rule];
        const BudgetUse& use = analysis.budgets()[rule];
        const Tally allowed = analysis.ledger().allowed_by_rule()[rule];
        EgressFinding finding;
        finding.severity = "finding";
        finding.confidence = "certain";
        finding.packets = allowed.frames;
        finding.bytes = allowed.bytes;
        finding.first_ns = use.worst_from_ns;
        finding.details["rule"] = declared.name;
        if (declared.bytes_per_interval && use.worst_bytes > *declared.bytes_per_interval) {
            finding.kind = "budget exceeded";
            finding.summary =
                fmt::format("rule \"{}\" allows {} in {}; the array sent {}",
                            declared.name,
                            bytes_text(*declared.bytes_per_interval),
                            seconds_text(static_cast<double>(declared.interval.count())),
                            bytes_text(use.worst_bytes));
            finding.test = fmt::format("bytes_per_interval of rule \"{}\"", declared.name);
            out.push_back(finding);
        }
        if (use.oversize_frames > 0) {
            finding.kind = "frame too large";
            finding.summary =
                fmt::format("rule \"{}\" allows frames up to {} B; {} were larger, up to {} B",
                            declared.name,
                            *declared.frame_bytes_max,
                            use.oversize_frames,
                            use.largest_frame_bytes);
            finding.test = fmt::format("frame_bytes_max of rule \"{}\"", declared.name);
            out.push_back(finding);
        }
    }
    for (const auto& [name, entry] : analysis.undeclared_names()) {
        EgressFinding finding = finding_of(entry.key, "undeclared DNS name", "");
        finding.summary = fmt::format("{} was asked for {} times; rule \"{}\" does not declare it",
                                      name,
                                      entry.queries,
                                      rules[entry.rule].name);
        finding.test = fmt::format("dns_names of rule \"{}\"", rules[entry.rule].name);
        finding.confidence = "certain";
        finding.first_ns = entry.at_ns;
        finding.packets = entry.queries;
        out.push_back(std::move(finding));
    }
}

} // namespace bench::egress
