// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiles/source.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace profiles::interception {

enum class Actor : std::uint8_t {
    plant,
    writer,
    journal,
    database_log,
    checkpoint,
    index_page,
    seal,
    listening,
    playback,
    search,
    classification,
    evidence,
    scrub,
    backup,
    purge,
    purge_check,
    evacuation,
    arrival,
    arrival_check
};

// Accesses that wait for their instant or for their completion, and the actors' own alarms, in
// order of time. Slots and heaps are reserved ahead; they grow only when a load outruns every
// expectation.
class Agenda {
public:
    struct Work {
        Access access;
        Actor actor = Actor::plant;
        std::uint32_t index = 0; // Which writer, search, ...
    };
    struct Alarm {
        Duration at{0};
        Actor actor = Actor::plant;
        std::uint32_t index = 0;
    };

    Agenda() {
        slots_.reserve(reserved);
        free_.reserve(reserved);
        due_.reserve(reserved);
        alarms_.reserve(reserved);
    }

    void add(const Access& access, Actor actor, std::uint32_t index) {
        std::uint32_t slot = static_cast<std::uint32_t>(slots_.size());
        if (free_.empty()) {
            slots_.push_back({access, actor, index});
        } else {
            slot = free_.back();
            free_.pop_back();
            slots_[slot] = {access, actor, index};
        }
        slots_[slot].access.id = slot;
        due_.push_back({access.due, sequence_++, slot});
        std::push_heap(due_.begin(), due_.end());
    }

    void wake(Duration at, Actor actor, std::uint32_t index) {
        alarms_.push_back({at, sequence_++, actor, index});
        std::push_heap(alarms_.begin(), alarms_.end());
    }

    bool has_due() const noexcept { return !due_.empty(); }
    Duration first_due() const noexcept { return due_.front().at; }
    bool has_alarm() const noexcept { return !alarms_.empty(); }
    Duration first_alarm() const noexcept { return alarms_.front().at; }

    Access pop_due() noexcept {
        std::pop_heap(due_.begin(), due_.end());
        const std::uint32_t slot = due_.back().slot;
        due_.pop_back();
        return slots_[slot].access;
    }

    Alarm pop_alarm() noexcept {
        std::pop_heap(alarms_.begin(), alarms_.end());
        const AlarmEntry out = alarms_.back();
        alarms_.pop_back();
        return {out.at, out.actor, out.index};
    }

    // What completed; its slot is free from now on.
    Work finish(std::uint64_t id) {
        free_.push_back(static_cast<std::uint32_t>(id));
        return slots_[id];
    }

private:
    static constexpr std::size_t reserved = 16384;
    struct DueEntry {
        Duration at{0};
        std::uint64_t order = 0;
        std::uint32_t slot = 0;
        bool operator<(const DueEntry& other) const noexcept {
            return at != other.at ? at > other.at : order > other.order;
        }
    };
    struct AlarmEntry {
        Duration at{0};
        std::uint64_t order = 0;
        Actor actor = Actor::plant;
        std::uint32_t index = 0;
        bool operator<(const AlarmEntry& other) const noexcept {
            return at != other.at ? at > other.at : order > other.order;
        }
    };

    std::vector<Work> slots_;
    std::vector<std::uint32_t> free_;
    std::vector<DueEntry> due_;
    std::vector<AlarmEntry> alarms_;
    std::uint64_t sequence_ = 0;
};

} // namespace profiles::interception
