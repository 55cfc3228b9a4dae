// SPDX-License-Identifier: Apache-2.0
// Moving from one array to another: all that is retained leaves the one and arrives on the other.
#include "profiles/interception/readers.h"

namespace profiles::interception {

namespace {

constexpr std::uint64_t mib = 1U << 20U;

} // namespace

// The oldest first, everything that is retained, round and round.
std::uint64_t Readers::next_to_move() noexcept {
    constexpr std::uint64_t per_segment = Store::segment_bytes / mib;
    const std::uint64_t segment = moving_cursor_ / per_segment;
    const std::size_t rank = store_.retained() - 1 - segment % store_.retained();
    return store_.offset_of(store_.by_rank(rank)) + moving_cursor_++ % per_segment * mib;
}

// Each answer asks for the next.
void Readers::evacuate(Duration at) noexcept {
    if (store_.retained() > 0) {
        agenda_.add(read(next_to_move(), mib, at, StreamIndex::evacuation), Actor::evacuation, 0);
    }
}

// The new array's side: what comes from the old one is written in its place, then read back.
void Readers::arrive(Duration at) noexcept {
    if (store_.retained() > 0) {
        Access access = read(next_to_move(), mib, at, StreamIndex::arrival);
        access.op = AccessOp::write;
        agenda_.add(access, Actor::arrival, 0);
    }
}

void Readers::move_on(const Agenda::Work& work, const AccessOutcome& outcome) noexcept {
    if (work.actor == Actor::arrival) { // Written: now it is read back.
        Access check =
            read(work.access.offset_bytes, mib, outcome.done, StreamIndex::arrival_check);
        check.verify = true;
        agenda_.add(check, Actor::arrival_check, 0);
        return;
    }
    moved_blocks_ += outcome.end == AccessEnd::good ? 1U : 0U;
    if (moved_at_ < Duration(0) &&
        moved_blocks_ >= store_.retained() * (Store::segment_bytes / mib)) {
        moved_at_ = outcome.done;
    }
    if (work.actor == Actor::evacuation) {
        evacuate(outcome.done);
    } else {
        arrive(outcome.done);
    }
}

} // namespace profiles::interception
