// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/simulated_egress.h"

#include "bench/egress/canary_search.h"
#include "bench/egress/made_frames.h"
#include "bench/integrity/stamp.h"
#include "drivers/wire/dns_writer.h"

#include <algorithm>

namespace bench::campaign {

using namespace std::chrono_literals;
using namespace drivers::array;
using drivers::wire::FrameEnds;

namespace {

constexpr std::int64_t epoch_ns = 1'700'000'000'000'000'000; // Simulated time begins here.
constexpr const char* array_management = "192.0.2.130";
constexpr const char* array_data = "192.0.2.140";
constexpr const char* array_ipv6 = "2001:db8::130";
constexpr const char* resolver = "192.0.2.53";
constexpr const char* home = "192.0.2.40";
constexpr const char* far_away = "203.0.113.66";
constexpr std::uint16_t port_dns = 53;
constexpr std::uint64_t written_per_minute_bytes = 64U << 20U;

profiles::PolicyRule
rule(const char* name, const char* protocol, const char* remote, std::uint16_t port) {
    profiles::PolicyRule out;
    out.name = name;
    out.purpose = "declared by the emulated array";
    out.protocol = protocol;
    out.direction = profiles::Direction::from_array;
    out.remotes = {remote};
    out.ports = {port};
    return out;
}

profiles::Policy declaration(const SimulatedEgress& scene) {
    profiles::Policy out;
    out.name = "emulated array";
    out.array_addresses = {"192.0.2.128/25", "2001:db8::/64"};
    out.rules = {rule("names", "udp", resolver, port_dns),
                 rule("time", "udp", "192.0.2.123", 123),
                 rule("log messages", "udp", "192.0.2.14", 514),
                 rule("traps", "udp", "192.0.2.61", 162),
                 rule("call-home", "tcp", scene.call_home.c_str(), 443)};
    out.rules.back().bytes_per_interval = 64U << 10U;
    out.rules.back().interval = 1h;
    if (scene.rules_for_all) {
        out.rules.back().bytes_per_interval.reset();
        profiles::PolicyRule all;
        all.name = "all else";
        all.purpose = "so that only detectors speak";
        all.protocol = "any";
        out.rules.push_back(all);
    }
    return out;
}

FrameEnds ends_between(const drivers::wire::IpAddress& from,
                       const drivers::wire::IpAddress& to,
                       std::uint16_t from_port,
                       std::uint16_t to_port) {
    FrameEnds out;
    out.source = from;
    out.destination = to;
    out.source_port = from_port;
    out.destination_port = to_port;
    return out;
}

// Turns messages into what a tap sees, and answers them as the laboratory's outside would.
class Tap {
public:
    Tap(egress::Analysis& analysis, std::string call_home)
        : analysis_(analysis)
        , call_home_(std::move(call_home)) {}

    void carry(const ActorMessage& message) {
        at_ns_ = std::max(at_ns_ + 1, epoch_ns + message.due.count());
        const auto remote = address_of(message);
        const bool six = remote.family == 6;
        const char* own = six ? array_ipv6 : message.by_data_port ? array_data : array_management;
        FrameEnds ends =
            ends_between(*drivers::wire::parse_ip_address(own), remote, next_port(), message.port);
        const drivers::wire::Bytes data(message.payload);
        drivers::wire::EchoFields echo;
        echo.sequence = static_cast<std::uint16_t>(message.number);
        switch (message.carrier) {
        case Carrier::udp:
            send(write_udp_frame(ends, data));
            answer(ends, message);
            break;
        case Carrier::icmp_echo:
            ends.source_port = ends.destination_port = 0;
            send(write_echo_frame(ends, echo, data));
            echo.reply = true;
            send(write_echo_frame(ends.turned(), echo, data));
            break;
        case Carrier::tcp_kept:
            ends.source_port = kept_port;
            kept(ends, data);
            break;
        default:
            connection(ends, data, message.carrier == Carrier::tcp_connect);
            break;
        }
    }
    std::uint64_t frames() const noexcept { return frames_; }

private:
    static constexpr std::uint16_t kept_port = 60'999;

    drivers::wire::IpAddress address_of(const ActorMessage& message) {
        if (const auto address = drivers::wire::parse_ip_address(message.remote)) {
            return *address;
        }
        const auto query =
            drivers::wire::write_dns_query(next_port(), call_home_, drivers::wire::dns_type_a);
        const FrameEnds ends = ends_between(*drivers::wire::parse_ip_address(array_management),
                                            *drivers::wire::parse_ip_address(resolver),
                                            next_port(),
                                            port_dns);
        send(write_udp_frame(ends, query));
        reply_name(ends, query);
        return *drivers::wire::parse_ip_address(home);
    }

    void reply_name(const FrameEnds& ends, std::span<const std::byte> query) {
        const auto address = drivers::wire::parse_ip_address(home);
        const auto bytes = std::as_bytes(std::span(address->bytes).first(4));
        const bool is_address =
            drivers::wire::dns_question_type(query) == drivers::wire::dns_type_a;
        const auto reply = drivers::wire::write_dns_answer(
            query, is_address ? bytes : std::span<const std::byte>{}, 60);
        send(write_udp_frame(ends.turned(), reply));
    }

    void answer(const FrameEnds& ends, const ActorMessage& message) {
        if (message.port == port_dns) {
            reply_name(ends, message.payload);
        } else if (message.port == 123) {
            send(write_udp_frame(ends.turned(), message.payload));
        }
    }

