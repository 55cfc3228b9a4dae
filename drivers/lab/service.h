// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/wire/ip_address.h"

#include <poll.h>

#include <cstdint>
#include <string>
#include <vector>

namespace drivers::lab {

// One thing that the outside serves, driven by the one thread of the outside. Peers are arrays
// under suspicion: nothing that they send may hold it up, fill the memory or end it.
class Service {
public:
    virtual ~Service() = default;
    virtual void add_to(std::vector<pollfd>& watched) const = 0;
    virtual void serve(const pollfd& ready) = 0; // Of a descriptor that add_to() named.
    virtual void tick() {}                       // At least once a second.
};

std::int64_t utc_now_ns();

// A listening or bound socket, or HostError. `stream`: TCP, listening; else UDP.
int open_service(const std::string& address, std::uint16_t port, bool stream);

// What stands behind a sockaddr, and "address:port".
struct Peer {
    wire::IpAddress address;
    std::uint16_t port = 0;
};
std::string peer_text(const Peer& peer);

// At most the first 64 bytes, what is not printable as dots.
std::string first_bytes(const std::byte* data, std::size_t size);

} // namespace drivers::lab
