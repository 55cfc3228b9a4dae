// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/array/array_counts.h"
#include "drivers/array/persona/fault_event.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What an emulated array and the process that started it say to each other: one JSON object a line.
namespace drivers::array {

constexpr std::size_t control_line_bytes_max = 65536;

struct PortalAddress {
    std::string transport; // "iscsi", "nvme+tcp"
    std::string address;   // host:port
    std::string name;      // IQN or NQN
    std::uint16_t controller = 0;
};

struct ReadyReport {
    std::vector<PortalAddress> portals;
    std::vector<std::string> identities; // unique_id of each LUN.
};

enum class Ask : std::uint8_t { event, counts, stop };

struct ControlRequest {
    std::uint64_t id = 0;
    Ask ask = Ask::counts;
    FaultEvent event;
};

struct ControlAnswer {
    std::uint64_t id = 0;
    std::string error;                    // Empty: done ...
    TimePoint at{};                       // ... at this instant.
    std::optional<EmulatorCounts> counts; // What was asked for.
};

// The array's side. A line that cannot be meant throws UsageError; its `id`, if it has one that can
// be read, is left in `id` so that the answer can name it.
ControlRequest parse_request(std::string_view line, std::uint64_t& id);
std::string ready_line(const ReadyReport& report);
std::string answer_line(const ControlAnswer& answer);

// The parent's side; lines from a child are no more trusted than others. Throw ArrayError.
// `parameters` is a JSON object: controller, lun, lba, block_count, next, share, rate, factor,
// notice, and duration, transition, extra as texts with units ("2s") or with _ns as whole numbers.
// Throws UsageError where it is not.
FaultEvent parse_event(const std::string& name, const std::string& parameters);
std::string event_line(std::uint64_t id, const FaultEvent& event);
std::string ask_line(std::uint64_t id, Ask ask);
ReadyReport parse_ready(std::string_view line);
ControlAnswer parse_answer(std::string_view line);

} // namespace drivers::array
