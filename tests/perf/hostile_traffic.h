// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/integrity/canary_key_file.h"
#include "drivers/wire/frame_writer.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace tests::perf {

using drivers::wire::Bytes;

// Ethernet frames in the order in which they pass.
using Traffic = std::vector<std::vector<std::byte>>;

// An input that is meant to be costly, and an honest one of the same path: random but valid, its
// frames as long as the hostile ones, one by one.
struct Contest {
    std::string path; // Of the analysis
    std::string input;
    std::function<Traffic()> hostile;
    std::function<Traffic(const std::vector<std::size_t>& frame_bytes)> honest;
};

std::vector<Contest> frame_contests();
std::vector<Contest> order_contests(); // Segments and fragments
std::vector<Contest> name_contests();  // DNS, TLS, HTTP
std::vector<Contest> content_contests(const bench::integrity::CanaryKeyFile& key);
std::vector<Contest> packed_contests();

std::uint64_t next_random(std::uint64_t& state);
std::string random_bytes(std::uint64_t& state, std::size_t bytes);
std::string random_text(std::uint64_t& state, std::size_t bytes); // Lines of words
drivers::wire::FrameEnds ends_of(std::uint32_t client, std::uint32_t server, std::uint16_t port);
std::vector<std::byte> udp_frame(const drivers::wire::FrameEnds& ends, const std::string& payload);

// One TCP connection's segments, in order, a handshake before them.
class Talk {
public:
    explicit Talk(const drivers::wire::FrameEnds& ends)
        : ends_(ends) {}
    void open(Traffic& out);
    void say(Traffic& out, const std::string& payload);
    void say_at(Traffic& out, std::uint32_t offset, const std::string& payload) const;
    void end(Traffic& out) const;

private:
    drivers::wire::FrameEnds ends_;
    std::uint32_t said_ = 0;
};

// A stream's bytes as segments of so much payload each.
Traffic segments(const std::string& stream, std::size_t payload_bytes);

inline constexpr std::size_t udp_overhead_bytes = 42;
inline constexpr std::size_t tcp_overhead_bytes = 54;
inline constexpr std::size_t full_payload_bytes = 1448;

} // namespace tests::perf
