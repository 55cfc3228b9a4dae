// SPDX-License-Identifier: Apache-2.0
#include "drivers/array/actor/actor_sender.h"

#include "drivers/array/actor/patient_socket.h"
#include "drivers/array/actor/tls_client.h"
#include "drivers/wire/big_endian.h"
#include "drivers/wire/dns.h"
#include "drivers/wire/dns_writer.h"
#include "drivers/wire/frame_writer.h"

#include <array>
#include <optional>

namespace drivers::array {

namespace {

constexpr std::size_t answer_bytes_max = 65536;
constexpr std::uint16_t dns_port = 53;
constexpr Duration datagram_patience = std::chrono::seconds(1);

TimePoint after(Duration span) {
    return std::chrono::steady_clock::now() + span;
}

// Reads and forgets until the end, or until enough was read or waited for.
void hear_out(PatientSocket& socket, TimePoint until) noexcept {
    std::array<std::byte, 4096> ignored{};
    std::size_t total = 0;
    for (std::size_t got = 1; got > 0 && total < answer_bytes_max; total += got) {
        got = socket.receive(ignored, until);
    }
}

void forget_late_answers(PatientSocket& socket) noexcept {
    constexpr int answers_max = 64;
    std::array<std::byte, 4096> ignored{};
    for (int i = 0; i < answers_max && socket.receive(ignored, TimePoint{}) > 0; ++i) {
    }
}

// RFC 792 and RFC 4443: what a raw ICMP socket sends behind the IP header.
std::vector<std::byte> echo_request(const ActorMessage& message, const wire::IpAddress& to) {
    wire::FrameEnds ends; // IPv6's checksum is filled in by the kernel, IPv4's counts no addresses.
    ends.source.family = to.family;
    ends.destination = to;
    const wire::EchoFields fields{false,
                                  static_cast<std::uint16_t>(message.port | 0x4142U),
                                  static_cast<std::uint16_t>(message.number)};
    const auto frame = write_echo_frame(ends, fields, message.payload);
    const std::size_t headers = 14 + (to.family == 4 ? 20U : 40U);
    return {frame.begin() + static_cast<std::ptrdiff_t>(headers), frame.end()};
}

} // namespace

struct ActorSender::State {
    PatientSocket open(PatientSocket::Kind kind, const ActorMessage& message, int family) const {
        return {kind,
                family,
                message.by_data_port ? settings.data_interface : settings.management_interface,
                settings.stop_fd};
    }

    std::optional<wire::IpAddress> address_of(const ActorMessage& message) {
        if (const auto address = wire::parse_ip_address(message.remote)) {
            return address;
        }
        const auto server = wire::parse_ip_address(settings.resolver);
        if (!server) {
            return std::nullopt;
        }
        const TimePoint until = after(settings.patience);
        if (!asking.is_open()) {
            asking = open(PatientSocket::Kind::udp, message, server->family);
            if (!asking.connect(*server, dns_port, until)) {
                asking.close();
                return std::nullopt;
            }
        }
        const auto query = wire::write_dns_query(++query_id, message.remote, wire::dns_type_a);
        forget_late_answers(asking);
        if (!asking.send_all(query, until)) {
            return std::nullopt;
        }
        std::array<std::byte, 4096> answer{};
        const std::size_t got = asking.receive(answer, until);
        const auto told = wire::read_dns(std::span(answer).first(got));
        for (const wire::DnsAnswer& one : told.answers) {
            if (told.response && told.id == query_id && one.address.family != 0) {
                return one.address;
            }
        }
        return std::nullopt;
    }

    // The socket is kept, as a daemon keeps its own: an answer that comes late still finds
    // somebody, and the kernel sends no error that no actor meant to send.
    bool datagram(const ActorMessage& message, const wire::IpAddress& to) {
        const bool is_echo = message.carrier == Carrier::icmp_echo;
        const TimePoint until = after(std::min(settings.patience, datagram_patience));
        if (!talking.is_open()) {
            talking = open(
                is_echo ? PatientSocket::Kind::icmp : PatientSocket::Kind::udp, message, to.family);
            if (!talking.connect(to, is_echo ? std::uint16_t{0} : message.port, until)) {
                talking.close();
                return false;
            }
        }
        forget_late_answers(talking);
        return talking.send_all(is_echo ? echo_request(message, to) : message.payload, until);
    }

    bool connection(const ActorMessage& message, const wire::IpAddress& to) const {
        PatientSocket socket = open(PatientSocket::Kind::tcp, message, to.family);
        const TimePoint until = after(settings.patience);
        if (!socket.connect(to, message.port, until)) {
            return false;
        }
        if (message.carrier == Carrier::tls) {
            const bool is_name = !wire::parse_ip_address(message.remote);
            return say_in_tls(
                socket, is_name ? message.remote : std::string(), message.payload, until);
        }
        const bool sent = socket.send_all(message.payload, until);
        socket.end_sending();
        hear_out(socket, until);
        return sent;
    }

    bool kept_connection(const ActorMessage& message, const wire::IpAddress& to) {
        const TimePoint until = after(settings.patience);
        if (kept.is_open() && kept.send_all(message.payload, until)) {
            return true;
        }
        kept = open(PatientSocket::Kind::tcp, message, to.family);
        const bool sent =
            kept.connect(to, message.port, until) && kept.send_all(message.payload, until);
        if (!sent) {
            kept.close();
        }
        return sent;
    }

    SenderSettings settings;
    PatientSocket kept;
    PatientSocket talking;
    PatientSocket asking;
    std::uint16_t query_id = 0x1D00;
};

ActorSender::ActorSender(SenderSettings settings)
    : state_(std::make_unique<State>()) {
    state_->settings = std::move(settings);
}

ActorSender::~ActorSender() = default;

bool ActorSender::send(const ActorMessage& message) noexcept {
    try {
        const auto to = state_->address_of(message);
        if (!to) {
            return false;
        }
        switch (message.carrier) {
        case Carrier::udp:
        case Carrier::icmp_echo:
            return state_->datagram(message, *to);
        case Carrier::tcp_kept:
            return state_->kept_connection(message, *to);
        case Carrier::tcp:
        case Carrier::tls:
        case Carrier::tcp_connect:
            return state_->connection(message, *to);
        }
    } catch (const std::exception&) { // Out of memory: then this one is not said.
    }
    return false;
}

} // namespace drivers::array
