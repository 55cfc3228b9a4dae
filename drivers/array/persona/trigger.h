// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/array/persona/fault_event.h"
#include "drivers/array/persona/random.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace drivers::array {

// Who is asking: the command that a fault may strike.
struct Target {
    std::uint16_t controller = 0;
    std::uint16_t lun = 0;
    std::uint64_t lba = 0;
    std::uint64_t blocks = 0;
};

// One fault waiting for its commands: the next so many, or a share of them, of those it is aimed
// at.
class Trigger {
public:
    Trigger(const FaultEvent& event, TimePoint now) noexcept
        : event_(event)
        , left_(event.next)
        , until_(event.duration == Duration{0} ? TimePoint::max() : now + event.duration) {}

    bool is_spent(TimePoint now) const noexcept {
        return now >= until_ || (event_.next > 0 && left_ == 0);
    }
    bool aims_at(const Target& target) const noexcept {
        return (event_.controller == all_controllers || event_.controller == target.controller) &&
               (event_.lun == all_luns || event_.lun == target.lun) &&
               (event_.block_count == 0 || (target.lba < event_.lba + event_.block_count &&
                                            event_.lba < target.lba + target.blocks));
    }
    bool strikes(const Target& target, TimePoint now, Random& chance) noexcept {
        if (is_spent(now) || !aims_at(target)) {
            return false;
        }
        if (event_.next > 0) {
            --left_;
            return true;
        }
        return chance.unit() < event_.rate;
    }
    const FaultEvent& event() const noexcept { return event_; }

private:
    FaultEvent event_;
    std::uint64_t left_;
    TimePoint until_;
};

// All triggers of one fault; what is spent is forgotten.
class Triggers {
public:
    void add(const FaultEvent& event, TimePoint now) { triggers_.emplace_back(event, now); }
    void clear() noexcept { triggers_.clear(); }
    bool is_empty() const noexcept { return triggers_.empty(); }

    // The event of the first one that strikes; valid until the next call of anything here.
    const FaultEvent* strike(const Target& target, TimePoint now, Random& chance) noexcept {
        if (triggers_.empty()) {
            return nullptr;
        }
        std::erase_if(triggers_, [now](const Trigger& each) { return each.is_spent(now); });
        for (Trigger& each : triggers_) {
            if (each.strikes(target, now, chance)) {
                return &each.event();
            }
        }
        return nullptr;
    }
    // Whether one is aimed there, without spending it: for faults that are a state.
    const FaultEvent* active(const Target& target, TimePoint now) const noexcept {
        for (const Trigger& each : triggers_) {
            if (!each.is_spent(now) && each.aims_at(target)) {
                return &each.event();
            }
        }
        return nullptr;
    }

private:
    std::vector<Trigger> triggers_;
};

} // namespace drivers::array
