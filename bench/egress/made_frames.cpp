// SPDX-License-Identifier: Apache-2.0
#include "bench/egress/made_frames.h"

#include <span>

namespace bench::egress {

using namespace drivers::wire;

namespace {

constexpr std::uint16_t link_raw = 101;

void put(std::string& out, std::uint64_t value, unsigned bytes) {
    for (unsigned i = bytes; i-- > 0;) {
        out += static_cast<char>(value >> (8 * i) & 0xFFU);
    }
}

std::string packet(const MadeEnds& ends, std::uint8_t protocol, const std::string& payload) {
    std::string out;
    const auto address = [&out](const IpAddress& one) {
        for (std::size_t i = 0; i < (one.family == 4 ? 4U : 16U); ++i) {
            out += static_cast<char>(one.bytes[i]);
        }
    };
    constexpr unsigned time_to_live = 64;
    if (ends.from.family == 4) { // RFC 791 section 3.1
        put(out, 0x4500, 2);
        put(out, 20 + payload.size(), 2);
        put(out, 0x4000, 4); // Not to be fragmented
        put(out, time_to_live, 1);
        put(out, protocol, 1);
        put(out, 0, 2);
    } else { // RFC 8200 section 3
        put(out, 0x60000000, 4);
        put(out, payload.size(), 2);
        put(out, protocol, 1);
        put(out, time_to_live, 1);
    }
    address(ends.from);
    address(ends.to);
    return out + payload;
}

} // namespace

MadeEnds turned(const MadeEnds& ends) {
    return {ends.to, ends.from, ends.to_port, ends.from_port};
}

std::string made_udp(const MadeEnds& ends, const std::string& data) {
    std::string out;
    put(out, ends.from_port, 2);
    put(out, ends.to_port, 2);
    put(out, 8 + data.size(), 2);
    put(out, 0, 2);
    return packet(ends, protocol_udp, out + data);
}

std::string made_tcp(const MadeEnds& ends,
                     std::uint8_t flags,
                     std::uint32_t sequence,
                     const std::string& data) {
    std::string out;
    put(out, ends.from_port, 2);
    put(out, ends.to_port, 2);
    put(out, sequence, 4);
    put(out, 1, 4);
    put(out, 0x50, 1);
    put(out, flags, 1);
    put(out, 0x1000, 2);
    put(out, 0, 4);
    return packet(ends, protocol_tcp, out + data);
}

std::string
made_echo(const MadeEnds& ends, bool request, std::uint16_t number, const std::string& data) {
    std::string out;
    put(out, request ? 8 : 0, 1);
    put(out, 0, 5); // Code, checksum, identifier
    put(out, number, 2);
    return packet(ends, protocol_icmp, out + data);
}

drivers::Frame frame_of(const std::string& packet, std::int64_t at_ns) {
    drivers::Frame out;
    out.at = std::chrono::sys_time<std::chrono::nanoseconds>(std::chrono::nanoseconds(at_ns));
    out.link_type = link_raw;
    out.wire_bytes = static_cast<std::uint32_t>(packet.size());
    out.bytes = std::as_bytes(std::span(packet));
    return out;
}

} // namespace bench::egress
