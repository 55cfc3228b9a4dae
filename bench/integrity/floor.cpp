// SPDX-License-Identifier: Apache-2.0
#include "bench/integrity/floor.h"

#include <algorithm>

namespace bench::integrity {

void Floor::add(ContentKind content, std::uint64_t its_generation) noexcept {
    if (content == ContentKind::stamped) {
        generation = std::min(generation, its_generation);
    } else if (content != kind) { // Two kinds beside the stamps: no room to tell them.
        kind = kind == ContentKind::stamped ? content : ContentKind::unknown;
    }
}

void Floor::add(const Floor& other) noexcept {
    generation = std::min(generation, other.generation);
    if (other.kind != ContentKind::stamped) {
        add(other.kind, other.generation);
    }
}

void Floor::keep_only(const Floor& other) noexcept {
    generation = std::max(generation, other.generation);
    if (kind == ContentKind::unknown) {
        kind = other.kind;
    } else if (kind != other.kind && other.kind != ContentKind::unknown) {
        kind = ContentKind::stamped;
    }
}

Floor floor_of(const UnitState& state,
               const FlushEpochs& epochs,
               std::uint64_t strict_from) noexcept {
    if (may_be_forgotten(state.generation, strict_from)) {
        return Floor::anything(); // Something newer may have been there, durable or not.
    }
    Floor out{state.durable_kind, state.durable_generation};
    if (epochs.is_durable(state.epoch)) {
        const bool bounded = out.kind != ContentKind::unknown;
        out = {state.kind, state.generation};
        if (state.kind == ContentKind::duplicate) { // Its own generation is not kept.
            out.generation = bounded ? state.durable_generation : 0;
        }
    }
    out.add(state.kind, state.generation);
    return out;
}

} // namespace bench::integrity
