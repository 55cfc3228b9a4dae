// SPDX-License-Identifier: Apache-2.0
// Letters hidden in IPv4 identifications, and counters that only look like them.
#include "bench/egress/findings.h"
#include "drivers/wire/big_endian.h"
#include "profiles/policy_file.h"
#include "tests/paths.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <functional>

using namespace bench::egress;
namespace wire = drivers::wire;

namespace {

constexpr std::size_t ethernet_bytes = 14;
constexpr std::size_t payload_bytes = 24;
constexpr std::size_t frame_bytes = ethernet_bytes + 20 + 8 + payload_bytes;

std::array<std::byte, frame_bytes> syslog_frame(std::uint16_t ip_id) {
    std::array<std::byte, frame_bytes> out{};
    wire::store_be16(out, 12, 0x0800);
    const std::span<std::byte> ip = std::span(out).subspan(ethernet_bytes);
    wire::store_u8(ip, 0, 0x45);
    wire::store_be16(ip, 2, frame_bytes - ethernet_bytes);
    wire::store_be16(ip, 4, ip_id);
    wire::store_u8(ip, 8, 64);
    wire::store_u8(ip, 9, 17);
    wire::store_be32(ip, 12, 0xC0000291); // 192.0.2.145
    wire::store_be32(ip, 16, 0xC000020E); // 192.0.2.14
    std::uint32_t sum = 0;
    for (std::size_t at = 0; at < 20; at += 2) {
        sum += wire::load_be16(ip, at);
    }
    sum = (sum & 0xFFFFU) + (sum >> 16U);
    wire::store_be16(ip, 10, static_cast<std::uint16_t>(~(sum + (sum >> 16U)) & 0xFFFFU));
    wire::store_be16(ip, 20, 43410);
    wire::store_be16(ip, 22, 514);
    wire::store_be16(ip, 24, 8 + payload_bytes);
    return out;
}

// How many findings of this kind 64 packets bring whose identifications are these.
std::size_t ip_id_findings(const std::function<std::uint16_t(unsigned)>& ip_id) {
    const CompiledPolicy policy(
        profiles::read_policy(tests::source_dir() + "/profiles/policies/lab-array.json"));
    Analysis analysis(policy, {});
    for (unsigned i = 0; i < 64; ++i) {
        const auto bytes = syslog_frame(ip_id(i));
        drivers::Frame frame;
        frame.at = std::chrono::sys_time<std::chrono::nanoseconds>(std::chrono::seconds(1000 + i));
        frame.link_type = 1;
        frame.wire_bytes = frame_bytes;
        frame.bytes = bytes;
        analysis.frame(frame);
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
