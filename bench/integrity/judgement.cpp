// SPDX-License-Identifier: Apache-2.0
#include "bench/integrity/judgement.h"

#include "bench/integrity/supersede.h"

#include <algorithm>

namespace bench::integrity {

namespace {

bool agrees(std::span<const std::byte> data,
            const Stamp& place,
            const DictionarySector& entry,
            ContentKind kind) noexcept {
    switch (kind) {
    case ContentKind::stamped:
        return holds_stamps(data, place);
    case ContentKind::duplicate:
        return holds_dictionary(data, entry);
    case ContentKind::zero:
        return is_zero(data);
    case ContentKind::unknown:
        return true;
    }
    return false;
}

bool is_late(const Version& version, const Unsettled& unit, std::uint64_t before) noexcept {
    return version.unknown && is_overwritten(version.submitted, unit, before);
}

// What was overwritten and may be back: everything, if all that overwrote it may be lost; else what
// ran beside each write that is not.
Floor floor_beside(const Unsettled& unit,
                   std::uint64_t read_submitted,
                   const FlushEpochs& epochs,
                   std::uint64_t strict_from) noexcept {
    Floor out = floor_of_overwritten(unit, epochs, strict_from);
    for (std::size_t i = 0; i < unit.count; ++i) {
        const Version& version = unit.versions[i];
        if (version.certain && version.landed < read_submitted &&
            !epochs.is_suspect(version.epoch)) {
            out.keep_only(version.beside);
        }
    }
    return out;
}

} // namespace

void Judgement::add(const Candidate& candidate) noexcept {
    candidates_[count_++] = candidate;
}

void Judgement::open_floor(const Floor& floor) noexcept {
    // Several: the lowest.
    floor_generation_ = floor_ ? std::min(floor_generation_, floor.generation) : floor.generation;
    floor_ = true;
    anything_ = anything_ || floor.kind == ContentKind::unknown;
    zeros_legal_ = zeros_legal_ || floor.kind == ContentKind::zero;
    duplicates_legal_ = duplicates_legal_ || floor.kind == ContentKind::duplicate;
}

void Judgement::allow_forgotten(std::uint64_t generation) noexcept {
    if (may_be_forgotten(generation, scope_.strict_from)) {
        open_floor({ContentKind::zero, generation});
        open_floor({ContentKind::duplicate, generation});
    }
}

Judgement Judgement::of(const UnitState& state, const FlushEpochs& epochs, const Scope& scope) {
    Judgement out(scope);
    out.add({state.kind, state.generation, state.entry});
    if (epochs.is_suspect(state.epoch)) {
        out.open_floor(floor_of(state, epochs, scope.strict_from));
    }
    out.allow_forgotten(state.generation);
    return out;
}

Judgement Judgement::of(const Unsettled& unit,
                        std::uint64_t read_submitted,
                        const FlushEpochs& epochs,
                        const Scope& scope) {
    Judgement out(scope);
    if (unit.base_legal && !is_overwritten(0, unit, read_submitted)) {
        out = of(unit.base, epochs, scope);
    }
    out.add_versions(unit, read_submitted, epochs);
    const bool any_suspect = std::any_of(
        unit.versions.begin(), unit.versions.begin() + unit.count, [&](const Version& version) {
            return version.certain && epochs.is_suspect(version.epoch);
        });
    if (any_suspect) {
        out.open_floor(floor_beside(unit, read_submitted, epochs, scope.strict_from));
    }
    return out;
}

void Judgement::add_versions(const Unsettled& unit,
                             std::uint64_t read_submitted,
                             const FlushEpochs& epochs) noexcept {
    for (std::size_t i = 0; i < unit.count; ++i) {
        const Version& version = unit.versions[i];
        const bool overwritten = is_overwritten(version.ended, unit, read_submitted);
        if (overwritten && is_overwritten(version.ended, unit, read_submitted, &epochs)) {
            continue;
        }
        if (!overwritten) {
            expected_ = version.certain || count_ == 0 ? count_ : expected_;
            allow_forgotten(version.generation);
        }
        add({version.kind,
             version.generation,
             version.entry,
             is_late(version, unit, read_submitted),
             overwritten});
    }
}

bool Judgement::knows_nothing() const noexcept {
    return anything_ || count_ == 0 ||
           std::any_of(candidates_.begin(),
                       candidates_.begin() + static_cast<std::ptrdiff_t>(count_),
                       [](const Candidate& one) { return one.kind == ContentKind::unknown; });
}

int Judgement::match(std::span<const std::byte> data,
                     std::uint64_t address_bytes,
                     std::uint32_t sector) const noexcept {
    Stamp place{.run = scope_.run, .address_bytes = address_bytes};
    DictionarySector entry{.seed = scope_.dictionary_seed, .sector = sector};
    int anything = illegal;
    for (std::size_t i = 0; i < count_; ++i) {
        place.generation = candidates_[i].generation;
        entry.entry = candidates_[i].entry;
        if (candidates_[i].kind == ContentKind::unknown) {
            anything = static_cast<int>(i); // Only if nothing better fits.
        } else if (agrees(data, place, entry, candidates_[i].kind)) {
            return static_cast<int>(i);
        }
    }
    if (data.size() != sector_bytes) {
        return illegal;
    }
    const Sector one = data.first<sector_bytes>();
    Stamp stamp;
    const bool foreign_address =
        read_stamp(one, stamp) && stamp.run == scope_.run && stamp.address_bytes != address_bytes;
    if (foreign_address) { // Even where nothing is known, this does not belong.
        return illegal;
    }
    if (anything != illegal) {
        return anything;
    }
    return floor_ && is_above_floor(one, address_bytes) ? by_floor : illegal;
}

bool Judgement::is_above_floor(Sector sector, std::uint64_t address_bytes) const noexcept {
    if (anything_ || (zeros_legal_ && is_zero(sector))) {
        return true;
    }
    Stamp stamp;
    if (read_stamp(sector, stamp)) {
        return stamp.run == scope_.run && stamp.address_bytes == address_bytes &&
               stamp.generation >= floor_generation_;
    }
    DictionarySector entry;
    return duplicates_legal_ && read_dictionary(sector, entry) &&
           entry.seed == scope_.dictionary_seed;
}

FindingKind Judgement::kind_of(Sector found, std::uint64_t address_bytes) const noexcept {
    const Candidate& wanted = expected();
    Stamp stamp;
    const bool has_stamp = read_stamp(found, stamp);
    if (has_stamp && stamp.run != scope_.run) {
        return FindingKind::foreign_run;
    }
    if (has_stamp && stamp.address_bytes != address_bytes) {
        return FindingKind::misdirected;
    }
    if (wanted.kind == ContentKind::zero) {
        return FindingKind::not_zero;
    }
    const bool zeros = is_zero(found);
    DictionarySector entry;
    if (!has_stamp && !zeros && !read_dictionary(found, entry)) {
        return FindingKind::corrupted;
    }
    const bool before_cut =
        scope_.cut_generation != 0 && (floor_ || (wanted.kind == ContentKind::stamped &&
                                                  wanted.generation < scope_.cut_generation));
    if (before_cut) {
        return FindingKind::lost_after_power_cut;
    }
    return zeros ? FindingKind::zeroed : FindingKind::stale;
}

} // namespace bench::integrity
