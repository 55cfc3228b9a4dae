// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/block_driver.h"

#include <functional>
#include <memory>

namespace tests {

// What a driver is asked to promise; what it cannot do is said here and not checked.
struct ContractSubject {
    std::function<std::unique_ptr<drivers::BlockDriver>(std::size_t depth)> open;
    bool keeps_data = true;       // Reads back what was written.
    bool unmap_reads_zero = true; // LBPRZ.
    bool has_compare = true;
    std::uint32_t out_of_range_sense = 0x052100; // NVMe: SCT << 8 | SC.
    std::uint32_t miscompare_sense = 0x0e1d00;
};

// Checks every obligation of drivers/api/block_driver.h, one SECTION each. The LUN is overwritten.
void check_block_driver_contract(const ContractSubject& subject);

// Waits as a lane does (wait_fd, next_timer) until one request has completed; fails after 20 s.
drivers::Completion wait_for_one(drivers::BlockDriver& driver);

// Submits, waits for the answer and checks that it is the only one.
drivers::Completion run_one(drivers::BlockDriver& driver, const drivers::Request& request);

} // namespace tests
