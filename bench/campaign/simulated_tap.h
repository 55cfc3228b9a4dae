// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/egress/analysis.h"
#include "drivers/array/actor/actor_schedule.h"
#include "drivers/wire/frame_writer.h"

#include <cstdint>
#include <map>
#include <string>

namespace bench::campaign {

// Who is who in simulated scenes: addresses that the shipped policies name, or reserve.
namespace simulated {
inline constexpr std::int64_t epoch_ns = 1'700'000'000'000'000'000; // Simulated time begins here.
inline constexpr const char* array_management = "192.0.2.130";
inline constexpr const char* array_data = "192.0.2.140";
inline constexpr const char* array_ipv6 = "2001:db8::130";
inline constexpr const char* administrator = "192.0.2.20";
inline constexpr const char* initiator = "192.0.2.10";
inline constexpr const char* resolver = "192.0.2.53";
inline constexpr const char* far_away = "203.0.113.66";
inline constexpr const char* far_away_ipv6 = "2001:db8:bad::66";
inline constexpr const char* call_home = "call-home.example.net";
} // namespace simulated

// Turns what is said into the frames that a tap beside the array would show, and answers as the
// laboratory's outside would. Instants count from the scene's beginning, in ascending order.
class SimulatedTap {
public:
    explicit SimulatedTap(egress::Analysis& analysis)
        : analysis_(analysis) {}

    void carry(const drivers::array::ActorMessage& message);

    // Somebody's connection to the array: an administrator's, or the initiator's.
    struct Call {
        std::uint16_t port = 443;
        std::size_t bytes = 512;
        bool storage = false; // The initiator's one connection a port, which stays open.
    };
    void call_in(const Call& call, drivers::Duration at);

    // What every port says on its link: who-has, an announcement, a neighbour solicitation.
    enum class LinkFrame : std::uint8_t { arp, lldp, neighbour };
    void link_frame(LinkFrame kind, drivers::Duration at);

    void broken_frame(drivers::Duration at); // Ends inside its header.

    std::uint64_t frames() const noexcept { return frames_; }

private:
    void begin_at(drivers::Duration at);
    drivers::wire::IpAddress address_of(const drivers::array::ActorMessage& message);
    void echo(drivers::wire::FrameEnds ends, const drivers::array::ActorMessage& message);
    void reply_name(const drivers::wire::FrameEnds& ends, std::span<const std::byte> query);
    void answer(const drivers::wire::FrameEnds& ends, const drivers::array::ActorMessage& message);
    void connection(const drivers::wire::FrameEnds& ends, drivers::wire::Bytes data, bool empty);
    void kept(const drivers::wire::FrameEnds& ends, std::uint32_t& said, drivers::wire::Bytes data);
    void begin(const drivers::wire::FrameEnds& ends);
    void send_segment(const drivers::wire::FrameEnds& ends,
                      std::uint8_t flags,
                      std::uint32_t sequence,
                      drivers::wire::Bytes data);
    void send(const std::vector<std::byte>& frame);
    std::uint16_t next_port();

    egress::Analysis& analysis_;
    std::map<std::string, drivers::wire::IpAddress> names_; // Asked for so far
    std::map<std::string, std::uint32_t> open_;             // What connections that stay have said
    std::uint16_t port_ = 20'000;
    std::int64_t at_ns_ = simulated::epoch_ns;
    std::uint64_t frames_ = 0;
};

} // namespace bench::campaign
