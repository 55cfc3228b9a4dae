// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/hosts/meeting.h"

#include <poll.h>

#include <chrono>
#include <span>
#include <string>
#include <vector>

namespace bench::hosts {

// Those at the leader's door who have not shown yet who they are, each with what it has said so far
// and a deadline of its own; and those who have.
class Threshold {
public:
    // `ranks`: the public keys by which the other ranks are known, from 1 on. Borrowed.
    Threshold(const MeetingKey& key, const std::vector<PublicKey>& ranks);
    ~Threshold();
    Threshold(const Threshold&) = delete;
    Threshold& operator=(const Threshold&) = delete;

    std::size_t missing() const { return missing_; }
    std::vector<Met> take(); // In order of rank; the caller closes them.

    void let_come(int door, drivers::Duration newcomer_time); // Throws HostError.

    void watch(std::vector<pollfd>& out) const;
    // Hears those that have something to say, and turns away whose time is over. `watched`: as
    // watch() filled it.
    void hear(std::span<const pollfd> watched);

private:
    struct Stranger {
        int descriptor = -1;
        std::string challenge;
        std::string said;
        std::chrono::steady_clock::time_point until;
    };

    // False: to be turned away. One that has shown who it is leaves its descriptor to `met_`.
    bool listen_to(Stranger& one);
    bool let_in(Stranger& one);

    const MeetingKey& key_;
    const std::vector<PublicKey>& ranks_;
    std::vector<Met> met_;
    std::size_t missing_;
    std::vector<Stranger> strangers_;
};

} // namespace bench::hosts
