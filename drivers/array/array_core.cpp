// SPDX-License-Identifier: Apache-2.0
#include "drivers/array/array_core.h"

#include "drivers/array/sparse_memory.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace drivers::array {

struct ArrayCore::State {
    struct Lun {
        LunInfo info;
        std::unique_ptr<SparseMemory> memory;
    };
    std::vector<Lun> luns;
    std::uint16_t controllers = 1;
    bool symmetric = true;
    ArrayCounts counts;
    std::vector<LinkListener*> listeners;
};

ArrayCore::ArrayCore(const ArraySettings& settings)
    : state_(std::make_unique<State>()) {
    state_->controllers = settings.controllers;
    state_->symmetric = settings.symmetric;
    for (const VolumeSettings& volume : settings.volumes) {
        LunInfo info;
        info.name = volume.name;
        info.identity = volume.identity;
        info.geometry.block_bytes = volume.block_bytes;
        info.geometry.block_count = volume.block_count;
        info.thin = volume.thin;
        info.write_protected = volume.write_protected;
        info.unmap_granule_blocks = volume.granule_bytes / volume.block_bytes;
        info.owner = volume.owner;
        state_->luns.push_back(
            {info,
             std::make_unique<SparseMemory>(
                 volume.block_count * volume.block_bytes, volume.granule_bytes, volume.file)});
    }
}

ArrayCore::~ArrayCore() = default;

MediumResult ArrayCore::execute(const MediumCommand& command, TimePoint now) noexcept {
    State::Lun& lun = state_->luns[command.lun];
    const std::uint64_t block_bytes = lun.info.geometry.block_bytes;
    const std::uint64_t offset = command.lba * block_bytes;
    const std::uint64_t size = command.block_count * block_bytes;
    MediumResult result;
    result.ready = now;
    ++state_->counts.commands;
    const bool changes =
        command.op == Op::write || command.op == Op::unmap || command.op == Op::write_zeroes;
    if (changes && lun.info.write_protected) {
        result.end = MediumEnd::write_protected;
        return result;
    }
    switch (command.op) {
    case Op::read:
        lun.memory->read(offset, command.data.first(size));
        state_->counts.bytes_read += size;
        break;
    case Op::write:
        if (!lun.memory->map(offset, size)) {
            result.end = MediumEnd::out_of_space;
            break;
        }
        lun.memory->write(offset, command.data.first(size));
        state_->counts.bytes_written += size;
        break;
    case Op::compare: {
        std::vector<std::byte> held(size);
        lun.memory->read(offset, held);
        const auto differs = std::mismatch(held.begin(), held.end(), command.data.begin()).first;
        if (differs != held.end()) {
            result.end = MediumEnd::miscompare;
            result.at_byte = static_cast<std::uint64_t>(differs - held.begin());
        }
        break;
    }
    case Op::write_zeroes:
        lun.memory->unmap(offset, size);
        break;
    case Op::unmap:
        for (const BlockRange& range : command.ranges) {
            lun.memory->unmap(range.lba * block_bytes, range.block_count * block_bytes);
        }
        break;
    case Op::flush:
        break;
    }
    return result;
}

std::size_t ArrayCore::lun_count() const noexcept {
    return state_->luns.size();
}
const LunInfo& ArrayCore::lun(std::size_t index) const noexcept {
    return state_->luns[index].info;
}

BlockRun ArrayCore::mapped_run(std::size_t lun, std::uint64_t lba) const noexcept {
    const State::Lun& asked = state_->luns[lun];
    const std::uint64_t offset = lba * asked.info.geometry.block_bytes;
    return {asked.memory->alike_bytes(offset) / asked.info.geometry.block_bytes,
            asked.memory->is_mapped(offset)};
}

std::uint16_t ArrayCore::controller_count() const noexcept {
    return state_->controllers;
}

AccessState ArrayCore::access_state(std::uint16_t controller, std::size_t lun) const noexcept {
    return state_->symmetric || state_->luns[lun].info.owner == controller
               ? AccessState::active_optimized
               : AccessState::active_non_optimized;
}

bool ArrayCore::accepts_sessions(std::uint16_t /*controller*/, TimePoint /*now*/) const noexcept {
    return true;
}

void ArrayCore::answered(TimePoint ready, TimePoint sent, Duration /*service*/) noexcept {
    state_->counts.lateness_p99 = std::max(state_->counts.lateness_p99, sent - ready);
}

ArrayCounts ArrayCore::counts() const noexcept {
    return state_->counts;
}

void ArrayCore::listen(LinkListener* listener) {
    state_->listeners.push_back(listener);
}

void ArrayCore::ignore(LinkListener* listener) noexcept {
    std::erase(state_->listeners, listener);
}

} // namespace drivers::array
