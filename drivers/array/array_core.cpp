// SPDX-License-Identifier: Apache-2.0
#include "drivers/array/array_core.h"

#include "drivers/api/errors.h"
#include "drivers/array/duration_counts.h"
#include "drivers/array/lun_medium.h"
#include "drivers/array/persona/compressibility.h"
#include "drivers/array/persona/link_state.h"
#include "drivers/array/persona/service_model.h"

#include <algorithm>
#include <fmt/format.h>
#include <vector>

namespace drivers::array {

namespace {

std::vector<std::uint16_t> owners_of(const ArraySettings& settings) {
    std::vector<std::uint16_t> out;
    for (const VolumeSettings& volume : settings.volumes) {
        out.push_back(volume.owner);
    }
    return out;
}

Work work_of(Op op) {
    switch (op) {
    case Op::read:
    case Op::compare:
        return Work::read;
    case Op::write:
        return Work::write;
    case Op::flush:
        return Work::flush;
    case Op::unmap:
    case Op::write_zeroes:
        return Work::unmap;
    }
    return Work::read;
}

bool changes_data(Op op) {
    return op == Op::write || op == Op::unmap || op == Op::write_zeroes;
}

MediumResult ended(MediumEnd end, TimePoint ready) {
    MediumResult out;
    out.end = end;
    out.ready = ready;
    return out;
}

} // namespace

struct ArrayCore::State {
    struct Lun {
        LunInfo info;
        LunMedium medium;
        LunInfo other_info; // What answers in its place after a swap.
        std::unique_ptr<LunMedium> other;
    };

    explicit State(const ArraySettings& wanted)
        : settings(wanted)
        , pool(wanted.pool_bytes)
        , other_pool(0)
        , links(wanted.controllers, wanted.symmetric, owners_of(wanted))
        , service(wanted.service, wanted.controllers, wanted.seed ^ 0x5EED)
        , faults(wanted.seed) {}

    void start(TimePoint now); // The personas' time begins.
    std::string apply(const FaultEvent& event, TimePoint now);
    MediumResult execute(const MediumCommand& command, TimePoint now) noexcept;
    ServiceDemand demand(const MediumCommand& command) noexcept;
    LunMedium& medium_at(std::uint16_t controller, std::size_t lun) noexcept;
    void prepare_swap(const FaultEvent& event);
    void apply_to_data(const FaultEvent& event, TimePoint now);
    void rot(TimePoint now) noexcept;
    void tell_listeners();
    void count(Fault fault, std::uint64_t times = 1) noexcept {
        counts.done[static_cast<std::size_t>(fault)] += times;
    }

