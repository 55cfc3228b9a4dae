// SPDX-License-Identifier: Apache-2.0
#include "bench/plan/driver_assembly.h"
#include "drivers/nvme_tcp/nvme_tcp_driver.h"
#include "tests/contract/block_driver_contract.h"
#include "tests/fakes/nvme_array.h"
#include "tests/fakes/swapped_lun.h"
#include "tests/paths.h"

#include <catch2/catch.hpp>

#include <memory>

namespace {

struct Variant {
    const char* name;
    std::uint32_t nsid;
    bool digests;
    std::uint32_t in_capsule_bytes;
    std::uint8_t transfer_exponent;
};

// With a lost association, and with the namespace event in an unbroken one.
std::vector<tests::LunExchange> swaps_of(tests::NvmeArray& array, std::uint32_t nsid) {
    namespace emulated = drivers::array;
    std::vector<tests::LunExchange> out;
    const auto lun = static_cast<std::uint16_t>(nsid - 1);
    for (const auto notice :
         {emulated::SwapNotice::drop_sessions, emulated::SwapNotice::attention}) {
        tests::LunExchange way;
        way.name =
            std::string("the array's notice is ") + std::string(emulated::swap_notice_name(notice));
        way.exchange = [&array, lun, notice] {
            emulated::FaultEvent event;
            event.fault = emulated::Fault::lun_swap;
            event.lun = lun;
            event.notice = notice;
            array.apply(event);
        };
        way.writes_elsewhere = [&array] {
            std::uint64_t writes = 0;
            array.on_array([&](emulated::ArrayCore& core) {
                writes = core.emulator_counts().writes_to_another_lun;
            });
            return writes;
        };
        way.other = tests::swapped_id(tests::nvme_array_settings().volumes[lun].identity.unique_id);
        out.push_back(std::move(way));
    }
    return out;
}

} // namespace

TEST_CASE("the NVMe/TCP driver keeps the contract with the emulated array", "[contract][nvme]") {
    for (const Variant& variant : {Variant{"plain", 1, false, 8192, 8},
                                   Variant{"digests", 1, true, 8192, 8},
                                   Variant{"blocks of 4 KiB", 2, false, 8192, 8},
                                   Variant{"no data in capsules", 1, true, 0, 8},
                                   Variant{"split to 16 KiB a command", 1, false, 4096, 2}}) {
        DYNAMIC_SECTION(variant.name) {
            drivers::array::NvmePortalSettings door;
            door.in_capsule_bytes = variant.in_capsule_bytes;
            door.transfer_exponent = variant.transfer_exponent;
            door.data_pdu_bytes_max = 65536;
            tests::NvmeArray array(tests::nvme_array_settings(), door);
            tests::ContractSubject subject;
            subject.out_of_range_sense = 0x080;
            subject.miscompare_sense = 0x285;
            subject.exchanges = swaps_of(array, variant.nsid);
            subject.open = [&](std::size_t depth) {
                auto settings = array.settings(variant.nsid);
                settings.depth = static_cast<std::uint16_t>(depth);
                settings.digests = {.header = variant.digests, .data = variant.digests};
                return std::make_unique<drivers::nvme_tcp::NvmeTcpDriver>(settings, array.clock());
            };
            tests::check_block_driver_contract(subject);
        }
    }
}

namespace {

drivers::Completion write_one(drivers::BlockDriver& driver) {
    std::vector<std::byte> data(driver.geometry().block_bytes, std::byte{1});
    drivers::Request request;
    request.op = drivers::Op::write;
    request.range = {8, 1};
    request.data = data;
    return tests::run_one(driver, request);
}

} // namespace

TEST_CASE("an event about another namespace changes nothing and lets the next one come",
          "[contract][nvme]") {
    tests::NvmeArray array;
    drivers::nvme_tcp::NvmeTcpDriver driver(array.settings(1), array.clock());
    const auto swap = [&](std::uint16_t lun) {
        drivers::array::FaultEvent event;
        event.fault = drivers::array::Fault::lun_swap;
        event.lun = lun;
        event.notice = drivers::array::SwapNotice::attention;
        array.apply(event);
        tests::hear(driver, std::chrono::milliseconds(50));
    };
    for (int i = 0; i < 2; ++i) {
        swap(1);
        CHECK(write_one(driver).status == drivers::Status::good);
        CHECK(driver.ended() == drivers::DriverEnd::none);
        array.apply({}); // Recovered.
        tests::hear(driver, std::chrono::milliseconds(50));
    }
    swap(0);
    CHECK(driver.ended() == drivers::DriverEnd::another_lun);
}

TEST_CASE("two NVMe/TCP paths keep the contract of one namespace",
          "[contract][nvme][array][multipath]") {
    drivers::MonotonicClock clock;
    drivers::array::ChildSettings child;
    child.program = tests::arraybench_program();
    child.file = tests::source_dir() + "/profiles/arrays/plain.json";
    child.listen = "127.0.0.1:0";
    drivers::array::EmulatedArray array(child);
    std::vector<bench::plan::Url> paths;
    for (const std::string& url : array.urls(0)) {
        if (url.starts_with("nvme+tcp://")) {
            paths.push_back(bench::plan::parse_url(url));
        }
    }
    REQUIRE(paths.size() == 2);
    tests::ContractSubject subject;
    subject.out_of_range_sense = 0x080;
    subject.miscompare_sense = 0x285;
    subject.exchanges = tests::swaps_of(array, 0, 1); // On one path of the two.
    subject.open = [&](std::size_t depth) {
        bench::plan::DriverOptions options;
        options.depth = depth;
        return bench::plan::open_paths(paths, options, clock);
    };
    tests::check_block_driver_contract(subject);
}
