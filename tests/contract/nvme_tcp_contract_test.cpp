// SPDX-License-Identifier: Apache-2.0
#include "drivers/nvme_tcp/nvme_tcp_driver.h"
#include "tests/contract/block_driver_contract.h"
#include "tests/fakes/nvme_array.h"

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
