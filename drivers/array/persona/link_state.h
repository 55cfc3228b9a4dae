// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/array/persona/access_state.h"
#include "drivers/array/persona/fault_event.h"

#include <cstdint>
#include <vector>

namespace drivers::array {

// Something the portals have to be told.
struct LinkNotice {
    enum class Kind : std::uint8_t {
        drop_sessions,
        access_state_changed,
        power_cut,
        stalled,
        swapped
    };
    Kind kind = Kind::access_state_changed;
    std::uint16_t controller = all_controllers;
    TimePoint until{};
    std::uint16_t lun = all_luns; // Swapped.
};

// Which controllers are there, which of them serves which LUN or another in its place, and until
// when they keep silent.
class LinkState {
public:
    LinkState(std::uint16_t controllers, bool symmetric, std::vector<std::uint16_t> owners);

    // Stall, session drop, path cut, failover, power cut, LUN swap, recover; others change nothing.
    void apply(const FaultEvent& event, TimePoint now);
    void advance(TimePoint now);
    TimePoint next_change() const noexcept { return next_change_; }

    AccessState access(std::uint16_t controller, std::size_t lun) const noexcept;
    std::uint16_t owner(std::size_t lun) const noexcept { return luns_[lun].owner; }
    bool is_away(std::uint16_t controller) const noexcept { return controllers_[controller].away; }
    bool is_swapped(std::uint16_t controller, std::size_t lun) const noexcept {
        return swaps_ > 0 && controllers_[controller].swaps[lun].is_on;
    }
    bool accepts_sessions(std::uint16_t controller, TimePoint now) const noexcept;
    TimePoint silent_until(std::uint16_t controller) const noexcept {
        return controllers_[controller].silent_until;
    }

    std::vector<LinkNotice> take_notices();
    bool has_notices() const noexcept { return !notices_.empty(); }

private:
    struct Swap {
        bool is_on = false;
        SwapNotice notice = SwapNotice::drop_sessions;
        TimePoint until{}; // max: until it is told to recover.
    };
    struct Controller {
        bool away = false;
        TimePoint back_at{}; // max: not before it is told to recover.
        TimePoint silent_until{};
        TimePoint refuses_until{};
        std::vector<Swap> swaps; // By LUN.
    };
    struct Lun {
        std::uint16_t preferred = 0;
        std::uint16_t owner = 0;
        std::uint16_t next_owner = 0;
        bool transitioning = false;
        TimePoint settles_at{};
    };

    void stall(const FaultEvent& event, TimePoint now);
    void cut(const FaultEvent& event, TimePoint now);
    void take_away(std::uint16_t controller, TimePoint back_at);
    void fail_over(const FaultEvent& event, TimePoint now);
    void swap(const FaultEvent& event, TimePoint now);
    void set_swap(std::uint16_t controller, std::size_t lun, const Swap& wanted);
    void recover(TimePoint now);
    void find_next_change();
    std::vector<std::uint16_t> chosen(std::uint16_t controller) const;

    bool symmetric_;
    std::vector<Controller> controllers_;
    std::vector<Lun> luns_;
    std::vector<LinkNotice> notices_;
    std::size_t swaps_ = 0; // That are on.
    TimePoint next_change_ = TimePoint::max();
};

} // namespace drivers::array
