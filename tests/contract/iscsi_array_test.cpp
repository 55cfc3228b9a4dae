// SPDX-License-Identifier: Apache-2.0
// The iSCSI driver, alone and over two paths, against the emulated array.
#include "bench/plan/driver_assembly.h"
#include "drivers/api/monotonic_clock.h"
#include "drivers/array/child.h"
#include "tests/contract/block_driver_contract.h"
#include "tests/fakes/swapped_lun.h"
#include "tests/paths.h"

#include <catch2/catch.hpp>

#include <chrono>
#include <set>

using bench::plan::DriverOptions;
using bench::plan::parse_url;
using drivers::array::EmulatedArray;
using namespace std::chrono_literals;

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
    EmulatedArray array(child_of("plain.json"));
    tests::ContractSubject subject = subject_of(iscsi_urls(array, 0).at(0));
    subject.exchanges = tests::swaps_of(array, 0);
    tests::check_block_driver_contract(subject);
}

TEST_CASE("two paths keep the contract of one LUN", "[contract][iscsi][array][multipath]") {
    EmulatedArray array(child_of("plain.json"));
    const std::string url = multipath_url(iscsi_urls(array, 1));
    const auto report = bench::plan::probe_lun(parse_url(url), {}, clock_of_test());
    CHECK(report.paths.size() == 2);
    tests::ContractSubject subject = subject_of(url);
    subject.exchanges = tests::swaps_of(array, 1, 1); // On one path of the two.
    tests::check_block_driver_contract(subject);
}

namespace {

// A closed loop over two paths of an array with asymmetric access, disturbed from outside.
struct TwoPathLoad {
    TwoPathLoad()
        : array(child_of("svc-class-hybrid.json")) {
        std::vector<bench::plan::Url> paths;
        for (const std::string& url : iscsi_urls(array, 0)) {
            paths.push_back(parse_url(url));
        }
        DriverOptions options;
        options.depth = 4;
        options.reconnect_timeout = 15s;
        driver = bench::plan::open_paths(paths, options, clock_of_test());
        for (std::size_t i = 0; i < buffers.size(); ++i) {
            send(i);
        }
    }

    void send(std::size_t index) {
        drivers::Request request;
        request.tag = index;
        request.op = sent++ % 2 == 0 ? drivers::Op::write : drivers::Op::read;
        request.range = {index * 8, 8};
        request.data = buffers[index];
        REQUIRE(driver->submit(request));
    }

    // Runs until `wanted` requests have ended well; returns the paths that carried them.
    std::set<std::uint16_t> run(int wanted) {
        std::set<std::uint16_t> used;
        for (int i = 0; i < wanted; ++i) {
            const drivers::Completion done = tests::wait_for_one(*driver);
            REQUIRE(done.status == drivers::Status::good);
            used.insert(done.path);
            send(done.tag);
        }
        return used;
    }

    // Runs on until only `path` carries the load, or fails after 15 s.
    void run_until_only(std::uint16_t path) {
        const auto give_up = std::chrono::steady_clock::now() + 15s;
        while (run(40) != std::set<std::uint16_t>{path}) {
            REQUIRE(std::chrono::steady_clock::now() < give_up);
        }
    }

    std::vector<std::vector<std::byte>> buffers{4, std::vector<std::byte>(4096)};
    std::uint64_t sent = 0;
    EmulatedArray array;
    std::unique_ptr<drivers::BlockDriver> driver;
};

} // namespace

TEST_CASE("the load keeps to the optimized path, goes to the other when it is cut, and comes back",
          "[contract][iscsi][array][multipath]") {
    TwoPathLoad load;
    CHECK(load.run(40) == std::set<std::uint16_t>{0});
    load.array.apply({"path_cut", R"({"controller": 0, "duration": "1s"})"});
    load.run_until_only(1); // Nothing was lost on the way.
    load.run_until_only(0);
    CHECK(load.driver->fences() >= 1); // What was under way when the path was cut is fenced.
}

TEST_CASE("the load follows a failover through its transition",
          "[contract][iscsi][array][multipath]") {
    TwoPathLoad load;
    CHECK(load.run(40) == std::set<std::uint16_t>{0});
    load.array.apply({"failover", R"({"controller": 0, "transition": "300ms"})"});
    load.run_until_only(1);
}
