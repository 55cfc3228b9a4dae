// SPDX-License-Identifier: Apache-2.0
// Answers: from the kernel to poll().
#include "drivers/block_device/kernel_status.h"

#include "drivers/block_device/block_device_driver.h"

#include <array>
#include <cerrno>
#include <cstring>

namespace drivers::block_device {

KernelEnd kernel_end(int error) noexcept {
    switch (error) {
    case 0:
        return {};
    case EAGAIN:
    case EBUSY:
    case EINTR:
    case ENOMEM:
        return {Status::busy, 0, false};
    case ETIMEDOUT:
    case ETIME:
        return {Status::timed_out, 0, false};
    case ENODEV:
    case ENXIO:
        return {Status::lost, 0, true};
    case ENOLINK: // No path to the device: multipath may find one again.
        return {Status::lost, 0, false};
    case ENODATA:
        return {Status::failed, sense::medium_error, false};
    case EOPNOTSUPP:
        return {Status::failed, sense::invalid_operation, false};
    case EINVAL:
        return {Status::failed, sense::invalid_field, false};
    case EROFS:
    case EPERM:
    case EBADF: // Not open for writing.
        return {Status::failed, sense::write_protected, false};
    case ENOSPC:
    case EDQUOT:
        return {Status::failed, sense::out_of_space, false};
    case EILSEQ:
        return {Status::failed, sense::protection_error, false};
    case EBADE:
        return {Status::failed, sense::reservation_conflict, false};
    default:
        return {Status::failed, 0, false};
    }
}

// Hands over what was prepared, and lets the kernel finish what it has put off until now.
void BlockDeviceDriver::enter() noexcept {
    const bool work_waits = (__atomic_load_n(ring_.sq.kflags, __ATOMIC_RELAXED) &
                             (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) != 0;
    // Busy or interrupted: what was not taken goes with the next poll.
    if (work_waits) {
        (void)io_uring_submit_and_get_events(&ring_);
    } else if (io_uring_sq_ready(&ring_) > 0) {
        (void)io_uring_submit(&ring_);
    }
}

std::size_t BlockDeviceDriver::poll(std::span<Completion> out) noexcept {
    enter();
    reap();
    const std::size_t count = std::min(out.size(), ended_count_);
    for (std::size_t i = 0; i < count; ++i) {
        out[i] = ended_[ended_first_];
        ended_first_ = ended_first_ + 1 < ended_.size() ? ended_first_ + 1 : 0;
    }
    ended_count_ -= count;
    return count;
}

TimePoint BlockDeviceDriver::next_timer() const noexcept {
    return ended_count_ > 0 || io_uring_sq_ready(&ring_) > 0 ? TimePoint::min() : TimePoint::max();
}

void BlockDeviceDriver::reap() noexcept {
    unsigned head = 0;
    unsigned count = 0;
    bool slow_told = false;
    io_uring_cqe* answer = nullptr;
    io_uring_for_each_cqe(&ring_, head, answer) {
        ++count;
        const std::uint64_t mark = io_uring_cqe_get_data64(answer);
        if (mark == slow_lane_mark) {
            watching_slow_ = false;
            slow_told = true;
        } else {
            answered(static_cast<std::uint32_t>(mark), answer->res);
        }
    }
    io_uring_cq_advance(&ring_, count);
    if (slow_told) {
        take_slow_results();
        watch_slow_lane();
    }
}

void BlockDeviceDriver::answered(std::uint32_t index, int result) noexcept {
    Slot& slot = slots_[index];
    const Request& request = slot.request;
    if (request.op != Op::flush && result > 0) {
        slot.done_bytes += static_cast<std::uint64_t>(result);
        if (slot.done_bytes < request.data.size()) { // Rare: the kernel stopped half-way.
            queue_transfer(index);
            return;
        }
    }
    --in_ring_;
    if (result < 0) {
        fail(index, -result);
        return;
    }
    if (request.op == Op::flush) {
        finish(index, Status::good, 0);
        return;
    }
    if (slot.done_bytes < request.data.size()) { // The file has become shorter.
        finish(index, Status::failed, sense::medium_error);
        return;
    }
    if (request.op == Op::read && slot.copy) {
        std::memcpy(request.data.data(), slot.data, request.data.size());
    }
    const bool differs = request.op == Op::compare &&
                         std::memcmp(request.data.data(), slot.data, request.data.size()) != 0;
    finish(index, differs ? Status::failed : Status::good, differs ? sense::miscompare : 0);
}

void BlockDeviceDriver::take_slow_results() noexcept {
    std::array<SlowLane::Result, 16> results;
    for (std::size_t count = slow_->take(results); count > 0; count = slow_->take(results)) {
        for (std::size_t i = 0; i < count; ++i) {
            --in_slow_;
            if (results[i].error == 0) {
                finish(results[i].slot, Status::good, 0);
            } else {
                fail(results[i].slot, results[i].error);
            }
        }
    }
}

void BlockDeviceDriver::fail(std::uint32_t index, int error) noexcept {
    const KernelEnd end = kernel_end(error);
    gone_ = gone_ || end.device_gone;
    finish(index, end.status, end.sense);
}

void BlockDeviceDriver::finish(std::uint32_t index, Status status, std::uint32_t sense) noexcept {
    Slot& slot = slots_[index];
    slot.copy.reset();
    const bool changes = slot.request.op != Op::read && slot.request.op != Op::compare &&
                         slot.request.op != Op::flush;
    const std::size_t at = ended_first_ + ended_count_;
    Completion& end = ended_[at < ended_.size() ? at : at - ended_.size()];
    end = Completion{};
    end.tag = slot.request.tag;
    end.status = status;
    end.sense = sense;
    // The kernel gave the command up; what became of it at the device is not known.
    end.fenced = !changes || (status != Status::timed_out && status != Status::lost);
    end.done = clock_.now();
    ++ended_count_;
    free_.push_back(index);
}

} // namespace drivers::block_device
