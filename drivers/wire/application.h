// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/wire/cursor.h"

#include <cstdint>
#include <optional>
#include <string>

namespace drivers::wire {

struct HttpRequest { // RFC 9112 section 3
    std::string method;
    std::string target;
    std::string host;
};

struct NtpHeader { // RFC 5905 section 7.3
    std::uint8_t version = 0;
    std::uint8_t mode = 0;
    std::uint8_t stratum = 0;
};

struct SyslogHeader { // RFC 3164 section 4.1.1, RFC 5424 section 6.2.1
    std::uint8_t facility = 0;
    std::uint8_t severity = 0;
};

// Each returns nothing unless the bytes are what the name says, as far as their first fields tell.
std::optional<HttpRequest> read_http_request(Bytes stream);
std::optional<NtpHeader> read_ntp(Bytes datagram) noexcept;
std::optional<std::uint8_t>
read_snmp_version(Bytes datagram) noexcept; // 1, 2 (v2c) or 3; RFC 1157, 1901, 3412
std::optional<SyslogHeader> read_syslog(Bytes datagram) noexcept;

} // namespace drivers::wire
