// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/clock.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// The words that actors speak: pure, one message each.
namespace drivers::array {

// A client's request (RFC 5905 section 7.3); `random` stands in its transmit timestamp.
std::vector<std::byte> ntp_request(std::uint64_t random);

// A line of a storage array's log (RFC 5424), filled up to `size_bytes`.
std::vector<std::byte> syslog_line(std::uint64_t number, std::uint64_t size_bytes);

// An SNMPv2c coldStart notification (RFC 3416 section 4.2.6), community "public".
std::vector<std::byte> snmp_trap(Duration up_time, std::uint32_t request_id);

// An HTTP/1.1 POST of `body`, the connection closed after the answer.
std::vector<std::byte> http_post(std::string_view host, std::span<const std::byte> body);

// What is to be hidden, as labels of at most 60 letters of base32 below a domain.
std::string
tunnel_name(std::span<const std::byte> hidden, std::uint64_t number, std::string_view domain);

} // namespace drivers::array
