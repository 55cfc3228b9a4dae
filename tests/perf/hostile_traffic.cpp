// SPDX-License-Identifier: Apache-2.0
#include "tests/perf/hostile_traffic.h"

#include <algorithm>
#include <array>

namespace tests::perf {

using namespace drivers::wire;

std::uint64_t next_random(std::uint64_t& state) {
    state ^= state << 13U;
    state ^= state >> 7U;
    return state ^= state << 17U;
}

std::string random_bytes(std::uint64_t& state, std::size_t bytes) {
    std::string out(bytes, '\0');
    for (char& one : out) {
        one = static_cast<char>(next_random(state) >> 32U);
    }
    return out;
}

std::string random_text(std::uint64_t& state, std::size_t bytes) {
    static constexpr std::array<const char*, 16> words{"volume",
                                                       "controller",
                                                       "latency",
                                                       "nominal",
                                                       "write",
                                                       "cache",
                                                       "enabled",
                                                       "array",
                                                       "disk",
                                                       "port",
                                                       "session",
                                                       "opened",
                                                       "closed",
                                                       "by",
                                                       "host",
                                                       "after"};
    std::string out;
    while (out.size() < bytes) {
        out += "<134>Nov 22 02:10:01 array-a";
        for (int i = 0; i < 7; ++i) {
            out += std::string(" ") + words[next_random(state) >> 40U & 15U];
        }
        out += " " + std::to_string(next_random(state) % 1'000'000) + "\n";
    }
    out.resize(bytes);
    return out;
}

FrameEnds ends_of(std::uint32_t client, std::uint32_t server, std::uint16_t port) {
    FrameEnds out;
    out.mac_source = {2, 0, 0, 0, 0, 1};
    out.mac_destination = {2, 0, 0, 0, 0, 2};
    for (IpAddress* address : {&out.source, &out.destination}) {
        const std::uint32_t value = address == &out.source ? client : server;
        address->family = 4;
        for (unsigned i = 0; i < 4; ++i) {
            address->bytes[i] = static_cast<std::uint8_t>(value >> (24 - 8 * i));
        }
    }
    out.source_port = 40'000;
    out.destination_port = port;
    return out;
}

std::vector<std::byte> udp_frame(const FrameEnds& ends, const std::string& payload) {
    return write_udp_frame(ends, std::as_bytes(std::span(payload)));
}

void Talk::open(Traffic& out) {
    out.push_back(write_tcp_frame(ends_, {0, 0, tcp_syn}, {}));
    said_ = 1;
}

void Talk::say(Traffic& out, const std::string& payload) {
    say_at(out, said_, payload);
    said_ += static_cast<std::uint32_t>(payload.size());
}

void Talk::say_at(Traffic& out, std::uint32_t offset, const std::string& payload) const {
    out.push_back(
        write_tcp_frame(ends_, {offset, 1, tcp_ack | tcp_psh}, std::as_bytes(std::span(payload))));
}

void Talk::end(Traffic& out) const {
    out.push_back(write_tcp_frame(ends_, {said_, 1, tcp_ack | tcp_fin}, {}));
}

Traffic segments(const std::string& stream, std::size_t payload_bytes) {
    Traffic out;
    Talk talk(ends_of(0x0A000001, 0x0A800001, 8080));
    talk.open(out);
    for (std::size_t at = 0; at < stream.size(); at += payload_bytes) {
        talk.say(out, stream.substr(at, payload_bytes));
    }
    return out;
}

} // namespace tests::perf