    bool started = false;
    ArraySettings settings;
    ThinPool pool;
    ThinPool other_pool; // Of swapped LUNs: without limit.
    std::vector<Lun> luns;
    LinkState links;
    ServiceModel service;
    DataFaults faults;
    EmulatorCounts counts;
    DurationCounts lateness;
    DurationCounts service_times;
    std::vector<LinkListener*> listeners;
};

ArrayCore::ArrayCore(const ArraySettings& settings)
    : state_(std::make_unique<State>(settings)) {
    for (const VolumeSettings& volume : settings.volumes) {
        if (volume.owner >= settings.controllers) {
            throw UsageError(fmt::format("volume \"{}\": owner {}; there are {} controllers",
                                         volume.name,
                                         volume.owner,
                                         settings.controllers));
        }
        auto content = std::make_unique<Volume>(volume, state_->pool);
        if (settings.volatile_cache) {
            content->begin_undo(settings.volatile_cache_bytes);
        }
        state_->luns.push_back({info_of(volume, settings.volatile_cache),
                                LunMedium(std::move(content), settings.volatile_cache),
                                info_of(another_volume(volume), settings.volatile_cache),
                                nullptr});
    }
    for (const FaultEvent& persona : settings.personas) {
        if (const std::string why = event_problem(persona, settings); !why.empty()) {
            throw UsageError(fmt::format("array \"{}\": persona {}", settings.name, why));
        }
    }
}

ArrayCore::~ArrayCore() = default;

MediumResult ArrayCore::execute(const MediumCommand& command, TimePoint now) noexcept {
    ++state_->counts.array.commands;
    if (overhearer_ != nullptr && command.op == Op::write) {
        overhearer_->written(command);
    }
    if (!state_->started) {
        state_->start(now);
    }
    if (now >= state_->links.next_change()) {
        state_->links.advance(now); // The listeners hear of it from advance().
    }
    return state_->execute(command, now);
}

MediumResult ArrayCore::State::execute(const MediumCommand& command, TimePoint now) noexcept {
    const AccessState access = links.access(command.controller, command.lun);
    if (access == AccessState::transitioning) {
        return ended(MediumEnd::in_transition, now);
    }
    if (access == AccessState::unavailable) {
        return ended(MediumEnd::not_accessible, now);
    }
    if (luns[command.lun].info.write_protected && changes_data(command.op)) {
        return ended(MediumEnd::write_protected, now);
    }
    TimePoint ready = now;
    if (service.is_active()) {
        const ServiceDemand wanted = demand(command);
        if (service.refuses(wanted.target, now)) {
            count(Fault::queue_full);
            return ended(MediumEnd::busy, now);
        }
        ready = service.ready(wanted, now);
    }
    if (links.is_swapped(command.controller, command.lun) && changes_data(command.op)) {
        ++counts.writes_to_another_lun;
    }
    LunMedium& medium = medium_at(command.controller, command.lun);
    MediumResult result = medium.execute(command, faults, counts, now);
    result.ready = std::max(ready, links.silent_until(command.controller));
    return result;
}

ServiceDemand ArrayCore::State::demand(const MediumCommand& command) noexcept {
    const Volume& volume = medium_at(command.controller, command.lun).volume();
    ServiceDemand out;
    out.work = work_of(command.op);
    out.target = {command.controller, command.lun, command.lba, command.block_count};
    out.forwarded = links.owner(command.lun) != command.controller;
    out.through_cache =
        settings.volatile_cache &&
        (command.op == Op::flush || (command.op == Op::write && command.force_unit_access));
    if (out.work == Work::read || out.work == Work::write) {
        out.bytes = command.block_count * volume.block_bytes();
    }
    if (out.work == Work::write) {
        out.allocates = volume.granules_to_allocate(command.lba, command.block_count);
        if (service.measures_compression()) {
            out.incompressible = incompressible_share(command.data.first(out.bytes));
        }
    }
    return out;
}

std::size_t ArrayCore::lun_count() const noexcept {
    return state_->luns.size();
}
const LunInfo& ArrayCore::lun(std::size_t index) const noexcept {
    return state_->luns[index].info;
}

const LunInfo& ArrayCore::lun_at(std::uint16_t controller, std::size_t index) const noexcept {
    const State::Lun& lun = state_->luns[index];
    return state_->links.is_swapped(controller, index) ? lun.other_info : lun.info;
}

LunMedium& ArrayCore::State::medium_at(std::uint16_t controller, std::size_t lun) noexcept {
    return links.is_swapped(controller, lun) ? *luns[lun].other : luns[lun].medium;
}

BlockRun
ArrayCore::mapped_run(std::uint16_t controller, std::size_t lun, std::uint64_t lba) const noexcept {
    const Volume& volume = state_->medium_at(controller, lun).volume();
    const std::uint64_t offset = lba * volume.block_bytes();
    if (!lun_at(controller, lun).thin) {
        return {volume.block_count() - lba, true};
    }
    return {volume.memory().alike_bytes(offset) / volume.block_bytes(),
            volume.memory().is_mapped(offset)};
}

std::uint16_t ArrayCore::controller_count() const noexcept {
    return state_->settings.controllers;
}

AccessState ArrayCore::access_state(std::uint16_t controller, std::size_t lun) const noexcept {
    return state_->links.access(controller, lun);
}

bool ArrayCore::accepts_sessions(std::uint16_t controller, TimePoint now) const noexcept {
    return state_->links.accepts_sessions(controller, now);
}

void ArrayCore::answered(TimePoint ready, TimePoint sent, Duration service) noexcept {
    // What was due the moment it came was never held back: its time is what it took, not lateness.
    if (ready > sent - service) {
        const Duration late = sent - ready;
        state_->lateness.count(late > (service - late) / 20 ? late : Duration{0});
    }
    state_->service_times.count(service);
}

ArrayCounts ArrayCore::counts() const noexcept {
    return emulator_counts().array;
}

EmulatorCounts ArrayCore::emulator_counts() const noexcept {
    EmulatorCounts out = state_->counts;
    out.array.lateness_p99 = state_->lateness.quantile(0.99);
    out.service_p50 = state_->service_times.quantile(0.5);
    out.answered = state_->service_times.total();
    out.done[static_cast<std::size_t>(Fault::slow_tail)] = state_->service.tails();
    out.done[static_cast<std::size_t>(Fault::slow_path)] = state_->service.slowed();
    for (const State::Lun& lun : state_->luns) {
        const Volume& volume = lun.medium.volume();
        out.mapped_bytes += volume.memory().mapped_granules() * volume.memory().granule_bytes();
        out.volatile_bytes += volume.undo() == nullptr ? 0 : volume.undo()->held_bytes();
        if (lun.other) {
            const SparseMemory& memory = lun.other->volume().memory();
            out.mapped_bytes += memory.mapped_granules() * memory.granule_bytes();
        }
    }
    return out;
}

EmulatorCounts ArrayCore::take_counts() noexcept {
    const EmulatorCounts out = emulator_counts();
    state_->lateness = DurationCounts{};
    state_->service_times = DurationCounts{};
    return out;
}

void ArrayCore::State::apply_to_data(const FaultEvent& event, TimePoint now) {
    const bool at_blocks = event.fault == Fault::medium_error && event.block_count > 0 &&
                           event.next == 0 && event.rate == 0;
    if (at_blocks) {
        count(event.fault, luns[event.lun].medium.volume().spoil(event.lba, event.block_count));
        return;
    }
    if (event.fault == Fault::acknowledged_then_lost) {
        for (Lun& lun : luns) {
            lun.medium.volume().begin_undo(settings.volatile_cache_bytes);
        }
    }
    faults.apply(event, now);
}

void ArrayCore::State::prepare_swap(const FaultEvent& event) {
    for (std::size_t i = 0; event.fault == Fault::lun_swap && i < luns.size(); ++i) {
        if ((event.lun == all_luns || event.lun == i) && luns[i].other == nullptr) {
            luns[i].other = std::make_unique<LunMedium>(
                std::make_unique<Volume>(another_volume(settings.volumes[i]), other_pool), false);
        }
    }
}

void ArrayCore::State::start(TimePoint now) {
    started = true;
    for (const FaultEvent& persona : settings.personas) {
        apply(persona, now);
    }
}

std::string ArrayCore::State::apply(const FaultEvent& event, TimePoint now) {
    if (std::string why = event_problem(event, settings); !why.empty()) {
        return why;
    }
    prepare_swap(event);
    links.apply(event, now);
    service.apply(event, now);
    apply_to_data(event, now);
    switch (event.fault) {
    case Fault::power_cut:
        for (Lun& lun : luns) {
            lun.medium.power_cut(counts);
        }
        count(event.fault);
        break;
    case Fault::recover:
        service.recover();
        faults.recover();
        [[fallthrough]];
    case Fault::stall:
    case Fault::session_drop:
    case Fault::path_cut:
    case Fault::failover:
    case Fault::update:
    case Fault::support_visit:
    case Fault::lun_swap:
        count(event.fault);
        break;
    default:
        break;
    }
    return "";
}

std::string ArrayCore::apply(const FaultEvent& event, TimePoint now) {
    advance(now);
    std::string why = state_->apply(event, now);
    advance(now);
    return why;
}

void ArrayCore::State::rot(TimePoint now) noexcept {
    while (const auto bit = faults.rot(now)) {
        const auto position =
            bit->lun == all_luns ? bit->position * static_cast<double>(luns.size()) : bit->position;
        const auto whole = static_cast<std::size_t>(position);
        Volume& volume = luns[bit->lun == all_luns ? whole : bit->lun].medium.volume();
        const double inside =
            bit->lun == all_luns ? position - static_cast<double>(whole) : position;
        if (volume.flip_mapped(inside)) {
            count(Fault::bit_rot);
        }
    }
}

void ArrayCore::advance(TimePoint now) {
    if (!state_->started) {
        state_->start(now);
    }
    state_->links.advance(now);
    state_->rot(now);
    state_->tell_listeners();
}

TimePoint ArrayCore::next_change() const noexcept {
    return std::min(state_->links.next_change(), state_->faults.next_rot());
}

void ArrayCore::State::tell_listeners() {
    for (const LinkNotice& notice : links.take_notices()) {
        for (LinkListener* listener : std::vector<LinkListener*>(listeners)) {
            switch (notice.kind) {
            case LinkNotice::Kind::drop_sessions:
                listener->drop_sessions(notice.controller);
                break;
            case LinkNotice::Kind::access_state_changed:
                listener->access_state_changed();
                break;
            case LinkNotice::Kind::power_cut:
                listener->power_cut();
                break;
            case LinkNotice::Kind::stalled:
                listener->stalled_until(notice.controller, notice.until);
                break;
            case LinkNotice::Kind::swapped:
                listener->lun_swapped(notice.controller, notice.lun);
                break;
            }
        }
    }
}

void ArrayCore::listen(LinkListener* listener) {
    state_->listeners.push_back(listener);
}

void ArrayCore::ignore(LinkListener* listener) noexcept {
    std::erase(state_->listeners, listener);
}

} // namespace drivers::array
