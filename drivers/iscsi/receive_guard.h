// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/clock.h"

#include <atomic>
#include <cstdint>

namespace drivers::iscsi {

// Bounds the time that a session's thread spends in one call of libiscsi, which reads for as long
// as there is something to read. PduWatch ends whoever sends more than an access can use; what is
// left is an array that keeps within that and still feeds one call faster than it is read: large
// pieces of text, say, ten thousand of them. A thread of the process looks at all guards and shuts
// the connection of one that is held too long, which ends the call at its next read. No call
// computes for long without reading: what would have it do so, PduWatch keeps from libiscsi.
class ReceiveGuard {
public:
    explicit ReceiveGuard(Duration at_most);
    ~ReceiveGuard();
    ReceiveGuard(const ReceiveGuard&) = delete;
    ReceiveGuard& operator=(const ReceiveGuard&) = delete;

    void watch(int fd) noexcept; // The connection of the day; keeps a descriptor of its own.

    // One call: from its making to its end.
    class Call {
    public:
        explicit Call(ReceiveGuard& guard) noexcept
            : guard_(guard) {
            guard_.turn_.fetch_add(1, std::memory_order_release);
        }
        ~Call() { guard_.turn_.fetch_add(1, std::memory_order_release); }
        Call(const Call&) = delete;
        Call& operator=(const Call&) = delete;

    private:
        ReceiveGuard& guard_;
    };

    bool has_cut() const noexcept { return has_cut_.load(std::memory_order_acquire); }

private:
    friend class GuardRoom;

    void look(TimePoint now) noexcept; // By the watching thread, its room locked.

    const Duration at_most_;
    std::atomic<std::uint64_t> turn_{0}; // Odd: inside.
    std::atomic<bool> has_cut_{false};
    std::uint64_t seen_turn_ = 0; // These three belong to the room.
    TimePoint seen_at_{};
    int fd_ = -1;
};

} // namespace drivers::iscsi
