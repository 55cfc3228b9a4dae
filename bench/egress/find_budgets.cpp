// SPDX-License-Identifier: Apache-2.0
// Declared limits of allowed flows: bytes per interval, frame size, names that DNS may be asked
// for.
#include "bench/egress/findings.h"

#include <fmt/format.h>
#include <map>

namespace bench::egress {

namespace {

// What a rule does not declare, by registered domain: a tunnel asks for a new name each time.
struct UndeclaredNames {
    const UndeclaredName* first = nullptr;
    std::string first_name;
    std::uint64_t names = 0;
    std::uint64_t queries = 0;
};

void find_undeclared_names(const Analysis& analysis, std::vector<EgressFinding>& out) {
    const auto& rules = analysis.policy().rules();
    std::map<std::pair<std::size_t, std::string>, UndeclaredNames> groups;
    for (const UndeclaredName* entry : analysis.undeclared().all()) {
        UndeclaredNames& group = groups[{entry->rule, std::string(registered_domain(entry->name))}];
        if (group.first == nullptr || entry->at_ns < group.first->at_ns) {
            group.first = entry;
            group.first_name = entry->name;
        }
        group.names += 1;
        group.queries += entry->queries;
    }
    for (const auto& [what, group] : groups) {
        EgressFinding finding = finding_of(group.first->key, "undeclared DNS name", "");
        const std::string& rule = rules[what.first].name;
        finding.summary =
            group.names == 1
                ? fmt::format("{} was asked for {} times; rule \"{}\" does not declare it",
                              group.first_name,
                              group.queries,
                              rule)
                : fmt::format("{} names below {} were asked for, {} times in all; rule \"{}\" "
                              "declares none of them; first {}",
                              group.names,
                              what.second,
                              group.queries,
                              rule,
                              group.first_name);
        finding.test = fmt::format("dns_names of rule \"{}\"", rule);
        finding.confidence = "certain";
        finding.first_ns = group.first->at_ns;
        finding.packets = group.queries;
        out.push_back(std::move(finding));
    }
}

} // namespace

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
    find_undeclared_names(analysis, out);
}

} // namespace bench::egress
