// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/clock.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace drivers::array {

// Everything bad an emulated array can do, and `recover`, which ends it all.
enum class Fault : std::uint8_t {
    stall,                  // A controller answers nothing for a while.
    session_drop,           // Its sessions end; new ones are welcome.
    path_cut,               // Its sessions end and new ones are refused for a while.
    failover,               // Its LUNs move to another controller.
    power_cut,              // Everything volatile is gone.
    slow_path,              // Its service times are multiplied and lengthened.
    slow_tail,              // A share of all commands takes longer.
    queue_full,             // Commands are answered "busy".
    lost_write,             // Acknowledged, never stored.
    misdirected_write,      // Stored somewhere else.
    torn_write,             // Only its first part is stored.
    zeroed_write,           // Zeros are stored.
    silent_corruption,      // One bit of it is stored wrong.
    bit_rot,                // Bits at rest flip over time.
    reorder_across_flush,   // A flush leaves one write behind.
    acknowledged_then_lost, // Flush and FUA promise, a power cut shows that they did nothing.
    unmap_keeps_data,       // Unmap is acknowledged and reads go on finding the data.
    medium_error,           // A block cannot be read until it is written again.
    update, // New firmware: a controller restarts as in a failover, or none if none is named.
    support_visit, // Somebody works on it; nothing happens to data or paths.
    lun_swap,      // Another LUN answers in a LUN's place: another unique id, other data.
    recover
};
constexpr std::size_t fault_count = static_cast<std::size_t>(Fault::recover) + 1;

std::string_view fault_name(Fault fault) noexcept;
std::optional<Fault> fault_named(std::string_view name) noexcept;

constexpr std::uint16_t all_controllers = 0xFFFF;
constexpr std::uint16_t all_luns = 0xFFFF;

// How the hosts learn that another LUN answers, if at all.
enum class SwapNotice : std::uint8_t {
    drop_sessions, // Whoever comes back finds it.
    attention,     // In the unbroken session: unit attention 3F/03, or the namespace event.
    none
};

// One fault, its target and its trigger. What does not apply to a fault is left alone.
struct FaultEvent {
    Fault fault = Fault::recover;
    std::uint16_t controller = all_controllers;
    std::uint16_t lun = all_luns;
    std::uint64_t lba = 0; // Data faults: only within this range; 0 blocks = the whole LUN.
    std::uint64_t block_count = 0;
    std::uint64_t next = 0; // Strikes the next so many eligible commands ...
    double rate = 0;        // ... or this share of them; bit rot: bits a second.
    Duration duration{0};   // How long it lasts; 0 = until recover (stall, path cut: refused).
    Duration transition{0}; // Failover, update: how long the access states are in transition.
    double factor = 1;      // Slow path: service times are multiplied by it ...
    std::uint64_t cached_bytes = 0; // Lost write: read as written until so much else was read.
    Duration extra{0};              // ... and lengthened by it. Slow tail: lengthened by it.
    SwapNotice notice = SwapNotice::drop_sessions; // LUN swap.
};

std::string_view swap_notice_name(SwapNotice notice) noexcept; // "drop", "attention", "none"
std::optional<SwapNotice> swap_notice_named(std::string_view name) noexcept;

// Why the event cannot be applied; empty = it can.
std::string fault_problem(const FaultEvent& event);

} // namespace drivers::array
