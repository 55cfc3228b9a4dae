// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/memory/completion_ring.h"

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace drivers {

struct MemorySettings {
    std::uint64_t size_bytes = 0; // A multiple of block_bytes.
    std::uint32_t block_bytes = 512;
    std::uint32_t transfer_bytes_max = 0; // 0 = no limit.
    std::size_t depth = 64;
    bool volatile_cache = false; // Writes are lost by power_cut() until flushed.
    std::string serial = "memory";
};

// A LUN in RAM, the reference the other drivers are held against: sparse, zero where unwritten,
// answers in order and with the sense codes a SCSI array gives (SBC-4).
class MemoryDriver final : public BlockDriver {
public:
    // Throws UsageError for an impossible size, HostError when memory cannot be had.
    MemoryDriver(const MemorySettings& settings, Clock& clock);

    const Geometry& geometry() const noexcept override { return geometry_; }
    const Identity& identity() const noexcept override { return identity_; }
    std::size_t depth() const noexcept override { return ring_.depth(); }
    [[nodiscard]] bool submit(const Request& request) noexcept override;
    std::size_t poll(std::span<Completion> out) noexcept override;
    int wait_fd() const noexcept override { return -1; }
    TimePoint next_timer() const noexcept override;

    // Undoes every write, unmap and zeroing that was neither flushed nor sent with FUA.
    void power_cut();

private:
    struct Unmapper {
        std::size_t size;
        void operator()(std::byte* address) const noexcept;
    };

    std::uint32_t execute(const Request& request) noexcept; // Returns the sense, 0 = good.
    std::uint32_t move(const Request& request) noexcept;
    std::uint32_t unmap(const Request& request) noexcept;
    bool in_range(const BlockRange& range) const noexcept;
    std::byte* at(std::uint64_t lba) const noexcept;
    void remember(const BlockRange& range, bool durable) noexcept;
    void clear(const BlockRange& range) noexcept;

    Geometry geometry_;
    Identity identity_;
    CompletionRing ring_;
    Clock& clock_;
    bool volatile_cache_;
    std::unique_ptr<std::byte, Unmapper> memory_;
    // What each block held at the last flush, where it has been changed since.
    std::unordered_map<std::uint64_t, std::vector<std::byte>> durable_;
};

} // namespace drivers
