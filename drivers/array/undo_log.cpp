// SPDX-License-Identifier: Apache-2.0
#include "drivers/array/undo_log.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace drivers::array {

namespace {

std::uint64_t page_count(std::uint64_t bytes) {
    return (bytes + UndoLog::page_bytes - 1) / UndoLog::page_bytes;
}

std::uint8_t& byte_of(SparseMemory& bits, std::uint64_t page) noexcept {
    return *reinterpret_cast<std::uint8_t*>(bits.at(page));
}

} // namespace

UndoLog::UndoLog(SparseMemory& memory, const Shape& shape)
    : memory_(memory)
    , block_bytes_(shape.block_bytes)
    , blocks_per_page_(static_cast<std::uint32_t>(page_bytes / shape.block_bytes))
    , dirty_(page_count(shape.size_bytes), page_bytes, "")
    , promised_(page_count(shape.size_bytes), page_bytes, "")
    , arena_(
          std::max<std::uint64_t>(page_count(shape.capacity_bytes), 1) * page_bytes, page_bytes, "")
    , slots_(std::max<std::uint64_t>(page_count(shape.capacity_bytes), 1)) {}

template <typename Visit>
void UndoLog::each_page(std::uint64_t lba, std::uint64_t blocks, Visit visit) {
    while (blocks > 0) {
        const auto begin = static_cast<std::uint32_t>(lba % blocks_per_page_);
        const auto length =
            static_cast<std::uint32_t>(std::min<std::uint64_t>(blocks, blocks_per_page_ - begin));
        const auto mask = static_cast<std::uint8_t>(((1U << length) - 1U) << begin);
        visit(Piece{lba / blocks_per_page_, mask});
        lba += length;
        blocks -= length;
    }
}

void UndoLog::before_write(std::uint64_t lba, std::uint64_t blocks) noexcept {
    each_page(lba, blocks, [this](const Piece& piece) {
        const std::uint8_t held = byte_of(dirty_, piece.page);
        const auto fresh = static_cast<std::uint8_t>(piece.mask & ~held);
        if (fresh != 0) {
            save({piece.page, fresh});
        }
    });
}

void UndoLog::save(const Piece& piece) noexcept {
    if (count_ == slots_.size()) {
        forget_oldest();
    }
    const std::size_t at = place(count_);
    const std::uint64_t offset = piece.page * page_bytes;
    Slot& slot = slots_[at];
    slot = {piece.page, piece.mask, !memory_.is_mapped(offset), false};
    if (!slot.zeros) { // The whole page: cheaper than picking blocks, and it is there.
        std::memcpy(
            arena_.at(at * page_bytes), memory_.at(offset), memory_.bytes_from(offset, page_bytes));
    }
    byte_of(dirty_, piece.page) |= piece.mask;
    ++count_;
}

void UndoLog::forget_oldest() noexcept {
    const Slot& slot = slots_[first_];
    const auto others = static_cast<std::uint8_t>(~slot.mask);
    byte_of(dirty_, slot.page) &= others;
    byte_of(promised_, slot.page) &= others;
    first_ = place(1);
    --count_;
}

void UndoLog::promise(std::uint64_t lba, std::uint64_t blocks) noexcept {
    each_page(lba, blocks, [this](const Piece& piece) {
        byte_of(promised_, piece.page) |=
            static_cast<std::uint8_t>(piece.mask & byte_of(dirty_, piece.page));
    });
}

void UndoLog::before_durable_write(std::uint64_t lba, std::uint64_t blocks) noexcept {
    if (count_ == 0) {
        return;
    }
    bool meets = false;
    each_page(lba, blocks, [this, &meets](const Piece& piece) {
        meets = meets || (piece.mask & byte_of(dirty_, piece.page)) != 0;
    });
    if (meets) { // Rare. A cache may always destage more than it was asked to.
        make_durable();
    }
}

void UndoLog::make_durable() noexcept {
    while (count_ > 0) {
        forget_oldest();
    }
}

void UndoLog::promise_all() noexcept {
    for (std::size_t i = 0; i < count_; ++i) {
        slots_[place(i)].promised = true;
    }
}

bool UndoLog::make_durable_but_one(std::uint64_t chance) noexcept {
    if (count_ == 0) {
        return false;
    }
    const std::size_t at = place(chance % count_);
    const Slot kept = slots_[at];
    make_durable();
    first_ = at;
    count_ = 1;
    slots_[at] = kept;
    slots_[at].promised = true;
    byte_of(dirty_, kept.page) |= kept.mask;
    return true;
}

void UndoLog::put_back(std::size_t at, PowerLoss& loss) noexcept {
    const Slot& slot = slots_[at];
    for (std::uint32_t block = 0; block < blocks_per_page_; ++block) {
        if ((slot.mask >> block & 1U) == 0) {
            continue;
        }
        const std::uint64_t inside = std::uint64_t{block} * block_bytes_;
        const std::uint64_t offset = slot.page * page_bytes + inside;
        if (slot.zeros) {
            memory_.zero(offset, block_bytes_);
        } else {
            std::memcpy(memory_.at(offset), arena_.at(at * page_bytes + inside), block_bytes_);
        }
    }
    const auto promised =
        slot.promised ? slot.mask
                      : static_cast<std::uint8_t>(slot.mask & byte_of(promised_, slot.page));
    const auto lost = static_cast<std::uint64_t>(std::popcount(slot.mask));
    loss.blocks_promised += static_cast<std::uint64_t>(std::popcount(promised));
    loss.blocks_unpromised += lost - static_cast<std::uint64_t>(std::popcount(promised));
}

PowerLoss UndoLog::power_cut() noexcept {
    PowerLoss loss;
    while (count_ > 0) {
        put_back(first_, loss);
        forget_oldest();
    }
    return loss;
}

} // namespace drivers::array
