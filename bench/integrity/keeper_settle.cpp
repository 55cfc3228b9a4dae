// SPDX-License-Identifier: Apache-2.0
// How units come to rest: overwritten versions go, single ones settle into 8 bytes.
#include "bench/integrity/keeper_state.h"
#include "drivers/api/errors.h"

#include <algorithm>
#include <fmt/format.h>

namespace bench::integrity {

namespace {

constexpr std::size_t drivers_most = 1024;

} // namespace

Keeper::State::State(Expectation& expectation, const KeeperSettings& settings)
    : expectation_(expectation)
    , settings_(settings)
    , unit_bytes_(expectation.settings().unit_bytes)
    , generation_(expectation.next_generation())
    , event_(expectation.next_event())
    , power_event_(event_)
    , dice_(expectation.settings().run ^ (settings.lane + 1ULL))
    , cuts_announced_(expectation.cuts_announced())
    , cuts_done_(expectation.cuts_done())
    , table_(std::max<std::uint32_t>(settings.side_table_units, 1))
    , flights_(settings.slots)
    , reads_(settings.slots)
    , lingering_(std::max<std::uint32_t>(settings.side_table_units, 1))
    , fences_(drivers_most) {
    const ExpectationSettings& whole = expectation.settings();
    const std::vector<ByteRange> all = {{whole.from_bytes, whole.size_bytes}};
    if (!without(settings.ranges.value_or(all), all).empty()) {
        throw drivers::UsageError(fmt::format("integrity: lane {} writes outside the working set "
                                              "of {} bytes from byte {}",
                                              settings.lane,
                                              whole.size_bytes,
                                              whole.from_bytes));
    }
    for (const ByteRange& range : joined(settings.ranges.value_or(all))) {
        // A unit across two lanes' border belongs to neither.
        const std::uint64_t from = range.from_bytes - whole.from_bytes;
        const std::uint64_t first = (from + unit_bytes_ - 1) / unit_bytes_;
        const std::uint64_t end = (from + range.size_bytes) / unit_bytes_;
        if (end > first) {
            shares_.push_back({first, end - first});
            own_units_ += end - first;
        }
    }
    if (cuts_announced_ > cuts_done_) {
        epochs_.open_cut();
    }
    adopt_unsettled();
}

Keeper::State::~State() {
    hand_back();
}

void Keeper::State::adopt_unsettled() {
    if (settings_.verify == Verify::none) { // Writes will not be followed: what was known is void.
        for (const Units& share : shares_) {
            expectation_.take_unsettled(share.first, share.count);
        }
        for_each_own([&](std::uint64_t unit) {
            if (expectation_.packed(unit) != 0) {
                expectation_.store(unit, 0);
            }
        });
        return;
    }
    for (const Units& share : shares_) {
        for (const Unsettled& unit : expectation_.take_unsettled(share.first, share.count)) {
            Unsettled* entry = table_.insert(unit.unit);
            if (entry == nullptr) {
                give_up(unit.unit);
                continue;
            }
            *entry = unit;
            for (std::size_t i = 0; i < unit.count; ++i) {
                counts.units_unfenced += unit.versions[i].unfenced ? 1U : 0U;
            }
        }
    }
}

bool Keeper::State::owns(std::uint64_t unit) const noexcept {
    const auto after = std::upper_bound(
        shares_.begin(), shares_.end(), unit, [](std::uint64_t wanted, const Units& share) {
            return wanted < share.first;
        });
    return after != shares_.begin() && unit - (after - 1)->first < (after - 1)->count;
}

void Keeper::State::hand_back() noexcept {
    watch_power();
    for_each_own([&](std::uint64_t unit) {
        const std::uint64_t packed = expectation_.packed(unit);
        if (packed == 0) { // Never written to, as most of a big LUN.
            return;
        }
        const std::uint16_t epoch = epoch_of(packed);
        if (packed != packed_given_up && epoch != epoch_durable && epoch != epoch_suspect) {
            expectation_.store(
                unit, with_epoch(packed, epochs_.is_durable(epoch) ? epoch_durable : epoch_first));
        }
    });
    const auto settled_epoch = [&](std::uint16_t epoch) {
        return epoch == epoch_suspect      ? epoch
               : epochs_.is_durable(epoch) ? epoch_durable
                                           : epoch_first;
    };
    table_.for_each([&](Unsettled& unit) {
        unit.base.epoch = settled_epoch(unit.base.epoch);
        for (std::size_t i = 0; i < unit.count; ++i) {
            Version& version = unit.versions[i];
            if (version.ended == not_yet && !version.certain) { // Perhaps still in flight.
                version.unknown = true;
                version.unfenced = true;
            }
            // No fence of the next keeper's drivers is one of those that carried it.
            version.driver = version.unfenced ? nobody : version.driver;
            version.epoch = settled_epoch(version.epoch);
        }
        expectation_.keep(unit);
    });
    expectation_.used_generations_below(generation_);
    expectation_.used_events_below(event_ + 1);
}

void Keeper::State::reduce(std::uint64_t unit) noexcept {
    Unsettled* entry = table_.find(unit);
    if (entry == nullptr) {
        return;
    }
    supersede(*entry, horizon(), epochs_, expectation_.strict_from());
    const bool single = entry->count == 1 && !entry->base_legal && entry->versions[0].certain &&
                        !entry->versions[0].unfenced;
    if (single) {
        settle(*entry);
    } else if (entry->count == 0) {
        expectation_.store(unit, pack(entry->base));
        table_.erase(unit);
    }
}

void Keeper::State::settle(Unsettled& unit) noexcept {
    const Version& version = unit.versions[0];
    rest(unit,
         {.kind = version.kind,
          .generation = version.generation,
          .entry = version.entry,
          .epoch = epochs_.is_durable(version.epoch) ? epoch_durable : version.epoch},
         {unit.base.durable_kind, unit.base.durable_generation});
}

// The unit holds `state` and nothing else can come: 8 bytes are enough from now on.
void Keeper::State::rest(Unsettled& unit, UnitState state, const Floor& floor) noexcept {
    const bool durable = state.epoch == epoch_durable;
    state.durable_kind = durable ? state.kind : floor.kind;
    state.durable_generation =
        durable ? state.generation : std::min(floor.generation, state.generation);
    if (state.kind == ContentKind::duplicate) { // Its own generation is not kept.
        state.generation = 0;
    }
    expectation_.store(unit.unit, pack(state));
    table_.erase(unit.unit);
}

void Keeper::State::give_up(std::uint64_t unit) noexcept {
    if (const Unsettled* entry = table_.find(unit); entry != nullptr) {
        for (std::size_t i = 0; i < entry->count; ++i) {
            counts.units_unfenced -= entry->versions[i].unfenced ? 1U : 0U;
        }
    }
    table_.erase(unit);
    expectation_.store(unit, packed_given_up);
    ++counts.units_given_up;
}

void Keeper::State::reduce_lingering() noexcept {
    std::uint64_t unit = 0;
    while (lingering_.take(horizon(), unit)) {
        reduce(unit);
    }
}

void Keeper::State::sweep(std::uint64_t most_units) noexcept {
    for (std::uint64_t done = 0; done < std::min(most_units, own_units_); ++done) {
        const std::uint64_t unit = shares_[sweep_share_].first + sweep_unit_;
        const std::uint64_t packed = expectation_.packed(unit);
        const std::uint16_t epoch = epoch_of(packed);
        if (epoch != epoch_durable && epoch != epoch_suspect && epochs_.is_durable(epoch)) {
            expectation_.store(unit, with_epoch(packed, epoch_durable));
        }
        if (++sweep_unit_ == shares_[sweep_share_].count) {
            sweep_unit_ = 0;
            sweep_share_ = (sweep_share_ + 1) % shares_.size();
        }
    }
}

void Keeper::State::watch_power() noexcept {
    const std::uint32_t announced = expectation_.cuts_announced();
    const std::uint32_t done = expectation_.cuts_done();
    if (announced == cuts_announced_ && done == cuts_done_) {
        return;
    }
    cuts_announced_ = announced;
    if (done != cuts_done_) {
        cuts_done_ = done;
        take_power_cut();
    }
    if (announced > done) {
        epochs_.open_cut();
    }
}

void Keeper::State::take_power_cut() noexcept {
    epochs_.close_cut();
    power_event_ = ++event_;
    expectation_.cut_at_generation(generation_);
    const auto after = [&](std::uint16_t epoch) {
        return epochs_.is_durable(epoch) ? epoch_durable : epoch_suspect;
    };
    for_each_own([&](std::uint64_t unit) {
        const std::uint64_t packed = expectation_.packed(unit);
        if (packed != packed_given_up && epoch_of(packed) != epoch_durable) {
            expectation_.store(unit, with_epoch(packed, after(epoch_of(packed))));
        }
    });
    table_.for_each([&](Unsettled& unit) {
        unit.base.epoch = after(unit.base.epoch);
        for (std::size_t i = 0; i < unit.count; ++i) {
            if (unit.versions[i].certain) {
                unit.versions[i].epoch = after(unit.versions[i].epoch);
            }
        }
    });
}

} // namespace bench::integrity
