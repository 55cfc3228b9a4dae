// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/egress/flow.h"
#include "bench/egress/pile.h"
#include "bench/egress/slot_table.h"
#include "profiles/policy.h"

#include <string>
#include <vector>

namespace bench::egress {

// Names of addresses as DNS answers gave them; bounded: what comes when it is full is counted.
class LearnedNames {
public:
    LearnedNames() { names_.emplace_back(); }

    void learn(const IpAddress& address, const std::string& name);
    std::uint32_t name_index(const IpAddress& address) const; // 0 = none
    const std::string& name(std::uint32_t index) const { return names_[index]; }
    std::uint64_t left_out() const noexcept { return left_out_; }

private:
    struct Address {
        IpAddress address;
        std::uint32_t name = 0;
    };

    std::uint32_t hash_of(const IpAddress& address) const noexcept;
    std::uint32_t hash_of(const std::string& name) const noexcept;
    std::uint32_t find(const IpAddress& address) const;
    std::uint32_t find(const std::string& name) const;

    integrity::SipSecret secret_ = integrity::drawn_secret();
    Pile<Address> addresses_;
    SlotTable by_address_;
    Pile<std::string> names_; // The first is none.
    SlotTable by_name_;
    std::uint64_t left_out_ = 0;
};

// "*.example.net" covers every name below example.net, not itself; else names must be equal. Case
// has been folded.
bool name_matches(const std::string& pattern, const std::string& name);

// A policy ready to be asked once per flow. Default deny.
class CompiledPolicy {
public:
    // Throws profiles::FileError for an address, protocol or encapsulation that it does not
    // understand.
    explicit CompiledPolicy(profiles::Policy policy);

    // Index of the first rule that allows the flow in this phase; rule_none = unlisted.
    std::int32_t
    rule_for(const Flow& flow, const std::string& phase, const LearnedNames& names) const;

    // Which end of the flow is the array: 0, 1, or -1 when neither or both are.
    int array_end(const FlowKey& key) const;

    const std::vector<profiles::PolicyRule>& rules() const noexcept { return policy_.rules; }
    const profiles::Policy& policy() const noexcept { return policy_; }

private:
    struct Matcher {
        std::vector<drivers::wire::IpPrefix> array_ports;
        std::vector<IpAddress> array_macs; // In the first 6 bytes, family 0.
        std::vector<drivers::wire::IpPrefix> remotes;
        std::vector<std::string> remote_names;
        bool any_protocol = false;
        std::uint8_t protocol = 0;
        std::uint16_t ether_type = 0;
        bool llc = false;
        std::uint8_t encapsulations = 0;
    };

    void compile(const profiles::PolicyRule& rule);
    void compile_protocol(const profiles::PolicyRule& rule, Matcher& out) const;
    bool matches(std::size_t rule, const Flow& flow, const LearnedNames& names) const;
    bool matches_from(std::size_t rule,
                      const Flow& flow,
                      std::size_t array_end,
                      const LearnedNames& names) const;

    profiles::Policy policy_;
    std::vector<drivers::wire::IpPrefix> array_addresses_;
    std::vector<Matcher> matchers_;
};

} // namespace bench::egress
