// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/block_driver.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace tests {

// One way in which the LUN behind an open driver becomes another one.
struct LunExchange {
    std::string name; // "after a lost session"
    std::function<void()> exchange;
    std::function<std::uint64_t()> writes_elsewhere; // That have reached the other LUN.
    std::string other;                               // What of its identity the driver has to name.
};

// What a driver is asked to promise; what it cannot do is said here and not checked.
struct ContractSubject {
    std::function<std::unique_ptr<drivers::BlockDriver>(std::size_t depth)> open;
    bool keeps_data = true;       // Reads back what was written.
    bool unmap_reads_zero = true; // LBPRZ.
    bool has_compare = true;
    std::uint32_t out_of_range_sense = 0x052100; // NVMe: SCT << 8 | SC.
    std::uint32_t miscompare_sense = 0x0e1d00;
    // Every driver states one or the other.
    std::vector<LunExchange> exchanges;
    std::string cannot_be_exchanged; // Why there is nothing that could become another LUN.
};

// Checks every obligation of drivers/api/block_driver.h, one SECTION each. The LUN is overwritten.
void check_block_driver_contract(const ContractSubject& subject);

// Waits as a lane does (wait_fd, next_timer) until one request has completed; fails after 20 s.
drivers::Completion wait_for_one(drivers::BlockDriver& driver);

// Lets the driver hear what has happened, as a lane does that has nothing to send, or until it
// ends.
void hear(drivers::BlockDriver& driver, std::chrono::milliseconds time);

// Submits, waits for the answer and checks that it is the only one.
drivers::Completion run_one(drivers::BlockDriver& driver, const drivers::Request& request);

} // namespace tests
