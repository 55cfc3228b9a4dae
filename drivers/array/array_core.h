// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/array.h"
#include "drivers/array/array_counts.h"
#include "drivers/array/array_settings.h"
#include "drivers/array/lun_info.h"
#include "drivers/array/medium.h"
#include "drivers/array/persona/access_state.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace drivers::array {

struct BlockRun {
    std::uint64_t block_count = 0; // From the block asked for; the whole run is alike.
    bool mapped = false;
};

// What a portal hears from the array behind it. Called on the server's one thread, never from
// within execute().
class LinkListener {
public:
    virtual ~LinkListener() = default;
    virtual void drop_sessions(std::uint16_t controller) = 0; // Or all_controllers.
    virtual void access_state_changed() = 0;
    virtual void power_cut() = 0; // Sessions end; what is not kept over power loss is forgotten.
    virtual void stalled_until(std::uint16_t controller, TimePoint until) = 0; // Send nothing.
    // In unbroken sessions with this controller, another LUN answers from now on, or again the LUN.
    virtual void lun_swapped(std::uint16_t controller, std::uint16_t lun) = 0;
};

// Hears every write that arrives, before anything is done about it: what an egress actor steals.
class Overhearer {
public:
    virtual ~Overhearer() = default;
    virtual void written(const MediumCommand& command) noexcept = 0;
};

// The array behind every portal: volumes and personas, without sockets, on one thread and on
// whatever time it is told.
class ArrayCore {
public:
    explicit ArrayCore(const ArraySettings& settings); // Throws HostError: memory or backing file.
    ~ArrayCore();
    ArrayCore(const ArrayCore&) = delete;
    ArrayCore& operator=(const ArrayCore&) = delete;

    // Data moves at once; `ready` says when the answer is due. The caller has checked the LUN's
    // index, the range against the geometry, and the size of `data`.
    MediumResult execute(const MediumCommand& command, TimePoint now) noexcept;

    std::size_t lun_count() const noexcept;
    const LunInfo& lun(std::size_t index) const noexcept;
    // What answers at this controller: the LUN, or after a swap another in its place.
    const LunInfo& lun_at(std::uint16_t controller, std::size_t index) const noexcept;
    BlockRun
    mapped_run(std::uint16_t controller, std::size_t lun, std::uint64_t lba) const noexcept;

    std::uint16_t controller_count() const noexcept;
    AccessState access_state(std::uint16_t controller, std::size_t lun) const noexcept;
    bool accepts_sessions(std::uint16_t controller, TimePoint now) const noexcept;

    // A portal sent the answer that was due at `ready`; `service` = sent minus arrived. Up to a
    // twentieth of the time that it was meant to take, an answer is on time: after a stall, what
    // was held leaves one by one.
    void answered(TimePoint ready, TimePoint sent, Duration service) noexcept;
    ArrayCounts counts() const noexcept;
    EmulatorCounts emulator_counts() const noexcept;
    EmulatorCounts take_counts() noexcept; // The same, and its times begin anew.

    // Does what the event says and tells the listeners. Returns why it cannot; empty = done.
    std::string apply(const FaultEvent& event, TimePoint now);
    // Failovers end and bits rot by themselves: call advance() no later than next_change().
    void advance(TimePoint now);
    TimePoint next_change() const noexcept; // max: nothing is to come.

    void listen(LinkListener* listener); // Borrowed; outlives the core or calls ignore().
    void ignore(LinkListener* listener) noexcept;
    void overhear(Overhearer* hearer) noexcept { overhearer_ = hearer; } // Borrowed; null = none.

private:
    struct State;
    std::unique_ptr<State> state_;
    Overhearer* overhearer_ = nullptr;
};

} // namespace drivers::array
