// SPDX-License-Identifier: Apache-2.0
#include "drivers/wire/ip_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace drivers::wire {

bool IpAddress::is_multicast() const noexcept {
    if (family == 4) {
        return (bytes[0] & 0xF0U) == 0xE0U ||
               std::all_of(bytes.begin(), bytes.begin() + 4, [](std::uint8_t byte) {
                   return byte == 0xFF;
               });
    }
    return family == 6 && bytes[0] == 0xFF;
}

std::string to_text(const IpAddress& address) {
    if (address.family == 0) {
        return "-";
    }
    std::array<char, INET6_ADDRSTRLEN> text{};
    inet_ntop(
        address.family == 4 ? AF_INET : AF_INET6, address.bytes.data(), text.data(), text.size());
    return text.data();
}

std::optional<IpAddress> parse_ip_address(std::string_view text) {
    const std::string terminated(text);
    IpAddress out;
    if (inet_pton(AF_INET, terminated.c_str(), out.bytes.data()) == 1) {
        out.family = 4;
        return out;
    }
    if (inet_pton(AF_INET6, terminated.c_str(), out.bytes.data()) == 1) {
        out.family = 6;
        return out;
    }
    return std::nullopt;
}

bool IpPrefix::contains(const IpAddress& candidate) const noexcept {
    if (candidate.family != address.family) {
        return false;
    }
    const std::size_t whole = bits / 8U;
    if (!std::equal(address.bytes.begin(),
                    address.bytes.begin() + static_cast<std::ptrdiff_t>(whole),
                    candidate.bytes.begin())) {
        return false;
    }
    const unsigned rest = bits % 8U;
    const unsigned mask = rest == 0 ? 0U : 0xFFU << (8U - rest);
    return rest == 0 || ((address.bytes[whole] ^ candidate.bytes[whole]) & mask & 0xFFU) == 0;
}

std::optional<IpPrefix> parse_ip_prefix(std::string_view text) {
    const std::size_t slash = text.find('/');
    const auto address = parse_ip_address(text.substr(0, slash));
    if (!address) {
        return std::nullopt;
    }
    const unsigned bits_max = address->family == 4 ? 32 : 128;
    unsigned bits = bits_max;
    if (slash != std::string_view::npos) {
        const std::string_view digits = text.substr(slash + 1);
        const auto [end, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), bits);
        if (error != std::errc{} || end != digits.data() + digits.size() || bits > bits_max) {
            return std::nullopt;
        }
    }
    return IpPrefix{*address, static_cast<std::uint8_t>(bits)};
}

} // namespace drivers::wire
