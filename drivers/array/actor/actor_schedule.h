// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/array/actor/actor_settings.h"
#include "drivers/array/persona/random.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace drivers::array {

// What happens to an array that an actor may care about. Instants count from the array's start.
struct ActorNews {
    enum class Kind : std::uint8_t { written, failover, update };
    Kind kind = Kind::written;
    Duration at{0};
    std::uint16_t lun = 0;
    std::uint64_t lba = 0;
    std::uint64_t block_count = 0;
    std::uint64_t bytes = 0;           // Written since the last news; may be more than `data`.
    std::span<const std::byte> data{}; // What was written, or the first of it.
};

// Does this start the actor? True at most for what its trigger names.
bool is_cue(const ActorTrigger& trigger, const ActorNews& news) noexcept;

enum class Carrier : std::uint8_t {
    udp,
    tcp,      // A connection for this message alone.
    tcp_kept, // The actor's one connection, which stays open.
    tls,      // As tcp, inside TLS; `remote` is the server name too, if it is one.
    icmp_echo,
    tcp_connect // A connection opened and closed without a byte.
};

// One thing to be said, ready to be sent as it is.
struct ActorMessage {
    Duration due{0};
    Carrier carrier = Carrier::udp;
    bool by_data_port = false;
    std::string remote; // An address, or a name to be looked up.
    std::uint16_t port = 0;
    std::uint64_t number = 0; // Of this actor's messages, from 0.
    std::vector<std::byte> payload;
};

// When an actor speaks and what it says, and nothing else: no clock, no sockets, so that weeks pass
// as fast as they can be asked for. The same settings and news make the same messages.
class ActorSchedule {
public:
    // Throws UsageError for settings that cannot be.
    explicit ActorSchedule(ActorSettings settings);

    const ActorSettings& settings() const noexcept { return settings_; }
    Duration next_due() const noexcept; // max: nothing unless there is news.
    ActorMessage take();                // The message of next_due(), which must not be max.
    void tell(const ActorNews& news);   // In the order of their instants, between messages.

private:
    void begin(Duration at);
    Duration gap();
    bool has_something_to_say() const noexcept;
    std::vector<std::byte>
    secret(std::uint64_t size_bytes); // What is stolen: written data, if any.
    std::vector<std::byte> payload(ActorMessage& message);
    std::vector<std::byte> tunnel_query(std::uint64_t number);

    ActorSettings settings_;
    Random random_;
    Duration next_;
    Duration ends_;
    bool active_ = false;
    std::uint64_t number_ = 0;
    std::uint64_t written_bytes_ = 0; // Since the last message.
    std::vector<std::byte> seen_;     // Of the last write, bounded.
};

} // namespace drivers::array
