// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/simulated_tap.h"

#include "bench/egress/made_frames.h"
#include "drivers/wire/big_endian.h"
#include "drivers/wire/dns_writer.h"
#include "drivers/wire/layers.h"

#include <algorithm>
#include <fmt/format.h>

namespace bench::campaign {

using namespace drivers::array;
using namespace drivers::wire;

namespace {

constexpr std::uint16_t port_dns = 53;
constexpr std::uint16_t port_ntp = 123;
constexpr std::int64_t frame_gap_ns = 100'000;
constexpr std::size_t frame_bytes_min = 60; // IEEE 802.3, without the check sequence
constexpr MacAddress mac_of_array{0x02, 0xAB, 0, 0, 0, 0x30};
constexpr MacAddress mac_of_switch{0x02, 0xAB, 0, 0, 0, 0x01};

FrameEnds ends_between(const char* from, const IpAddress& to, std::uint16_t to_port) {
    FrameEnds out;
    out.mac_source = mac_of_array;
    out.mac_destination = mac_of_switch;
    out.source = *parse_ip_address(from);
    out.destination = to;
    out.destination_port = to_port;
    return out;
}

std::vector<std::byte> ethernet(const MacAddress& to, std::uint16_t type) {
    std::vector<std::byte> out(14);
    for (std::size_t i = 0; i < to.size(); ++i) {
        out[i] = std::byte{to[i]};
        out[to.size() + i] = std::byte{mac_of_array[i]};
    }
    store_be16(out, 12, type);
    return out;
}

std::vector<std::byte> arp_request() { // RFC 826
    std::vector<std::byte> out = ethernet({0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}, ether_type_arp);
    out.resize(frame_bytes_min);
    store_be16(out, 14, 1); // Ethernet
    store_be16(out, 16, ether_type_ipv4);
    out[18] = std::byte{6};
    out[19] = std::byte{4};
    store_be16(out, 20, 1); // Request
    std::copy(out.begin() + 6, out.begin() + 12, out.begin() + 22);
    const auto own = parse_ip_address(simulated::array_management);
    const auto wanted = parse_ip_address(simulated::resolver);
    for (std::size_t i = 0; i < 4; ++i) {
        out[28 + i] = std::byte{own->bytes[i]};
        out[38 + i] = std::byte{wanted->bytes[i]};
    }
    return out;
}

std::vector<std::byte> lldp_announcement() { // IEEE 802.1AB section 8: chassis, port, time to live
    std::vector<std::byte> out = ethernet({0x01, 0x80, 0xC2, 0, 0, 0x0E}, ether_type_lldp);
    constexpr std::array<std::uint8_t, 21> elements{
        0x02, 7, 4, 0x02, 0xAB, 0, 0, 0, 0x30, 0x04, 3, 7, 'm', '0', 0x06, 2, 0, 120, 0x00, 0, 0};
    for (const std::uint8_t one : elements) {
        out.push_back(std::byte{one});
    }
    out.resize(frame_bytes_min);
    return out;
}

// RFC 4861 section 4.3, without options, to the solicited node's multicast address.
std::vector<std::byte> neighbour_solicitation() {
    constexpr std::uint16_t length = 24;
    std::vector<std::byte> out = ethernet({0x33, 0x33, 0xFF, 0, 0, 0x01}, ether_type_ipv6);
    out.resize(14 + 40 + length);
    out[14] = std::byte{0x60};
    store_be16(out, 18, length);
    out[20] = std::byte{protocol_icmp6};
    out[21] = std::byte{255};
    const auto from = parse_ip_address(simulated::array_ipv6);
    const auto to = parse_ip_address("ff02::1:ff00:1");
    const auto target = parse_ip_address("2001:db8::1");
    for (std::size_t i = 0; i < 16; ++i) {
        out[22 + i] = std::byte{from->bytes[i]};
        out[38 + i] = std::byte{to->bytes[i]};
        out[62 + i] = std::byte{target->bytes[i]};
    }
    out[54] = std::byte{135};
    store_be16(out, 56, internet_checksum(Bytes(out).subspan(22), length + protocol_icmp6));
    return out;
}

} // namespace

void SimulatedTap::begin_at(drivers::Duration at) {
    at_ns_ = std::max(at_ns_ + 1, simulated::epoch_ns + at.count());
}

void SimulatedTap::carry(const ActorMessage& message) {
    begin_at(message.due);
    const IpAddress remote = address_of(message);
    const char* own = remote.family == 6     ? simulated::array_ipv6
                      : message.by_data_port ? simulated::array_data
                                             : simulated::array_management;
    FrameEnds ends = ends_between(own, remote, message.port);
    ends.source_port = next_port();
    const Bytes data(message.payload);
    switch (message.carrier) {
    case Carrier::udp:
        send(write_udp_frame(ends, data));
        answer(ends, message);
        break;
    case Carrier::icmp_echo:
        echo(ends, message);
        break;
    case Carrier::tcp_kept:
        ends.source_port = 60'999;
        kept(ends, open_[fmt::format("to {} {}", message.remote, message.port)], data);
        break;
    default:
        connection(ends, data, message.carrier == Carrier::tcp_connect);
        break;
    }
}

void SimulatedTap::call_in(const Call& call, drivers::Duration at) {
    begin_at(at);
    FrameEnds ends = ends_between(
        call.storage ? simulated::initiator : simulated::administrator,
        *parse_ip_address(call.storage ? simulated::array_data : simulated::array_management),
        call.port);
    std::swap(ends.mac_source, ends.mac_destination);
    const std::vector<std::byte> data(call.bytes, std::byte{0x41});
    if (call.storage) {
        ends.source_port = 50'000;
        kept(ends, open_[fmt::format("from {}", call.port)], data);
        return;
    }
    ends.source_port = next_port();
    connection(ends, data, false);
}

void SimulatedTap::link_frame(LinkFrame kind, drivers::Duration at) {
    begin_at(at);
    send(kind == LinkFrame::arp    ? arp_request()
         : kind == LinkFrame::lldp ? lldp_announcement()
                                   : neighbour_solicitation());
}

void SimulatedTap::broken_frame(drivers::Duration at) {
    begin_at(at);
    std::vector<std::byte> frame = ethernet(mac_of_switch, ether_type_ipv4);
    frame.push_back(std::byte{0x45});
    send(frame);
}

// The far end of a tunnel answers with words of its own.
void SimulatedTap::echo(FrameEnds ends, const ActorMessage& message) {
    ends.source_port = ends.destination_port = 0;
    EchoFields fields;
    fields.sequence = static_cast<std::uint16_t>(message.number);
    send(write_echo_frame(ends, fields, message.payload));
    fields.reply = true;
    std::vector<std::byte> back = message.payload;
    for (std::byte& one : back) {
        one ^= std::byte{0x5A};
    }
    send(write_echo_frame(ends.turned(), fields, back));
}

IpAddress SimulatedTap::address_of(const ActorMessage& message) {
    if (const auto address = parse_ip_address(message.remote)) {
        return *address;
    }
    constexpr unsigned first_name = 64; // Of the laboratory's addresses for names
    constexpr unsigned names_max = 15;
    const auto number = static_cast<unsigned>(names_.size() % names_max);
    const auto known = names_.try_emplace(
        message.remote, *parse_ip_address(fmt::format("192.0.2.{}", first_name + number)));
    const auto query = write_dns_query(next_port(), message.remote, dns_type_a);
    FrameEnds ends =
        ends_between(simulated::array_management, *parse_ip_address(simulated::resolver), port_dns);
    ends.source_port = next_port();
    send(write_udp_frame(ends, query));
    const auto bytes = std::as_bytes(std::span(known.first->second.bytes).first(4));
    send(write_udp_frame(ends.turned(), write_dns_answer(query, bytes, 60)));
    return known.first->second;
}

void SimulatedTap::reply_name(const FrameEnds& ends, std::span<const std::byte> query) {
    const auto address = parse_ip_address("192.0.2.79");
    const auto bytes = std::as_bytes(std::span(address->bytes).first(4));
    const bool is_address = dns_question_type(query) == dns_type_a;
    const auto reply =
        write_dns_answer(query, is_address ? bytes : std::span<const std::byte>{}, 60);
    send(write_udp_frame(ends.turned(), reply));
}

void SimulatedTap::answer(const FrameEnds& ends, const ActorMessage& message) {
    if (message.port == port_dns) {
        reply_name(ends, message.payload);
    } else if (message.port == port_ntp) {
        send(write_udp_frame(ends.turned(), message.payload));
    }
}

void SimulatedTap::connection(const FrameEnds& ends, Bytes data, bool empty) {
    constexpr std::size_t segment = 1448;
    begin(ends);
    for (std::size_t at = 0; !empty && at < data.size(); at += segment) {
        send_segment(ends,
                     tcp_ack | tcp_psh,
                     static_cast<std::uint32_t>(1 + at),
                     data.subspan(at, std::min(segment, data.size() - at)));
    }
    send_segment(ends, tcp_fin | tcp_ack, static_cast<std::uint32_t>(1 + data.size()), {});
    send_segment(ends.turned(), tcp_fin | tcp_ack, 1, {});
}

void SimulatedTap::kept(const FrameEnds& ends, std::uint32_t& said, Bytes data) {
    if (said == 0) {
        begin(ends);
        said = 1;
    }
    send_segment(ends, tcp_ack | tcp_psh, said, data);
    said += static_cast<std::uint32_t>(data.size());
}

void SimulatedTap::begin(const FrameEnds& ends) {
    send_segment(ends, tcp_syn, 0, {});
    send_segment(ends.turned(), tcp_syn | tcp_ack, 0, {});
}

void SimulatedTap::send_segment(const FrameEnds& ends,
                                std::uint8_t flags,
                                std::uint32_t sequence,
                                Bytes data) {
    send(write_tcp_frame(ends, {sequence, 1, flags}, data));
}

void SimulatedTap::send(const std::vector<std::byte>& frame) {
    ++frames_;
    at_ns_ += frame_gap_ns;
    analysis_.frame(egress::frame_of(frame, at_ns_));
}

std::uint16_t SimulatedTap::next_port() {
    port_ = port_ >= 60'000 ? std::uint16_t{20'000} : static_cast<std::uint16_t>(port_ + 1);
    return port_;
}

} // namespace bench::campaign
