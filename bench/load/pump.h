// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/integrity/keeper.h"
#include "bench/load/buffers.h"
#include "bench/measure/recorder.h"
#include "drivers/api/block_driver.h"
#include "drivers/api/clock.h"
#include "profiles/source.h"

#include <array>
#include <memory>
#include <vector>

namespace bench::load {

// What a lane drives: queues to one LUN and where the accesses come from.
struct Lane {
    std::vector<std::unique_ptr<drivers::BlockDriver>> drivers;
    std::unique_ptr<profiles::Source> source;
    std::uint64_t access_bytes_max = 0; // The largest read or write of the source.
    profiles::DataReduction reduction;
    std::uint64_t content_seed = 0;      // The lane's own: lanes of one seed write the same.
    integrity::Keeper* keeper = nullptr; // Stamps and checks; null: contents are only filled.
};

// Writes that waited for a fence before they went out: an older write of unknown outcome might
// have landed over them. Each is due when it was released; the waiting is the bench's own.
struct HeldBack {
    std::uint64_t writes = 0;
    std::uint64_t never_sent = 0; // Still waiting at the end.
    drivers::Duration longest{0};
};

// Moves accesses from a source to drivers and their completions into the book, one turn at a time:
// due -> stamp -> submit -> poll -> sample. Never waits, allocates, locks or throws once built.
class Pump {
public:
    Pump(Lane& lane, drivers::Clock& clock, const measure::Window& window);
    ~Pump();
    Pump(const Pump&) = delete;
    Pump& operator=(const Pump&) = delete;

    void start_at(drivers::TimePoint epoch) noexcept;

    // Polls every driver, then submits what is due. Returns the instant it worked with.
    drivers::TimePoint turn() noexcept;

    // Nothing due at `until` or later is submitted any more; with `drop_backlog`, nothing at all.
    void close(drivers::TimePoint until, bool drop_backlog) noexcept;

    // Closed and nothing left to submit or to wait for.
    bool is_drained() noexcept;

    // Books everything due before the end and not answered as unfinished.
    void give_up() noexcept;

    // When the next access can be submitted as far as is known: with every driver full, never.
    drivers::TimePoint next_due() noexcept;

    // The first of its drivers that carries nothing any more; null: all still do.
    const drivers::BlockDriver* ended_driver() const noexcept { return ended_; }

    std::size_t in_flight() const noexcept { return in_flight_; }
    std::size_t in_flight(std::size_t driver) const noexcept { return queues_[driver].in_flight; }
    measure::Recorder& recorder() noexcept { return recorder_; }
    const profiles::Source& source() const noexcept { return source_; }
    const HeldBack& held_back() const noexcept { return held_back_; }

private:
    struct Waiting { // For a fence.
        profiles::Access access;
        drivers::TimePoint since;
    };
    struct Slot { // One access in flight; its index is the request's tag.
        profiles::Access access;
        drivers::TimePoint submitted;
        drivers::BlockRange range; // Borrowed by an unmap.
        bool in_use = false;
    };
    struct Queue {
        drivers::BlockDriver* driver = nullptr;
        std::size_t depth = 0;
        std::size_t in_flight = 0;
        bool refused = false; // Since its last completion.
        drivers::TimePoint
            rests_until{}; // What it gave up at once must not be asked again at once.
        std::uint32_t block_bytes = 512;
    };

    void poll() noexcept;
    void finish(Queue& queue, const drivers::Completion& completion) noexcept;
    void prepare(std::uint32_t slot, std::span<std::byte> data) noexcept;
    void withdraw(std::uint32_t slot) noexcept;
    void hear_delays() noexcept;
    void submit_due(drivers::TimePoint now) noexcept;
    bool submit_until(drivers::TimePoint now) noexcept; // False: accesses wait for room.
    drivers::Duration slip(drivers::TimePoint due, drivers::TimePoint submitted) const noexcept;
    bool submit(const profiles::Access& access) noexcept;
    bool must_wait(const profiles::Access& access) const noexcept;
    void hold(const profiles::Access& access, drivers::TimePoint now) noexcept;
    bool release_held(drivers::TimePoint now) noexcept; // False: no room for one of them.
    Queue* queue_with_room() noexcept;
    std::uint16_t number_of(const Queue& queue) const noexcept;
    drivers::Request request_for(std::uint32_t slot, const Queue& queue) noexcept;
    void unfinished(const profiles::Access& access,
                    drivers::TimePoint submitted,
                    drivers::TimePoint now,
                    measure::Unfinished how) noexcept;
    drivers::TimePoint due_of(const profiles::Access& access) const noexcept {
        return recorder_.window().epoch + access.due;
    }

    Lane& lane_;
    profiles::Source& source_;
    integrity::Keeper* keeper_;
    drivers::Clock& clock_;
    measure::Recorder recorder_;
    std::vector<Queue> queues_;
    const drivers::BlockDriver* ended_ = nullptr;
    std::vector<Slot> slots_;
    std::vector<std::uint32_t> free_slots_;
    Buffers buffers_;
    std::array<drivers::Completion, 64> completions_;
    std::array<profiles::Delay, 64> delays_;
    std::array<profiles::Access, 64> pending_; // Taken, not yet submitted: [first, last).
    std::size_t pending_first_ = 0;
    std::size_t pending_last_ = 0;
    std::vector<Waiting> held_; // In the order they came; bounded.
    HeldBack held_back_;
    std::size_t in_flight_ = 0;
    std::size_t next_queue_ = 0;
    bool blocked_ = false;              // No driver had room at the end of the last turn ...
    drivers::TimePoint blocked_from_{}; // ... since when without a turn that had some to spare ...
    drivers::TimePoint room_since_{};   // ... and when a completion last made some.
    profiles::Duration take_until_ = profiles::Duration::max(); // From the epoch, exclusive.
    bool closed_ = false;
    drivers::TimePoint closed_at_{};
    bool drop_backlog_ = false;
};

} // namespace bench::load
