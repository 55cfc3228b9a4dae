// SPDX-License-Identifier: Apache-2.0
#include "drivers/lab/catch_all.h"

#include "drivers/lab/frame_socket.h"

#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace drivers::lab {

namespace {

constexpr std::size_t connections_max = 4096;
constexpr std::uint16_t link_ethernet = 1;

Peer source_of(const wire::Packet& packet) {
    return {packet.source, packet.source_port};
}
Peer destination_of(const wire::Packet& packet) {
    return {packet.destination, packet.destination_port};
}

} // namespace

bool CatchAllResponder::is_mine(const wire::Packet& packet) const {
    return packet.is_ip() && packet.undecoded == wire::Undecoded::none && !packet.is_fragment() &&
           packet.encapsulation == 0 && packet.vlan == 0 && !packet.destination.is_multicast() &&
           std::none_of(not_mine_.begin(), not_mine_.end(), [&](const wire::IpPrefix& prefix) {
               return prefix.contains(packet.destination);
           });
}

void CatchAllResponder::write_down(const ConnectionKey& key, const Connection& connection) {
    const auto& [from, from_port, to, to_port] = key;
    log_.add({utc_now_ns(),
              "TCP",
              peer_text({from, from_port}),
              peer_text({to, to_port}),
              connection.first,
              connection.bytes});
}

std::vector<std::vector<std::byte>> CatchAllResponder::take(wire::Bytes frame) {
    const wire::Packet packet =
        wire::decode_frame(frame, link_ethernet, static_cast<std::uint32_t>(frame.size()));
    if (!is_mine(packet)) {
        return {};
    }
    const wire::FrameEnds back{packet.mac_destination,
                               packet.mac_source,
                               packet.destination,
                               packet.source,
                               packet.destination_port,
                               packet.source_port};
    if (packet.protocol == wire::protocol_tcp) {
        return take_tcp(packet, back);
    }
    const bool is_v4 = packet.source.family == 4;
    const bool is_echo =
        (is_v4 && packet.protocol == wire::protocol_icmp && packet.source_port == 8) ||
        (!is_v4 && packet.protocol == wire::protocol_icmp6 && packet.source_port == 128);
    if (packet.protocol != wire::protocol_udp && !is_echo) {
        return {};
    }
    log_.add({utc_now_ns(),
              is_echo ? "ICMP" : "UDP",
              is_echo ? wire::to_text(packet.source) : peer_text(source_of(packet)),
              is_echo ? wire::to_text(packet.destination) : peer_text(destination_of(packet)),
              first_bytes(packet.payload.data(), packet.payload.size()),
              packet.payload_wire_bytes});
    constexpr std::size_t echo_header_bytes = 8;
    if (!is_echo || packet.ip_payload.size() < echo_header_bytes) {
        return {};
    }
    const auto field = [&](std::size_t at) {
        return static_cast<std::uint16_t>(std::to_integer<unsigned>(packet.ip_payload[at]) << 8U |
                                          std::to_integer<unsigned>(packet.ip_payload[at + 1]));
    };
    const wire::Bytes sent = packet.ip_payload.subspan(echo_header_bytes);
    std::vector<std::byte> said(sent.begin(), sent.end());
    for (std::byte& one : said) {
        one = ~one;
    }
    return {write_echo_frame(back, {true, field(4), field(6)}, said)};
}

std::vector<std::vector<std::byte>> CatchAllResponder::take_tcp(const wire::Packet& packet,
                                                                const wire::FrameEnds& back) {
    using namespace wire;
    const ConnectionKey key{
        packet.source, packet.source_port, packet.destination, packet.destination_port};
    const auto found = connections_.find(key);
    const auto length = static_cast<std::uint32_t>(packet.payload.size());
    if ((packet.tcp_flags & tcp_syn) != 0) {
        if (found == connections_.end() && connections_.size() >= connections_max) {
            write_down(connections_.begin()->first, connections_.begin()->second);
            connections_.erase(connections_.begin());
        }
        constexpr std::uint32_t first_sequence = 0x10203040;
        connections_[key] = {packet.tcp_sequence + 1, first_sequence + 1, 0, ""};
        return {write_tcp_frame(
            back, {first_sequence, packet.tcp_sequence + 1, tcp_syn | tcp_ack}, {})};
    }
    if (found == connections_.end()) {
        if ((packet.tcp_flags & tcp_rst) != 0) {
            return {};
        }
        return {write_tcp_frame(back, {packet.tcp_acknowledgement, 0, tcp_rst}, {})};
    }
    Connection& connection = found->second;
    if ((packet.tcp_flags & tcp_rst) != 0) {
        write_down(key, connection);
        connections_.erase(found);
        return {};
    }
    const bool in_order = packet.tcp_sequence == connection.next_expected;
    if (in_order && length > 0) {
        if (connection.bytes == 0) {
            connection.first = first_bytes(packet.payload.data(), packet.payload.size());
        }
        connection.next_expected += length;
        connection.bytes += length;
    }
    const bool ends = in_order && (packet.tcp_flags & tcp_fin) != 0;
    if (!ends && length == 0) {
        return {}; // A bare acknowledgement.
    }
    const auto flags = static_cast<std::uint8_t>(ends ? tcp_ack | tcp_fin : tcp_ack);
    const TcpFields fields{
        connection.next_sent, connection.next_expected + (ends ? 1U : 0U), flags};
    if (ends) {
        write_down(key, connection);
        connections_.erase(found);
    }
    return {write_tcp_frame(back, fields, {})};
}

void CatchAllResponder::finish() {
    for (const auto& [key, connection] : connections_) {
        write_down(key, connection);
    }
    connections_.clear();
}

CatchAll::CatchAll(const std::string& interface, std::vector<wire::IpPrefix> not_mine, SinkLog& log)
    : descriptor_(open_frame_socket(interface, ETH_P_ALL, "laboratory: frames at"))
    , responder_(std::move(not_mine), log) {}

CatchAll::~CatchAll() {
    responder_.finish();
    ::close(descriptor_);
}

void CatchAll::add_to(std::vector<pollfd>& watched) const {
    watched.push_back({descriptor_, POLLIN, 0});
}

void CatchAll::serve(const pollfd& /*ready*/) {
    constexpr int frames_max = 64; // Others want to be heard too.
    std::array<std::byte, 65536>
        buffer; // NOLINT(cppcoreguidelines-pro-type-member-init): is read into
    for (int i = 0; i < frames_max; ++i) {
        sockaddr_ll from{};
        socklen_t length = sizeof from;
        const ssize_t got = ::recvfrom(descriptor_,
                                       buffer.data(),
                                       buffer.size(),
                                       0,
                                       reinterpret_cast<sockaddr*>(&from), // NOLINT
                                       &length);
        if (got < 0) {
            return;
        }
        if (from.sll_pkttype != PACKET_HOST) {
            continue; // Our own, or nobody's in particular.
        }
        for (const auto& frame :
             responder_.take(std::span(buffer).first(static_cast<std::size_t>(got)))) {
            (void)::send(descriptor_, frame.data(), frame.size(), 0);
        }
    }
}

} // namespace drivers::lab
