// SPDX-License-Identifier: Apache-2.0
#include "drivers/array/reservations.h"

#include <utility>

namespace drivers::array {

bool is_reservation_type(std::uint8_t type) noexcept {
    return type == 1 || type == 3 || (type >= 5 && type <= 8);
}

bool is_for_registrants(ReservationType type) noexcept {
    return type >= ReservationType::write_exclusive_registrants_only;
}

bool is_for_all_registrants(ReservationType type) noexcept {
    return type >= ReservationType::write_exclusive_all_registrants;
}

bool is_exclusive_access(ReservationType type) noexcept {
    return type == ReservationType::exclusive_access ||
           type == ReservationType::exclusive_access_registrants_only ||
           type == ReservationType::exclusive_access_all_registrants;
}

bool Reservations::allows(NexusId nexus, AccessKind kind) const noexcept {
    if (kind == AccessKind::none || !type_ || is_holder(nexus) ||
        (is_for_registrants(*type_) && is_registered(nexus))) {
        return true;
    }
    return kind == AccessKind::read && !is_exclusive_access(*type_);
}

bool Reservations::knows(NexusId nexus, std::uint64_t key) const noexcept {
    const auto found = keys_.find(nexus);
    return found != keys_.end() && found->second == key;
}

bool Reservations::is_holder(NexusId nexus) const noexcept {
    return type_ && (is_for_all_registrants(*type_) ? is_registered(nexus)
                                                    : holder_ == nexus && is_registered(nexus));
}

std::uint64_t Reservations::holder_key() const noexcept {
    if (!type_ || is_for_all_registrants(*type_)) {
        return 0;
    }
    const auto found = keys_.find(holder_);
    return found == keys_.end() ? 0 : found->second;
}

ReservationEnd Reservations::register_key(NexusId nexus, std::uint64_t key, std::uint64_t new_key) {
    const auto found = keys_.find(nexus);
    if (key != (found == keys_.end() ? 0 : found->second)) {
        return ReservationEnd::conflict;
    }
    return register_ignoring(nexus, new_key);
}

ReservationEnd Reservations::register_ignoring(NexusId nexus, std::uint64_t new_key) {
    if (new_key == 0) {
        if (is_registered(nexus)) {
            unregister(nexus);
        }
    } else {
        if (!is_registered(nexus) && keys_.size() == registrations_max) {
            return ReservationEnd::no_resources;
        }
        keys_[nexus] = new_key;
    }
    ++generation_;
    return ReservationEnd::good;
}

// The reservation ends with its only holder, or with the last of all registrants (SPC-5 5.14.11.2).
void Reservations::unregister(NexusId nexus) {
    const bool held = is_holder(nexus);
    keys_.erase(nexus);
    if (!held || (is_for_all_registrants(*type_) && !keys_.empty())) {
        return;
    }
    if (is_for_registrants(*type_)) {
        for (const auto& [other, key] : keys_) {
            news_.reservations_released.push_back(other);
        }
    }
    end_reservation();
}

void Reservations::end_reservation() noexcept {
    type_.reset();
    holder_ = 0;
}

ReservationEnd Reservations::reserve(NexusId nexus, std::uint64_t key, ReservationType type) {
    if (!knows(nexus, key)) {
        return ReservationEnd::conflict;
    }
    if (type_) {
        return is_holder(nexus) && *type_ == type ? ReservationEnd::good : ReservationEnd::conflict;
    }
    type_ = type;
    holder_ = nexus;
    return ReservationEnd::good;
}

ReservationEnd Reservations::release(NexusId nexus, std::uint64_t key, ReservationType type) {
    if (!knows(nexus, key)) {
        return ReservationEnd::conflict;
    }
    if (!type_ || !is_holder(nexus)) {
        return ReservationEnd::good; // Nothing of its own to release.
    }
    if (*type_ != type) {
        return ReservationEnd::invalid_release;
    }
    if (is_for_registrants(*type_)) {
        for (const auto& [other, other_key] : keys_) {
            if (other != nexus) {
                news_.reservations_released.push_back(other);
            }
        }
    }
    end_reservation();
    return ReservationEnd::good;
}

ReservationEnd Reservations::clear(NexusId nexus, std::uint64_t key) {
    if (!knows(nexus, key)) {
        return ReservationEnd::conflict;
    }
    for (const auto& [other, other_key] : keys_) {
        if (other != nexus) {
            news_.reservations_preempted.push_back(other);
        }
    }
    keys_.clear();
    end_reservation();
    ++generation_;
    return ReservationEnd::good;
}

std::size_t Reservations::remove_key(std::uint64_t victim_key, NexusId preemptor) {
    std::size_t removed = 0;
    for (auto at = keys_.begin(); at != keys_.end();) {
        const bool is_victim = victim_key == 0 || at->second == victim_key;
        if (!is_victim) {
            ++at;
            continue;
        }
        ++removed;
        if (at->first == preemptor) {
            ++at; // Keeps its own registration where the reservation changes hands to it.
            continue;
        }
        news_.registrations_preempted.push_back(at->first);
        at = keys_.erase(at);
    }
    return removed;
}

// SPC-5 5.14.11.4: a key of the holder (or 0 where all registrants hold) takes the reservation too.
ReservationEnd Reservations::preempt(NexusId nexus,
                                     std::uint64_t key,
                                     ReservationType type,
                                     std::uint64_t victim_key) {
    if (!knows(nexus, key)) {
        return ReservationEnd::conflict;
    }
    const bool all_hold = type_ && is_for_all_registrants(*type_);
    const bool takes_over =
        type_ && (all_hold ? victim_key == 0 : victim_key != 0 && victim_key == holder_key());
    if (!takes_over) {
        if (victim_key == 0) {
            return ReservationEnd::invalid_parameter;
        }
        std::vector<NexusId> victims;
        for (const auto& [other, other_key] : keys_) {
            if (other_key == victim_key) {
                victims.push_back(other);
            }
        }
        if (victims.empty()) {
            return ReservationEnd::conflict;
        }
        for (const NexusId victim : victims) {
            unregister(victim);
            if (victim != nexus) {
                news_.registrations_preempted.push_back(victim);
            }
        }
        ++generation_;
        return ReservationEnd::good;
    }
    const bool type_changes = *type_ != type;
    remove_key(victim_key, nexus);
    if (type_changes) {
        for (const auto& [other, other_key] : keys_) {
            if (other != nexus) {
                news_.reservations_released.push_back(other);
            }
        }
    }
    type_ = type;
    holder_ = nexus;
    ++generation_;
    return ReservationEnd::good;
}

ReservationEnd Reservations::reserve_old(NexusId nexus) noexcept {
    if (blocks_old(nexus)) {
        return ReservationEnd::conflict;
    }
    old_holder_ = nexus;
    return ReservationEnd::good;
}

void Reservations::release_old(NexusId nexus) noexcept {
    if (old_holder_ == nexus) {
        old_holder_.reset();
    }
}

void Reservations::power_cut() noexcept {
    keys_.clear();
    end_reservation();
    old_holder_.reset();
    generation_ = 0;
    news_ = {};
}

ReservationNews Reservations::take_news() noexcept {
    return std::exchange(news_, {});
}

} // namespace drivers::array
