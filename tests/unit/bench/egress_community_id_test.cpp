// SPDX-License-Identifier: Apache-2.0
// Against identifiers of the Community ID specification's published baseline (version 1, seed 0).
#include "bench/egress/flow.h"

#include <catch2/catch.hpp>

#include <string>

using namespace bench::egress;

namespace {

struct Published {
    std::uint8_t protocol;
    const char* source;
    const char* destination;
    std::uint16_t source_port; // Of ICMP what the specification puts in its place.
    std::uint16_t destination_port;
    const char* identifier;
};

constexpr Published published[] = {
    {1, "192.168.0.89", "192.168.0.1", 8, 0, "1:X0snYXpgwiv9TZtqg64sgzUn6Dk="},
    {1, "192.168.0.1", "192.168.0.89", 0, 8, "1:X0snYXpgwiv9TZtqg64sgzUn6Dk="},
    {1, "10.0.0.1", "10.0.0.2", 11, 0, "1:YHxtAirCG//0OzkcVAukqKQN9xM="},
    {58, "fe80::200:86ff:fe05:80da", "ff02::2", 133, 134, "1:hO+sN4H+MG5MY/8hIrXPqc4ZQz0="},
    {58,
     "3ffe:501:1800:2345::2",
     "3ffe:507:0:1:200:86ff:fe05:80da",
     3,
     0,
     "1:2ObVBgIn28oZvibYZhZMBgh7WdQ="},
    {6,
     "2001:470:e5bf:dead:4957:2174:e82c:4887",
     "2607:f8b0:400c:c03::1a",
     63943,
     25,
     "1:/qFaeAR+gFe1KYjMzVDsMv+wgU4="},
    {6, "128.232.110.120", "66.35.250.204", 34855, 80, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="},
    {6, "66.35.250.204", "128.232.110.120", 80, 34855, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="},
    {17, "192.168.1.52", "8.8.8.8", 54585, 53, "1:d/FP5EW3wiY1vCndhwleRRKHowQ="},
    {46, "10.1.12.1", "10.1.12.2", 0, 0, "1:KHlLkgoJW7ifUTyTSgyVfkFHzKw="},
    {132, "192.168.170.8", "192.168.170.56", 7, 7, "1:MP2EtRCAUIZvTw6MxJHLV7N7JDs="},
    {132, "192.168.170.56", "192.168.170.8", 7, 7, "1:MP2EtRCAUIZvTw6MxJHLV7N7JDs="}};

std::string identifier_of(const Published& one) {
    drivers::wire::Packet packet;
    packet.protocol = one.protocol;
    packet.source = *drivers::wire::parse_ip_address(one.source);
    packet.destination = *drivers::wire::parse_ip_address(one.destination);
    packet.source_port = one.source_port;
    packet.destination_port = one.destination_port;
    return community_id(packet).value_or("none");
}

} // namespace

TEST_CASE("a flow's identifier is the one that the specification publishes", "[egress]") {
    for (const Published& one : published) {
        INFO(one.source << " " << one.source_port << " " << one.destination);
        CHECK(identifier_of(one) == one.identifier);
    }
    Published other = published[6];
    ++other.source_port;
    CHECK(identifier_of(other) != other.identifier);
}
