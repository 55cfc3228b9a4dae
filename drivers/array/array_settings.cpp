// SPDX-License-Identifier: Apache-2.0
#include "drivers/array/array_settings.h"

#include <fmt/format.h>

namespace drivers::array {

std::string event_problem(const FaultEvent& event, const ArraySettings& array) {
    const std::string_view name = fault_name(event.fault);
    if (std::string why = fault_problem(event); !why.empty()) {
        return why;
    }
    if (event.controller != all_controllers && event.controller >= array.controllers) {
        return fmt::format(
            "{}: no controller {}; there are {}", name, event.controller, array.controllers);
    }
    if (event.lun != all_luns && event.lun >= array.volumes.size()) {
        return fmt::format("{}: no LUN {}; there are {}", name, event.lun, array.volumes.size());
    }
    if (event.lun != all_luns &&
        (event.lba >= array.volumes[event.lun].block_count ||
         event.block_count > array.volumes[event.lun].block_count - event.lba)) {
        return fmt::format("{}: blocks beyond the end of LUN {}", name, event.lun);
    }
    if (event.lun == all_luns && event.block_count > 0) {
        return fmt::format("{}: a range of blocks needs \"lun\"", name);
    }
    if (event.fault == Fault::reorder_across_flush && !array.volatile_cache) {
        return fmt::format("{}: this array has no volatile cache; nothing waits for a flush", name);
    }
    return "";
}

} // namespace drivers::array
