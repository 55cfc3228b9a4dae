// SPDX-License-Identifier: Apache-2.0
#include "drivers/memory/memory_driver.h"

#include "drivers/api/errors.h"

#include <sys/mman.h>

#include <cstring>

namespace drivers {

namespace {

// Sense key, ASC and ASCQ as SPC-5 annex F lists them.
constexpr std::uint32_t out_of_range = 0x052100;
constexpr std::uint32_t invalid_field = 0x052400;
constexpr std::uint32_t miscompare = 0x0e1d00;
constexpr std::uint64_t page_bytes = 4096;

std::byte* reserve(std::uint64_t size_bytes) {
    void* const address = mmap(nullptr,
                               size_bytes,
                               PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                               -1,
                               0);
    if (address == MAP_FAILED) {
        throw HostError("memory LUN of " + std::to_string(size_bytes) +
                        " bytes: this host does not give that much address space");
    }
    return static_cast<std::byte*>(address);
}

std::uint64_t checked_size(const MemorySettings& settings) {
    if (settings.block_bytes < 512 || settings.size_bytes == 0 ||
        settings.size_bytes % settings.block_bytes != 0) {
        throw UsageError("memory LUN of " + std::to_string(settings.size_bytes) +
                         " bytes: wanted a positive multiple of the block size " +
                         std::to_string(settings.block_bytes));
    }
    return settings.size_bytes;
}

} // namespace

void MemoryDriver::Unmapper::operator()(std::byte* address) const noexcept {
    munmap(address, size);
}

MemoryDriver::MemoryDriver(const MemorySettings& settings, Clock& clock)
    : geometry_{settings.block_bytes,
                checked_size(settings) / settings.block_bytes,
                settings.transfer_bytes_max}
    , identity_{"ARRAYBEN", "MEMORY", "0", settings.serial, ""}
    , ring_(settings.depth)
    , clock_(clock)
    , volatile_cache_(settings.volatile_cache)
    , memory_(reserve(settings.size_bytes), Unmapper{settings.size_bytes}) {}

bool MemoryDriver::submit(const Request& request) noexcept {
    if (ring_.full()) {
        return false;
    }
    Completion completion;
    completion.tag = request.tag;
    completion.sense = execute(request);
    completion.status = completion.sense == 0 ? Status::good : Status::failed;
    ring_.push(completion);
    return true;
}

std::size_t MemoryDriver::poll(std::span<Completion> out) noexcept {
    return ring_.empty() ? 0 : ring_.drain(out, clock_.now());
}

TimePoint MemoryDriver::next_timer() const noexcept {
    return ring_.empty() ? TimePoint::max() : TimePoint::min();
}

void MemoryDriver::power_cut() {
    for (const auto& [lba, content] : durable_) {
        std::memcpy(at(lba), content.data(), content.size());
    }
    durable_.clear();
}

std::uint32_t MemoryDriver::execute(const Request& request) noexcept {
    switch (request.op) {
    case Op::read:
    case Op::write:
    case Op::compare:
        return move(request);
    case Op::flush:
        durable_.clear();
        return 0;
    case Op::unmap:
        return unmap(request);
    case Op::write_zeroes:
        if (!in_range(request.range)) {
            return out_of_range;
        }
        remember(request.range, request.force_unit_access);
        clear(request.range);
        return 0;
    }
    return invalid_field;
}

std::uint32_t MemoryDriver::move(const Request& request) noexcept {
    if (!in_range(request.range)) {
        return out_of_range;
    }
    const std::uint64_t bytes = request.range.block_count * geometry_.block_bytes;
    const std::uint32_t limit = geometry_.transfer_bytes_max;
    if (request.data.size() != bytes || (limit != 0 && bytes > limit)) {
        return invalid_field;
    }
    if (bytes == 0) {
        return 0;
    }
    std::byte* const place = at(request.range.lba);
    if (request.op == Op::read) {
        std::memcpy(request.data.data(), place, bytes);
        return 0;
    }
    if (request.op == Op::compare) {
        return std::memcmp(place, request.data.data(), bytes) == 0 ? 0 : miscompare;
    }
    remember(request.range, request.force_unit_access);
    std::memcpy(place, request.data.data(), bytes);
    return 0;
}

std::uint32_t MemoryDriver::unmap(const Request& request) noexcept {
    for (const BlockRange& range : request.ranges) {
        if (!in_range(range)) {
            return out_of_range;
        }
    }
    for (const BlockRange& range : request.ranges) {
        remember(range, false);
        clear(range);
    }
    return 0;
}

bool MemoryDriver::in_range(const BlockRange& range) const noexcept {
    return range.lba <= geometry_.block_count &&
           range.block_count <= geometry_.block_count - range.lba;
}

std::byte* MemoryDriver::at(std::uint64_t lba) const noexcept {
    return memory_.get() + lba * geometry_.block_bytes;
}

void MemoryDriver::remember(const BlockRange& range, bool durable) noexcept {
    if (!volatile_cache_) {
        return;
    }
    for (std::uint64_t lba = range.lba; lba < range.lba + range.block_count; ++lba) {
        if (durable) {
            durable_.erase(lba);
        } else {
            durable_.try_emplace(lba, at(lba), at(lba) + geometry_.block_bytes);
        }
    }
}

void MemoryDriver::clear(const BlockRange& range) noexcept {
    // Whole pages go back to the host, so that a large LUN stays sparse.
    const std::uint64_t begin = range.lba * geometry_.block_bytes;
    const std::uint64_t end = begin + range.block_count * geometry_.block_bytes;
    const std::uint64_t first_page = (begin + page_bytes - 1) / page_bytes * page_bytes;
    const std::uint64_t last_page = end / page_bytes * page_bytes;
    std::byte* const base = memory_.get();
    if (first_page >= last_page) {
        std::memset(base + begin, 0, end - begin);
        return;
    }
    std::memset(base + begin, 0, first_page - begin);
    if (madvise(base + first_page, last_page - first_page, MADV_DONTNEED) != 0) {
        std::memset(base + first_page, 0, last_page - first_page);
    }
    std::memset(base + last_page, 0, end - last_page);
}

} // namespace drivers
