// SPDX-License-Identifier: Apache-2.0
// Whether a read returned what it may return, and what can be learnt from it.
#include "bench/integrity/keeper_state.h"

#include <algorithm>

namespace bench::integrity {

Scope Keeper::State::scope() const noexcept {
    return {.run = expectation_.settings().run,
            .dictionary_seed = settings_.dictionary_seed,
            .cut_generation = expectation_.cut_generation(),
            .strict_from = expectation_.strict_from()};
}

Keeper::State::Units Keeper::State::units_of(const profiles::Access& access) const noexcept {
    const std::uint64_t base = expectation_.settings().from_bytes;
    const std::uint64_t end = access.offset_bytes + access.size_bytes;
    if (end <= base || access.size_bytes == 0) {
        return {};
    }
    const std::uint64_t from = access.offset_bytes > base ? access.offset_bytes - base : 0;
    if (shares_.empty()) {
        return {};
    }
    const Units& last_share = shares_.back();
    const std::uint64_t first = std::max(from / unit_bytes_, shares_.front().first);
    const std::uint64_t last =
        std::min((end - base + unit_bytes_ - 1) / unit_bytes_, last_share.first + last_share.count);
    return {first, last > first ? last - first : 0};
}

std::span<std::byte> Keeper::State::part_of(const Flight& flight,
                                            std::uint64_t unit,
                                            std::uint64_t& address) const noexcept {
    const std::uint64_t start = flight.access.offset_bytes;
    const std::uint64_t from = std::max(address_of(unit), start);
    const std::uint64_t end = std::min(address_of(unit + 1), start + flight.data.size());
    address = from;
    return end > from
               ? flight.data.subspan(from - start, (end - from) / sector_bytes * sector_bytes)
               : std::span<std::byte>{};
}

bool Keeper::State::is_whole(const Flight& flight, std::uint64_t unit) const noexcept {
    const profiles::Access& access = flight.access;
    return address_of(unit) >= access.offset_bytes &&
           address_of(unit + 1) <= access.offset_bytes + access.size_bytes;
}

UnitState Keeper::State::state_of(std::uint64_t unit) const noexcept {
    return unpack(expectation_.packed(unit));
}

Judgement Keeper::State::judgement_of(std::uint64_t unit,
                                      std::uint64_t read_submitted) const noexcept {
    const Unsettled* entry = table_.size() == 0 ? nullptr : table_.find(unit);
    return entry == nullptr ? Judgement::of(state_of(unit), epochs_, scope())
                            : Judgement::of(*entry, read_submitted, epochs_, scope());
}

bool Keeper::State::is_to_be_judged(const profiles::Access& access) noexcept {
    if (settings_.verify != Verify::sample || access.verify) {
        return settings_.verify != Verify::none;
    }
    dice_ ^= dice_ << 13U; // xorshift64
    dice_ ^= dice_ >> 7U;
    dice_ ^= dice_ << 17U;
    return dice_ % std::max<std::uint32_t>(settings_.sample_one_in, 1) == 0;
}

void Keeper::State::judge(const Flight& flight, std::uint64_t now_ns) noexcept {
    bool legal = true;
    for_own_units(flight.access,
                  [&](std::uint64_t unit) { legal = judge_unit(flight, unit, now_ns) && legal; });
    if (!legal) {
        accuse(flight, now_ns);
    }
}

bool Keeper::State::judge_unit(const Flight& flight,
                               std::uint64_t unit,
                               std::uint64_t now_ns) noexcept {
    std::uint64_t address = 0;
    const std::span<std::byte> part = part_of(flight, unit, address);
    const Judgement judgement = judgement_of(unit, flight.submitted);
    const auto sector = static_cast<std::uint32_t>((address - address_of(unit)) / sector_bytes);
    Look look{.same = judgement.match(part, address, sector)};
    const Candidate seen =
        look.same < 0 ? Candidate{} : judgement[static_cast<std::size_t>(look.same)];
    if (look.same < 0 || seen.late || seen.lost) {
        look = look_at(judgement, flight, unit);
    }
    (judgement.knows_nothing() ? counts.sectors_unchecked : counts.sectors_checked) +=
        part.size() / sector_bytes;
    if (look.late) {
        Finding finding = describe(judgement, part.first<sector_bytes>(), address, now_ns);
        finding.kind = FindingKind::undecidable;
        report(finding);
    }
    if (look.legal && !judgement.knows_nothing()) {
        if (look.floored) {
            note_loss(flight, unit, now_ns);
        }
        learn(flight,
              unit,
              look.same >= 0 ? judgement[static_cast<std::size_t>(look.same)]
                             : uniform(flight, unit));
    }
    return look.legal;
}

Keeper::State::Look Keeper::State::look_at(const Judgement& judgement,
                                           const Flight& flight,
                                           std::uint64_t unit) noexcept {
    Look out;
    std::uint64_t address = 0;
    std::span<const std::byte> rest = part_of(flight, unit, address);
    auto sector = static_cast<std::uint32_t>((address - address_of(unit)) / sector_bytes);
    bool first = true;
    for (; !rest.empty(); rest = rest.subspan(sector_bytes)) {
        const int match = judgement.match(rest.first(sector_bytes), address, sector++);
        out.legal = out.legal && match != Judgement::illegal;
        const Candidate seen = match < 0 ? Candidate{} : judgement[static_cast<std::size_t>(match)];
        out.floored = out.floored || match == Judgement::by_floor || seen.lost;
        out.late = out.late || seen.late;
        out.same = first || out.same == match ? match : Judgement::illegal;
        first = false;
        address += sector_bytes;
    }
    return out;
}

// The one content that all of a unit shows, as far as it says so itself; else unknown.
Candidate Keeper::State::uniform(const Flight& flight, std::uint64_t unit) const noexcept {
    std::uint64_t address = 0;
    const std::span<const std::byte> part = part_of(flight, unit, address);
    const Sector first = part.first<sector_bytes>();
    Stamp stamp;
    DictionarySector entry;
    if (read_stamp(first, stamp)) {
        return holds_stamps(part, stamp) ? Candidate{ContentKind::stamped, stamp.generation}
                                         : Candidate{};
    }
    if (is_zero(part)) {
        return {ContentKind::zero};
    }
    return read_dictionary(first, entry) && holds_dictionary(part, entry)
               ? Candidate{ContentKind::duplicate, 0, entry.entry}
               : Candidate{};
}

// One content is there, nothing can change it any more, and no older read is still to come back
// with what was there before: the other versions are history.
void Keeper::State::learn(const Flight& flight,
                          std::uint64_t unit,
                          const Candidate& seen) noexcept {
    if (seen.kind == ContentKind::unknown || horizon() <= power_event_ || epochs_.cut_is_open() ||
        !is_whole(flight, unit)) {
        return;
    }
    Unsettled* entry = table_.size() == 0 ? nullptr : table_.find(unit);
    if (entry == nullptr) {
        learn_settled(unit, seen);
    } else if (entry->is_at_rest(horizon())) {
        learn_unsettled(*entry, seen);
    }
}

void Keeper::State::learn_settled(std::uint64_t unit, const Candidate& seen) noexcept {
    UnitState state = state_of(unit);
    const bool as_known =
        seen.kind == state.kind && seen.generation == state.generation && seen.entry == state.entry;
    if (as_known && state.epoch != epoch_suspect) {
        return;
    }
    if (!as_known) { // Went back in a power cut, or on by what was forgotten.
        const Floor floor = floor_of(state, epochs_, expectation_.strict_from());
        state = {.kind = seen.kind,
                 .generation = std::max(seen.generation, floor.generation),
                 .entry = seen.entry,
                 .durable_kind = floor.kind,
                 .durable_generation = floor.generation};
        state.generation = seen.kind == ContentKind::stamped ? seen.generation : state.generation;
    }
    state.epoch = epochs_.now();
    expectation_.store(unit, pack(state));
}

void Keeper::State::learn_unsettled(Unsettled& entry, const Candidate& seen) noexcept {
    const Version* version = nullptr;
    for (std::size_t i = 0; i < entry.count; ++i) {
        const Version& one = entry.versions[i];
        const bool same = one.kind == seen.kind &&
                          (one.kind != ContentKind::stamped || one.generation == seen.generation);
        version = same && (one.kind != ContentKind::duplicate || one.entry == seen.entry) ? &one
                                                                                          : version;
    }
    const bool is_base = entry.base_legal && version == nullptr && seen.kind == entry.base.kind &&
                         seen.generation == entry.base.generation && seen.entry == entry.base.entry;
    if (is_base) { // Nothing of it has landed, or all went again.
        UnitState state = entry.base;
        state.epoch = state.epoch == epoch_suspect ? epochs_.now() : state.epoch;
        expectation_.store(entry.unit, pack(state));
        table_.erase(entry.unit);
        return;
    }
    UnitState state{.kind = seen.kind,
                    .generation = seen.generation,
                    .entry = seen.entry,
                    .epoch = epochs_.now()};
    if (version != nullptr) {
        state.generation = version->generation;
        state.epoch =
            version->certain && version->epoch != epoch_suspect ? version->epoch : epochs_.now();
    }
    rest(entry, state, floor_under(entry, nullptr, epochs_, expectation_.strict_from()));
}

// Older than acknowledged, but never promised: after a power cut, or forgotten in a restart.
void Keeper::State::note_loss(const Flight& flight,
                              std::uint64_t unit,
                              std::uint64_t now_ns) noexcept {
    std::uint64_t address = 0;
    const std::span<const std::byte> part = part_of(flight, unit, address);
    const Judgement judgement = judgement_of(unit, flight.submitted);
    const Candidate expected = judgement.expected();
    Stamp stamp;
    const bool newer = read_stamp(part.first<sector_bytes>(), stamp) &&
                       expected.kind == ContentKind::stamped &&
                       stamp.generation > expected.generation;
    const bool settled = table_.size() == 0 || table_.find(unit) == nullptr;
    if (!newer && (!settled || epochs_.is_suspect(state_of(unit).epoch))) {
        Finding finding = describe(judgement, part.first<sector_bytes>(), address, now_ns);
        finding.kind = FindingKind::unflushed_loss;
        report(finding);
    }
}

} // namespace bench::integrity
