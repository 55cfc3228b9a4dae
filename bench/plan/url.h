// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bench::plan {

enum class UrlKind : std::uint8_t { iscsi, nvme_tcp, block_device, memory, null };

struct UrlPortal {
    std::string host; // Name, IPv4 or IPv6 without brackets.
    std::uint16_t port = 0;

    std::string text() const; // host:port, IPv6 in brackets.
};

// Where a LUN is found:
//   iscsi://[USER@]HOST[:PORT][,HOST[:PORT]]...[/IQN/LUN]   several portals: one LUN, multipath
//   nvme+tcp://HOST[:PORT][,HOST[:PORT]]...[/NQN/NSID]      without LUN or NSID: all of the target
//   either with ?header_digest=1, NVMe/TCP also with data_digest=1, joined by &: CRC32C or nothing
//   file:/PATH or /dev/NAME
//   memory:size=1GiB[,block=4KiB][,cache=volatile][,serial=TEXT]
//   null:size=1TiB
struct Url {
    UrlKind kind = UrlKind::null;
    std::string user;               // Who logs in; the secret is never part of a URL.
    std::vector<UrlPortal> portals; // iscsi, nvme_tcp: at least one.
    std::string target;             // IQN or NQN; empty: only the portal is named.
    bool lists_units = false;       // The target is named, none of its LUNs.
    std::uint32_t unit = 0;         // LUN or NSID.
    std::string path;               // block_device.
    std::uint64_t size_bytes = 0;   // memory, null.
    std::uint32_t block_bytes = 512;
    bool volatile_cache = false;
    std::string serial;         // memory.
    bool header_digest = false; // iscsi, nvme_tcp: demanded.
    bool data_digest = false;   // nvme_tcp

    bool names_unit() const { return !target.empty() && !lists_units; }
    std::string text() const; // Reads back to the same; what results carry.
};

// Throws drivers::UsageError: the URL (a secret in it blotted out), what was wanted.
Url parse_url(std::string_view text);

} // namespace bench::plan
