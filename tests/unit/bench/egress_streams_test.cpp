// SPDX-License-Identifier: Apache-2.0
// Segments and fragments put in order, with what is missing or contradictory said, in bounded
// memory.
#include "bench/egress/fragments.h"
#include "bench/egress/tcp_streams.h"

#include <catch2/catch.hpp>

#include <time.h> // NOLINT(modernize-deprecated-headers): clock_gettime is POSIX's.

#include <algorithm>
#include <optional>
#include <random>
#include <string>
#include <vector>

using namespace bench::egress;
using drivers::wire::Bytes;

namespace {

Bytes bytes_of(const std::string& text) {
    return std::as_bytes(std::span(text));
}

std::string text_of(Bytes bytes) {
    std::string out;
    for (const std::byte one : bytes) {
        out += std::to_integer<char>(one);
    }
    return out;
}

struct Ear final : StreamHearer {
    void heard(std::uint32_t, std::size_t end, Bytes bytes, std::uint64_t gap_before) override {
        text[end] +=
            (gap_before > 0 ? "[" + std::to_string(gap_before) + "]" : "") + text_of(bytes);
    }
    std::array<std::string, 2> text;
};

struct Connection {
    explicit Connection(TcpStreams::Limits limits = {})
        : streams(ear, limits)
        , stream(streams.open()) {}

    void say(std::uint32_t sequence, const std::string& text, std::uint8_t flags = 0) {
        Packet packet;
        packet.tcp_sequence = sequence;
        packet.tcp_flags = flags;
        packet.payload = bytes_of(text);
        streams.add(stream, 0, packet);
    }

    Ear ear;
    TcpStreams streams;
    std::uint32_t stream;
};

Packet piece(const std::string& text, std::uint16_t offset, bool more) {
    Packet out;
    out.source = *drivers::wire::parse_ip_address("192.0.2.1");
    out.destination = *drivers::wire::parse_ip_address("192.0.2.2");
    out.ip_id = 7;
    out.marks = drivers::wire::mark_fragment;
    out.fragment_offset = offset;
    out.more_fragments = more;
    out.ip_payload = bytes_of(text);
    return out;
}

} // namespace

TEST_CASE("segments in any order make one stream, across the turn of its numbers", "[egress]") {
    Connection tcp;
    tcp.say(0xFFFFFFFB, "", drivers::wire::tcp_syn);
    tcp.say(0xFFFFFFFC, "abc");
    tcp.say(4, "ij");
    tcp.say(0xFFFFFFFF, "defgh"); // Up to 3
    tcp.say(0xFFFFFFFF, "defgh");
    CHECK(tcp.ear.text[0] == "abcdefghij");
    CHECK(tcp.streams.counts().gaps == 0);
    CHECK(tcp.streams.counts().overlaps == 1);
}

TEST_CASE("what the capture does not hold is a gap, said with its length", "[egress]") {
    Connection tcp;
    tcp.say(100, "", drivers::wire::tcp_syn);
    tcp.say(101, "abc");
    tcp.say(110, "klm");
    CHECK(tcp.ear.text[0] == "abc");
    tcp.streams.close(tcp.stream);
    CHECK(tcp.ear.text[0] == "abc[6]klm");
    CHECK(tcp.streams.counts().gaps == 1);
    CHECK(tcp.streams.counts().gap_bytes == 6);
}

TEST_CASE("of bytes that contradict each other the first count, and it is told", "[egress]") {
    Connection tcp;
    tcp.say(100, "", drivers::wire::tcp_syn);
    tcp.say(101, "abcd");
    tcp.say(103, "XYef");
    CHECK(tcp.ear.text[0] == "abcdef");
    CHECK(tcp.streams.counts().overlaps == 1);
}

TEST_CASE("what waits out of order is bounded by stream and in all", "[egress]") {
    for (const bool by_stream : {true, false}) {
        TcpStreams::Limits limits;
        (by_stream ? limits.waiting_bytes_max : limits.waiting_bytes_max_total) = 4096;
        Connection tcp(limits);
        tcp.say(0, "", drivers::wire::tcp_syn);
        const std::string part(100, 'x');
        for (std::uint32_t i = 1; i <= 30; ++i) { // Every second stretch is missing.
            tcp.say(1 + 200 * i, part);
        }
        CHECK(tcp.streams.counts().gaps > 0);
        CHECK_FALSE(tcp.ear.text[0].empty());
    }
    Ear ear;
    TcpStreams::Limits few;
    few.streams_max = 2;
    TcpStreams streams(ear, few);
    CHECK(streams.open() != 0);
    CHECK(streams.open() != 0);
    CHECK(streams.open() == 0);
    CHECK(streams.counts().abandoned == 1);
}

