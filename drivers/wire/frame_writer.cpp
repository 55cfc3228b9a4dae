// SPDX-License-Identifier: Apache-2.0
#include "drivers/wire/frame_writer.h"

#include "drivers/wire/big_endian.h"

#include <algorithm>

namespace drivers::wire {

namespace {

constexpr std::size_t ethernet_bytes = 14;
constexpr std::size_t ipv4_bytes = 20;
constexpr std::size_t ipv6_bytes = 40;
constexpr std::size_t payload_bytes_max = 65000;

std::uint32_t summed(Bytes bytes, std::uint32_t sum) { // RFC 1071
    for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) {
        sum += load_be16(bytes, i);
    }
    if (bytes.size() % 2 != 0) {
        sum += static_cast<std::uint32_t>(load_u8(bytes, bytes.size() - 1)) << 8U;
    }
    while (sum >> 16U != 0) {
        sum = (sum & 0xFFFFU) + (sum >> 16U);
    }
    return sum;
}

std::uint16_t inverted(std::uint32_t sum) {
    return static_cast<std::uint16_t>(~sum & 0xFFFFU);
}

std::size_t address_bytes(const IpAddress& address) {
    return address.family == 4 ? 4 : 16;
}

Bytes view(const IpAddress& address) {
    return std::as_bytes(std::span(address.bytes)).first(address_bytes(address));
}

// RFC 9293 section 3.1, RFC 8200 section 8.1: both addresses, protocol and length count too.
std::uint16_t transport_checksum(const FrameEnds& ends, std::uint8_t protocol, Bytes segment) {
    std::uint32_t sum = summed(view(ends.source), 0);
    sum = summed(view(ends.destination), sum);
    sum += protocol + static_cast<std::uint32_t>(segment.size());
    return inverted(summed(segment, sum));
}

void put(MutableBytes to, std::size_t at, Bytes from) {
    std::copy(from.begin(), from.end(), to.begin() + static_cast<std::ptrdiff_t>(at));
}

std::vector<std::byte>
enveloped(const FrameEnds& ends, std::uint8_t protocol, const std::vector<std::byte>& segment) {
    constexpr std::uint8_t hop_limit = 64;
    constexpr std::uint16_t dont_fragment = 0x4000;
    const bool is_v4 = ends.source.family == 4;
    const std::size_t ip_bytes = is_v4 ? ipv4_bytes : ipv6_bytes;
    std::vector<std::byte> out(ethernet_bytes + ip_bytes + segment.size(), std::byte{0});
    put(out, 0, std::as_bytes(std::span(ends.mac_destination)));
    put(out, 6, std::as_bytes(std::span(ends.mac_source)));
    store_be16(out, 12, is_v4 ? ether_type_ipv4 : ether_type_ipv6);
    const MutableBytes ip = std::span(out).subspan(ethernet_bytes, ip_bytes);
    if (is_v4) { // RFC 791 section 3.1
        store_u8(ip, 0, 0x45);
        store_be16(ip, 2, ipv4_bytes + segment.size());
        store_be16(ip, 6, dont_fragment);
        store_u8(ip, 8, hop_limit);
        store_u8(ip, 9, protocol);
        put(ip, 12, view(ends.source));
        put(ip, 16, view(ends.destination));
        store_be16(ip, 10, inverted(summed(ip, 0)));
    } else { // RFC 8200 section 3
        store_u8(ip, 0, 0x60);
        store_be16(ip, 4, segment.size());
        store_u8(ip, 6, protocol);
        store_u8(ip, 7, hop_limit);
        put(ip, 8, view(ends.source));
        put(ip, 24, view(ends.destination));
    }
    put(out, ethernet_bytes + ip_bytes, segment);
    return out;
}

Bytes bounded(Bytes payload) {
    return payload.first(std::min(payload.size(), payload_bytes_max));
}

} // namespace

std::vector<std::byte>
write_tcp_frame(const FrameEnds& ends, const TcpFields& fields, Bytes payload) {
    constexpr std::size_t header_bytes = 20;
    payload = bounded(payload);
    std::vector<std::byte> out(header_bytes + payload.size(), std::byte{0});
    store_be16(out, 0, ends.source_port);
    store_be16(out, 2, ends.destination_port);
    store_be32(out, 4, fields.sequence);
    store_be32(out, 8, fields.acknowledgement);
    store_u8(out, 12, (header_bytes / 4) << 4U);
    store_u8(out, 13, fields.flags);
    store_be16(out, 14, fields.window);
    put(out, header_bytes, payload);
    store_be16(out, 16, transport_checksum(ends, protocol_tcp, out));
    return enveloped(ends, protocol_tcp, out);
}

std::vector<std::byte> write_udp_frame(const FrameEnds& ends, Bytes payload) { // RFC 768
    constexpr std::size_t header_bytes = 8;
    payload = bounded(payload);
    std::vector<std::byte> out(header_bytes + payload.size(), std::byte{0});
    store_be16(out, 0, ends.source_port);
    store_be16(out, 2, ends.destination_port);
    store_be16(out, 4, out.size());
    put(out, header_bytes, payload);
    const std::uint16_t checksum = transport_checksum(ends, protocol_udp, out);
    store_be16(out, 6, checksum == 0 ? 0xFFFFU : checksum); // Zero would say "none".
    return enveloped(ends, protocol_udp, out);
}

std::vector<std::byte>
write_echo_frame(const FrameEnds& ends, const EchoFields& fields, Bytes payload) {
    constexpr std::size_t header_bytes = 8;
    const bool is_v4 = ends.source.family == 4;
    payload = bounded(payload);
    std::vector<std::byte> out(header_bytes + payload.size(), std::byte{0});
    const unsigned request = is_v4 ? 8U : 128U;
    const unsigned reply = is_v4 ? 0U : 129U;
    store_u8(out, 0, fields.reply ? reply : request);
    store_be16(out, 4, fields.identifier);
    store_be16(out, 6, fields.sequence);
    put(out, header_bytes, payload);
    store_be16(
        out, 2, is_v4 ? inverted(summed(out, 0)) : transport_checksum(ends, protocol_icmp6, out));
    return enveloped(ends, is_v4 ? protocol_icmp : protocol_icmp6, out);
}

} // namespace drivers::wire
