// SPDX-License-Identifier: Apache-2.0
#include "bench/egress/policy.h"
#include "profiles/file_error.h"
#include "profiles/policy_file.h"
#include "tests/paths.h"

#include <catch2/catch.hpp>

#include <filesystem>

using namespace bench::egress;
using drivers::wire::parse_ip_address;

namespace {

constexpr const char* head =
    R"({"$schema":"arraybench/policy/1","name":"t","array_addresses":["192.0.2.128/25"],"rules":[)";

CompiledPolicy policy_of(const std::string& rules) {
    return CompiledPolicy(profiles::parse_policy(head + rules + "]}", "t.json"));
}

// A flow that `from` opened to `to`:port.
Flow flow(const char* from,
          const char* to,
          std::uint16_t port,
          std::uint8_t protocol = drivers::wire::protocol_tcp) {
    Packet packet;
    packet.source = *parse_ip_address(from);
    packet.destination = *parse_ip_address(to);
    packet.source_port = 40000;
    packet.destination_port = port;
    packet.protocol = protocol;
    const KeyedEnd keyed = key_of(packet);
    Flow out;
    out.key = keyed.key;
    out.initiator = keyed.sender == 0 ? Initiator::first_end : Initiator::second_end;
    return out;
}

constexpr const char* array = "192.0.2.130";

} // namespace

TEST_CASE("every shipped policy can be read and compiled", "[egress]") {
    std::size_t count = 0;
    for (const auto& entry :
         std::filesystem::directory_iterator(tests::source_dir() + "/profiles/policies")) {
        INFO(entry.path().string());
        CHECK_NOTHROW(CompiledPolicy(profiles::read_policy(entry.path().string())));
        ++count;
    }
    CHECK(count >= 8);
}

TEST_CASE("a rule allows its direction, remote, port and protocol, and nothing beside them",
          "[egress]") {
    const CompiledPolicy policy = policy_of(
        R"({"name":"time","purpose":"p","direction":"from array","protocol":"udp","remotes":["192.0.2.123"],"ports":[123]})");
    const LearnedNames names;
    using drivers::wire::protocol_udp;
    CHECK(policy.rule_for(flow(array, "192.0.2.123", 123, protocol_udp), "", names) == 0);
    CHECK(policy.rule_for(flow(array, "192.0.2.124", 123, protocol_udp), "", names) == rule_none);
    CHECK(policy.rule_for(flow(array, "192.0.2.123", 124, protocol_udp), "", names) == rule_none);
    CHECK(policy.rule_for(flow(array, "192.0.2.123", 123), "", names) == rule_none);
    CHECK(policy.rule_for(flow("192.0.2.123", array, 123, protocol_udp), "", names) == rule_none);
}

TEST_CASE("a named remote is allowed only once DNS has given its address that name", "[egress]") {
    const CompiledPolicy policy = policy_of(
        R"({"name":"home","purpose":"p","direction":"from array","protocol":"tcp","remotes":["*.example.net"],"ports":[443]})");
    LearnedNames names;
    CHECK(policy.rule_for(flow(array, "198.51.100.7", 443), "", names) == rule_none);
    names.learn(*parse_ip_address("198.51.100.7"), "call.example.net");
    CHECK(policy.rule_for(flow(array, "198.51.100.7", 443), "", names) == 0);
    names.learn(*parse_ip_address("198.51.100.7"), "example.net");
    CHECK(policy.rule_for(flow(array, "198.51.100.7", 443), "", names) == rule_none);
}

TEST_CASE("a rule of one phase allows nothing in another, and encapsulation must be named",
          "[egress]") {
    const CompiledPolicy policy = policy_of(
        R"({"name":"support","purpose":"p","phases":["support visit"],"protocol":"tcp","ports":[2222]},)"
        R"({"name":"tunnelled","purpose":"p","protocol":"tcp","ports":[80],"encapsulations":["vxlan"]})");
    const LearnedNames names;
    CHECK(policy.rule_for(flow(array, "198.51.100.7", 2222), "support visit", names) == 0);
    CHECK(policy.rule_for(flow(array, "198.51.100.7", 2222), "load", names) == rule_none);
    Flow inside = flow(array, "198.51.100.7", 80);
    inside.key.encapsulation = drivers::wire::inside_vxlan;
    CHECK(policy.rule_for(inside, "", names) == 1);
    inside.key.encapsulation |= drivers::wire::inside_gre;
    CHECK(policy.rule_for(inside, "", names) == rule_none);
}

TEST_CASE("addresses, protocols and keys that nobody understands are refused with their place",
          "[egress]") {
    CHECK_THROWS_AS(policy_of(R"({"name":"a","purpose":"p","protocol":"tpc"})"),
                    profiles::FileError);
    CHECK_THROWS_AS(
        policy_of(R"({"name":"a","purpose":"p","protocol":"tcp","remotes":["10.0.0.0/99"]})"),
        profiles::FileError);
    CHECK_THROWS_AS(policy_of(R"({"name":"a","purpose":"p","protocol":"tcp","prots":[1]})"),
                    profiles::FileError);
    CHECK_THROWS_AS(
        policy_of(
            R"({"name":"a","purpose":"p","protocol":"tcp"},{"name":"a","purpose":"p","protocol":"udp"})"),
        profiles::FileError);
}

TEST_CASE("a policy reads back from its own JSON", "[egress]") {
    const auto policy =
        profiles::read_policy(tests::source_dir() + "/profiles/policies/pure1.json");
    const auto again = profiles::parse_policy(profiles::policy_json(policy, "again"), "again");
    REQUIRE(again.rules.size() == policy.rules.size());
    for (std::size_t i = 0; i < policy.rules.size(); ++i) {
        CHECK(again.rules[i].name == policy.rules[i].name);
        CHECK(again.rules[i].remotes == policy.rules[i].remotes);
        CHECK(again.rules[i].bytes_per_interval == policy.rules[i].bytes_per_interval);
        CHECK(again.rules[i].dns_names == policy.rules[i].dns_names);
    }
}
