// SPDX-License-Identifier: Apache-2.0
#include "drivers/array/actor/actor_texts.h"

#include "drivers/array/actor/leak_encoding.h"
#include "drivers/wire/big_endian.h"

#include <algorithm>
#include <fmt/format.h>

namespace drivers::array {

namespace {

using Octets = std::vector<std::byte>;

Octets octets_of(std::string_view text) {
    Octets out(text.size());
    std::transform(text.begin(), text.end(), out.begin(), [](char letter) {
        return static_cast<std::byte>(letter);
    });
    return out;
}

// BER (ITU-T X.690 section 8.1): tag, length below 128, content.
Octets ber(std::uint8_t tag, const Octets& content) {
    Octets out{std::byte{tag}, static_cast<std::byte>(content.size())};
    out.insert(out.end(), content.begin(), content.end());
    return out;
}

Octets joined(std::initializer_list<Octets> parts) {
    Octets out;
    for (const Octets& part : parts) {
        out.insert(out.end(), part.begin(), part.end());
    }
    return out;
}

Octets ber_number(std::uint8_t tag, std::uint32_t number) {
    Octets bytes(5, std::byte{0}); // A leading zero keeps it positive.
    wire::store_be32(bytes, 1, number);
    while (bytes.size() > 1 && bytes[0] == std::byte{0} &&
           (std::to_integer<unsigned>(bytes[1]) & 0x80U) == 0) {
        bytes.erase(bytes.begin());
    }
    return ber(tag, bytes);
}

Octets oid(std::initializer_list<std::uint8_t> arcs) { // The first two arcs already joined.
    Octets content;
    for (const std::uint8_t arc : arcs) {
        content.push_back(std::byte{arc});
    }
    return ber(0x06, content);
}

} // namespace

Octets ntp_request(std::uint64_t random) {
    constexpr std::size_t packet_bytes = 48;
    constexpr std::size_t transmit_timestamp = 40;
    constexpr std::uint8_t version_4_client = 0x23;
    Octets out(packet_bytes, std::byte{0});
    out[0] = std::byte{version_4_client};
    wire::store_be64(out, transmit_timestamp, random);
    return out;
}

Octets syslog_line(std::uint64_t number, std::uint64_t size_bytes) {
    constexpr int local0_info = 16 * 8 + 6;
    std::string text =
        fmt::format("<{}>1 - controller-a arrayd {} - - pool 0 normal", local0_info, number);
    while (text.size() < size_bytes) {
        text += " .";
    }
    return octets_of(text);
}

Octets snmp_trap(Duration up_time, std::uint32_t request_id) {
    constexpr std::uint8_t integer = 0x02;
    constexpr std::uint8_t octet_string = 0x04;
    constexpr std::uint8_t sequence = 0x30;
    constexpr std::uint8_t time_ticks = 0x43;
    constexpr std::uint8_t trap_v2 = 0xA7;
    const auto ticks = static_cast<std::uint32_t>(up_time / std::chrono::milliseconds(10));
    const Octets up = ber(sequence,
                          joined({oid({0x2B, 6, 1, 2, 1, 1, 3, 0}), // sysUpTime.0
                                  ber_number(time_ticks, ticks)}));
    const Octets cause = ber(sequence,
                             joined({oid({0x2B, 6, 1, 6, 3, 1, 1, 4, 1, 0}), // snmpTrapOID.0
                                     oid({0x2B, 6, 1, 6, 3, 1, 1, 5, 1})})); // coldStart
    const Octets unit = ber(trap_v2,
                            joined({ber_number(integer, request_id),
                                    ber_number(integer, 0),
                                    ber_number(integer, 0),
                                    ber(sequence, joined({up, cause}))}));
    return ber(sequence,
               joined({ber_number(integer, 1), ber(octet_string, octets_of("public")), unit}));
}

Octets http_post(std::string_view host, std::span<const std::byte> body) {
    Octets out = octets_of(fmt::format("POST /report HTTP/1.1\r\nHost: {}\r\nUser-Agent: arrayd\r\n"
                                       "Content-Type: application/octet-stream\r\n"
                                       "Content-Length: {}\r\nConnection: close\r\n\r\n",
                                       host,
                                       body.size()));
    out.insert(out.end(), body.begin(), body.end());
    return out;
}

std::string
tunnel_name(std::span<const std::byte> hidden, std::uint64_t number, std::string_view domain) {
    constexpr std::size_t label_letters = 60;
    std::string letters;
    for (const std::byte letter : encode_leak(LeakEncoding::base32, hidden, 0)) {
        letters += static_cast<char>(letter);
    }
    std::string out;
    for (std::size_t at = 0; at < letters.size(); at += label_letters) {
        out += letters.substr(at, label_letters) + ".";
    }
    return fmt::format("{}{:x}.{}", out, number, domain);
}

} // namespace drivers::array
