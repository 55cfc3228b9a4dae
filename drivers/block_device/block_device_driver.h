// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/block_driver.h"
#include "drivers/api/clock.h"
#include "drivers/api/lun_mark.h"
#include "drivers/api/lun_report.h"
#include "drivers/block_device/device_watch.h"
#include "drivers/block_device/opened_file.h"
#include "drivers/block_device/ring.h"
#include "drivers/block_device/slow_lane.h"

#include <memory>
#include <vector>

namespace drivers::block_device {

struct Settings {
    std::string path; // A block device or a regular file.
    std::size_t depth = 32;
    KernelView view;
    Duration identity_interval = std::chrono::seconds(1); // How often it is asked who is there.
};

// A kernel block device or a file through io_uring: direct I/O, a registered file and, where the
// lane says where its buffers are, registered buffers. FUA is RWF_DSYNC, unmap is a discard.
// Requests are handed to the kernel together, at the next poll. What the kernel has begun cannot be
// called back: its own time limits count, and the destructor waits for every answer. Who is there
// is asked when it is opened, at an interval, and after an error before the next write.
class BlockDeviceDriver final : public BlockDriver {
public:
    // Throws as OpenedFile does; HostError where io_uring is not to be had.
    BlockDeviceDriver(const Settings& settings, Clock& clock);
    ~BlockDeviceDriver() override;
    BlockDeviceDriver(const BlockDeviceDriver&) = delete;
    BlockDeviceDriver& operator=(const BlockDeviceDriver&) = delete;

    const Geometry& geometry() const noexcept override { return geometry_; }
    const Identity& identity() const noexcept override { return identity_; }
    std::size_t depth() const noexcept override { return slots_.size(); }
    [[nodiscard]] bool submit(const Request& request) noexcept override;
    std::size_t poll(std::span<Completion> out) noexcept override;
    void use_memory(std::span<std::byte> memory) noexcept override;
    Access access() const noexcept override {
        return end_ == DriverEnd::none ? Access::optimized : Access::down;
    }
    DriverEnd ended() const noexcept override { return end_; }
    std::string_view end_reason() const noexcept override { return end_reason_; }
    int wait_fd() const noexcept override { return ring_->fd(); }
    TimePoint next_timer() const noexcept override;
    Wait wait(TimePoint until) noexcept override;

    LunReport report() const; // Without the URL.

private:
    struct FreeMemory {
        void operator()(std::byte* memory) const noexcept;
    };
    using Aligned = std::unique_ptr<std::byte, FreeMemory>;

    struct Slot { // One request in flight.
        Request request;
        BlockRange range; // What a zeroing lends the slow lane.
        std::uint64_t done_bytes = 0;
        bool in_ring = false;      // Or about to be.
        Aligned copy;              // Where the caller's buffer does not suit direct I/O.
        std::byte* data = nullptr; // The caller's buffer or the copy.
    };

    void identify(const std::string& path);
    std::string difference(const std::string& path, const LunMark& mark) const;
    bool is_another_lun() noexcept;
    bool holds_writes() const noexcept { return watch_->answered() < asked_; }
    void start(std::uint32_t index) noexcept;
    void start_transfer(std::uint32_t index) noexcept;
    void queue_transfer(std::uint32_t index) noexcept;
    void start_slowly(std::uint32_t index) noexcept;
    void watch_slow_lane() noexcept;
    io_uring_sqe& next_entry() noexcept;
    std::uint32_t objection(const Request& request) const noexcept; // Sense; 0 = none.
    bool in_range(const BlockRange& range) const noexcept;
    bool has_ring() noexcept;
    bool is_idle() const noexcept { // The kernel has nothing of the ring's.
        return in_ring_ + (watching_slow_ ? 1 : 0) == ring_->prepared();
    }
    void reap() noexcept;
    void left_ring(std::uint32_t index) noexcept;
    void answered(std::uint32_t index, int result) noexcept;
    void take_slow_results() noexcept;
    void finish(std::uint32_t index, Status status, std::uint32_t sense) noexcept;
    void fail(std::uint32_t index, int error) noexcept;

    Clock& clock_;
    OpenedFile file_;
    Geometry geometry_;
    Identity identity_;
    KernelView view_;
    std::vector<Slot> slots_;
    std::vector<std::uint32_t> free_;
    std::vector<Completion> ended_; // Answered, not yet handed out, the oldest at ended_first_.
    std::size_t ended_first_ = 0;
    std::size_t ended_count_ = 0;
    std::unique_ptr<SlowLane> slow_;
    std::unique_ptr<Ring> ring_; // Before slow_ ends, it has.
    std::size_t in_ring_ = 0;    // Requests the kernel has, or is to have, without slow_'s.
    std::size_t in_slow_ = 0;    // Requests slow_ has.
    bool watching_slow_ = false;
    std::uint64_t slow_count_ = 0; // Where the kernel puts what it reads of slow_'s event.
    DriverEnd end_ = DriverEnd::none;
    std::string end_reason_;
    std::uint64_t asked_ = 0;            // After an error: until it is answered nothing is written.
    bool said_itself_ = false;           // Who it is: the device was asked and agreed.
    std::unique_ptr<DeviceWatch> watch_; // Ends first: it looks at what is above.
};

} // namespace drivers::block_device
