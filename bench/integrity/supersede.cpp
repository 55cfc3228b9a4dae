// SPDX-License-Identifier: Apache-2.0
// The rule by which contents follow each other in one unit: see README.md.
#include "bench/integrity/supersede.h"

#include <algorithm>

namespace bench::integrity {

namespace {

template <typename Is>
bool any_version(const Unsettled& unit, const Is& is) noexcept {
    return std::any_of(unit.versions.begin(), unit.versions.begin() + unit.count, is);
}

bool goes(const Version& old, const Version* over) noexcept {
    return over == nullptr || old.ended < over->submitted;
}

bool is_durable(const Version& version, const FlushEpochs& epochs) noexcept {
    return version.certain && epochs.is_durable(version.epoch);
}

void remove_overwritten(Unsettled& unit, const Version& over) noexcept {
    for (std::size_t i = 0; i < unit.count;) {
        const Version& old = unit.versions[i];
        if (!goes(old, &over)) {
            ++i;
            continue;
        }
        for (std::size_t other = 0; other < unit.count; ++other) {
            Version& neighbour = unit.versions[other];
            if (old.ended > neighbour.submitted && other != i) {
                neighbour.beside.add(old.kind, old.generation);
            }
        }
        unit.remove(i);
    }
}

} // namespace

bool is_overwritten(std::uint64_t ended,
                    const Unsettled& unit,
                    std::uint64_t before,
                    const FlushEpochs* solid) noexcept {
    return any_version(unit, [&](const Version& later) {
        return later.certain && later.submitted > ended && later.landed < before &&
               (solid == nullptr || !solid->is_suspect(later.epoch));
    });
}

Floor floor_of_overwritten(const Unsettled& unit,
                           const FlushEpochs& epochs,
                           std::uint64_t strict_from) noexcept {
    return unit.base_legal ? floor_of(unit.base, epochs, strict_from)
                           : Floor{unit.base.durable_kind, unit.base.durable_generation};
}

Floor floor_under(const Unsettled& unit,
                  const Version* over,
                  const FlushEpochs& epochs,
                  std::uint64_t strict_from) noexcept {
    Floor out = floor_of_overwritten(unit, epochs, strict_from);
    for (std::size_t i = 0; i < unit.count; ++i) {
        const Version& old = unit.versions[i];
        if (goes(old, over) && is_durable(old, epochs)) {
            out.keep_only(old.beside);
        }
    }
    for (std::size_t i = 0; i < unit.count; ++i) {
        const Version& old = unit.versions[i];
        const bool behind_durable = any_version(unit, [&](const Version& later) {
            return goes(later, over) && is_durable(later, epochs) && old.ended < later.submitted;
        });
        if (goes(old, over) && !behind_durable) {
            out.add(old.kind, old.generation);
        }
    }
    return out;
}

void supersede(Unsettled& unit,
               std::uint64_t horizon,
               const FlushEpochs& epochs,
               std::uint64_t strict_from) noexcept {
    const auto overwrites = [&](const Version& over) {
        return over.certain && over.landed < horizon &&
               (unit.base_legal ||
                any_version(unit, [&](const Version& old) { return goes(old, &over); }));
    };
    for (;;) {
        const auto end = unit.versions.begin() + unit.count;
        const auto found = std::find_if(unit.versions.begin(), end, overwrites);
        if (found == end) {
            return;
        }
        const Version over = *found; // Places change.
        const Floor floor = floor_under(unit, &over, epochs, strict_from);
        unit.base_legal = false;
        unit.base.durable_kind = floor.kind;
        unit.base.durable_generation = floor.generation;
        remove_overwritten(unit, over);
    }
}

} // namespace bench::integrity
