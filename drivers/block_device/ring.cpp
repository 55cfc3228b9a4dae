// SPDX-License-Identifier: Apache-2.0
#include "drivers/block_device/ring.h"

#include "drivers/api/errors.h"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <fmt/format.h>
#include <system_error>

namespace drivers::block_device {

namespace {

constexpr std::uint64_t registered_max = 1U << 30U; // The kernel registers no larger piece at once.

// Completions are worked off when this thread next enters the kernel: no interrupt for each.
constexpr unsigned cooperative = IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG;

// And then only when it asks for them (io_uring_setup(2), IORING_SETUP_DEFER_TASKRUN).
constexpr unsigned bound =
    IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG;

// Zero or a negative errno. A file of -1 is none.
int open_ring(io_uring& ring,
              std::size_t depth,
              unsigned flags,
              std::array<int, 2> files) noexcept {
    io_uring_params parameters{};
    parameters.flags = flags;
    int error = io_uring_queue_init_params(static_cast<unsigned>(depth + 1), &ring, &parameters);
    if (error < 0) {
        return error;
    }
    error = io_uring_register_files(&ring, files.data(), files.size());
    if (error < 0) {
        io_uring_queue_exit(&ring);
    }
    return error;
}

// Never used again in this process, as an address or a thread's number would be.
std::uint64_t this_thread() noexcept {
    static std::atomic<std::uint64_t> threads{0};
    thread_local std::uint64_t number = 0;
    if (number == 0) {
        number = 1 + threads.fetch_add(1, std::memory_order_relaxed);
    }
    return number;
}

} // namespace

Ring::Ring(std::size_t depth, int file)
    : depth_(depth)
    , file_(file) {
    int error = open_ring(ring_, depth_, cooperative, {file_, -1});
    if (error == -EINVAL) { // Before Linux 5.19.
        can_bind_ = false;
        error = open_ring(ring_, depth_, 0, {file_, -1});
    }
    if (error < 0) {
        throw HostError(fmt::format("io_uring: {}{}",
                                    std::generic_category().message(-error),
                                    error == -EPERM || error == -ENOSYS
                                        ? "; is it switched off by kernel.io_uring_disabled, or by "
                                          "the container's seccomp profile?"
                                        : ""));
    }
}

Ring::~Ring() {
    close();
    if (end_fd_ >= 0) {
        ::close(end_fd_);
    }
}

void Ring::close() noexcept {
    if (!closed_) {
        use_memory({});
        (void)io_uring_unregister_files(&ring_); // At once; the ring itself ends a little later.
        io_uring_queue_exit(&ring_);
        closed_ = true;
    }
}

bool Ring::renew(unsigned flags) noexcept {
    std::array<int, 2> end{-1, -1};
    if (flags == bound && ::pipe2(end.data(), O_CLOEXEC | O_NONBLOCK) != 0) {
        return false;
    }
    io_uring next{};
    const int error = open_ring(next, depth_, flags, {file_, end[1]});
    if (end[1] >= 0) {
        ::close(end[1]);
    }
    if (error < 0) {
        if (end[0] >= 0) {
            ::close(end[0]);
        }
        return false;
    }
    if (!closed_) {
        const unsigned last = ring_.sq.sqe_tail;
        for (unsigned at = *ring_.sq.khead; at != last; ++at) { // There is room for each there too.
            *io_uring_get_sqe(&next) = ring_.sq.sqes[at & ring_.sq.ring_mask];
        }
    }
    const std::span<std::byte> memory = registered_;
    close(); // What counts against the user's limit is given back before it is asked for again.
    if (end_fd_ >= 0) {
        ::close(end_fd_);
    }
    end_fd_ = end[0];
    ring_ = next;
    closed_ = false;
    use_memory(memory);
    return true;
}

bool Ring::abandon() noexcept {
    close();
    char none = 0;
    return end_fd_ < 0 || ::read(end_fd_, &none, 1) == 0;
}

void Ring::keep_here(bool idle) noexcept {
    const std::uint64_t here = this_thread();
    if (owner_ == here || !can_bind_ || !idle) {
        return;
    }
    can_bind_ = renew(bound);
    owner_ = can_bind_ ? here : owner_;
}

bool Ring::come_here(bool idle) noexcept {
    if (owner_ == 0 || owner_ == this_thread()) {
        return true;
    }
    if (!idle || !renew(cooperative)) {
        return false;
    }
    owner_ = 0;
    return true;
}

void Ring::enter() noexcept {
    const bool work_waits = (__atomic_load_n(ring_.sq.kflags, __ATOMIC_RELAXED) &
                             (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) != 0;
    // Busy or interrupted: what was not taken goes with the next call.
    if (work_waits) {
        (void)io_uring_submit_and_get_events(&ring_);
    } else if (prepared() > 0) {
        (void)io_uring_submit(&ring_);
    }
}

bool Ring::wait(Duration at_most, bool idle) noexcept {
    if (idle && prepared() > 0) { // A worker of the kernel often does it here and now instead.
        (void)io_uring_submit_and_get_events(&ring_);
        if (io_uring_cq_ready(&ring_) > 0) {
            return true;
        }
    }
    const std::int64_t left_ns = std::max<std::int64_t>(at_most.count(), 0);
    __kernel_timespec left{left_ns / 1'000'000'000, left_ns % 1'000'000'000};
    io_uring_cqe* answer = nullptr;
    return io_uring_submit_and_wait_timeout(&ring_, &answer, 1, &left, nullptr) != -ETIME;
}

void Ring::use_memory(std::span<std::byte> memory) noexcept {
    if (!registered_.empty() && !closed_) {
        (void)io_uring_unregister_buffers(&ring_);
    }
    registered_ = {};
    if (closed_ || memory.empty() || memory.size() > registered_max) {
        return; // The kernel looks each buffer up by itself: slower and just as right.
    }
    const iovec all{memory.data(), memory.size()};
    if (io_uring_register_buffers(&ring_, &all, 1) == 0) {
        registered_ = memory;
    }
}

} // namespace drivers::block_device
