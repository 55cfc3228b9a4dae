// SPDX-License-Identifier: Apache-2.0
#include "drivers/array/volume.h"

#include "drivers/api/errors.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <fmt/format.h>

namespace drivers::array {

Volume::Volume(const VolumeSettings& settings, ThinPool& pool)
    : pool_(pool)
    , thin_(settings.thin)
    , block_bytes_(settings.block_bytes)
    , block_count_(settings.block_count)
    , memory_(settings.block_count * settings.block_bytes, settings.granule_bytes, settings.file) {
    if (block_bytes_ != 512 && block_bytes_ != UndoLog::page_bytes) {
        throw UsageError(fmt::format(
            "volume \"{}\": blocks of {} bytes; wanted 512 or 4096", settings.name, block_bytes_));
    }
    const std::uint64_t taken =
        thin_ ? memory_.mapped_granules() * memory_.granule_bytes() : block_count_ * block_bytes_;
    if (!pool_.take(taken)) {
        throw UsageError(fmt::format(
            "volume \"{}\": {} bytes do not fit what is left of the pool", settings.name, taken));
    }
}

Volume::~Volume() = default;

void Volume::begin_undo(std::uint64_t capacity_bytes) {
    if (!undo_) {
        undo_ = std::make_unique<UndoLog>(
            memory_, UndoLog::Shape{block_count_ * block_bytes_, block_bytes_, capacity_bytes});
    }
}

void Volume::read(std::uint64_t lba, std::span<std::byte> out) const noexcept {
    memory_.read(lba * block_bytes_, out);
}

bool Volume::allocate(std::uint64_t offset, std::uint64_t size) noexcept {
    const std::uint64_t missing = memory_.unmapped_granules(offset, size);
    if (missing == 0) {
        return true;
    }
    const std::uint64_t bytes = thin_ ? missing * memory_.granule_bytes() : 0;
    if (!pool_.take(bytes)) {
        return false;
    }
    const std::uint64_t before = memory_.mapped_granules();
    if (memory_.map(offset, size)) {
        return true;
    }
    const std::uint64_t mapped = memory_.mapped_granules() - before; // The disk took only these.
    pool_.give_back(thin_ ? (missing - mapped) * memory_.granule_bytes() : 0);
    return false;
}

bool Volume::write(std::uint64_t lba,
                   std::span<const std::byte> data,
                   Durability durability) noexcept {
    const std::uint64_t offset = lba * block_bytes_;
    const std::uint64_t blocks = data.size() / block_bytes_;
    if (undo_ && durability == Durability::durable) {
        undo_->before_durable_write(lba, blocks);
    } else if (undo_) { // Before it is mapped: what was unmapped goes back to zeros for nothing.
        undo_->before_write(lba, blocks);
    }
    if (!allocate(offset, data.size())) {
        return false;
    }
    memory_.write(offset, data);
    if (undo_ && durability == Durability::promised) {
        undo_->promise(lba, blocks);
    }
    if (!bad_.empty()) {
        heal(lba, blocks);
    }
    return true;
}

bool Volume::write_zeroes(std::uint64_t lba, std::uint64_t blocks) noexcept {
    unmap(lba, blocks);
    return true;
}

void Volume::unmap(std::uint64_t lba, std::uint64_t blocks) noexcept {
    if (undo_) { // Durable at once, and whatever the cache held with it.
        undo_->make_durable();
    }
    if (!bad_.empty()) {
        heal(lba, blocks);
    }
    if (!thin_) {
        memory_.zero(lba * block_bytes_, blocks * block_bytes_);
        return;
    }
    const std::uint64_t released = memory_.unmap(lba * block_bytes_, blocks * block_bytes_);
    pool_.give_back(released * memory_.granule_bytes());
}

std::optional<std::uint64_t> Volume::compare(std::uint64_t lba,
                                             std::span<const std::byte> data) const noexcept {
    std::array<std::byte, UndoLog::page_bytes> held{};
    for (std::uint64_t at = 0; at < data.size(); at += held.size()) {
        const auto wanted = data.subspan(at, std::min(held.size(), data.size() - at));
        const auto found = std::span(held).first(wanted.size());
        memory_.read(lba * block_bytes_ + at, found);
        if (std::memcmp(found.data(), wanted.data(), wanted.size()) != 0) {
            const auto differs = std::mismatch(found.begin(), found.end(), wanted.begin()).first;
            return at + static_cast<std::uint64_t>(differs - found.begin());
        }
    }
    return std::nullopt;
}

std::uint64_t Volume::spoil(std::uint64_t lba, std::uint64_t blocks) {
    std::uint64_t spoiled = 0;
    const std::uint64_t end = blocks < block_count_ - lba ? lba + blocks : block_count_;
    for (; lba < end && bad_.size() < bad_blocks_max; ++lba) {
        spoiled += bad_.insert(lba).second ? 1U : 0U;
    }
    return spoiled;
}

std::optional<std::uint64_t> Volume::first_bad(std::uint64_t lba,
                                               std::uint64_t blocks) const noexcept {
    if (bad_.empty()) {
        return std::nullopt;
    }
    const auto found = bad_.lower_bound(lba);
    if (found == bad_.end() || *found - lba >= blocks) {
        return std::nullopt;
    }
    return *found;
}

void Volume::heal(std::uint64_t lba, std::uint64_t blocks) noexcept {
    bad_.erase(bad_.lower_bound(lba), bad_.lower_bound(lba + blocks));
}

bool Volume::flip(std::uint64_t bit) noexcept {
    const std::uint64_t offset = bit / 8;
    if (!memory_.is_mapped(offset)) {
        return false;
    }
    *memory_.at(offset) ^= static_cast<std::byte>(1U << (bit % 8));
    return true;
}

bool Volume::flip_mapped(double position) noexcept {
    const double granules = position * static_cast<double>(memory_.mapped_granules());
    const auto whole = static_cast<std::uint64_t>(granules);
    if (whole >= memory_.mapped_granules()) {
        return false;
    }
    const std::uint64_t begin = memory_.nth_mapped(whole);
    const std::uint64_t length = memory_.bytes_from(begin, memory_.granule_bytes());
    const double inside = (granules - static_cast<double>(whole)) * static_cast<double>(length * 8);
    return flip(begin * 8 + static_cast<std::uint64_t>(inside));
}

std::uint64_t Volume::granules_to_allocate(std::uint64_t lba, std::uint64_t blocks) const noexcept {
    return thin_ ? memory_.unmapped_granules(lba * block_bytes_, blocks * block_bytes_) : 0;
}

} // namespace drivers::array
