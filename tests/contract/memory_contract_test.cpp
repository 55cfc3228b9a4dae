// SPDX-License-Identifier: Apache-2.0
#include "bench/plan/driver_assembly.h"
#include "tests/contract/block_driver_contract.h"
#include "tests/fakes/manual_clock.h"

#include <catch2/catch.hpp>

TEST_CASE("the memory driver keeps the contract", "[contract][memory]") {
    tests::ManualClock clock;
    for (const char* url : {"memory:size=64MiB",
                            "memory:size=64MiB,block=4KiB",
                            "memory:size=64MiB,cache=volatile"}) {
        DYNAMIC_SECTION(url) {
            tests::ContractSubject subject;
            subject.cannot_be_exchanged = "the memory is the driver's own";
            subject.open = [&](std::size_t depth) {
                bench::plan::DriverOptions options;
                options.depth = depth;
                return bench::plan::open_driver(bench::plan::parse_url(url), options, clock);
            };
            tests::check_block_driver_contract(subject);
        }
    }
}

TEST_CASE("the null driver keeps what of the contract needs no data", "[contract][memory]") {
    tests::ManualClock clock;
    tests::ContractSubject subject;
    subject.keeps_data = false;
    subject.cannot_be_exchanged = "there is no LUN";
    subject.has_compare = false;
    subject.open = [&](std::size_t depth) {
        bench::plan::DriverOptions options;
        options.depth = depth;
        return bench::plan::open_driver(bench::plan::parse_url("null:size=1TiB"), options, clock);
    };
    tests::check_block_driver_contract(subject);
}
