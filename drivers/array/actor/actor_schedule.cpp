// SPDX-License-Identifier: Apache-2.0
#include "drivers/array/actor/actor_schedule.h"

#include "drivers/api/errors.h"
#include "drivers/array/actor/actor_texts.h"
#include "drivers/wire/dns.h"
#include "drivers/wire/dns_writer.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <fmt/format.h>

namespace drivers::array {

namespace {

constexpr Duration never = Duration::max();
constexpr std::size_t seen_bytes_max = 65536;
constexpr std::uint64_t message_bytes_max = 16U << 20U;

Carrier carrier_of(ActorKind kind) {
    switch (kind) {
    case ActorKind::call_home:
    case ActorKind::hidden_in_call_home:
        return Carrier::tls;
    case ActorKind::beacon:
    case ActorKind::burst_after_ingest:
    case ActorKind::canary_leak:
    case ActorKind::ipv6_side_path:
        return Carrier::tcp;
    case ActorKind::slow_drip:
        return Carrier::tcp_kept;
    case ActorKind::icmp_tunnel:
        return Carrier::icmp_echo;
    case ActorKind::data_port_syn:
        return Carrier::tcp_connect;
    default:
        return Carrier::udp;
    }
}

std::uint16_t dns_type(DnsCarrier carrier) {
    return carrier == DnsCarrier::txt    ? wire::dns_type_txt
           : carrier == DnsCarrier::null ? wire::dns_type_null
                                         : wire::dns_type_cname;
}

} // namespace

bool is_cue(const ActorTrigger& trigger, const ActorNews& news) noexcept {
    switch (trigger.cue) {
    case ActorCue::failover:
        return news.kind == ActorNews::Kind::failover;
    case ActorCue::update:
        return news.kind == ActorNews::Kind::update;
    case ActorCue::magic_block:
        return news.kind == ActorNews::Kind::written && news.lun == trigger.lun &&
               news.lba <= trigger.lba && trigger.lba - news.lba < news.block_count;
    case ActorCue::keyword: {
        const auto same = [](std::byte one, char letter) {
            return one == static_cast<std::byte>(letter);
        };
        return news.kind == ActorNews::Kind::written && !trigger.keyword.empty() &&
               std::search(news.data.begin(),
                           news.data.end(),
                           trigger.keyword.begin(),
                           trigger.keyword.end(),
                           same) != news.data.end();
    }
    default:
        return false;
    }
}

ActorSchedule::ActorSchedule(ActorSettings settings)
    : settings_(std::move(settings))
    , random_(settings_.seed * actor_kind_count + static_cast<std::uint64_t>(settings_.kind))
    , next_(never)
    , ends_(never) {
    if (const std::string wanted = actor_problem(settings_); !wanted.empty()) {
        throw UsageError(
            fmt::format("egress actor {}: wanted {}", actor_kind_name(settings_.kind), wanted));
    }
    if (settings_.trigger.cue == ActorCue::start || settings_.trigger.cue == ActorCue::time) {
        begin(Duration{0});
    }
}

void ActorSchedule::begin(Duration at) {
    const Duration from = at + settings_.trigger.after;
    active_ = true;
    ends_ = settings_.trigger.lasts == Duration{0} ? never : from + settings_.trigger.lasts;
    next_ = settings_.kind == ActorKind::burst_after_ingest
                ? never // Only ingest makes it speak.
                : from + std::chrono::duration_cast<Duration>(settings_.period * random_.unit());
}

Duration ActorSchedule::gap() {
    const double factor = settings_.memoryless ? -std::log(1.0 - random_.unit())
                                               : 1 + settings_.jitter * (2 * random_.unit() - 1);
    return std::max(std::chrono::duration_cast<Duration>(settings_.period * factor),
                    Duration{std::chrono::microseconds(1)});
}

bool ActorSchedule::has_something_to_say() const noexcept {
    return settings_.kind != ActorKind::canary_leak || !seen_.empty();
}

Duration ActorSchedule::next_due() const noexcept {
    return active_ && next_ < ends_ && has_something_to_say() ? next_ : never;
}

void ActorSchedule::tell(const ActorNews& news) {
    if (news.kind == ActorNews::Kind::written) {
        written_bytes_ += news.bytes;
        if (!news.data.empty()) {
            const bool first = !has_something_to_say();
            const auto kept = news.data.first(std::min(news.data.size(), seen_bytes_max));
            seen_.assign(kept.begin(), kept.end());
            next_ = first && active_ ? std::max(next_, news.at) : next_;
        }
    }
    if (is_cue(settings_.trigger, news) && (!active_ || news.at >= ends_)) {
        begin(news.at);
    }
    if (active_ && settings_.kind == ActorKind::burst_after_ingest && next_ == never &&
        news.at >= settings_.trigger.after && written_bytes_ >= settings_.ingest_bytes) {
        next_ = news.at + gap();
    }
}

ActorMessage ActorSchedule::take() {
    assert(next_due() != never);
    ActorMessage out;
    out.due = next_;
    out.carrier = carrier_of(settings_.kind);
    out.by_data_port = settings_.by_data_port;
    out.remote = settings_.remote;
    out.port = settings_.port;
    out.number = number_++;
    out.payload = payload(out);
    written_bytes_ = 0;
    next_ = settings_.kind == ActorKind::burst_after_ingest ? never : next_ + gap();
    return out;
}

std::vector<std::byte> ActorSchedule::secret(std::uint64_t size_bytes) {
    std::vector<std::byte> out(std::min(size_bytes, message_bytes_max));
    if (seen_.empty()) { // Looks like what it would be: encrypted.
        std::generate(
            out.begin(), out.end(), [this] { return static_cast<std::byte>(random_.next()); });
        return out;
    }
    for (std::size_t i = 0; i < out.size(); ++i) {
        out[i] = seen_[i % seen_.size()];
    }
    return out;
}

std::vector<std::byte> ActorSchedule::tunnel_query(std::uint64_t number) {
    // Each query takes another piece, as a transfer would.
    std::vector<std::byte> piece(settings_.size_bytes);
    for (std::size_t i = 0; i < piece.size(); ++i) {
        piece[i] = seen_.empty() ? static_cast<std::byte>(random_.next())
                                 : seen_[(number * piece.size() + i) % seen_.size()];
    }
    return wire::write_dns_query(static_cast<std::uint16_t>(random_.next()),
                                 tunnel_name(piece, number, settings_.domain),
                                 dns_type(settings_.dns_carrier));
}

std::vector<std::byte> ActorSchedule::payload(ActorMessage& message) {
    const auto share =
        static_cast<std::uint64_t>(static_cast<double>(written_bytes_) * settings_.ingest_share);
    switch (settings_.kind) {
    case ActorKind::ntp:
        return ntp_request(random_.next());
    case ActorKind::dns:
        return wire::write_dns_query(static_cast<std::uint16_t>(random_.next()),
                                     settings_.names[message.number % settings_.names.size()],
                                     wire::dns_type_a);
    case ActorKind::syslog:
        return syslog_line(message.number, settings_.size_bytes);
    case ActorKind::snmp_trap:
        return snmp_trap(message.due, static_cast<std::uint32_t>(message.number + 1));
    case ActorKind::call_home: // A report of its own state, whatever was written.
        return http_post(settings_.remote,
                         std::vector<std::byte>(settings_.size_bytes, std::byte{'.'}));
    case ActorKind::hidden_in_call_home:
        return http_post(settings_.remote, secret(settings_.size_bytes + share));
    case ActorKind::burst_after_ingest:
        return secret(std::max<std::uint64_t>(share, 1));
    case ActorKind::dns_tunnel:
        return tunnel_query(message.number);
    case ActorKind::canary_leak:
        return encode_leak(settings_.encoding,
                           secret(settings_.size_bytes),
                           static_cast<std::uint8_t>(random_.next() | 1U));
    case ActorKind::data_port_syn:
        return {};
    default:
        return secret(settings_.size_bytes);
    }
}

} // namespace drivers::array
