// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/hosts/fellowship.h"

#include <cstdint>
#include <string>
#include <vector>

namespace bench::hosts {

// Where the leader waits for the others, and the word by which it knows them.
struct MeetingPlace {
    std::vector<std::string> addresses; // IPv4 or IPv6.
    std::uint16_t port = 0;
    std::string token; // 32 hexadecimal digits, drawn for this meeting alone.

    std::string text() const;
    static MeetingPlace from_text(const std::string& text); // Throws HostError.
};

// The leader's side: listens on the loopback interface alone if nobody comes from elsewhere.
class Meeting {
public:
    explicit Meeting(bool only_this_host); // Throws HostError.
    ~Meeting();
    Meeting(const Meeting&) = delete;
    Meeting& operator=(const Meeting&) = delete;

    const MeetingPlace& place() const { return place_; }

    // One connected socket for each other rank, from 1 on. Whoever does not know the word is turned
    // away. Throws HostError when not all are there in time.
    std::vector<int> await(unsigned size, drivers::Duration patience);

private:
    int descriptor_ = -1;
    MeetingPlace place_;
};

// Another rank's side: a socket to the leader. Throws HostError.
int go_to(const MeetingPlace& place, unsigned rank, drivers::Duration patience);

} // namespace bench::hosts
