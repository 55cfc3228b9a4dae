// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/clock.h"

#include <liburing.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace drivers::block_device {

// An io_uring for one registered file and, where it can be had, registered memory. Any thread may
// use it, one at a time; one that has it for itself (keep_here) is served by cheaper entries into
// the kernel. Another takes it over while nothing is in flight, or else once that thread has ended:
// then the kernel no longer tells how what was in flight went, only when all of it is over.
class Ring {
public:
    // Room for `depth` requests and one more entry. Throws HostError where there is no io_uring.
    Ring(std::size_t depth, int file);
    ~Ring();
    Ring(const Ring&) = delete;
    Ring& operator=(const Ring&) = delete;

    int fd() const noexcept { return closed_ ? -1 : ring_.ring_fd; }
    bool can_wait() const noexcept { return (ring_.features & IORING_FEAT_EXT_ARG) != 0; }

    // Binds it to the calling thread if that can be done. `idle`: the kernel has nothing of it.
    void keep_here(bool idle) noexcept;

    // For the calling thread to use. False: it is bound to another, and not idle.
    bool come_here(bool idle) noexcept;

    // Gives up what a thread that has ended left in flight: closed, and to be opened again by
    // come_here(true). True: the kernel is done with all of it, memory included.
    bool abandon() noexcept;

    // An entry to fill in; null: all are taken by what the kernel would not take yet.
    io_uring_sqe* entry() noexcept { return io_uring_get_sqe(&ring_); }
    std::size_t prepared() const noexcept { return closed_ ? 0 : io_uring_sq_ready(&ring_); }

    // Hands over what was prepared, and lets the kernel finish what it has put off until now.
    void enter() noexcept;

    // The same in one step with sleeping until there is an answer; false: the time was over first.
    // Idle: the kernel has nothing yet but what was prepared.
    bool wait(Duration at_most, bool idle) noexcept;

    // Hands every answer there is to `use(mark, result)`.
    template <typename Use>
    void take(Use&& use) noexcept {
        if (closed_) {
            return;
        }
        unsigned head = 0;
        unsigned count = 0;
        io_uring_cqe* answer = nullptr;
        io_uring_for_each_cqe(&ring_, head, answer) {
            ++count;
            use(io_uring_cqe_get_data64(answer), answer->res);
        }
        io_uring_cq_advance(&ring_, count);
    }

    // Registers this memory instead of what was registered; empty: none.
    void use_memory(std::span<std::byte> memory) noexcept;
    bool holds(const std::byte* data, std::uint64_t bytes) const noexcept {
        return !registered_.empty() && data >= registered_.data() &&
               data + bytes <= registered_.data() + registered_.size();
    }

private:
    // Another ring in place of this one, with what was prepared. False: none to be had.
    bool renew(unsigned flags) noexcept;
    void close() noexcept;

    std::size_t depth_;
    int file_;
    io_uring ring_{};
    std::span<std::byte> registered_{};
    std::uint64_t owner_ = 0; // The thread that it is bound to; 0: none.
    bool can_bind_ = true;    // From Linux 6.1 on.
    bool closed_ = false;
    int end_fd_ = -1; // A pipe whose other end only the ring has: it ends when the ring really has.
};

} // namespace drivers::block_device
