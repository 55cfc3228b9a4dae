// SPDX-License-Identifier: Apache-2.0
#include "drivers/array/lun_medium.h"

#include <algorithm>
#include <array>
#include <utility>

namespace drivers::array {

namespace {

constexpr std::size_t block_bytes_max = 4096;

MediumResult ended(MediumEnd end) {
    MediumResult out;
    out.end = end;
    return out;
}

} // namespace

LunMedium::LunMedium(std::unique_ptr<Volume> volume, bool volatile_cache)
    : volume_(std::move(volume))
    , cached_(volume_->block_bytes())
    , volatile_cache_(volatile_cache) {}

MediumResult LunMedium::execute(const MediumCommand& command,
                                DataFaults& faults,
                                EmulatorCounts& counts,
                                TimePoint now) noexcept {
    const Call call{command,
                    faults,
                    counts,
                    {command.controller, command.lun, command.lba, command.block_count},
                    now};
    switch (command.op) {
    case Op::read:
        return read(call);
    case Op::write:
        return write(call);
    case Op::write_zeroes:
        cached_.forget(command.lba, command.block_count);
        return ended(volume_->write_zeroes(command.lba, command.block_count)
                         ? MediumEnd::good
                         : MediumEnd::out_of_space);
    case Op::unmap:
        unmap(call);
        return {};
    case Op::flush:
        flush(call);
        return {};
    case Op::compare: {
        const auto wanted = command.data.first(command.block_count * volume_->block_bytes());
        const auto differs = volume_->compare(command.lba, wanted);
        MediumResult result = ended(differs ? MediumEnd::miscompare : MediumEnd::good);
        result.at_byte = differs.value_or(0);
        return result;
    }
    }
    return {};
}

MediumResult LunMedium::read(const Call& call) noexcept {
    const MediumCommand& command = call.command;
    if (const auto spoiled = call.faults.spoils(call.target, call.now)) {
        call.counts.done[static_cast<std::size_t>(Fault::medium_error)] +=
            volume_->spoil(*spoiled, 1);
    }
    if (const auto bad = volume_->first_bad(command.lba, command.block_count)) {
        MediumResult result = ended(MediumEnd::medium_error);
        result.at_lba = *bad;
        return result;
    }
    const std::uint64_t bytes = command.block_count * volume_->block_bytes();
    volume_->read(command.lba, command.data.first(bytes));
    cached_.show(command.lba, command.data.first(bytes));
    call.counts.array.bytes_read += bytes;
    return {};
}

Durability LunMedium::durability_of(const Call& call) const noexcept {
    if (volatile_cache_ && !call.command.force_unit_access) {
        return Durability::in_cache;
    }
    return call.faults.lies(call.target, call.now) ? Durability::promised : Durability::durable;
}

MediumResult LunMedium::write(const Call& call) noexcept {
    WriteFate fate;
    if (call.faults.has_write_faults() && call.command.block_count > 0) {
        fate = call.faults.on_write(
            call.target, {volume_->block_bytes(), volume_->block_count()}, call.now);
    }
    const Durability durability =
        volume_->undo() == nullptr ? Durability::durable : durability_of(call);
    if (!store(call, fate, durability)) {
        return ended(MediumEnd::out_of_space);
    }
    if (durability == Durability::promised) {
        call.done(Fault::acknowledged_then_lost);
    }
    call.counts.array.bytes_written += call.command.block_count * volume_->block_bytes();
    return {};
}

bool LunMedium::store(const Call& call, const WriteFate& fate, Durability durability) noexcept {
    const std::uint64_t lba = call.command.lba;
    const std::uint64_t bytes = call.command.block_count * volume_->block_bytes();
    const auto data = call.command.data.first(bytes);
    cached_.forget(lba, call.command.block_count);
    switch (fate.kind) {
    case WriteFate::Kind::intact:
        return volume_->write(lba, data, durability);
    case WriteFate::Kind::lost:
        if (fate.cached_bytes > 0) {
            cached_.keep(lba, data, fate.cached_bytes);
        }
        call.done(Fault::lost_write);
        return true;
    case WriteFate::Kind::misdirected:
        if (!volume_->write(fate.lba, data, durability)) {
            return false;
        }
        if (fate.lba != lba) {
            call.done(Fault::misdirected_write);
        }
        return true;
    case WriteFate::Kind::torn:
        if (!store_part(call, fate.kept_bytes, durability)) {
            return false;
        }
        call.done(Fault::torn_write);
        return true;
    case WriteFate::Kind::zeroed:
        if (!store_zeros(call, durability)) {
            return false;
        }
        call.done(Fault::zeroed_write);
        return true;
    case WriteFate::Kind::corrupted:
        if (!volume_->write(lba, data, durability)) {
            return false;
        }
        if (volume_->flip(lba * volume_->block_bytes() * 8 + fate.bit)) {
            call.done(Fault::silent_corruption);
        }
        return true;
    }
    return false;
}

bool LunMedium::store_part(const Call& call, std::uint64_t bytes, Durability durability) noexcept {
    const std::uint64_t block_bytes = volume_->block_bytes();
    const std::uint64_t whole = bytes / block_bytes;
    const auto data = call.command.data;
    if (whole > 0 &&
        !volume_->write(call.command.lba, data.first(whole * block_bytes), durability)) {
        return false;
    }
    const std::uint64_t rest = bytes % block_bytes;
    if (rest == 0) {
        return true;
    }
    std::array<std::byte, block_bytes_max> mixed{};
    const auto block = std::span(mixed).first(block_bytes);
    volume_->read(call.command.lba + whole, block);
    std::copy_n(data.begin() + static_cast<std::ptrdiff_t>(whole * block_bytes),
                static_cast<std::ptrdiff_t>(rest),
                block.begin());
    return volume_->write(call.command.lba + whole, block, durability);
}

bool LunMedium::store_zeros(const Call& call, Durability durability) noexcept {
    static constexpr std::array<std::byte, block_bytes_max> zeros{};
    const auto block = std::span(zeros).first(volume_->block_bytes());
    for (std::uint64_t i = 0; i < call.command.block_count; ++i) {
        if (!volume_->write(call.command.lba + i, block, durability)) {
            return false;
        }
    }
    return true;
}

void LunMedium::unmap(const Call& call) noexcept {
    for (const BlockRange& range : call.command.ranges) {
        Target target = call.target;
        target.lba = range.lba;
        target.blocks = range.block_count;
        if (range.block_count > 0 && call.faults.keeps_unmapped(target, call.now)) {
            call.done(Fault::unmap_keeps_data);
        } else {
            volume_->unmap(range.lba, range.block_count);
            cached_.forget(range.lba, range.block_count);
        }
    }
}

void LunMedium::flush(const Call& call) noexcept {
    UndoLog* undo = volume_->undo();
    if (undo == nullptr) {
        return;
    }
    if (call.faults.lies(call.target, call.now)) {
        if (!undo->is_empty()) {
            undo->promise_all();
            call.done(Fault::acknowledged_then_lost);
        }
        return;
    }
    // A flush of an empty cache has nothing to leave behind and spends no trigger.
    const auto chance =
        undo->is_empty() ? std::nullopt : call.faults.reorders(call.target, call.now);
    if (chance && undo->make_durable_but_one(*chance)) {
        call.done(Fault::reorder_across_flush);
    } else {
        undo->make_durable();
    }
}

void LunMedium::power_cut(EmulatorCounts& counts) noexcept {
    cached_.clear();
    if (UndoLog* undo = volume_->undo()) {
        const PowerLoss loss = undo->power_cut();
        counts.blocks_lost_legally += loss.blocks_unpromised;
        counts.blocks_lost_illegally += loss.blocks_promised;
    }
}

} // namespace drivers::array
