// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace drivers::array {

// One initiator port through one target port; keeps its number while anything remembers it.
using NexusId = std::uint32_t;

enum class ReservationType : std::uint8_t { // SPC-5 table 200
    write_exclusive = 1,
    exclusive_access = 3,
    write_exclusive_registrants_only = 5,
    exclusive_access_registrants_only = 6,
    write_exclusive_all_registrants = 7,
    exclusive_access_all_registrants = 8
};
bool is_reservation_type(std::uint8_t type) noexcept;
bool is_for_registrants(ReservationType type) noexcept;     // Registrants only or all registrants.
bool is_for_all_registrants(ReservationType type) noexcept; // Every registrant is a holder.
bool is_exclusive_access(ReservationType type) noexcept;

// Whether a command only looks or also changes, as far as reservations care.
enum class AccessKind : std::uint8_t { none, read, write };

// Who has to be told what, after a change.
struct ReservationNews {
    std::vector<NexusId> registrations_preempted; // 2A/05
    std::vector<NexusId> reservations_preempted;  // 2A/03
    std::vector<NexusId> reservations_released;   // 2A/04
};

enum class ReservationEnd : std::uint8_t {
    good,
    conflict,
    invalid_release,
    invalid_parameter,
    no_resources
};

// Registrations and the reservation of one logical unit, persistent (SPC-5 5.14) and of the old
// RESERVE/RELEASE kind (SPC-2 5.5); pure bookkeeping.
class Reservations {
public:
    bool allows(NexusId nexus, AccessKind kind) const noexcept;
    bool is_idle() const noexcept { return !type_ && !old_holder_; }

    ReservationEnd register_key(NexusId nexus, std::uint64_t key, std::uint64_t new_key);
    ReservationEnd register_ignoring(NexusId nexus, std::uint64_t new_key);
    ReservationEnd reserve(NexusId nexus, std::uint64_t key, ReservationType type);
    ReservationEnd release(NexusId nexus, std::uint64_t key, ReservationType type);
    ReservationEnd clear(NexusId nexus, std::uint64_t key);
    ReservationEnd
    preempt(NexusId nexus, std::uint64_t key, ReservationType type, std::uint64_t victim_key);

    ReservationEnd reserve_old(NexusId nexus) noexcept;
    void release_old(NexusId nexus) noexcept;
    void end_old() noexcept { old_holder_.reset(); }
    bool has_old() const noexcept { return old_holder_.has_value(); }
    bool blocks_old(NexusId nexus) const noexcept { return old_holder_ && *old_holder_ != nexus; }

    void power_cut() noexcept; // Without APTPL nothing survives.

    ReservationNews take_news() noexcept;
    const std::map<NexusId, std::uint64_t>& registrations() const noexcept { return keys_; }
    bool is_registered(NexusId nexus) const noexcept { return keys_.count(nexus) == 1; }
    bool is_holder(NexusId nexus) const noexcept;
    std::optional<ReservationType> type() const noexcept { return type_; }
    std::uint64_t holder_key() const noexcept; // 0 where all registrants hold it.
    std::uint32_t generation() const noexcept { return generation_; }

private:
    static constexpr std::size_t registrations_max = 256;

    bool knows(NexusId nexus, std::uint64_t key) const noexcept;
    void unregister(NexusId nexus);
    void end_reservation() noexcept;
    std::size_t remove_key(std::uint64_t victim_key, NexusId preemptor);

    std::map<NexusId, std::uint64_t> keys_;
    std::optional<ReservationType> type_;
    NexusId holder_ = 0; // Where not all registrants hold it.
    std::optional<NexusId> old_holder_;
    std::uint32_t generation_ = 0;
    ReservationNews news_;
};

} // namespace drivers::array
