// SPDX-License-Identifier: Apache-2.0
// Requests: from submit() to the kernel.
#include "drivers/block_device/block_device_driver.h"

#include "drivers/api/errors.h"
#include "drivers/block_device/asked_identity.h"
#include "drivers/block_device/kernel_status.h"

#include <algorithm>
#include <cassert>
#include <cstdlib>
#include <cstring>
#include <fmt/format.h>
#include <memory>
#include <thread>

namespace drivers::block_device {

namespace {

constexpr std::size_t depth_max = 16384;
constexpr std::uint64_t transfer_max = 1U << 30U; // The kernel counts one I/O in an int.
constexpr std::size_t direct_alignment = 512;     // Of memory; more than any device asks for.

bool is_aligned(std::byte* data, std::size_t bytes) noexcept {
    void* place = data;
    return std::align(direct_alignment, bytes, place, bytes) == data;
}

} // namespace

void BlockDeviceDriver::FreeMemory::operator()(std::byte* memory) const noexcept {
    std::free(memory);
}

BlockDeviceDriver::BlockDeviceDriver(const Settings& settings, Clock& clock)
    : clock_(clock)
    , file_(settings.path, settings.view)
    , view_(settings.view) {
    if (settings.depth == 0 || settings.depth > depth_max) {
        throw UsageError(fmt::format("queue depth {}: wanted 1 to {}", settings.depth, depth_max));
    }
    geometry_.block_bytes = file_.block_bytes();
    geometry_.block_count = file_.size_bytes() / file_.block_bytes();
    identify(settings.path);
    slots_.resize(settings.depth);
    ended_.resize(settings.depth);
    for (std::size_t i = settings.depth; i > 0; --i) {
        free_.push_back(static_cast<std::uint32_t>(i - 1));
    }
    slow_ = std::make_unique<SlowLane>(
        file_.fd(), file_.is_device(), geometry_.block_bytes, settings.depth);
    ring_ = std::make_unique<Ring>(settings.depth, file_.fd());
    watch_ = std::make_unique<DeviceWatch>(
        [this, path = settings.path, mark = mark_of(identity_, geometry_)] {
            return difference(path, mark);
        },
        settings.identity_interval);
}

BlockDeviceDriver::~BlockDeviceDriver() {
    while (in_ring_ + in_slow_ > 0 || watching_slow_) {
        if (!has_ring() || !ring_->wait(std::chrono::milliseconds(1), is_idle())) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        reap();
        take_slow_results();
        ended_count_ = 0;
        ended_first_ = 0;
    }
}

void BlockDeviceDriver::identify(const std::string& path) {
    if (!file_.is_device()) {
        identity_ = file_identity(file_.pinned_path(), file_.status());
        return;
    }
    const dev_t device = file_.status().st_rdev;
    identity_ = device_identity(device, view_);
    if (!is_askable(device, view_)) {
        return;
    }
    if (const auto asked = asked_identity(file_.fd())) {
        identity_ = agreed_identity(std::move(identity_), *asked, path);
        said_itself_ = true;
    }
}

// On the watch's thread: looks only at what stays as it is while the driver lives.
std::string BlockDeviceDriver::difference(const std::string& path, const LunMark& mark) const {
    LunMark seen = mark;
    seen.block_count = file_.size_bytes_now() / mark.block_bytes;
    const auto other = file_.replacement();
    if (other && !S_ISBLK(other->st_mode)) {
        seen.serial = file_identity(path, *other).serial;
        seen.unique_id.clear();
    } else if (file_.is_device()) {
        const Identity now =
            device_identity(other ? other->st_rdev : file_.status().st_rdev, view_);
        seen.unique_id = now.unique_id.empty() ? mark.unique_id : now.unique_id;
        seen.serial = now.serial.empty() ? mark.serial : now.serial;
        const auto asked = said_itself_ ? asked_identity(file_.fd()) : std::nullopt;
        const bool names_itself = asked && !asked->unique_ids.empty();
        if (names_itself &&
            std::find(asked->unique_ids.begin(), asked->unique_ids.end(), mark.unique_id) ==
                asked->unique_ids.end()) {
            seen.unique_id = asked->unique_ids.front();
        }
    }
    return is_same_lun(mark, seen) ? std::string{}
                                   : fmt::format("{}: {}", path, another_lun_text(mark, seen));
}

bool BlockDeviceDriver::is_another_lun() noexcept {
    if (end_ == DriverEnd::none && watch_->differs()) {
        end_ = DriverEnd::another_lun;
        end_reason_ = watch_->difference();
    }
    return end_ == DriverEnd::another_lun;
}

void BlockDeviceDriver::use_memory(std::span<std::byte> memory) noexcept {
    (void)has_ring();
    ring_->use_memory(file_.is_direct() ? memory : std::span<std::byte>{});
}

bool BlockDeviceDriver::in_range(const BlockRange& range) const noexcept {
    return range.lba <= geometry_.block_count &&
           range.block_count <= geometry_.block_count - range.lba;
}

std::uint32_t BlockDeviceDriver::objection(const Request& request) const noexcept {
    if (request.op == Op::flush) {
        return 0;
    }
    const bool changes = request.op != Op::read && request.op != Op::compare;
    if (changes && !file_.is_writable()) {
        return sense::write_protected;
    }
    if (request.op == Op::unmap) {
        return std::all_of(request.ranges.begin(),
                           request.ranges.end(),
                           [this](const BlockRange& range) { return in_range(range); })
                   ? 0
                   : sense::out_of_range;
    }
    if (!in_range(request.range)) {
        return sense::out_of_range;
    }
    const std::uint64_t bytes = request.range.block_count * geometry_.block_bytes;
    const bool fits =
        request.op == Op::write_zeroes || (request.data.size() == bytes && bytes <= transfer_max);
    return fits ? 0 : sense::invalid_field;
}

bool BlockDeviceDriver::submit(const Request& request) noexcept {
    if (free_.size() <= ended_count_ || // What has ended counts until it is handed out.
        !has_ring()) {
        return false;
    }
    const bool changes = request.op != Op::read && request.op != Op::compare;
    if (!is_another_lun() && changes && holds_writes()) {
        return false;
    }
    const std::uint32_t index = free_.back();
    free_.pop_back();
    Slot& slot = slots_[index];
    slot.request = request;
    slot.range = request.range;
    slot.done_bytes = 0;
    if (end_ != DriverEnd::none) {
        finish(index, Status::lost, 0);
        return true;
    }
    if (const std::uint32_t sense = objection(request); sense != 0) {
        finish(index, Status::failed, sense);
        return true;
    }
    start(index);
    return true;
}

void BlockDeviceDriver::start(std::uint32_t index) noexcept {
    const Request& request = slots_[index].request;
    switch (request.op) {
    case Op::read:
    case Op::write:
    case Op::compare:
        start_transfer(index);
        return;
    case Op::flush: {
        io_uring_sqe& entry = next_entry();
        io_uring_prep_fsync(&entry, 0, IORING_FSYNC_DATASYNC);
        entry.flags |= IOSQE_FIXED_FILE;
        io_uring_sqe_set_data64(&entry, index);
        slots_[index].in_ring = true;
        ++in_ring_;
        return;
    }
    case Op::unmap:
    case Op::write_zeroes:
        start_slowly(index);
        return;
    }
}

void BlockDeviceDriver::start_transfer(std::uint32_t index) noexcept {
    Slot& slot = slots_[index];
    const Request& request = slot.request;
    if (request.data.empty()) {
        finish(index, Status::good, 0);
        return;
    }
    slot.data = request.data.data();
    const bool aligned = is_aligned(slot.data, request.data.size());
    if (request.op == Op::compare || (file_.is_direct() && !aligned)) {
        // Off the path of the bench's own buffers, which are aligned.
        slot.copy.reset(
            static_cast<std::byte*>(std::aligned_alloc(direct_alignment, request.data.size())));
        if (!slot.copy) {
            finish(index, Status::busy, 0);
            return;
        }
        slot.data = slot.copy.get();
        if (request.op == Op::write) {
            std::memcpy(slot.data, request.data.data(), request.data.size());
        }
    }
    slot.in_ring = true;
    ++in_ring_;
    queue_transfer(index);
}

// The whole transfer, or what the kernel left of it.
void BlockDeviceDriver::queue_transfer(std::uint32_t index) noexcept {
    Slot& slot = slots_[index];
    const Request& request = slot.request;
    std::byte* const data = slot.data + slot.done_bytes;
    const auto bytes = static_cast<unsigned>(request.data.size() - slot.done_bytes);
    const std::uint64_t at = slot.range.lba * geometry_.block_bytes + slot.done_bytes;
    const bool fixed = ring_->holds(data, bytes);
    io_uring_sqe& entry = next_entry();
    if (request.op == Op::write) {
        if (fixed) {
            io_uring_prep_write_fixed(&entry, 0, data, bytes, at, 0);
        } else {
            io_uring_prep_write(&entry, 0, data, bytes, at);
        }
        entry.rw_flags = request.force_unit_access ? RWF_DSYNC : 0;
    } else if (fixed) {
        io_uring_prep_read_fixed(&entry, 0, data, bytes, at, 0);
    } else {
        io_uring_prep_read(&entry, 0, data, bytes, at);
    }
    entry.flags |= IOSQE_FIXED_FILE;
    io_uring_sqe_set_data64(&entry, index);
}

void BlockDeviceDriver::start_slowly(std::uint32_t index) noexcept {
    Slot& slot = slots_[index];
    const bool zeroes = slot.request.op == Op::write_zeroes;
    const std::span<const BlockRange> ranges =
        zeroes ? std::span<const BlockRange>(&slot.range, 1) : slot.request.ranges;
    if (!slow_->start({index, slot.request.op, ranges})) {
        finish(index, Status::busy, 0);
        return;
    }
    ++in_slow_;
    watch_slow_lane();
}

// One ring tells of both: while slow_ works, the kernel reads its event.
void BlockDeviceDriver::watch_slow_lane() noexcept {
    if (watching_slow_ || in_slow_ == 0) {
        return;
    }
    io_uring_sqe& entry = next_entry();
    io_uring_prep_read(&entry, slow_->event_fd(), &slow_count_, sizeof slow_count_, 0);
    io_uring_sqe_set_data64(&entry, slow_lane_mark);
    watching_slow_ = true;
}

LunReport BlockDeviceDriver::report() const {
    LunReport out;
    out.identity = identity_;
    out.geometry = geometry_;
    out.write_protected = !file_.is_writable() && file_.in_use().empty();
    out.in_use = file_.in_use();
    out.limits.emplace_back("direct I/O", file_.is_direct() ? "yes" : "no, through the page cache");
    out.limits.emplace_back("compare", "a read, compared on this host");
    if (file_.is_device()) {
        out.limits.emplace_back("identity",
                                said_itself_ ? "as the kernel has it, and the device itself says so"
                                             : "as the kernel has it");
        for (auto& [name, value] : queue_limits(file_.status().st_rdev, view_)) {
            out.thin = out.thin || (name == "queue discard_max_bytes" && value != "0");
            out.write_cache =
                out.write_cache || (name == "queue write_cache" && value == "write back");
            out.limits.emplace_back(std::move(name), std::move(value));
        }
    } else {
        out.thin = true;        // Holes can be punched.
        out.write_cache = true; // Of the file system and what is below it.
    }
    return out;
}

io_uring_sqe& BlockDeviceDriver::next_entry() noexcept {
    io_uring_sqe* const entry = ring_->entry();
    assert(entry != nullptr && "there is one for each slot and one for the watch");
    return *entry;
}

} // namespace drivers::block_device
