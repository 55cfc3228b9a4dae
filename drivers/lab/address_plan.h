// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

// Who lives where in the laboratory. The addresses are those reserved for documentation (RFC 5737,
// RFC 3849), which the shipped policies name too.
namespace drivers::lab {

inline constexpr std::size_t arrays_max = 8;
inline constexpr std::size_t data_addresses_max = 12;

inline constexpr const char* initiator_address = "192.0.2.10";
inline constexpr const char* gateway_address = "192.0.2.1";
inline constexpr const char* gateway_address_ipv6 = "2001:db8::1";
inline constexpr const char* array_addresses = "192.0.2.128/25";
inline constexpr const char* resolver_address = "192.0.2.53";
inline constexpr const char* time_address = "192.0.2.123";
inline constexpr const char* log_address = "192.0.2.14";
inline constexpr const char* trap_address = "192.0.2.61";

// Every name resolves to one of these.
inline constexpr const char* named_prefix = "192.0.2.64/28";
inline constexpr std::uint8_t named_first = 64;
inline constexpr std::uint8_t named_count = 16;

// One array's ports. Interfaces carry the same names in every array's network.
struct ArrayPlace {
    std::vector<std::string> data_addresses; // By controller.
    std::string management_address;
    std::string management_address_ipv6;
    std::vector<std::string> prefixes; // All of the above and nothing else's.
    std::string data_mac;
    std::string management_mac;
    std::string mirror; // Interface in the switch's network that shows both ports' frames.
};

inline constexpr const char* data_interface = "data0";
inline constexpr const char* management_interface = "mgmt0";
inline constexpr const char* initiator_interface = "init0";
inline constexpr const char* outside_interface = "out0";
inline constexpr const char* initiator_mac = "02:ab:00:00:00:0a";
inline constexpr const char* gateway_mac = "02:ab:00:00:00:01";

// Throws UsageError for more arrays or controllers than there is room for.
ArrayPlace place_of_array(std::size_t index, std::size_t controllers);

} // namespace drivers::lab
