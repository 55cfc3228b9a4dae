// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/array/child.h"
#include "drivers/array/lun_info.h"
#include "tests/contract/block_driver_contract.h"

#include <string>
#include <vector>

namespace tests {

// The unique id of what an emulated array puts in the place of the LUN with this one.
inline std::string swapped_id(const std::string& unique_id) {
    drivers::array::VolumeSettings volume;
    volume.identity.unique_id = unique_id;
    return drivers::array::another_volume(volume).identity.unique_id;
}

// The ways in which an emulated array in a process of its own puts another LUN in one's place, at
// all controllers or at one of them.
inline std::vector<LunExchange>
swaps_of(drivers::array::EmulatedArray& array, std::size_t lun, int controller = -1) {
    std::vector<LunExchange> out;
    for (const char* notice : {"drop", "attention"}) {
        std::string parameters = R"({"lun": )" + std::to_string(lun) + R"(, "notice": ")" + notice;
        parameters +=
            controller < 0 ? "\"}" : R"(", "controller": )" + std::to_string(controller) + "}";
        LunExchange way;
        way.name = std::string("the array's notice is ") + notice;
        way.exchange = [&array, parameters] {
            (void)array.apply({"lun_swap", parameters});
        };
        way.writes_elsewhere = [&array] {
            return array.emulator_counts().writes_to_another_lun;
        };
        way.other = swapped_id(array.identities().at(lun));
        out.push_back(std::move(way));
    }
    return out;
}

} // namespace tests
