// SPDX-License-Identifier: Apache-2.0
// Letters hidden in IPv4 identifications, and counters that only look like them.
#include "bench/egress/findings.h"
#include "bench/egress/made_frames.h"
#include "drivers/wire/big_endian.h"
#include "profiles/policy_file.h"
#include "tests/paths.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <functional>

using namespace bench::egress;
namespace wire = drivers::wire;

namespace {

std::vector<std::byte> syslog_frame(std::uint16_t ip_id) {
    wire::FrameEnds ends;
    ends.source = *wire::parse_ip_address("192.0.2.145");
    ends.destination = *wire::parse_ip_address("192.0.2.14");
    ends.source_port = 43410;
    ends.destination_port = 514;
    std::vector<std::byte> out = wire::write_udp_frame(ends, std::array<std::byte, 24>{});
    const std::span<std::byte> ip = std::span(out).subspan(14); // After the Ethernet header.
    wire::store_be16(ip, 4, ip_id);
    // RFC 1624: the checksum follows a field that was zero.
    const std::uint32_t sum = (~wire::load_be16(ip, 10) & 0xFFFFU) + ip_id;
    wire::store_be16(ip, 10, ~((sum & 0xFFFFU) + (sum >> 16U)) & 0xFFFFU);
    return out;
}

// How many findings of this kind 64 packets bring whose identifications are these.
std::size_t ip_id_findings(const std::function<std::uint16_t(unsigned)>& ip_id) {
    const CompiledPolicy policy(
        profiles::read_policy(tests::source_dir() + "/profiles/policies/lab-array.json"));
    Analysis analysis(policy, {});
    for (unsigned i = 0; i < 64; ++i) {
        const auto bytes = syslog_frame(ip_id(i));
        analysis.frame(frame_of(bytes, (1000 + i) * 1'000'000'000LL));
    }
    analysis.finish();
    const auto found = draw_findings(analysis, {});
    return static_cast<std::size_t>(std::count_if(
        found.begin(), found.end(), [](const auto& one) { return one.test == "IP-ID pattern"; }));
}

} // namespace

TEST_CASE("letters in IPv4 identifications are found", "[egress]") {
    const std::string text = "every interception of the night before, two letters at a time ";
    CHECK(ip_id_findings([&](unsigned i) {
              return static_cast<std::uint16_t>(text[2 * i % text.size()] << 8U |
                                                text[(2 * i + 1) % text.size()]);
          }) == 1);
}

TEST_CASE("a counter that walks through printable values is none", "[egress]") {
    CHECK(ip_id_findings([](unsigned i) { return static_cast<std::uint16_t>(0x4141 + i / 2); }) ==
          0);
    // As Linux does it: by one and a random part of the ticks that have passed.
    CHECK(ip_id_findings([](unsigned i) {
              return static_cast<std::uint16_t>(0x2020 + i * 257 + i * i % 90);
          }) == 0);
    CHECK(ip_id_findings([](unsigned) { return std::uint16_t{0}; }) == 0); // DF: RFC 6864.
}
