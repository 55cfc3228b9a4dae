// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace drivers::wire {

// An IPv4 address in the first 4 bytes, an IPv6 address in all 16; family 0 = none.
struct IpAddress {
    std::array<std::uint8_t, 16> bytes{};
    std::uint8_t family = 0; // 0, 4 or 6

    // clang-tidy 14 takes the comparison with zero inside for a null pointer.
    auto operator<=>(const IpAddress&) const = default; // NOLINT(modernize-use-nullptr)
    bool is_multicast() const noexcept; // 224.0.0.0/4, ff00::/8, and the IPv4 limited broadcast
};

std::string to_text(const IpAddress& address); // RFC 5952 for IPv6
std::optional<IpAddress> parse_ip_address(std::string_view text);

// A prefix: 10.0.0.0/8, 2001:db8::/32. A bare address is a prefix of full length.
struct IpPrefix {
    IpAddress address;
    std::uint8_t bits = 0;

    bool contains(const IpAddress& candidate) const noexcept;
};

std::optional<IpPrefix> parse_ip_prefix(std::string_view text);

} // namespace drivers::wire
