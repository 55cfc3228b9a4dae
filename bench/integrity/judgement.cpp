// SPDX-License-Identifier: Apache-2.0
#include "bench/integrity/judgement.h"

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

// A later write that is there for sure and began when this one could no longer land.
bool is_overwritten(std::uint64_t ended, const Unsettled& unit, std::uint64_t before) noexcept {
    return std::any_of(
        unit.versions.begin(), unit.versions.begin() + unit.count, [&](const Version& later) {
            return later.certain && later.submitted > ended && later.ended < before;
        });
}

bool may_be_forgotten(const UnitState& state, std::uint64_t strict_from) noexcept {
    return strict_from != 0 &&
           (state.kind != ContentKind::stamped || state.generation < strict_from);
}

bool is_late(const Version& version, const Unsettled& unit, std::uint64_t before) noexcept {
    return version.unknown && is_overwritten(version.submitted, unit, before);
}

} // namespace

void Durable::may_also_be(ContentKind other) noexcept {
    if (other == ContentKind::stamped || other == kind) {
        return; // Later stamps are legal anyway.
    }
    kind = kind == ContentKind::stamped ? other : ContentKind::unknown;
}

Durable
durable_of(const UnitState& state, const FlushEpochs& epochs, std::uint64_t strict_from) noexcept {
    if (may_be_forgotten(state, strict_from)) {
        return {}; // Something newer may have been there, durable or not.
    }
    if (epochs.is_durable(state.epoch)) {
        return {state.kind, state.kind == ContentKind::stamped ? state.generation : 0};
    }
    Durable out{state.durable_kind, state.durable_generation};
    out.may_also_be(state.kind);
    return out;
}

void Judgement::add(const Candidate& candidate) noexcept {
    candidates_[count_++] = candidate;
}

void Judgement::open_floor(const Durable& durable) noexcept {
    floor_generation_ = floor_ ? std::min(floor_generation_, durable.generation)
                               : durable.generation; // Several: the lowest.
    floor_ = true;
    anything_ = anything_ || durable.kind == ContentKind::unknown;
    zeros_legal_ = zeros_legal_ || durable.kind == ContentKind::zero;
    duplicates_legal_ = duplicates_legal_ || durable.kind == ContentKind::duplicate;
}

void Judgement::allow_forgotten(const UnitState& state) noexcept {
    if (may_be_forgotten(state, scope_.strict_from)) {
        const std::uint64_t known = state.kind == ContentKind::stamped ? state.generation : 0;
        open_floor({ContentKind::zero, known});
        open_floor({ContentKind::duplicate, known});
    }
}

Judgement Judgement::of(const UnitState& state, const FlushEpochs& epochs, const Scope& scope) {
    Judgement out(scope);
    out.add({state.kind, state.generation, state.entry});
    if (epochs.is_suspect(state.epoch)) {
        out.open_floor(durable_of(state, epochs, scope.strict_from));
    }
    out.allow_forgotten(state);
    return out;
}

Judgement Judgement::of(const Unsettled& unit,
                        std::uint64_t read_submitted,
                        const FlushEpochs& epochs,
                        const Scope& scope) {
    Judgement out(scope);
    bool suspect = false;
    if (unit.base_legal && !is_overwritten(0, unit, read_submitted)) {
        out = of(unit.base, epochs, scope);
    }
    for (std::size_t i = 0; i < unit.count; ++i) {
        const Version& version = unit.versions[i];
        if (!is_overwritten(version.ended, unit, read_submitted)) {
            out.expected_ = version.certain || out.count_ == 0 ? out.count_ : out.expected_;
            out.add({version.kind,
                     version.generation,
                     version.entry,
                     is_late(version, unit, read_submitted)});
        }
        suspect = suspect || (version.certain && epochs.is_suspect(version.epoch));
    }
    if (suspect) {
        Durable durable = unit.base_legal
                              ? durable_of(unit.base, epochs, scope.strict_from)
                              : Durable{unit.base.durable_kind, unit.base.durable_generation};
        for (std::size_t i = 0; i < unit.count; ++i) {
            durable.may_also_be(unit.versions[i].kind);
        }
        out.open_floor(durable);
    }
    return out;
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
