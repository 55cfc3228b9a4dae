// SPDX-License-Identifier: Apache-2.0
#include "drivers/array/iscsi_negotiation.h"

#include <algorithm>
#include <array>
#include <optional>

namespace drivers::array {

using wire::iscsi::append_text;
using wire::iscsi::TextPair;

namespace {

constexpr std::uint64_t bytes_min = 512;
constexpr std::uint64_t bytes_max = 0xFFFFFF; // 2^24 - 1

enum class Rule : std::uint8_t {
    digest,  // The first of the list that is known here.
    both,    // Yes if both say so (AND).
    either,  // Yes if one says so (OR).
    smaller, // The smaller number.
    larger,  // The larger number.
    fixed,   // Whatever is asked, the answer stands.
    declares // Nothing to answer.
};

struct Key {
    std::string_view name;
    Rule rule = Rule::fixed;
    std::uint64_t least = 0;
    std::uint64_t most = 0;
    std::uint64_t ours = 0; // Number, or 1 for Yes.
    std::string_view answer{};
    bool any_time = false; // Also once the session runs.
};

constexpr std::array keys{
    Key{"HeaderDigest", Rule::digest},
    Key{"DataDigest", Rule::digest},
    Key{"InitialR2T", Rule::either},
    Key{"ImmediateData", Rule::both, 0, 0, 1},
    Key{"MaxRecvDataSegmentLength", Rule::declares, bytes_min, bytes_max, 0, {}, true},
    Key{"MaxBurstLength", Rule::smaller, bytes_min, bytes_max, iscsi_limit::max_burst_bytes},
    Key{"FirstBurstLength", Rule::smaller, bytes_min, bytes_max, iscsi_limit::first_burst_bytes},
    Key{"MaxConnections", Rule::smaller, 1, 65535, 1},
    Key{"MaxOutstandingR2T", Rule::smaller, 1, 65535, iscsi_limit::outstanding_r2t},
    Key{"ErrorRecoveryLevel", Rule::smaller, 0, 2, 0},
    Key{"DefaultTime2Wait", Rule::larger, 0, 3600, 0},
    Key{"DefaultTime2Retain", Rule::smaller, 0, 3600, 0},
    Key{"DataPDUInOrder", Rule::either, 0, 0, 1},
    Key{"DataSequenceInOrder", Rule::either, 0, 0, 1},
    Key{"iSCSIProtocolLevel", Rule::smaller, 0, 31, 1},
    Key{"TaskReporting", Rule::fixed, 0, 0, 0, "RFC3720"},
    Key{"IFMarker", Rule::fixed, 0, 0, 0, "No"},
    Key{"OFMarker", Rule::fixed, 0, 0, 0, "No"},
    Key{"IFMarkInt", Rule::fixed, 0, 0, 0, "Irrelevant"},
    Key{"OFMarkInt", Rule::fixed, 0, 0, 0, "Irrelevant"},
    Key{"RDMAExtensions", Rule::fixed, 0, 0, 0, "No"},
};

// The answer as text; nothing for a value that the key cannot have.
std::optional<std::string> settle(const Key& key, std::string_view value) {
    if (key.rule == Rule::fixed) {
        return std::string(key.answer);
    }
    if (key.rule == Rule::digest) {
        while (true) {
            const std::size_t comma = value.find(',');
            const std::string_view offer = value.substr(0, comma);
            if (offer == "CRC32C" || offer == "None") {
                return std::string(offer);
            }
            if (comma == std::string_view::npos) {
                return std::nullopt;
            }
            value.remove_prefix(comma + 1);
        }
    }
    if (key.rule == Rule::both || key.rule == Rule::either) {
        if (value != "Yes" && value != "No") {
            return std::nullopt;
        }
        const bool theirs = value == "Yes";
        const bool ours = key.ours == 1;
        return key.rule == Rule::both ? (theirs && ours ? "Yes" : "No")
                                      : (theirs || ours ? "Yes" : "No");
    }
    const auto number = wire::iscsi::parse_number(value);
    if (!number || *number < key.least || *number > key.most) {
        return std::nullopt;
    }
    if (key.rule == Rule::declares) {
        return std::to_string(*number);
    }
    return std::to_string(key.rule == Rule::smaller ? std::min(*number, key.ours)
                                                    : std::max(*number, key.ours));
}

void store(std::string_view name, const std::string& settled, SessionParameters& parameters) {
    const bool yes = settled == "Yes";
    const auto number = static_cast<std::uint32_t>(wire::iscsi::parse_number(settled).value_or(0));
    if (name == "HeaderDigest") {
        parameters.digests.header = settled == "CRC32C";
    } else if (name == "DataDigest") {
        parameters.digests.data = settled == "CRC32C";
    } else if (name == "InitialR2T") {
        parameters.initial_r2t = yes;
    } else if (name == "ImmediateData") {
        parameters.immediate_data = yes;
    } else if (name == "MaxRecvDataSegmentLength") {
        parameters.peer_segment_bytes = number;
    } else if (name == "MaxBurstLength") {
        parameters.max_burst_bytes = number;
    } else if (name == "FirstBurstLength") {
        parameters.first_burst_bytes = number;
    } else if (name == "MaxOutstandingR2T") {
        parameters.outstanding_r2t = number;
    }
}

} // namespace

bool is_declaration(std::string_view key) noexcept {
    static constexpr std::array<std::string_view, 5> names{
        "InitiatorName", "InitiatorAlias", "TargetName", "SessionType", "TargetAlias"};
    return std::find(names.begin(), names.end(), key) != names.end();
}

void negotiate_key(const TextPair& pair,
                   bool leading,
                   SessionParameters& parameters,
                   std::string& answer) {
    const auto* const key = std::find_if(
        keys.begin(), keys.end(), [&pair](const Key& known) { return known.name == pair.key; });
    if (key == keys.end()) {
        append_text(answer, pair.key, "NotUnderstood");
        return;
    }
    const auto settled = settle(*key, pair.value);
    if (!settled || (!leading && !key->any_time)) {
        append_text(answer, pair.key, "Reject");
        return;
    }
    store(key->name, *settled, parameters);
    if (key->rule != Rule::declares) {
        append_text(answer, pair.key, *settled);
    }
}

} // namespace drivers::array
