// SPDX-License-Identifier: Apache-2.0
#include "drivers/array/persona/link_state.h"

#include <algorithm>
#include <utility>

namespace drivers::array {

namespace {

TimePoint end_of(const FaultEvent& event, TimePoint now) {
    return event.duration == Duration{0} ? TimePoint::max() : now + event.duration;
}

} // namespace

LinkState::LinkState(std::uint16_t controllers, bool symmetric, std::vector<std::uint16_t> owners)
    : symmetric_(symmetric)
    , controllers_(controllers) {
    for (const std::uint16_t owner : owners) {
        Lun lun;
        lun.preferred = lun.owner = lun.next_owner = owner;
        luns_.push_back(lun);
    }
    for (Controller& controller : controllers_) {
        controller.swaps.resize(luns_.size());
    }
}

std::vector<std::uint16_t> LinkState::chosen(std::uint16_t controller) const {
    if (controller != all_controllers) {
        return {controller};
    }
    std::vector<std::uint16_t> out;
    for (std::uint16_t each = 0; each < controllers_.size(); ++each) {
        out.push_back(each);
    }
    return out;
}

void LinkState::apply(const FaultEvent& event, TimePoint now) {
    advance(now);
    switch (event.fault) {
    case Fault::stall:
        stall(event, now);
        break;
    case Fault::session_drop:
        notices_.push_back({LinkNotice::Kind::drop_sessions, event.controller, {}, all_luns});
        break;
    case Fault::path_cut:
        cut(event, now);
        break;
    case Fault::failover:
        fail_over(event, now);
        break;
    case Fault::update:
        if (event.controller != all_controllers) {
            fail_over(event, now);
        }
        break;
    case Fault::power_cut:
        notices_.push_back({LinkNotice::Kind::power_cut, all_controllers, {}, all_luns});
        for (const std::uint16_t each : chosen(all_controllers)) {
            if (event.duration > Duration{0}) {
                take_away(each, now + event.duration);
            }
        }
        break;
    case Fault::lun_swap:
        swap(event, now);
        break;
    case Fault::recover:
        recover(now);
        break;
    default:
        break;
    }
    find_next_change();
}

void LinkState::stall(const FaultEvent& event, TimePoint now) {
    for (const std::uint16_t each : chosen(event.controller)) {
        TimePoint& until = controllers_[each].silent_until;
        until = std::max(until, now + event.duration);
        notices_.push_back({LinkNotice::Kind::stalled, each, until, all_luns});
    }
}

void LinkState::cut(const FaultEvent& event, TimePoint now) {
    for (const std::uint16_t each : chosen(event.controller)) {
        controllers_[each].refuses_until = now + event.duration;
    }
    notices_.push_back({LinkNotice::Kind::drop_sessions, event.controller, {}, all_luns});
}

void LinkState::take_away(std::uint16_t controller, TimePoint back_at) {
    controllers_[controller].away = true;
    controllers_[controller].back_at = back_at;
    notices_.push_back({LinkNotice::Kind::drop_sessions, controller, {}, all_luns});
}

void LinkState::fail_over(const FaultEvent& event, TimePoint now) {
    take_away(event.controller, end_of(event, now));
    const std::size_t count = controllers_.size();
    for (std::size_t step = 1; step < count; ++step) {
        const auto heir = static_cast<std::uint16_t>((event.controller + step) % count);
        if (controllers_[heir].away) {
            continue;
        }
        for (Lun& lun : luns_) {
            const std::uint16_t leaving = lun.transitioning ? lun.next_owner : lun.owner;
            if (leaving == event.controller) {
                lun.transitioning = true;
                lun.next_owner = heir;
                lun.settles_at = now + event.transition;
            }
        }
        break;
    }
    notices_.push_back({LinkNotice::Kind::access_state_changed, all_controllers, {}, all_luns});
    advance(now); // A transition may take no time at all.
}

void LinkState::swap(const FaultEvent& event, TimePoint now) {
    for (const std::uint16_t each : chosen(event.controller)) {
        for (std::size_t lun = 0; lun < luns_.size(); ++lun) {
            if (event.lun == all_luns || event.lun == lun) {
                set_swap(each, lun, {true, event.notice, end_of(event, now)});
            }
        }
    }
}

void LinkState::set_swap(std::uint16_t controller, std::size_t lun, const Swap& wanted) {
    Swap& swap = controllers_[controller].swaps[lun];
    const bool turns = swap.is_on != wanted.is_on;
    const SwapNotice notice = wanted.is_on ? wanted.notice : swap.notice; // As it came, so it goes.
    swap = wanted;
    if (!turns) {
        return;
    }
    swaps_ = wanted.is_on ? swaps_ + 1 : swaps_ - 1;
    if (notice == SwapNotice::drop_sessions) {
        notices_.push_back({LinkNotice::Kind::drop_sessions, controller, {}, all_luns});
    } else if (notice == SwapNotice::attention) {
        notices_.push_back(
            {LinkNotice::Kind::swapped, controller, {}, static_cast<std::uint16_t>(lun)});
    }
}

void LinkState::recover(TimePoint now) {
    for (std::uint16_t each = 0; each < controllers_.size(); ++each) {
        if (controllers_[each].silent_until > now) {
            notices_.push_back({LinkNotice::Kind::stalled, each, now, all_luns});
        }
        controllers_[each].away = false;
        controllers_[each].silent_until = controllers_[each].refuses_until = TimePoint{};
        for (std::size_t lun = 0; lun < luns_.size(); ++lun) {
            set_swap(each, lun, Swap{});
        }
    }
    for (Lun& lun : luns_) {
        lun.owner = lun.next_owner = lun.preferred;
        lun.transitioning = false;
    }
    notices_.push_back({LinkNotice::Kind::access_state_changed, all_controllers, {}, all_luns});
}

void LinkState::advance(TimePoint now) {
    bool changed = false;
    for (std::uint16_t each = 0; each < controllers_.size(); ++each) {
        Controller& controller = controllers_[each];
        for (std::size_t lun = 0; swaps_ > 0 && lun < luns_.size(); ++lun) {
            if (controller.swaps[lun].is_on && controller.swaps[lun].until <= now) {
                set_swap(each, lun, Swap{});
            }
        }
        if (controller.away && controller.back_at <= now) {
            controller.away = false;
            changed = true;
        }
    }
    for (Lun& lun : luns_) {
        if (lun.transitioning && lun.settles_at <= now) {
            lun.transitioning = false;
            lun.owner = lun.next_owner;
            changed = true;
        }
    }
    if (changed) {
        notices_.push_back({LinkNotice::Kind::access_state_changed, all_controllers, {}, all_luns});
    }
    find_next_change();
}

void LinkState::find_next_change() {
    next_change_ = TimePoint::max();
    for (const Controller& controller : controllers_) {
        if (controller.away) {
            next_change_ = std::min(next_change_, controller.back_at);
        }
        for (const Swap& swap : controller.swaps) {
            if (swap.is_on) {
                next_change_ = std::min(next_change_, swap.until);
            }
        }
    }
    for (const Lun& lun : luns_) {
        if (lun.transitioning) {
            next_change_ = std::min(next_change_, lun.settles_at);
        }
    }
}

AccessState LinkState::access(std::uint16_t controller, std::size_t lun) const noexcept {
    if (controllers_[controller].away) {
        return AccessState::unavailable;
    }
    if (luns_[lun].transitioning) {
        return AccessState::transitioning;
    }
    return symmetric_ || luns_[lun].owner == controller ? AccessState::active_optimized
                                                        : AccessState::active_non_optimized;
}

bool LinkState::accepts_sessions(std::uint16_t controller, TimePoint now) const noexcept {
    return !controllers_[controller].away && controllers_[controller].refuses_until <= now;
}

std::vector<LinkNotice> LinkState::take_notices() {
    return std::exchange(notices_, {});
}

} // namespace drivers::array
