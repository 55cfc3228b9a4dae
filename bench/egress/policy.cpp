// SPDX-License-Identifier: Apache-2.0
#include "bench/egress/policy.h"

#include "profiles/file_error.h"
#include "profiles/strict_json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <fmt/format.h>

namespace bench::egress {

using namespace drivers::wire;

namespace {

constexpr std::size_t names_max = 100'000;

struct NamedProtocol {
    const char* name;
    std::uint8_t protocol;
    std::uint16_t ether_type;
};
constexpr std::array<NamedProtocol, 9> protocols{{{"tcp", protocol_tcp, 0},
                                                  {"udp", protocol_udp, 0},
                                                  {"icmp", protocol_icmp, 0},
                                                  {"icmp6", protocol_icmp6, 0},
                                                  {"sctp", protocol_sctp, 0},
                                                  {"igmp", 2, 0},
                                                  {"vrrp", 112, 0},
                                                  {"arp", 0, ether_type_arp},
                                                  {"lldp", 0, ether_type_lldp}}};

constexpr std::array<std::pair<const char*, std::uint8_t>, 7> encapsulations{
    {{"qinq", inside_qinq},
     {"mpls", inside_mpls},
     {"vxlan", inside_vxlan},
     {"gre", inside_gre},
     {"erspan", inside_erspan},
     {"ip in ip", inside_ip},
     {"ppp", inside_ppp}}};

std::optional<IpAddress> parse_mac(const std::string& text) {
    IpAddress out;
    std::array<unsigned, 6> parts{};
    char rest = 0;
    if (std::sscanf(text.c_str(),
                    "%2x:%2x:%2x:%2x:%2x:%2x%c",
                    &parts[0],
                    &parts[1],
                    &parts[2],
                    &parts[3],
                    &parts[4],
                    &parts[5],
                    &rest) != 6) {
        return std::nullopt;
    }
    std::transform(parts.begin(), parts.end(), out.bytes.begin(), [](unsigned part) {
        return static_cast<std::uint8_t>(part);
    });
    return out;
}

[[noreturn]] void refuse(const profiles::Policy& policy,
                         const std::string& rule,
                         const std::string& value,
                         const char* wanted) {
    throw profiles::FileError(
        fmt::format(R"({}: rule "{}": "{}": wanted {})", policy.file, rule, value, wanted));
}

bool contains(const std::vector<IpPrefix>& prefixes, const IpAddress& address) {
    return std::any_of(prefixes.begin(), prefixes.end(), [&](const IpPrefix& prefix) {
        return prefix.contains(address);
    });
}

} // namespace

std::uint32_t LearnedNames::hash_of(const IpAddress& address) const noexcept {
    integrity::SipHash<1, 3> state(secret_);
    state.word(address.family);
    return static_cast<std::uint32_t>(state.end_with(std::as_bytes(std::span(address.bytes)), 8));
}

std::uint32_t LearnedNames::hash_of(const std::string& name) const noexcept {
    return static_cast<std::uint32_t>(
        integrity::sip_hash<1, 3>(secret_, std::as_bytes(std::span(name))));
}

std::uint32_t LearnedNames::find(const IpAddress& address) const {
    return by_address_.find(hash_of(address),
                            [&](std::uint32_t one) { return addresses_[one].address == address; });
}

std::uint32_t LearnedNames::find(const std::string& name) const {
    return by_name_.find(hash_of(name), [&](std::uint32_t one) { return names_[one] == name; });
}

void LearnedNames::learn(const IpAddress& address, const std::string& name) {
    const std::uint32_t known = find(address);
    std::uint32_t named = find(name);
    if ((known == SlotTable::none && addresses_.size() >= names_max) ||
        (named == SlotTable::none && names_.size() > names_max)) {
        ++left_out_;
        return;
    }
    if (named == SlotTable::none) {
        named = static_cast<std::uint32_t>(names_.size());
        names_.push_back(name);
        by_name_.insert(hash_of(name), named);
    }
    if (known != SlotTable::none) {
        addresses_[known].name = named;
        return;
    }
    by_address_.insert(hash_of(address), static_cast<std::uint32_t>(addresses_.size()));
    addresses_.push_back({address, named});
}

std::uint32_t LearnedNames::name_index(const IpAddress& address) const {
    const std::uint32_t known = addresses_.empty() ? SlotTable::none : find(address);
    return known == SlotTable::none ? 0 : addresses_[known].name;
}

bool name_matches(const std::string& pattern, const std::string& name) {
    if (pattern.starts_with("*.")) {
        return name.size() > pattern.size() - 1 &&
               name.ends_with(std::string_view(pattern).substr(1));
    }
    return pattern == name;
}

CompiledPolicy::CompiledPolicy(profiles::Policy policy)
    : policy_(std::move(policy)) {
    for (const std::string& text : policy_.array_addresses) {
        const auto prefix = parse_ip_prefix(text);
        if (!prefix) {
            throw profiles::FileError(fmt::format(
                R"({}: /array_addresses: "{}": wanted an address or prefix, like "192.0.2.0/24")",
                policy_.file,
                text));
        }
        array_addresses_.push_back(*prefix);
    }
    for (const profiles::PolicyRule& rule : policy_.rules) {
        compile(rule);
    }
}

void CompiledPolicy::compile_protocol(const profiles::PolicyRule& rule, Matcher& out) const {
    const std::string& text = rule.protocol;
    const auto known = std::find_if(protocols.begin(), protocols.end(), [&](const auto& candidate) {
        return text == candidate.name;
    });
    unsigned number = 0;
    char rest = 0;
    if (known != protocols.end()) {
        out.protocol = known->protocol;
        out.ether_type = known->ether_type;
    } else if (text == "any") {
        out.any_protocol = true;
    } else if (text == "llc") {
        out.llc = true;
    } else if (std::sscanf(text.c_str(), "protocol %3u%c", &number, &rest) == 1 && number < 256) {
        out.protocol = static_cast<std::uint8_t>(number);
    } else if (std::sscanf(text.c_str(), "ethertype 0x%4x%c", &number, &rest) == 1) {
        out.ether_type = static_cast<std::uint16_t>(number);
    } else {
        refuse(policy_,
               rule.name,
               text,
               "tcp, udp, icmp, icmp6, sctp, igmp, vrrp, arp, lldp, llc, \"protocol N\", "
               "\"ethertype 0xN\" or any");
    }
}

void CompiledPolicy::compile(const profiles::PolicyRule& rule) {
    Matcher out;
    compile_protocol(rule, out);
    for (const std::string& text : rule.array_ports) {
        if (const auto mac = parse_mac(text)) {
            out.array_macs.push_back(*mac);
        } else if (const auto prefix = parse_ip_prefix(text)) {
            out.array_ports.push_back(*prefix);
        } else {
            refuse(policy_, rule.name, text, "a MAC address, an IP address or a prefix");
        }
    }
    for (const std::string& text : rule.remotes) {
        if (const auto prefix = parse_ip_prefix(text)) {
            out.remotes.push_back(*prefix);
        } else if (text.find('/') == std::string::npos && text.find('.') != std::string::npos) {
            out.remote_names.push_back(text);
        } else {
            refuse(policy_, rule.name, text, "an address, a prefix or a host name");
        }
    }
    for (const std::string& text : rule.encapsulations) {
        const auto known =
            std::find_if(encapsulations.begin(), encapsulations.end(), [&](const auto& candidate) {
                return text == candidate.first;
            });
        if (known == encapsulations.end()) {
            refuse(policy_, rule.name, text, "qinq, mpls, vxlan, gre, erspan, \"ip in ip\" or ppp");
        }
        out.encapsulations |= known->second;
    }
    matchers_.push_back(std::move(out));
}

int CompiledPolicy::array_end(const FlowKey& key) const {
    const bool first = contains(array_addresses_, key.ends[0]);
    const bool second = contains(array_addresses_, key.ends[1]);
    return first == second ? -1 : first ? 0 : 1;
}

bool CompiledPolicy::matches_from(std::size_t rule,
                                  const Flow& flow,
                                  std::size_t array_end,
                                  const LearnedNames& names) const {
    const profiles::PolicyRule& declared = policy_.rules[rule];
    const Matcher& matcher = matchers_[rule];
    const IpAddress& local = flow.key.ends[array_end];
    const IpAddress& remote = flow.key.ends[1 - array_end];
    const bool local_named = !matcher.array_ports.empty() || !matcher.array_macs.empty();
    if (local_named && !contains(matcher.array_ports, local) &&
        std::find(matcher.array_macs.begin(), matcher.array_macs.end(), local) ==
            matcher.array_macs.end()) {
        return false;
    }
    if (!matcher.remotes.empty() || !matcher.remote_names.empty()) {
        const std::string& name = names.name(names.name_index(remote));
        const bool named = !name.empty() && std::any_of(matcher.remote_names.begin(),
                                                        matcher.remote_names.end(),
                                                        [&](const std::string& pattern) {
                                                            return name_matches(pattern, name);
                                                        });
        if (!named && !contains(matcher.remotes, remote)) {
            return false;
        }
    }
    const bool from_array =
        flow.initiator != Initiator::unknown && flow.initiator_end() == array_end;
    const bool known = flow.initiator != Initiator::unknown;
    if (declared.direction != profiles::Direction::any && known &&
        from_array != (declared.direction == profiles::Direction::from_array)) {
        return false;
    }
    if (declared.ports.empty()) {
        return true;
    }
    // The serving side's port: the one that was called, or either where nobody saw the call.
    const std::size_t server = known ? 1U - flow.initiator_end()
                               : declared.direction == profiles::Direction::to_array
                                   ? array_end
                                   : 1 - array_end;
    const auto allowed = [&](std::uint16_t port) {
        return std::find(declared.ports.begin(), declared.ports.end(), port) !=
               declared.ports.end();
    };
    return allowed(flow.key.ports[server]) ||
           (!known && declared.direction == profiles::Direction::any &&
            allowed(flow.key.ports[array_end]));
}

bool CompiledPolicy::matches(std::size_t rule, const Flow& flow, const LearnedNames& names) const {
    const Matcher& matcher = matchers_[rule];
    const bool is_ip = flow.key.ends[0].family != 0;
    const bool protocol =
        matcher.any_protocol ||
        (is_ip ? matcher.protocol != 0 && matcher.protocol == flow.key.protocol
               : (matcher.llc && flow.key.ether_type < 0x0600) ||
                     (matcher.ether_type != 0 && matcher.ether_type == flow.key.ether_type));
    if (!protocol || (flow.key.encapsulation & ~matcher.encapsulations) != 0) {
        return false;
    }
    const auto& vlan = policy_.rules[rule].vlan;
    if (vlan && *vlan != flow.key.vlan) {
        return false;
    }
    const int end = array_end(flow.key);
    if (end >= 0) {
        return matches_from(rule, flow, static_cast<std::size_t>(end), names);
    }
    return matches_from(rule, flow, 0, names) || matches_from(rule, flow, 1, names);
}

std::int32_t CompiledPolicy::rule_for(const Flow& flow,
                                      const std::string& phase,
                                      const LearnedNames& names) const {
    for (std::size_t rule = 0; rule < matchers_.size(); ++rule) {
        const auto& phases = policy_.rules[rule].phases;
        if ((phases.empty() || std::find(phases.begin(), phases.end(), phase) != phases.end()) &&
            matches(rule, flow, names)) {
            return static_cast<std::int32_t>(rule);
        }
    }
    return rule_none;
}

} // namespace bench::egress
