// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/array/sparse_memory.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace drivers::array {

struct PowerLoss {
    std::uint64_t blocks_unpromised = 0; // Neither flushed nor FUA: gone by right.
    std::uint64_t blocks_promised = 0;   // Flushed or FUA, and gone.
};

// What a volatile write cache hides: the durable content of every block whose newest content is not
// durable yet. A power cut puts it back. Bounded: beyond its capacity the oldest write becomes
// durable, as a full cache would have destaged it.
class UndoLog {
public:
    struct Shape {
        std::uint64_t size_bytes = 0; // Of the volume.
        std::uint32_t block_bytes = 512;
        std::uint64_t capacity_bytes = 0;
    };

    UndoLog(SparseMemory& memory, const Shape& shape);

    // Before new content that is not durable goes to these blocks.
    void before_write(std::uint64_t lba, std::uint64_t blocks) noexcept;
    // These were sold as durable and are not.
    void promise(std::uint64_t lba, std::uint64_t blocks) noexcept;
    // Before durable content goes to these blocks: what was older there is durable too.
    void before_durable_write(std::uint64_t lba, std::uint64_t blocks) noexcept;

    void make_durable() noexcept; // A flush.
    void promise_all() noexcept;  // A flush that lies.
    // A flush that leaves one write behind, the one that `chance` picks; false: there is none.
    bool make_durable_but_one(std::uint64_t chance) noexcept;
    PowerLoss power_cut() noexcept;

    bool is_empty() const noexcept { return count_ == 0; }
    std::uint64_t held_bytes() const noexcept { return count_ * page_bytes; }

    static constexpr std::uint64_t page_bytes = 4096;

private:
    struct Slot { // Blocks of one page, saved together; no block is in two slots.
        std::uint64_t page = 0;
        std::uint8_t mask = 0;
        bool zeros = false; // The old content was zeros and nothing is kept.
        bool promised = false;
    };
    struct Piece { // A range's part in one page.
        std::uint64_t page = 0;
        std::uint8_t mask = 0;
    };

    template <typename Visit>
    void each_page(std::uint64_t lba, std::uint64_t blocks, Visit visit);
    std::size_t place(std::size_t index) const noexcept { return (first_ + index) % slots_.size(); }
    void save(const Piece& piece) noexcept;
    void forget_oldest() noexcept;
    void put_back(std::size_t at, PowerLoss& loss) noexcept;

    SparseMemory& memory_;
    std::uint32_t block_bytes_;
    std::uint32_t blocks_per_page_;
    SparseMemory dirty_;      // A byte per page: the blocks that are in a slot.
    SparseMemory promised_;   // A byte per page: blocks promised one by one.
    SparseMemory arena_;      // The content of each slot.
    std::vector<Slot> slots_; // A ring.
    std::size_t first_ = 0;
    std::size_t count_ = 0;
};

} // namespace drivers::array
