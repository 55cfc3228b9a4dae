// SPDX-License-Identifier: Apache-2.0
// The iSCSI driver, alone and over two paths, against the emulated array.
#include "bench/plan/driver_assembly.h"
#include "drivers/api/monotonic_clock.h"
#include "drivers/array/child.h"
#include "tests/contract/block_driver_contract.h"
#include "tests/paths.h"

#include <catch2/catch.hpp>

using bench::plan::DriverOptions;
using bench::plan::parse_url;
using drivers::array::EmulatedArray;

namespace {

drivers::MonotonicClock& clock_of_test() {
    static drivers::MonotonicClock clock;
    return clock;
}

drivers::array::ChildSettings child_of(const std::string& file) {
    drivers::array::ChildSettings settings;
    settings.program = tests::arraybench_program();
    settings.file = tests::source_dir() + "/profiles/arrays/" + file;
    settings.listen = "127.0.0.1:0";
    return settings;
}

std::vector<std::string> iscsi_urls(const EmulatedArray& array, std::size_t lun) {
    std::vector<std::string> out;
    for (const std::string& url : array.urls(lun)) {
        if (url.starts_with("iscsi://")) {
            out.push_back(url);
        }
    }
    return out;
}

// One URL over all of them: the portals of the others put before the first one's target.
std::string multipath_url(const std::vector<std::string>& urls) {
    std::string portals;
    for (const std::string& url : urls) {
        portals += (portals.empty() ? "" : ",") + parse_url(url).portals[0].text();
    }
    const std::string& first = urls.front();
    return "iscsi://" + portals + first.substr(first.find('/', 8));
}

tests::ContractSubject subject_of(const std::string& url) {
    tests::ContractSubject subject;
    subject.open = [url](std::size_t depth) {
        DriverOptions options;
        options.depth = depth;
        return bench::plan::open_driver(parse_url(url), options, clock_of_test());
    };
    return subject;
}

} // namespace

TEST_CASE("the iSCSI driver keeps the contract against the emulated array",
          "[contract][iscsi][array]") {
    const EmulatedArray array(child_of("plain.json"));
    tests::check_block_driver_contract(subject_of(iscsi_urls(array, 0).at(0)));
}

TEST_CASE("two paths keep the contract of one LUN", "[contract][iscsi][array][multipath]") {
    const EmulatedArray array(child_of("plain.json"));
    const std::string url = multipath_url(iscsi_urls(array, 1));
    tests::check_block_driver_contract(subject_of(url));
    const auto report = bench::plan::probe_lun(parse_url(url), {}, clock_of_test());
    CHECK(report.paths.size() == 2);
}