TEST_CASE("fragments in any order make their datagram once", "[egress]") {
    Fragments fragments;
    const std::string last = "ij"; // Packets borrow their text.
    const std::string first = "abcdefgh";
    CHECK_FALSE(fragments.add(piece(last, 8, false), 0));
    CHECK_FALSE(fragments.ports_of(piece(last, 8, false)));
    const auto whole = fragments.add(piece(first, 0, true), 1);
    REQUIRE(whole);
    CHECK(text_of(*whole) == "abcdefghij");
    CHECK(fragments.counts().reassembled == 1);
    CHECK(fragments.counts().overlaps == 0);
}

TEST_CASE("overlapping, contradictory and lonely fragments are told apart", "[egress]") {
    Fragments fragments;
    const std::string eight = "abcdefgh";
    const std::string other = "XXXXXXXX";
    const std::string two = "ij";
    fragments.add(piece(eight, 0, true), 0);
    fragments.add(piece(other, 0, true), 0);
    const auto whole = fragments.add(piece(two, 8, false), 0);
    REQUIRE(whole);
    CHECK(text_of(*whole) == "abcdefghij"); // The first to arrive win.
    CHECK(fragments.counts().overlaps == 1);

    CHECK_FALSE(fragments.add(piece(two, 8, false), 0));
    CHECK_FALSE(fragments.add(piece(eight, 16, true), 0)); // Behind the end
    CHECK(fragments.counts().malformed == 1);
    fragments.give_up_all();
    CHECK(fragments.counts().incomplete == 1);

    CHECK_FALSE(fragments.add(piece(eight, 16, true), 0));
    CHECK_FALSE(fragments.add(piece(two, 8, false), 0)); // An end before what was there
    CHECK(fragments.counts().malformed == 2);
    CHECK_FALSE(fragments.add(piece(eight, 65528, true), 0)); // Beyond 64 KiB
    CHECK(fragments.counts().malformed == 3);
}

TEST_CASE("fragments are given up for time and for memory", "[egress]") {
    constexpr std::int64_t s = 1'000'000'000;
    const std::string eight = "abcdefgh";
    Fragments patient;
    patient.add(piece(eight, 0, true), 0);
    Packet later = piece(eight, 0, true);
    later.ip_id = 8;
    patient.add(later, 61 * s);
    CHECK(patient.counts().incomplete == 1);

    Fragments small(1000);
    for (std::uint32_t id = 0; id < 100; ++id) {
        Packet one = piece(eight, 0, true);
        one.ip_id = id;
        small.add(one, 0);
    }
    CHECK(small.counts().incomplete > 80);
}

TEST_CASE("of fragments that overlap in any way the first bytes win", "[egress]") {
    std::mt19937 random(11);
    for (int round = 0; round < 300; ++round) {
        Fragments fragments;
        std::string model(160, '\0');   // What came first, byte by byte.
        std::vector<std::string> texts; // Packets borrow them.
        std::optional<std::string> whole;
        for (char letter = 'a'; letter <= 'z' && !whole; ++letter) {
            const std::size_t from = random() % 19 * 8;
            const std::size_t bytes = std::min<std::size_t>(1 + random() % 60, model.size() - from);
            const bool ends = from + bytes == model.size();
            texts.emplace_back(bytes, letter);
            for (std::size_t i = from; i < from + bytes; ++i) {
                model[i] = model[i] == '\0' ? letter : model[i];
            }
            if (const auto got = fragments.add(
                    piece(texts.back(), static_cast<std::uint16_t>(from), !ends), 0)) {
                whole = text_of(*got);
            }
            const bool has_all = model.find('\0') == std::string::npos;
            REQUIRE(whole.has_value() == has_all);
        }
        CHECK((!whole || *whole == model));
    }
}

TEST_CASE("many small pieces of one datagram cost as any others", "[egress]") {
    const auto cpu_ns = [] {
        timespec now{};
        ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
        return now.tv_sec * 1'000'000'000 + now.tv_nsec;
    };
    const std::string eight = "abcdefgh";
    constexpr unsigned pieces = 8000;
    const auto cost_ns = [&](bool of_one) {
        Fragments fragments;
        const auto before = cpu_ns();
        for (unsigned i = 0; i < 3 * pieces; ++i) { // Backwards; then again, and again.
            Packet one = piece(eight, static_cast<std::uint16_t>((pieces - i % pieces) * 8), true);
            one.ip_id = of_one ? 7 : i;
            fragments.add(one, 0);
        }
        return cpu_ns() - before;
    };
    const auto usual = cost_ns(false);
    CHECK(cost_ns(true) < 10 * usual); // Each looked through all others once: a hundred times.
}
