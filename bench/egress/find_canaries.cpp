// SPDX-License-Identifier: Apache-2.0
// The bench's own data where it should not be.
#include "bench/egress/canary_search.h"

#include <fmt/format.h>

namespace bench::egress {

namespace {

bool is_expected(const CanaryGroup& group, const Analysis& analysis) {
    return group.rule != rule_none &&
           analysis.policy().rules()[static_cast<std::size_t>(group.rule)].storage;
}

template <typename Number>
std::string named(const char* what, Number number, const std::map<Number, std::string>& names) {
    const auto found = names.find(number);
    return found == names.end() ? fmt::format("{} {}", what, number)
                                : fmt::format("{} {} ({})", what, number, found->second);
}

std::string written_text(const CanaryGroup& group) {
    return group.inside.empty() ? group.encoding
                                : fmt::format("{} inside {}", group.encoding, group.inside);
}

std::string unit_text(const CanaryGroup& group, const integrity::CanaryKeyFile& key) {
    if (!group.authentic) {
        return "a canary's marker, its address cut or altered,";
    }
    std::string out = fmt::format("the block of {} at byte {},",
                                  named("LUN", group.first.lun, key.luns),
                                  group.first.address_bytes);
    if (group.first.phase != 0 || !key.phases.empty()) { // Else nobody has counted them.
        out += " " + named("phase", group.first.phase, key.phases) + ",";
    }
    return out + (group.first.arm != 0 ? fmt::format(" arm {},", group.first.arm) : "");
}

} // namespace

void find_canaries(const CanarySearch& search,
                   const Analysis& analysis,
                   std::vector<EgressFinding>& out) {
    for (const CanaryGroup& group : search.groups()) {
        if (is_expected(group, analysis)) {
            continue;
        }
        EgressFinding finding = finding_of(
            group.key,
            "canary",
            fmt::format("{} sent {}: {} passed in {} as {}{}",
                        end_text(group.key, group.sender),
                        end_text(group.key, 1U - group.sender),
                        unit_text(group, search.key()),
                        group.channel,
                        written_text(group),
                        group.count == 1 ? "" : fmt::format(", first of {}", group.count)));
        finding.test = group.authentic ? "token authenticated under the run's key"
                                       : "16 bytes that only the run's key makes";
        finding.confidence = group.authentic ? "certain" : "high";
        finding.phase = analysis.phases()[group.phase].name;
        finding.first_ns = group.first_ns;
        finding.last_ns = group.last_ns;
        finding.packets = group.count;
        finding.bytes = group.count * integrity::canary_token_bytes;
        finding.details["encoding"] = written_text(group);
        finding.details["channel"] = group.channel;
        finding.details["tokens"] = std::to_string(group.count);
        if (group.authentic) {
            finding.details["LUN"] = named("LUN", group.first.lun, search.key().luns);
            finding.details["address"] = std::to_string(group.first.address_bytes);
            finding.details["planted in"] = named("phase", group.first.phase, search.key().phases);
        }
        out.push_back(std::move(finding));
    }
}

std::vector<std::string> canary_lines(const CanarySearch& search, const Analysis& analysis) {
    std::uint64_t expected = 0;
    std::uint64_t forbidden = 0;
    for (const CanaryGroup& group : search.groups()) {
        (is_expected(group, analysis) ? expected : forbidden) += group.count;
    }
    const CanaryTools& tools = search.tools();
    std::vector<std::string> out;
    out.push_back(fmt::format("Canaries: {} outside storage sessions, {} on them, where they are "
                              "expected; {} searched, and {} unpacked from {} whole streams.",
                              forbidden,
                              expected,
                              bytes_text(search.bytes_searched()),
                              bytes_text(tools.unpacked_bytes),
                              tools.unpacked_streams));
    if (tools.bombs + tools.unpackers_refused + search.views_forgotten() > 0) {
        out.push_back(fmt::format("Canaries: {} packed streams were left after {}, {} were not "
                                  "begun, and of {} flows the tail was forgotten, for memory.",
                                  tools.bombs,
                                  bytes_text(tools.limits.bytes_max),
                                  tools.unpackers_refused,
                                  search.views_forgotten()));
    }
    out.emplace_back(
        "Canaries: what was encrypted, or cut below 16 bytes in a row, cannot be seen.");
    return out;
}

} // namespace bench::egress
