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

// False: not now, as the kernel is not yet done with what a thread that has ended left to it.
bool BlockDeviceDriver::has_ring() noexcept {
    if (ring_->come_here(is_idle())) {
        return true;
    }
    reap(); // What was told already.
    if (ring_->come_here(is_idle())) {
        return true;
    }
    if (!ring_->abandon()) {
        return false;
    }
    watching_slow_ = false;
    for (std::uint32_t index = 0; index < slots_.size(); ++index) {
        if (slots_[index].in_ring) {
            left_ring(index);
            finish(index, Status::lost, 0); // Or done: nobody says.
        }
    }
    const bool here = ring_->come_here(true);
    if (here) {
        watch_slow_lane();
    }
    return here;
}

void BlockDeviceDriver::left_ring(std::uint32_t index) noexcept {
    slots_[index].in_ring = false;
    --in_ring_;
}

std::size_t BlockDeviceDriver::poll(std::span<Completion> out) noexcept {
    (void)is_another_lun();
    if (has_ring()) {
        ring_->enter();
    }
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
    if (ended_count_ > 0 || ring_->prepared() > 0) {
        return TimePoint::min();
    }
    return holds_writes() ? clock_.now() + std::chrono::milliseconds(1) : TimePoint::max();
}

BlockDriver::Wait BlockDeviceDriver::wait(TimePoint until) noexcept {
    if (!ring_->can_wait() || !has_ring()) {
        return Wait::not_offered;
    }
    if (ended_count_ > 0) {
        return Wait::woken;
    }
    ring_->keep_here(is_idle());
    return ring_->wait(until - clock_.now(), is_idle()) ? Wait::woken : Wait::timed_out;
}

void BlockDeviceDriver::reap() noexcept {
    bool slow_told = false;
    ring_->take([&](std::uint64_t mark, int result) {
        if (mark == slow_lane_mark) {
            watching_slow_ = false;
            slow_told = true;
        } else {
            answered(static_cast<std::uint32_t>(mark), result);
        }
    });
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
    left_ring(index);
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
    if (end.device_gone && end_ == DriverEnd::none) {
        end_ = DriverEnd::lost;
        end_reason_ = file_.path() + ": the kernel says that the device is gone";
    }
    const bool may_be_another = end.sense == 0 || end.sense == sense::medium_error;
    if (may_be_another && end.status != Status::busy) {
        asked_ = watch_->ask();
    }
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
