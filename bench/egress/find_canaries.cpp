// SPDX-License-Identifier: Apache-2.0
// The bench's own data where it should not be.
#include "bench/egress/canary_search.h"

#include <fmt/format.h>

namespace bench::egress {

namespace {

bool is_storage(std::int32_t rule, const Analysis& analysis) {
    return rule != rule_none && analysis.policy().rules()[static_cast<std::size_t>(rule)].storage;
}

bool is_expected(const CanaryGroup& group, const Analysis& analysis) {
    return is_storage(group.rule, analysis);
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

// What chance alone makes of random bytes stays far below.
constexpr std::uint64_t not_begun_min = 64;

bool hides(const Unsearched& left) {
    return left.packed_bytes > 0 || left.too_long > 0 || left.not_begun >= not_begun_min;
}

std::string unsearched_text(const Unsearched& left) {
    std::string out;
    const auto add = [&](const std::string& what) {
        out += (out.empty() ? "" : ", ") + what;
    };
    if (left.packed_bytes > 0) {
        add(fmt::format("{} bytes of packed streams", left.packed_bytes));
    }
    if (left.too_long > 0) {
        add(fmt::format("the rest of {} packed streams that were too long", left.too_long));
    }
    if (left.not_begun > 0) {
        add(fmt::format("{} beginnings of packed streams", left.not_begun));
    }
    return out;
}

void find_hidden(const CanarySearch& search,
                 const Analysis& analysis,
                 std::vector<EgressFinding>& out) {
    for (const HiddenContent::Sender& sender : search.hidden().senders()) {
        if (!hides(sender.left) || is_storage(sender.flow.rule, analysis)) {
            continue;
        }
        EgressFinding finding = finding_of(
            sender.flow.key,
            "hid content from the canary search",
            fmt::format(
                "{} sent {} more than a search in proportion to what was carried may unpack; "
                "not searched: {}",
                end_text(sender.flow.key, sender.end),
                end_text(sender.flow.key, 1U - sender.end),
                unsearched_text(sender.left)));
        finding.test = "budget of the canary search";
        finding.confidence = "medium"; // It may be no more than packed very well.
        finding.phase = analysis.phases()[sender.flow.phase].name;
        finding.first_ns = sender.first_ns;
        finding.last_ns = sender.flow.last_ns;
        finding.packets = sender.flow.packets_all();
        finding.bytes = sender.left.packed_bytes;
        finding.details["packed bytes not searched"] = std::to_string(sender.left.packed_bytes);
        finding.details["packed streams too long"] = std::to_string(sender.left.too_long);
        finding.details["packed streams not begun"] = std::to_string(sender.left.not_begun);
        out.push_back(std::move(finding));
    }
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
    find_hidden(search, analysis, out);
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
                              bytes_text(tools.budget.unpacked_bytes()),
                              tools.unpacked_streams));
    if (tools.unsearched.any()) {
        out.push_back(fmt::format("Canaries: search budget exhausted, not searched: {}.",
                                  unsearched_text(tools.unsearched)));
    }
    if (tools.unread > 0) {
        out.push_back(
            fmt::format("Canaries: of {} markers, sent closer than one in {} B, the tokens "
                        "were not read one by one.",
                        tools.unread,
                        SearchBudget::bytes_per_read));
    }
    if (search.views_forgotten() > 0) {
        out.push_back(fmt::format("Canaries: of {} flows the tail was forgotten, for memory.",
                                  search.views_forgotten()));
    }
    out.emplace_back(
        "Canaries: what was encrypted, or cut below 16 bytes in a row, cannot be seen.");
    return out;
}

} // namespace bench::egress
