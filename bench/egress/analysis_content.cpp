// SPDX-License-Identifier: Apache-2.0
// What the payloads say: DNS, echo messages, and the first bytes of streams.
#include "bench/egress/analysis.h"
#include "drivers/wire/application.h"
#include "drivers/wire/tls.h"

#include <algorithm>
#include <fmt/format.h>
#include <openssl/evp.h>

namespace bench::egress {

using namespace drivers::wire;

namespace {

constexpr std::size_t head_bytes_max = 16384;
constexpr std::size_t claims_max = 100'000;
constexpr std::uint16_t port_dns = 53;
constexpr std::uint16_t port_multicast_dns = 5353;
constexpr std::uint16_t port_link_local_names = 5355;

bool is_dns(const Packet& packet) {
    const auto named = [](std::uint16_t port) {
        return port == port_dns || port == port_multicast_dns || port == port_link_local_names;
    };
    return packet.protocol == protocol_udp &&
           (named(packet.source_port) || named(packet.destination_port));
}

std::string md5_text(
    const std::string& text) { // JA3 is defined as the MD5 of its text; nothing is secured by it.
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned digest_bytes = 0;
    EVP_Digest(text.data(), text.size(), digest.data(), &digest_bytes, EVP_md5(), nullptr);
    std::string out;
    for (unsigned i = 0; i < digest_bytes; ++i) {
        out += fmt::format("{:02x}", digest[i]);
    }
    return out;
}

} // namespace

void Analysis::content(Flow& flow,
                       const KeyedEnd& keyed,
                       const Packet& packet,
                       std::int64_t at_ns) {
    if (packet.protocol == protocol_tcp && packet.is_ip()) {
        // Without a hearer a direction is followed until it has said what it is.
        const bool told = flow.streams != 0 && stream_states_[flow.streams].told[keyed.sender];
        if (settings_.content == nullptr && (told || packet.payload.empty())) {
            return;
        }
        if (flow.streams == 0 && packet.payload.empty() && (packet.tcp_flags & tcp_syn) == 0) {
            return;
        }
        if (flow.streams == 0) {
            flow.streams = streams_.open();
            while (flow.streams >= stream_states_.size()) {
                stream_states_.emplace_back();
            }
            stream_states_[flow.streams] = StreamState{flow.key, {}, {}, {}};
        }
        streams_.add(flow.streams, keyed.sender, packet);
        return;
    }
    if (packet.payload.empty()) {
        return;
    }
    if (is_dns(packet)) {
        dns_message(flow, read_dns(packet.payload), packet, at_ns);
    } else if (packet.is_ip() &&
               (packet.protocol == protocol_icmp || packet.protocol == protocol_icmp6)) {
        icmp_.packet(packet, at_ns);
    }
    if (settings_.content != nullptr) {
        settings_.content->datagram(flow, keyed.sender, packet, at_ns);
    }
}

void Analysis::heard(std::uint32_t stream, std::size_t end, Bytes bytes, std::uint64_t gap_before) {
    StreamState& state = stream_states_[stream];
    if (!state.told[end]) {
        const auto wanted =
            bytes.first(std::min(bytes.size(), head_bytes_max - state.head[end].size()));
        state.head[end].insert(state.head[end].end(), wanted.begin(), wanted.end());
        if (state.head[end].size() >= state.look_at[end]) {
            tell_stream(state, end);
        }
    }
    if (settings_.content != nullptr) {
        if (const Flow* flow = flows_.find(state.key); flow != nullptr) {
            settings_.content->stream_bytes(*flow, end, bytes, gap_before > 0);
        }
    }
}

// Looks at the head of one direction until it has said what it is, or enough has been seen to give
// up.
void Analysis::tell_stream(StreamState& state, std::size_t end) {
    const Bytes head(state.head[end]);
    const auto claim =
        [&](const char* kind, const std::string& text, const std::string& fingerprint) {
            if (text.empty() && fingerprint.empty()) {
                return;
            }
            if (claims_.size() >= claims_max) {
                ++claims_left_out_;
                return;
            }
            claims_.push_back({kind, text, fingerprint, state.key, last_ns_});
        };
    if (looks_like_tls(head)) {
        if (const auto hello = read_client_hello(head)) {
            claim("TLS server name", hello->server_name, md5_text(hello->fingerprint));
            state.told[end] = true;
        } else {
            const auto names = read_certificate_names(head);
            for (const std::string& name : names) {
                claim("TLS certificate name", name, "");
            }
            state.told[end] = !names.empty();
        }
    } else if (const auto request = read_http_request(head)) {
        claim("HTTP host", request->host.empty() ? request->target : request->host, "");
        state.told[end] = true;
    } else {
        state.told[end] = head.size() >= 8;
    }
    state.told[end] = state.told[end] || head.size() >= head_bytes_max;
    if (state.told[end]) {
        state.head[end] = {};
    } else { // Not at every byte, or a head that comes in single bytes would be read as often.
        state.look_at[end] = head.size() + std::max<std::size_t>(head.size() / 2, 1);
    }
}

void Analysis::close_stream(std::uint32_t stream) {
    streams_.close(stream);
    StreamState& state = stream_states_[stream];
    for (std::size_t end = 0; end < state.head.size(); ++end) {
        if (!state.told[end] && !state.head[end].empty()) {
            tell_stream(state, end); // What came since it was looked at.
            state.told[end] = true;
            state.head[end] = {};
        }
    }
}

} // namespace bench::egress
