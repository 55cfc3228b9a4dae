// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/array/array_settings.h"
#include "drivers/array/sparse_memory.h"
#include "drivers/array/thin_pool.h"
#include "drivers/array/undo_log.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <span>

namespace drivers::array {

enum class Durability : std::uint8_t { in_cache, durable, promised };

// One LUN's content: thin from the pool, behind a volatile cache or none, with blocks that cannot
// be read. The caller keeps ranges within the geometry.
class Volume {
public:
    // Throws HostError: memory or backing file; UsageError: a thick volume does not fit the pool.
    Volume(const VolumeSettings& settings, ThinPool& pool);
    ~Volume();
    Volume(const Volume&) = delete;
    Volume& operator=(const Volume&) = delete;

    void read(std::uint64_t lba, std::span<std::byte> out) const noexcept;
    // False: the pool or the disk is full, and nothing was written.
    bool write(std::uint64_t lba, std::span<const std::byte> data, Durability durability) noexcept;
    // False as above; zeros that need no room always fit.
    bool write_zeroes(std::uint64_t lba, std::uint64_t blocks) noexcept;
    void unmap(std::uint64_t lba, std::uint64_t blocks) noexcept;
    // The first byte that differs.
    std::optional<std::uint64_t> compare(std::uint64_t lba,
                                         std::span<const std::byte> data) const noexcept;

    void begin_undo(std::uint64_t capacity_bytes); // From here on a power cut loses something.
    UndoLog* undo() noexcept { return undo_.get(); }
    const UndoLog* undo() const noexcept { return undo_.get(); }

    // Blocks that cannot be read until they are written. At most bad_blocks_max; more are ignored.
    std::uint64_t spoil(std::uint64_t lba, std::uint64_t blocks);
    std::optional<std::uint64_t> first_bad(std::uint64_t lba, std::uint64_t blocks) const noexcept;

    // Flips one bit behind everybody's back; false where nothing is mapped.
    bool flip(std::uint64_t bit) noexcept;
    bool flip_mapped(double position) noexcept; // Of all mapped bits, from 0 to 1.

    std::uint64_t granules_to_allocate(std::uint64_t lba, std::uint64_t blocks) const noexcept;
    SparseMemory& memory() noexcept { return memory_; }
    const SparseMemory& memory() const noexcept { return memory_; }
    std::uint32_t block_bytes() const noexcept { return block_bytes_; }
    std::uint64_t block_count() const noexcept { return block_count_; }

    static constexpr std::size_t bad_blocks_max = 65536;

private:
    bool allocate(std::uint64_t offset, std::uint64_t size) noexcept;
    void heal(std::uint64_t lba, std::uint64_t blocks) noexcept;

    ThinPool& pool_;
    bool thin_;
    std::uint32_t block_bytes_;
    std::uint64_t block_count_;
    SparseMemory memory_;
    std::unique_ptr<UndoLog> undo_;
    std::set<std::uint64_t> bad_;
};

} // namespace drivers::array
