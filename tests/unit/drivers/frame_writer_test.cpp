// SPDX-License-Identifier: Apache-2.0
#include "drivers/wire/dns.h"
#include "drivers/wire/dns_writer.h"
#include "drivers/wire/frame_writer.h"

#include <catch2/catch.hpp>

using namespace drivers::wire;

namespace {

std::vector<std::byte> octets(std::string_view text) {
    std::vector<std::byte> out;
    for (const char letter : text) {
        out.push_back(static_cast<std::byte>(letter));
    }
    return out;
}

FrameEnds ends(const char* from, const char* to) {
    FrameEnds out;
    out.mac_source = {2, 0, 0, 0, 0, 1};
    out.mac_destination = {2, 0, 0, 0, 0, 2};
    out.source = *parse_ip_address(from);
    out.destination = *parse_ip_address(to);
    out.source_port = 40000;
    out.destination_port = 53;
    return out;
}

Packet decoded(const std::vector<std::byte>& frame) {
    return decode_frame(frame, 1, static_cast<std::uint32_t>(frame.size()));
}

constexpr std::uint32_t bad_checksums = mark_ip_checksum | mark_transport_checksum;

} // namespace

TEST_CASE("a frame that is written reads back whole, its checksums right", "[frame_writer]") {
    const bool is_v4 = GENERATE(true, false);
    const FrameEnds both =
        is_v4 ? ends("192.0.2.1", "192.0.2.2") : ends("2001:db8::1", "2001:db8::2");
    const auto payload = octets(GENERATE("", "odd", "even"));

    const auto udp_frame = write_udp_frame(both, payload); // Packets point into their frames.
    const Packet udp = decoded(udp_frame);
    CHECK(udp.undecoded == Undecoded::none);
    CHECK((udp.marks & bad_checksums) == 0);
    CHECK(udp.source == both.source);
    CHECK(udp.destination_port == 53);
    CHECK(std::vector<std::byte>(udp.payload.begin(), udp.payload.end()) == payload);

    const Packet tcp = decoded(write_tcp_frame(both, {7, 9, tcp_syn | tcp_ack}, payload));
    CHECK(tcp.undecoded == Undecoded::none);
    CHECK((tcp.marks & bad_checksums) == 0);
    CHECK(tcp.tcp_sequence == 7);
    CHECK(tcp.tcp_acknowledgement == 9);
    CHECK(tcp.tcp_flags == (tcp_syn | tcp_ack));

    const Packet echo = decoded(write_echo_frame(both.turned(), {true, 3, 4}, payload));
    CHECK(echo.undecoded == Undecoded::none);
    CHECK((echo.marks & bad_checksums) == 0);
    CHECK(echo.source == both.destination);
    CHECK(echo.source_port == (is_v4 ? 0 : 129));
}

TEST_CASE("a changed byte makes a written frame's checksum wrong", "[frame_writer]") {
    auto frame = write_udp_frame(ends("192.0.2.1", "192.0.2.2"), octets("data"));
    frame.back() ^= std::byte{1};
    CHECK(decoded(frame).has(mark_transport_checksum));
}

TEST_CASE("a question and its answer read back", "[dns_writer]") {
    const auto query = write_dns_query(77, "A.example.net", dns_type_a);
    const DnsMessage asked = read_dns(query);
    REQUIRE(asked.questions.size() == 1);
    CHECK_FALSE(asked.malformed);
    CHECK(asked.questions[0].name == "a.example.net");
    CHECK(dns_question_type(query) == dns_type_a);

    const std::vector<std::byte> address{std::byte{192}, std::byte{0}, std::byte{2}, std::byte{64}};
    const DnsMessage told = read_dns(write_dns_answer(query, address, 60));
    CHECK(told.response);
    CHECK(told.id == 77);
    REQUIRE(told.answers.size() == 1);
    CHECK(to_text(told.answers[0].address) == "192.0.2.64");
}

TEST_CASE("what is no single question gets no answer", "[dns_writer]") {
    const auto query = write_dns_query(1, "example.net", dns_type_a);
    const std::vector<std::byte> data(4);
    for (std::size_t length = 0; length < query.size(); ++length) {
        CHECK(write_dns_answer(Bytes(query).first(length), data, 60).empty());
    }
    auto response = write_dns_answer(query, data, 60);
    CHECK(write_dns_answer(response, data, 60).empty()); // Else two servers would talk for ever.
    auto two = query;
    two[5] = std::byte{2};
    CHECK(write_dns_answer(two, data, 60).empty());
    auto pointer = query;
    pointer[12] = std::byte{0xC0};
    CHECK(write_dns_answer(pointer, data, 60).empty());
}
