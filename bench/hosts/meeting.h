// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/hosts/fellowship.h"

#include <cstdint>
#include <string>
#include <vector>

namespace bench::hosts {

// Where the leader waits for the others. No secret: knowing the place opens no door.
struct MeetingPlace {
    std::vector<std::string> addresses; // IPv4 or IPv6.
    std::uint16_t port = 0;

    std::string text() const;
    static MeetingPlace from_text(const std::string& text); // Throws HostError.
};

struct MeetingTerms {
    bool only_this_host = false; // Listens on the loopback interface alone.
    std::string only_on{};       // An interface or an address of this host; empty: on every one.
    // How long a newcomer has to show who it is, from its coming to its last byte.
    drivers::Duration newcomer_time = std::chrono::seconds(2);
};

// One end of a connection whose other end has shown that it is the rank it says it is.
struct Met {
    int descriptor = -1;
    SealKeys keys;
};

// The leader's side. Each newcomer is asked with a fresh challenge and answers with its rank and a
// proof that only the holder of that rank's key can give; all are served together, so that one who
// says nothing, or little by little, keeps nobody waiting.
class Meeting {
public:
    explicit Meeting(const MeetingTerms& terms); // Throws HostError.
    ~Meeting();
    Meeting(const Meeting&) = delete;
    Meeting& operator=(const Meeting&) = delete;

    const MeetingPlace& place() const { return place_; }
    const PublicKey& public_key() const { return key_.public_key(); }

    // One connection for each other rank, from 1 on, whose public keys are `ranks` (of rank 0 the
    // leader's own). Throws HostError when not all are there in time.
    std::vector<Met> await(const std::vector<PublicKey>& ranks, drivers::Duration patience);

private:
    void listen_on(const std::string& address);

    MeetingTerms terms_;
    MeetingKey key_;
    std::vector<int> doors_;
    MeetingPlace place_;
};

// Another rank's side: tries the addresses again and again until the leader has let it in. Throws
// HostError.
struct Newcomer {
    unsigned rank = 0;
    const MeetingKey& key;
    PublicKey leader{};
};
Met go_to(const MeetingPlace& place, const Newcomer& self, drivers::Duration patience);

} // namespace bench::hosts
