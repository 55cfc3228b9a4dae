// SPDX-License-Identifier: Apache-2.0
// The contract against whatever LUN ARRAYBENCH_CONTRACT_URL names; the LUN is overwritten. Hidden:
// run by the peer tests, which start what the URL points at.
#include "bench/plan/driver_assembly.h"
#include "drivers/api/monotonic_clock.h"
#include "tests/contract/block_driver_contract.h"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <string>

namespace {

std::string setting(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

} // namespace

TEST_CASE("the driver keeps the contract against a foreign target", "[.][foreign]") {
    const std::string text = setting("ARRAYBENCH_CONTRACT_URL");
    REQUIRE_FALSE(text.empty());
    const bench::plan::Url url = bench::plan::parse_url(text);
    const std::string lacks = setting("ARRAYBENCH_CONTRACT_LACKS");
    const bool digests = setting("ARRAYBENCH_CONTRACT_DIGESTS") == "1";
    static drivers::MonotonicClock clock;
    tests::ContractSubject subject;
    subject.cannot_be_exchanged = "nobody here may tell a foreign target to";
    subject.has_compare = lacks.find("compare") == std::string::npos;
    subject.unmap_reads_zero = lacks.find("unmap_reads_zero") == std::string::npos;
    if (url.kind == bench::plan::UrlKind::nvme_tcp) {
        subject.out_of_range_sense = 0x080;
        subject.miscompare_sense = 0x285;
    }
    subject.open = [&](std::size_t depth) {
        bench::plan::DriverOptions options;
        options.depth = depth;
        options.header_digest = digests;
        options.data_digest = digests && url.kind == bench::plan::UrlKind::nvme_tcp;
        return bench::plan::open_driver(url, options, clock);
    };
    tests::check_block_driver_contract(subject);
}
