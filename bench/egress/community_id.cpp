// SPDX-License-Identifier: Apache-2.0
#include "bench/egress/flow.h"

#include <openssl/evp.h>
#include <span>

namespace bench::egress {

using namespace drivers::wire;

namespace {

// ICMP and ICMPv6 types that ask, and the types that answer them: the specification puts them in
// the place of ports so that question and answer share an identifier. Types without a partner flow
// one way, type and code as they are.
struct Partner {
    std::uint16_t type;
    std::uint16_t answer;
};
constexpr std::array<Partner, 10> icmp_partners = {
    {{0, 8}, {8, 0}, {9, 10}, {10, 9}, {13, 14}, {14, 13}, {15, 16}, {16, 15}, {17, 18}, {18, 17}}};
constexpr std::array<Partner, 12> icmp6_partners = {{{128, 129},
                                                     {129, 128},
                                                     {130, 131},
                                                     {131, 130},
                                                     {133, 134},
                                                     {134, 133},
                                                     {135, 136},
                                                     {136, 135},
                                                     {139, 140},
                                                     {140, 139},
                                                     {144, 145},
                                                     {145, 144}}};

std::optional<std::uint16_t> answer_of(std::span<const Partner> partners, std::uint16_t type) {
    for (const Partner& partner : partners) {
        if (partner.type == type) {
            return partner.answer;
        }
    }
    return std::nullopt;
}

std::string hashed(const IpAddress& from,
                   const IpAddress& to,
                   std::uint8_t protocol,
                   const std::array<std::uint16_t, 2>* ports) {
    std::string text(2, '\0'); // Seed 0
    const std::size_t address_bytes = from.family == 4 ? 4 : 16;
    for (const IpAddress* address : {&from, &to}) {
        for (std::size_t i = 0; i < address_bytes; ++i) {
            text += static_cast<char>(address->bytes[i]);
        }
    }
    text += static_cast<char>(protocol);
    text += '\0';
    if (ports != nullptr) {
        for (const std::uint16_t port : *ports) {
            text += static_cast<char>(port >> 8U);
            text += static_cast<char>(port & 0xFFU);
        }
    }
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned digest_bytes = 0;
    EVP_Digest(text.data(), text.size(), digest.data(), &digest_bytes, EVP_sha1(), nullptr);
    std::array<unsigned char, 4 * ((EVP_MAX_MD_SIZE + 2) / 3) + 1> base64{};
    const int length =
        EVP_EncodeBlock(base64.data(), digest.data(), static_cast<int>(digest_bytes));
    return "1:" + std::string(base64.begin(), base64.begin() + length);
}

} // namespace

std::optional<std::string> community_id(const FlowKey& key) {
    if (key.ends[0].family == 0) {
        return std::nullopt;
    }
    if (key.protocol == protocol_tcp || key.protocol == protocol_udp ||
        key.protocol == protocol_sctp) {
        return hashed(key.ends[0], key.ends[1], key.protocol, &key.ports);
    }
    return hashed(key.ends[0], key.ends[1], key.protocol, nullptr);
}

std::optional<std::string> community_id(const Packet& packet) {
    if (!packet.is_ip()) {
        return std::nullopt;
    }
    const bool icmp4 = packet.protocol == protocol_icmp;
    if (!icmp4 && packet.protocol != protocol_icmp6) {
        return community_id(key_of(packet).key);
    }
    const auto answer = icmp4 ? answer_of(icmp_partners, packet.source_port)
                              : answer_of(icmp6_partners, packet.source_port);
    std::array<std::uint16_t, 2> ports{packet.source_port,
                                       answer.value_or(packet.destination_port)};
    const bool swap =
        answer && std::pair(packet.destination, ports[1]) < std::pair(packet.source, ports[0]);
    if (swap) {
        std::swap(ports[0], ports[1]);
    }
    return hashed(swap ? packet.destination : packet.source,
                  swap ? packet.source : packet.destination,
                  packet.protocol,
                  &ports);
}

} // namespace bench::egress