    void connection(const FrameEnds& ends, drivers::wire::Bytes data, bool empty) {
        using namespace drivers::wire;
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

    void kept(const FrameEnds& ends, drivers::wire::Bytes data) {
        using namespace drivers::wire;
        if (kept_sequence_ == 0) {
            begin(ends);
            kept_sequence_ = 1;
        }
        send_segment(ends, tcp_ack | tcp_psh, kept_sequence_, data);
        kept_sequence_ += static_cast<std::uint32_t>(data.size());
    }

    void begin(const FrameEnds& ends) {
        using namespace drivers::wire;
        send_segment(ends, tcp_syn, 0, {});
        send_segment(ends.turned(), tcp_syn | tcp_ack, 0, {});
    }

    void send_segment(const FrameEnds& ends,
                      std::uint8_t flags,
                      std::uint32_t sequence,
                      drivers::wire::Bytes data) {
        send(write_tcp_frame(ends, {sequence, 1, flags}, data));
    }

    void send(const std::vector<std::byte>& frame) {
        ++frames_;
        analysis_.frame(egress::frame_of(frame, at_ns_ += 100'000));
    }

    std::uint16_t next_port() {
        port_ = port_ >= 60'000 ? std::uint16_t{20'000} : static_cast<std::uint16_t>(port_ + 1);
        return port_;
    }

    egress::Analysis& analysis_;
    std::string call_home_;
    std::uint16_t port_ = 20'000;
    std::uint32_t kept_sequence_ = 0;
    std::int64_t at_ns_ = epoch_ns;
    std::uint64_t frames_ = 0;
};

integrity::CanaryKeyFile simulated_key() {
    integrity::CanaryKeyFile out;
    out.key.fill(std::byte{0x5A});
    return out;
}

std::vector<ActorSchedule> schedules_of(const SimulatedEgress& scene) {
    std::vector<ActorSchedule> out;
    for (auto kind = ActorKind::ntp; is_lawful(kind);
         kind = static_cast<ActorKind>(static_cast<int>(kind) + 1)) {
        ActorSettings settings = usual_actor(kind);
        settings.seed = scene.seed;
        if (kind == ActorKind::dns) {
            settings.names = {scene.call_home};
        }
        out.emplace_back(settings);
    }
    for (ActorSettings settings : scene.unlawful) {
        settings.seed += scene.seed;
        out.emplace_back(settings);
    }
    return out;
}

bool blames_lawful(const egress::EgressFinding& finding, bool hides) {
    const auto is = [&](const char* text) {
        const auto address = drivers::wire::parse_ip_address(text);
        return finding.key.ends[0] == *address || finding.key.ends[1] == *address;
    };
    return !hides && !is(far_away) && !is(array_ipv6) && finding.key.ends[0].family != 0;
}

} // namespace

EgressSeen simulate_egress(const SimulatedEgress& scene) {
    const egress::CompiledPolicy policy(scene.policy ? *scene.policy : declaration(scene));
    egress::CanarySearch search(simulated_key());
    egress::AnalysisSettings settings;
    settings.evidence_bytes_max = 0;
    settings.content = &search;
    egress::Analysis analysis(policy, settings);
    Tap tap(analysis, scene.call_home);
    std::vector<ActorSchedule> schedules = schedules_of(scene);
    const std::size_t lawful = schedules.size() - scene.unlawful.size();

    const integrity::CanaryPlanter planter(simulated_key().key, {.lun = 1});
    std::vector<std::byte> written(4096);
    integrity::write_stamps(written, {.run = 1, .canary = &planter});
    EgressSeen out;
    drivers::Duration next_write{0};
    while (true) {
        const auto next = std::min_element(
            schedules.begin(), schedules.end(), [](const auto& left, const auto& right) {
                return left.next_due() < right.next_due();
            });
        const drivers::Duration due = std::min(next->next_due(), next_write);
        if (due >= scene.lasts) {
            break;
        }
        if (next_write <= next->next_due()) {
            for (ActorSchedule& schedule : schedules) {
                schedule.tell({.at = next_write,
                               .block_count = written_per_minute_bytes / 512,
                               .bytes = written_per_minute_bytes,
                               .data = written});
            }
            next_write += 1min;
            continue;
        }
        const ActorMessage message = next->take();
        const auto which = static_cast<std::size_t>(next - schedules.begin());
        out.unlawful_bytes += which >= lawful ? message.payload.size() : 0U;
        tap.carry(message);
    }
    analysis.finish();
    search.finish();
    std::vector<egress::EgressFinding> findings = egress::draw_findings(analysis, {});
    egress::find_canaries(search, analysis, findings);
    const bool hides =
        std::any_of(scene.unlawful.begin(), scene.unlawful.end(), [](const ActorSettings& actor) {
            return actor.kind == ActorKind::dns_tunnel ||
                   actor.kind == ActorKind::hidden_in_call_home;
        });
    for (const egress::EgressFinding& finding : findings) {
        if (finding.severity == "finding") {
            out.kinds.insert(finding.kind);
            if (blames_lawful(finding, hides)) {
                out.kinds_of_lawful.insert(finding.kind);
            }
        }
    }
    out.frames = tap.frames();
    out.books_balance = analysis.ledger().balances();
    return out;
}

} // namespace bench::campaign
