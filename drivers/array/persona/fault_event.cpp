// SPDX-License-Identifier: Apache-2.0
#include "drivers/array/persona/fault_event.h"

#include <algorithm>
#include <fmt/format.h>

namespace drivers::array {

namespace {

constexpr std::array<std::string_view, fault_count> names{"stall",
                                                          "session_drop",
                                                          "path_cut",
                                                          "failover",
                                                          "power_cut",
                                                          "slow_path",
                                                          "slow_tail",
                                                          "queue_full",
                                                          "lost_write",
                                                          "misdirected_write",
                                                          "torn_write",
                                                          "zeroed_write",
                                                          "silent_corruption",
                                                          "bit_rot",
                                                          "reorder_across_flush",
                                                          "acknowledged_then_lost",
                                                          "unmap_keeps_data",
                                                          "medium_error",
                                                          "update",
                                                          "support_visit",
                                                          "lun_swap",
                                                          "recover"};

constexpr std::array<std::string_view, 3> notices{"drop", "attention", "none"};

bool strikes_commands(Fault fault) {
    switch (fault) {
    case Fault::slow_tail:
    case Fault::queue_full:
    case Fault::lost_write:
    case Fault::misdirected_write:
    case Fault::torn_write:
    case Fault::zeroed_write:
    case Fault::silent_corruption:
    case Fault::reorder_across_flush:
    case Fault::unmap_keeps_data:
    case Fault::medium_error:
        return true;
    default:
        return false;
    }
}

} // namespace

std::string_view fault_name(Fault fault) noexcept {
    return names[static_cast<std::size_t>(fault)];
}

std::optional<Fault> fault_named(std::string_view name) noexcept {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) {
        return std::nullopt;
    }
    return static_cast<Fault>(found - names.begin());
}

std::string_view swap_notice_name(SwapNotice notice) noexcept {
    return notices[static_cast<std::size_t>(notice)];
}

std::optional<SwapNotice> swap_notice_named(std::string_view name) noexcept {
    const auto found = std::find(notices.begin(), notices.end(), name);
    if (found == notices.end()) {
        return std::nullopt;
    }
    return static_cast<SwapNotice>(found - notices.begin());
}

std::string fault_problem(const FaultEvent& event) {
    const std::string_view name = fault_name(event.fault);
    if (event.duration < Duration{0} || event.transition < Duration{0} ||
        event.extra < Duration{0}) {
        return fmt::format("{}: a negative time", name);
    }
    const bool at_blocks =
        event.fault == Fault::medium_error && event.block_count > 0 && event.lun != all_luns;
    if (strikes_commands(event.fault) && !at_blocks && event.next == 0 && !(event.rate > 0)) {
        return fmt::format("{}: needs \"next\" (how many commands) or \"rate\" (what share)", name);
    }
    if (event.fault == Fault::bit_rot ? !(event.rate > 0 && event.rate <= 1e6)
                                      : !(event.rate >= 0 && event.rate <= 1)) {
        return fmt::format("{}: rate {}; wanted {}",
                           name,
                           event.rate,
                           event.fault == Fault::bit_rot ? "bits a second, above 0, at most 1e6"
                                                         : "a share from 0 to 1");
    }
    if ((event.fault == Fault::stall || event.fault == Fault::path_cut) &&
        event.duration == Duration{0}) {
        return fmt::format("{}: needs \"duration\"", name);
    }
    if (event.fault == Fault::failover && event.controller == all_controllers) {
        return fmt::format("{}: needs \"controller\", the one that fails", name);
    }
    if (event.fault == Fault::slow_tail && event.extra == Duration{0}) {
        return fmt::format("{}: needs \"extra\", how much longer it takes", name);
    }
    if (event.fault == Fault::slow_path && event.extra == Duration{0} && !(event.factor > 1)) {
        return fmt::format("{}: needs \"extra\" or a \"factor\" above 1", name);
    }
    if (!(event.factor >= 1 && event.factor <= 1e6)) {
        return fmt::format("{}: factor {}; wanted from 1 to 1e6", name, event.factor);
    }
    return "";
}

} // namespace drivers::array
