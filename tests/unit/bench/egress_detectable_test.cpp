// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/simulated_tap.h"
#include "bench/egress/findings.h"
#include "bench/egress/made_frames.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <memory>

using namespace bench;
using namespace bench::egress;
using namespace std::chrono_literals;
using bench::campaign::SimulatedTap;
using Catch::Matchers::Contains;

namespace {

profiles::Policy logs_only() {
    profiles::PolicyRule rule;
    rule.name = "logs";
    rule.protocol = "udp";
    rule.direction = profiles::Direction::from_array;
    rule.ports = {514};
    rule.bytes_per_interval = 100'000;
    rule.interval = 1h;
    profiles::PolicyRule free;
    free.name = "anything";
    free.protocol = "any";
    profiles::Policy out;
    out.array_addresses = {"192.0.2.128/25"};
    out.rules = {rule, free};
    return out;
}

struct Watched {
    explicit Watched(const profiles::Policy& declared)
        : policy(declared)
        , analysis(policy, {})
        , tap(analysis) {}

    void say(drivers::Duration at, std::uint16_t port, std::vector<std::byte> bytes) {
        drivers::array::ActorMessage message;
        message.due = at;
        message.remote = "192.0.2.14";
        message.port = port;
        message.payload = std::move(bytes);
        message.carrier =
            port == 0 ? drivers::array::Carrier::icmp_echo : drivers::array::Carrier::udp;
        tap.carry(message);
    }
    std::string could(const std::string& detector) const {
        for (const std::string& sentence : detectable(analysis, {})) {
            if (sentence.starts_with(detector)) {
                return sentence;
            }
        }
        return "";
    }

    CompiledPolicy policy;
    Analysis analysis;
    SimulatedTap tap;
};

std::vector<std::byte> octets(std::size_t size, std::uint8_t value) {
    return std::vector<std::byte>(size, std::byte{value});
}

} // namespace

TEST_CASE("what a budget leaves room for is said, and which rules have none", "[egress]") {
    Watched watched(logs_only());
    watched.say(1s, 514, octets(1000, 1));
    watched.say(7201s, 514, octets(1000, 1));
    const std::string budgets = watched.could("Budgets: ");
    CHECK_THAT(budgets, Contains("\"logs\" allows 100 kB in 1 h, 1.04 kB of it used at most"));
    CHECK_THAT(budgets, Contains("27.5 B/s more passes unseen")); // (100000 - 1042) / 3600
    CHECK_THAT(budgets, Contains("Without a budget, any volume: \"anything\""));
}

TEST_CASE("long connections and slow periods that a capture is too short for are said",
          "[egress]") {
    Watched brief(logs_only());
    brief.say(1s, 514, octets(10, 1));
    brief.say(601s, 514, octets(10, 1));
    CHECK_THAT(brief.could("Long connections: "), Contains("none could be shown"));
    CHECK_THAT(brief.could("Beacons: "), Contains("up to 37.5 s (16 are needed in the 10 min"));
    Watched briefest(logs_only());
    briefest.say(1s, 514, octets(10, 1));
    briefest.say(3s, 514, octets(10, 1));
    CHECK_THAT(briefest.could("Beacons: "), Contains("none could be shown: 2 s were watched"));
    Watched longer(logs_only());
    longer.say(1s, 514, octets(10, 1));
    longer.say(36001s, 514, octets(10, 1));
    CHECK_THAT(longer.could("Long connections: "), Contains("of 5 h or more"));
    CHECK_THAT(longer.could("DNS tunnels: "), Contains("0.0278 characters/s"));
}

TEST_CASE("pings that repeat themselves are none, pings that never do are a tunnel", "[egress]") {
    const auto tunnels = [](bool changing) {
        IcmpWatch watch;
        for (std::uint8_t i = 0; i < 12; ++i) {
            drivers::wire::FrameEnds ends;
            ends.source = *drivers::wire::parse_ip_address("192.0.2.130");
            ends.destination = *drivers::wire::parse_ip_address("192.0.2.1");
            std::vector<std::byte> data = octets(56, changing ? i : 7);
            data[3] = std::byte{i}; // A time stamp changes lawfully.
            drivers::wire::EchoFields echo;
            echo.sequence = i;
            for (const bool reply : {false, true}) {
                echo.reply = reply;
                const auto frame = write_echo_frame(reply ? ends.turned() : ends, echo, data);
                watch.packet(
                    drivers::wire::decode_frame(frame, 1, static_cast<std::uint32_t>(frame.size())),
                    i * 1'000'000'000LL + 1);
            }
        }
        return watch.suspicions();
    };
    CHECK(tunnels(false).empty());
    REQUIRE(tunnels(true).size() == 1);
    CHECK_THAT(tunnels(true)[0].why, Contains("11 of 12 requests carry other data"));
}

TEST_CASE("ports that are used again after a close are another connection, not a long one",
          "[egress]") {
    const auto noted = [](bool closed) {
        Watched watched(logs_only());
        drivers::wire::FrameEnds ends;
        ends.source = *drivers::wire::parse_ip_address("192.0.2.130");
        ends.destination = *drivers::wire::parse_ip_address("203.0.113.5");
        ends.source_port = 40000;
        ends.destination_port = 443;
        std::int64_t at_ns = campaign::simulated::epoch_ns;
        const auto send = [&](std::uint8_t flags) {
            const auto frame = write_tcp_frame(ends, {1, 1, flags}, {});
            watched.analysis.frame(frame_of(frame, at_ns += 1'000'000));
        };
        for (int i = 0; i < 2; ++i) {
            send(drivers::wire::tcp_syn);
            if (closed) {
                send(drivers::wire::tcp_fin | drivers::wire::tcp_ack);
            }
            at_ns += 4 * 3600LL * 1'000'000'000;
        }
        send(drivers::wire::tcp_ack);
        watched.analysis.finish();
        const auto findings = draw_findings(watched.analysis, {});
        const auto& services = watched.analysis.services().all();
        REQUIRE(services.size() == 2); // The first is none.
        CHECK(services[1].starts_ns.size() == (closed ? 2 : 1));
        return std::any_of(findings.begin(), findings.end(), [](const EgressFinding& one) {
            return one.kind == "long connection" &&
                   one.summary.find("lasted 8 h") != std::string::npos;
        });
    };
    CHECK(noted(false));
    CHECK_FALSE(noted(true));
}
