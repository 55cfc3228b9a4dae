// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/wire/cursor.h"
#include "drivers/wire/ip_address.h"

#include <cstdint>
#include <string>
#include <vector>

namespace drivers::wire {

inline constexpr std::uint16_t dns_type_a = 1;
inline constexpr std::uint16_t dns_type_cname = 5;
inline constexpr std::uint16_t dns_type_null = 10;
inline constexpr std::uint16_t dns_type_txt = 16;
inline constexpr std::uint16_t dns_type_aaaa = 28;

struct DnsQuestion {
    std::string name; // Lower case, dots between labels; bytes outside printable ASCII as \DDD (RFC
                      // 4343 section 2.1).
    std::uint16_t type = 0;
};

struct DnsAnswer { // Of its name nothing is kept: that it can be read is checked.
    std::uint16_t type = 0;
    std::uint32_t data_bytes = 0;
    IpAddress address; // A and AAAA only.
};

struct DnsMessage { // RFC 1035 section 4.1
    std::uint16_t id = 0;
    bool response = false;
    std::uint8_t code = 0; // RCODE
    std::vector<DnsQuestion> questions;
    std::vector<DnsAnswer> answers; // Answer section only.
    std::uint8_t longest_label_bytes = 0;
    bool malformed = false; // What could be read stands in the fields above.
};

// Reads a message, DNS over UDP or behind TCP's length. Compression pointers must point backwards
// and are followed a bounded number of times, in each name and in all: whoever writes a message
// cannot have its bytes read over and over. Records are bounded; never throws but for memory.
DnsMessage read_dns(Bytes bytes);

} // namespace drivers::wire
