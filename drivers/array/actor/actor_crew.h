// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/array/actor/actor_sender.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace drivers::array {

// All actors of one array at work, each on a thread of its own, so that nothing they wait for holds
// up the array's answers.
class ActorCrew {
public:
    // Throws UsageError (an actor that cannot be), HostError (no descriptors, no threads).
    ActorCrew(const std::vector<ActorSettings>& actors, const SenderSettings& settings);
    ~ActorCrew(); // Silences them; waits for none.
    ActorCrew(const ActorCrew&) = delete;
    ActorCrew& operator=(const ActorCrew&) = delete;

    // Called from the array's own thread with every write: cheap, and bounded by what the data
    // holds only where an actor waits for a keyword.
    void written(std::uint16_t lun,
                 std::uint64_t from_lba,
                 std::uint64_t blocks,
                 std::span<const std::byte> data) noexcept;
    void happened(ActorNews::Kind kind) noexcept; // Failover, update.

private:
    struct Actor;
    std::vector<std::unique_ptr<Actor>> actors_;
    TimePoint started_;
    TimePoint sampled_{};
    std::uint64_t unsaid_bytes_ = 0; // Written since the actors were last told.
    int stop_fd_ = -1;
};

} // namespace drivers::array
