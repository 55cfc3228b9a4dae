// SPDX-License-Identifier: Apache-2.0
#include "drivers/array/persona/data_faults.h"

#include <cmath>

namespace drivers::array {

namespace {

constexpr std::array<std::pair<Fault, WriteFate::Kind>, 5> write_faults{
    {{Fault::lost_write, WriteFate::Kind::lost},
     {Fault::misdirected_write, WriteFate::Kind::misdirected},
     {Fault::torn_write, WriteFate::Kind::torn},
     {Fault::zeroed_write, WriteFate::Kind::zeroed},
     {Fault::silent_corruption, WriteFate::Kind::corrupted}}};

constexpr std::uint64_t sector_bytes = 512;

} // namespace

DataFaults::DataFaults(std::uint64_t seed) {
    Random source(seed);
    for (std::size_t i = 0; i < fault_count; ++i) {
        chances_.emplace_back(source.next()); // One fault's draws do not move another's.
    }
}

void DataFaults::apply(const FaultEvent& event, TimePoint now) {
    switch (event.fault) {
    case Fault::lost_write:
    case Fault::misdirected_write:
    case Fault::torn_write:
    case Fault::zeroed_write:
    case Fault::silent_corruption:
        has_write_faults_ = true;
        [[fallthrough]];
    case Fault::reorder_across_flush:
    case Fault::acknowledged_then_lost:
    case Fault::unmap_keeps_data:
    case Fault::medium_error:
        of(event.fault).add(event, now);
        break;
    case Fault::bit_rot:
        rot_ = event;
        rot_ends_ = event.duration == Duration{0} ? TimePoint::max() : now + event.duration;
        schedule_rot(now);
        break;
    default:
        break;
    }
}

void DataFaults::recover() noexcept {
    for (Triggers& each : triggers_) {
        each.clear();
    }
    has_write_faults_ = false;
    next_rot_ = TimePoint::max();
}

WriteFate DataFaults::on_write(const Target& target, const LunSize& lun, TimePoint now) noexcept {
    WriteFate fate;
    const std::uint64_t bytes = target.blocks * lun.block_bytes;
    for (const auto& [fault, kind] : write_faults) {
        const FaultEvent* event = of(fault).strike(target, now, chance(fault));
        if (event == nullptr) {
            continue;
        }
        fate.kind = kind;
        fate.cached_bytes = event->cached_bytes;
        if (kind == WriteFate::Kind::torn) {
            // Between sectors where there are several, within the only one else.
            const std::uint64_t unit = bytes > sector_bytes ? sector_bytes : sector_bytes / 8;
            fate.kept_bytes = unit * (1 + chance(fault).below(bytes / unit - 1));
        } else if (kind == WriteFate::Kind::corrupted) {
            fate.bit = chance(fault).below(bytes * 8);
        } else if (kind == WriteFate::Kind::misdirected) {
            const bool anywhere = event->block_count == 0;
            fate.lba = another_lba(target,
                                   anywhere ? BlockSpan{0, lun.block_count}
                                            : BlockSpan{event->lba, event->block_count});
        }
        break;
    }
    return fate;
}

std::uint64_t DataFaults::another_lba(const Target& target, BlockSpan within) noexcept {
    // A whole number of writes away and clear of it: where such writes go, they meet what others
    // wrote. With no room for that it goes nowhere else.
    const std::uint64_t places = within.block_count / target.blocks;
    if (places < 3 || target.lba < within.lba) {
        return target.lba;
    }
    const std::uint64_t here = (target.lba - within.lba) / target.blocks;
    const std::uint64_t step = 2 + chance(Fault::misdirected_write).below(places - 3);
    return within.lba + (here + step) % places * target.blocks;
}

bool DataFaults::keeps_unmapped(const Target& target, TimePoint now) noexcept {
    return strikes(Fault::unmap_keeps_data, target, now);
}

std::optional<std::uint64_t> DataFaults::spoils(const Target& target, TimePoint now) noexcept {
    if (!strikes(Fault::medium_error, target, now)) {
        return std::nullopt;
    }
    return target.lba + chance(Fault::medium_error).below(target.blocks);
}

std::optional<std::uint64_t> DataFaults::reorders(const Target& target, TimePoint now) noexcept {
    if (!strikes(Fault::reorder_across_flush, target, now)) {
        return std::nullopt;
    }
    return chance(Fault::reorder_across_flush).next();
}

bool DataFaults::lies(const Target& target, TimePoint now) const noexcept {
    return of(Fault::acknowledged_then_lost).active(target, now) != nullptr;
}

void DataFaults::schedule_rot(TimePoint from) noexcept {
    const double gap_s = -std::log1p(-chance(Fault::bit_rot).unit()) / rot_.rate;
    next_rot_ = from + Duration(1 + std::llround(std::min(gap_s, 1e6) * 1e9));
    if (next_rot_ >= rot_ends_) {
        next_rot_ = TimePoint::max();
    }
}

std::optional<RottenBit> DataFaults::rot(TimePoint now) noexcept {
    if (next_rot_ > now) {
        return std::nullopt;
    }
    schedule_rot(next_rot_);
    return RottenBit{rot_.lun, chance(Fault::bit_rot).unit()};
}

} // namespace drivers::array
