// SPDX-License-Identifier: Apache-2.0
#include "drivers/lab/datagram_sink.h"

#include "drivers/lab/address_plan.h"
#include "drivers/wire/big_endian.h"
#include "drivers/wire/dns.h"
#include "drivers/wire/dns_writer.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <fmt/format.h>

namespace drivers::lab {

namespace {

std::uint64_t ntp_time(std::int64_t utc_ns) { // RFC 5905 section 6: seconds since 1900, fraction.
    constexpr std::uint64_t from_1900_to_1970_s = 2'208'988'800U;
    constexpr std::uint64_t ns_per_s = 1'000'000'000;
    const auto ns = static_cast<std::uint64_t>(utc_ns);
    return (ns / ns_per_s + from_1900_to_1970_s) << 32U | ((ns % ns_per_s) << 32U) / ns_per_s;
}

std::uint32_t spread(std::string_view name) { // FNV-1a: the same name, the same address.
    std::uint32_t out = 2166136261U;
    for (const char letter : name) {
        out = (out ^ static_cast<unsigned char>(letter)) * 16777619U;
    }
    return out ^ out >> 15U;
}

std::vector<std::byte> bytes_of(std::initializer_list<unsigned> values) {
    std::vector<std::byte> out;
    for (const unsigned value : values) {
        out.push_back(static_cast<std::byte>(value));
    }
    return out;
}

} // namespace

DatagramSink::DatagramSink(Place place, Answer answer, SinkLog& log)
    : place_(std::move(place))
    , answer_(std::move(answer))
    , log_(log)
    , descriptor_(open_service(place_.address, place_.port, false)) {}

DatagramSink::~DatagramSink() {
    ::close(descriptor_);
}

void DatagramSink::add_to(std::vector<pollfd>& watched) const {
    watched.push_back({descriptor_, POLLIN, 0});
}

void DatagramSink::serve(const pollfd& /*ready*/) {
    std::array<std::byte, 65536>
        buffer; // NOLINT(cppcoreguidelines-pro-type-member-init): is read into
    sockaddr_in from{};
    socklen_t length = sizeof from;
    auto* address = reinterpret_cast<sockaddr*>(&from); // NOLINT: the calls' own type
    const ssize_t got = ::recvfrom(descriptor_, buffer.data(), buffer.size(), 0, address, &length);
    if (got < 0) {
        return;
    }
    const auto size = static_cast<std::size_t>(got);
    DatagramAnswer answer = answer_(std::span(buffer).first(size));
    Peer peer;
    peer.address.family = 4;
    std::memcpy(peer.address.bytes.data(), &from.sin_addr, sizeof from.sin_addr);
    peer.port = ntohs(from.sin_port);
    log_.add({utc_now_ns(),
              place_.service,
              peer_text(peer),
              fmt::format("{}:{}", place_.address, place_.port),
              std::move(answer.said),
              size});
    if (!answer.reply.empty()) {
        (void)::sendto(descriptor_, answer.reply.data(), answer.reply.size(), 0, address, length);
    }
}

DatagramAnswer answer_dns(wire::Bytes query) {
    constexpr std::uint32_t lifetime_s = 5; // Short: an array that asks often is heard often.
    const wire::DnsMessage message = wire::read_dns(query);
    DatagramAnswer out;
    if (message.response || message.questions.size() != 1) {
        out.said = "no question";
        return out;
    }
    const wire::DnsQuestion& question = message.questions.front();
    out.said = fmt::format("{} type {}", question.name, question.type);
    std::vector<std::byte> data;
    switch (question.type) {
    case wire::dns_type_a:
        data = bytes_of({192, 0, 2, named_first + spread(question.name) % named_count});
        break;
    case wire::dns_type_txt:
        data = bytes_of({4, 'n', 'o', 'n', 'e'});
        break;
    case wire::dns_type_null:
        data = bytes_of({0, 0, 0, 0});
        break;
    case wire::dns_type_cname:
        data = bytes_of({4, 'n', 'o', 'n', 'e', 0});
        break;
    default: // There is such a name, but nothing of this type.
        break;
    }
    out.reply = wire::write_dns_answer(query, data, lifetime_s);
    return out;
}

DatagramAnswer answer_ntp(wire::Bytes request) {
    constexpr std::size_t packet_bytes = 48;
    constexpr std::size_t transmitted = 40; // Timestamps by their offsets.
    constexpr std::size_t originated = 24;
    DatagramAnswer out;
    if (request.size() < packet_bytes || (wire::load_u8(request, 0) & 7U) != 3) {
        out.said = "no client's request";
        return out;
    }
    out.said = fmt::format("version {}", wire::load_u8(request, 0) >> 3U & 7U);
    constexpr unsigned server_mode = 4;
    const std::uint64_t now = ntp_time(utc_now_ns());
    out.reply.assign(packet_bytes, std::byte{0});
    wire::store_u8(out.reply, 0, (wire::load_u8(request, 0) & 0x38U) | server_mode);
    wire::store_u8(out.reply, 1, 2);    // Stratum
    wire::store_u8(out.reply, 3, 0xEC); // Precision 2^-20 s
    wire::store_be64(out.reply, originated, wire::load_be64(request, transmitted));
    for (const std::size_t at : {std::size_t{16}, std::size_t{32}, transmitted}) {
        wire::store_be64(out.reply, at, now);
    }
    return out;
}

DatagramAnswer take_text(wire::Bytes datagram) {
    return {first_bytes(datagram.data(), datagram.size()), {}};
}

} // namespace drivers::lab
