// SPDX-License-Identifier: Apache-2.0
#include "drivers/lab/catch_all.h"
#include "drivers/lab/datagram_sink.h"
#include "drivers/wire/big_endian.h"
#include "drivers/wire/dns.h"
#include "drivers/wire/dns_writer.h"

#include <catch2/catch.hpp>

#include <random>

using namespace drivers::lab;
using namespace drivers::wire;

namespace {

FrameEnds call(std::uint16_t port, const char* to = "203.0.113.66") {
    FrameEnds out;
    out.mac_source = {2, 0, 0, 0, 0, 1};
    out.mac_destination = {2, 0, 0, 0, 0, 2};
    out.source = *parse_ip_address("192.0.2.129");
    out.destination = *parse_ip_address(to);
    out.source_port = 40000;
    out.destination_port = port;
    return out;
}

std::vector<std::byte> octets(std::string_view text) {
    std::vector<std::byte> out;
    for (const char letter : text) {
        out.push_back(static_cast<std::byte>(letter));
    }
    return out;
}

struct Caught {
    SinkLog log;
    CatchAllResponder responder{{*parse_ip_prefix("192.0.2.1")}, log};

    // The one answer, whose bytes live until the next question.
    Packet ask(const std::vector<std::byte>& frame) {
        const auto frames = responder.take(frame);
        REQUIRE(frames.size() == 1);
        answer = frames.front();
        return decode_frame(answer, 1, static_cast<std::uint32_t>(answer.size()));
    }
    std::vector<std::byte> answer;
};

} // namespace

TEST_CASE("a connection to nobody is taken, acknowledged and written down", "[lab]") {
    Caught caught;
    const FrameEnds ends = call(4444);
    const Packet accepted = caught.ask(write_tcp_frame(ends, {100, 0, tcp_syn}, {}));
    CHECK(accepted.tcp_flags == (tcp_syn | tcp_ack));
    CHECK(accepted.tcp_acknowledgement == 101);
    CHECK(accepted.source == ends.destination);
    const std::uint32_t ours = accepted.tcp_sequence + 1;
    const auto secret = octets("stolen");
    CHECK(caught.ask(write_tcp_frame(ends, {101, ours, tcp_ack}, secret)).tcp_acknowledgement ==
          107);
    // Again, and out of order: acknowledged as far as all is there, counted once.
    CHECK(caught.ask(write_tcp_frame(ends, {101, ours, tcp_ack}, secret)).tcp_acknowledgement ==
          107);
    CHECK(caught.ask(write_tcp_frame(ends, {200, ours, tcp_ack}, secret)).tcp_acknowledgement ==
          107);
    const Packet ended = caught.ask(write_tcp_frame(ends, {107, ours, tcp_ack | tcp_fin}, {}));
    CHECK(ended.tcp_flags == (tcp_fin | tcp_ack));
    CHECK(ended.tcp_acknowledgement == 108);
    REQUIRE(caught.log.entries().size() == 1);
    CHECK(caught.log.entries()[0].bytes == 6);
    CHECK(caught.log.entries()[0].said == "stolen");
    CHECK(caught.log.entries()[0].to == "203.0.113.66:4444");
    CHECK(caught.responder.open_connections() == 0);
    const Packet stray = caught.ask(write_tcp_frame(ends, {1, 1, tcp_ack}, secret));
    CHECK(stray.tcp_flags == tcp_rst);
}

TEST_CASE("an echo request is answered with other bytes, UDP with none", "[lab]") {
    Caught caught;
    const auto said = octets("hello tunnel");
    const Packet reply = caught.ask(write_echo_frame(call(0), {false, 7, 9}, said));
    CHECK(reply.source_port == 0); // Echo reply
    CHECK(reply.payload.size() >= said.size());
    CHECK(caught.responder.take(write_udp_frame(call(9), said)).empty());
    REQUIRE(caught.log.entries().size() == 2);
    CHECK(caught.log.entries()[1].service == "UDP");
    CHECK(caught.log.entries()[1].said == "hello tunnel");
}

TEST_CASE("what somebody else answers for, and what nobody shall, is left alone", "[lab]") {
    Caught caught;
    CHECK(
        caught.responder.take(write_tcp_frame(call(1, "192.0.2.1"), {1, 0, tcp_syn}, {})).empty());
    CHECK(
        caught.responder.take(write_tcp_frame(call(1, "224.0.0.5"), {1, 0, tcp_syn}, {})).empty());
    CHECK(caught.log.entries().empty());
}

TEST_CASE("a flood of connections stays within its bounds", "[lab]") {
    Caught caught;
    FrameEnds ends = call(1);
    for (std::uint32_t i = 0; i < 20'000; ++i) {
        ends.source_port = static_cast<std::uint16_t>(i);
        ends.destination_port = static_cast<std::uint16_t>(i >> 8U);
        caught.responder.take(write_tcp_frame(ends, {i, 0, tcp_syn}, {}));
    }
    CHECK(caught.responder.open_connections() <= 4096);
}

TEST_CASE("frames and datagrams that mean harm are survived", "[lab]") {
    Caught caught;
    std::mt19937 chance(5);
    const std::vector<std::vector<std::byte>> seeds{
        write_tcp_frame(call(80), {1, 0, tcp_syn}, octets("x")),
        write_udp_frame(call(53), write_dns_query(1, "a.example.net", dns_type_a)),
        write_echo_frame(call(0), {}, octets("ping"))};
    for (int i = 0; i < 20'000; ++i) {
        auto bytes = seeds[chance() % seeds.size()];
        for (int change = 0; change < 4; ++change) {
            bytes[chance() % bytes.size()] = static_cast<std::byte>(chance());
        }
        bytes.resize(chance() % (bytes.size() + 1));
        caught.responder.take(bytes);
        answer_dns(bytes);
        answer_ntp(bytes);
        take_text(bytes);
    }
    CHECK(caught.responder.open_connections() <= 4096);
}

TEST_CASE("the sink-hole's resolver knows every name, and the same one by the same address",
          "[lab]") {
    const auto asked = [](const char* name, std::uint16_t type) {
        return read_dns(answer_dns(write_dns_query(3, name, type)).reply);
    };
    const auto one = asked("x.example.net", dns_type_a);
    REQUIRE(one.answers.size() == 1);
    CHECK(parse_ip_prefix("192.0.2.64/28")->contains(one.answers[0].address));
    CHECK(one.answers[0].address == asked("x.example.net", dns_type_a).answers.at(0).address);
    CHECK(asked("x.example.net", dns_type_txt).answers.size() == 1);
    CHECK(asked("x.example.net", dns_type_aaaa).answers.empty());
    const auto response = answer_dns(write_dns_query(3, "x", dns_type_a)).reply;
    CHECK(answer_dns(response).reply.empty());
}

TEST_CASE("the sink-hole's clock answers a client with its own question's timestamp", "[lab]") {
    std::vector<std::byte> request(48, std::byte{0});
    request[0] = std::byte{0x23};
    store_be64(request, 40, 0x1122334455667788U);
    const auto reply = answer_ntp(request).reply;
    REQUIRE(reply.size() == 48);
    CHECK((load_u8(reply, 0) & 7U) == 4);
    CHECK(load_be64(reply, 24) == 0x1122334455667788U);
    CHECK(load_be32(reply, 40) > 3'900'000'000U); // Later than 2023
    CHECK(answer_ntp(reply).reply.empty());       // Servers do not answer servers.
}
