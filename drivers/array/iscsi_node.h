// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/array/buffer_pool.h"
#include "drivers/array/iscsi_parameters.h"
#include "drivers/array/scsi_target.h"

#include <cstdint>
#include <string>
#include <vector>

namespace drivers::array {

class IscsiSession;

struct IscsiDoor { // What discovery tells of one portal.
    std::string target_name;
    std::string address;
    std::uint16_t group_tag = 1;
};

// What all iSCSI portals of one array share: its logical units, memory for data, the list of doors
// and the sessions that run.
struct IscsiNode {
    explicit IscsiNode(ArrayCore& array)
        : pool(iscsi_limit::pool_bytes)
        , target(array, pool) {}
    IscsiNode(const IscsiNode&) = delete;
    IscsiNode& operator=(const IscsiNode&) = delete;

    std::uint16_t take_tsih() noexcept { // Never 0: that asks for a new session.
        next_tsih = static_cast<std::uint16_t>(next_tsih == 0xFFFF ? 1 : next_tsih + 1);
        return next_tsih;
    }

    BufferPool pool;
    ScsiTarget target;
    std::vector<IscsiDoor> doors;
    std::vector<IscsiSession*> sessions;
    std::uint16_t next_tsih = 0;
};

} // namespace drivers::array
