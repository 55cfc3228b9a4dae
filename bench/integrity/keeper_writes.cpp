// SPDX-License-Identifier: Apache-2.0
// What a lane is about to change and what became of it.
#include "bench/integrity/keeper_state.h"

#include <algorithm>
#include <cassert>

namespace bench::integrity {

namespace {

using profiles::AccessOp;

bool changes_content(AccessOp op) noexcept {
    return op == AccessOp::write || op == AccessOp::unmap || op == AccessOp::write_zeroes;
}

} // namespace

void Keeper::State::begin(std::uint32_t slot,
                          const profiles::Access& access,
                          std::span<std::byte> data,
                          std::uint64_t now_ns) noexcept {
    assert(slot < flights_.size());
    watch_power();
    ++event_;
    Flight& flight = flights_[slot];
    flight = {.access = access, .data = data, .submitted = event_, .issued_ns = now_ns};
    if (changes_content(access.op)) {
        begin_write(flight);
    } else if (access.op == AccessOp::flush) {
        flight.flush = epochs_.begin();
    } else if (access.op == AccessOp::read && is_to_be_judged(access)) {
        flight.judged = true;
        reads_.add(slot, event_);
    }
}

void Keeper::State::begin_write(Flight& flight) noexcept {
    flight.generation = generation_++;
    if (flight.generation % generations_published == 0) { // For whoever saves meanwhile.
        expectation_.used_generations_below(generation_);
    }
    if (flight.access.op == AccessOp::write) {
        fill(flight);
    }
    if (settings_.verify == Verify::none) {
        return;
    }
    for_own_units(flight.access,
                  [&](std::uint64_t unit) { add_version(unit, planned(flight, unit)); });
}

void Keeper::State::fill(const Flight& flight) noexcept {
    const profiles::Access& access = flight.access;
    counts.sectors_stamped += flight.data.size() / sector_bytes;
    if (access.kind == profiles::Content::stamped) {
        write_stamps(flight.data,
                     {.run = expectation_.settings().run,
                      .address_bytes = access.offset_bytes,
                      .generation = flight.generation,
                      .issued_ns = flight.issued_ns,
                      .lane = settings_.lane,
                      .compressible_percent = settings_.compressible_percent,
                      .canary = settings_.canary ? &*settings_.canary : nullptr});
        return;
    }
    std::span<std::byte> rest = flight.data;
    for (std::uint64_t at = access.offset_bytes; !rest.empty();) {
        const std::uint64_t within = at % unit_bytes_;
        const std::size_t piece = std::min<std::size_t>(rest.size(), unit_bytes_ - within);
        const std::uint64_t index = at / unit_bytes_ - access.offset_bytes / unit_bytes_;
        write_dictionary(
            rest.first(piece),
            {.seed = settings_.dictionary_seed,
             .entry = static_cast<std::uint32_t>((access.content + index) % dictionary_entries),
             .sector = static_cast<std::uint32_t>(within / sector_bytes),
             .compressible_percent = settings_.compressible_percent});
        rest = rest.subspan(piece);
        at += piece;
    }
}

Version Keeper::State::planned(const Flight& flight, std::uint64_t unit) const noexcept {
    const profiles::Access& access = flight.access;
    Version out{.generation = flight.generation, .submitted = flight.submitted};
    if (!is_whole(flight, unit)) {
        out.kind = ContentKind::unknown; // Half old, half new: nothing one could hold it to.
    } else if (access.op == AccessOp::write_zeroes) {
        out.kind = ContentKind::zero;
    } else if (access.op == AccessOp::unmap) {
        // What may or may not have been unmapped stays unsettled; not all of the table is for it.
        const bool room =
            !settings_.unmap_is_advisory || table_.size() < settings_.side_table_units / 2;
        out.kind = settings_.unmapped_reads_zero && room ? ContentKind::zero : ContentKind::unknown;
    } else if (access.kind == profiles::Content::duplicate) {
        const std::uint64_t index =
            address_of(unit) / unit_bytes_ - access.offset_bytes / unit_bytes_;
        out.kind = ContentKind::duplicate;
        out.entry = static_cast<std::uint32_t>((access.content + index) % dictionary_entries);
    } else {
        out.kind = ContentKind::stamped;
    }
    return out;
}

void Keeper::State::add_version(std::uint64_t unit, const Version& version) noexcept {
    const std::uint64_t packed = expectation_.packed(unit);
    if (packed == packed_given_up) {
        return;
    }
    Unsettled* entry = table_.find(unit);
    if (entry != nullptr && entry->count == Unsettled::versions_most) {
        reduce(unit);
        entry = table_.find(unit);
    }
    if (entry == nullptr) {
        entry = table_.insert(unit);
        if (entry != nullptr) {
            entry->base = unpack(expectation_.packed(unit));
        }
    }
    if (entry == nullptr || entry->count == Unsettled::versions_most) {
        give_up(unit);
        return;
    }
    entry->versions[entry->count++] = version;
}

void Keeper::State::end(std::uint32_t slot,
                        std::uint16_t driver,
                        const drivers::Completion& done) noexcept {
    assert(slot < flights_.size());
    watch_power();
    ++event_;
    const Flight& flight = flights_[slot];
    const bool good = done.status == drivers::Status::good;
    if (changes_content(flight.access.op)) {
        end_write(flight, driver, done);
    } else if (flight.access.op == AccessOp::flush && good) {
        epochs_.done(flight.flush);
        sweep(own_units_ / 2048 + 64);
    } else if (flight.judged) {
        if (good) {
            judge(flight, static_cast<std::uint64_t>(done.done.time_since_epoch().count()));
        }
        reads_.remove(slot);
        reduce_lingering();
    }
}

void Keeper::State::end_write(const Flight& flight,
                              std::uint16_t driver,
                              const drivers::Completion& done) noexcept {
    if (settings_.verify == Verify::none) {
        return;
    }
    Ending ending{.status = done.status,
                  .fenced = done.fenced,
                  .driver = driver,
                  .at_ns = static_cast<std::uint64_t>(done.done.time_since_epoch().count())};
    if (done.status == drivers::Status::good) {
        writes_.add({flight.generation,
                     flight.issued_ns,
                     ending.at_ns,
                     flight.access.offset_bytes,
                     flight.access.size_bytes});
    }
    for_own_units(flight.access, [&](std::uint64_t unit) { end_unit(flight, unit, ending); });
}

void Keeper::State::end_unit(const Flight& flight,
                             std::uint64_t unit,
                             const Ending& ending) noexcept {
    Unsettled* entry = table_.find(unit);
    Version* version = entry == nullptr ? nullptr : entry->find(flight.generation);
    if (version == nullptr) {
        return; // Given up.
    }
    switch (ending.status) {
    case drivers::Status::good:
        version->certain = flight.access.op != AccessOp::unmap ||
                           version->kind == ContentKind::unknown || unmap_is_sure(flight, unit);
        // It is there; not fenced, another sending of it may still land over what comes later.
        version->unknown = !ending.fenced;
        version->unfenced = !ending.fenced;
        version->driver = ending.driver;
        version->ended = ending.fenced ? event_ : not_yet;
        counts.units_unfenced += ending.fenced ? 0 : 1;
        version->landed = version->certain ? event_ : not_yet;
        version->epoch = epoch_of_acknowledged(flight);
        ++counts.units_written;
        break;
    case drivers::Status::busy: // Refused before it began.
        entry->remove(static_cast<std::size_t>(version - entry->versions.data()));
        break;
    case drivers::Status::failed:
    case drivers::Status::timed_out:
    case drivers::Status::lost:
        version->unknown = true;
        version->unfenced = !ending.fenced;
        version->driver = ending.driver;
        version->ended = ending.fenced ? event_ : not_yet;
        counts.units_unfenced += ending.fenced ? 0 : 1;
        break;
    }
    reduce(unit);
    if (ending.status == drivers::Status::good && !reads_.empty()) {
        lingering_.add(event_, unit);
    }
}

// An answer heard after a power cut to what was sent before its end may be from before it.
std::uint16_t Keeper::State::epoch_of_acknowledged(const Flight& flight) const noexcept {
    if (flight.access.force_unit_access) {
        return epoch_durable;
    }
    const bool may_precede_cut = epochs_.cut_is_open() || flight.submitted < power_event_;
    return may_precede_cut ? epoch_suspect : epochs_.now();
}

bool Keeper::State::unmap_is_sure(const Flight& flight, std::uint64_t unit) const noexcept {
    if (settings_.unmap_is_advisory) {
        return false;
    }
    const std::uint64_t granule = std::max(settings_.unmap_granularity_bytes, unit_bytes_);
    const std::uint64_t from = address_of(unit) / granule * granule;
    const std::uint64_t last = (address_of(unit) + unit_bytes_ - 1) / granule * granule;
    const profiles::Access& access = flight.access;
    return from >= access.offset_bytes && last + granule <= access.offset_bytes + access.size_bytes;
}

void Keeper::State::withdrawn(std::uint32_t slot) noexcept {
    assert(slot < flights_.size());
    const Flight& flight = flights_[slot];
    if (changes_content(flight.access.op) && settings_.verify != Verify::none) {
        for_own_units(flight.access, [&](std::uint64_t unit) {
            end_unit(flight, unit, {.status = drivers::Status::busy});
        });
    } else if (flight.judged) {
        reads_.remove(slot);
        reduce_lingering();
    }
}

void Keeper::State::fences(std::uint16_t driver, std::uint64_t count) noexcept {
    if (driver >= fences_.size() || fences_[driver] == count) {
        return;
    }
    fences_[driver] = count;
    ++event_;
    table_.for_each([&](Unsettled& unit) {
        for (std::size_t i = 0; i < unit.count; ++i) {
            Version& version = unit.versions[i];
            if (version.unfenced && version.driver == driver) {
                version.unfenced = false;
                version.ended = event_;
                --counts.units_unfenced;
                if (version.certain) { // It may come to rest now.
                    lingering_.add(event_, unit.unit);
                }
            }
        }
    });
    reduce_lingering();
}

bool Keeper::State::is_unfenced(std::uint64_t offset_bytes,
                                std::uint64_t size_bytes) const noexcept {
    if (counts.units_unfenced == 0) {
        return false;
    }
    bool out = false;
    profiles::Access access;
    access.offset_bytes = offset_bytes;
    access.size_bytes = size_bytes;
    for_own_units(access, [&](std::uint64_t unit) {
        const Unsettled* entry = table_.find(unit);
        out = out ||
              (entry != nullptr && std::any_of(entry->versions.begin(),
                                               entry->versions.begin() + entry->count,
                                               [](const Version& one) { return one.unfenced; }));
    });
    return out;
}

} // namespace bench::integrity
