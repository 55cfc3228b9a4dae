// SPDX-License-Identifier: Apache-2.0
#include "drivers/block_device/device_watch.h"

#include <catch2/catch.hpp>

#include <stdexcept>
#include <thread>

using drivers::block_device::DeviceWatch;
using namespace std::chrono_literals;

namespace {

template <class Condition>
void wait_until(Condition condition) {
    for (int i = 0; i < 20000 && !condition(); ++i) {
        std::this_thread::sleep_for(1ms);
    }
    REQUIRE(condition());
}

} // namespace

TEST_CASE("a device that is the same is asked at the interval and when told to", "[block_device]") {
    std::atomic<int> asked = 0;
    DeviceWatch often([&] { return ++asked, std::string{}; }, 1ms);
    wait_until([&] { return asked > 3; });
    CHECK_FALSE(often.differs());
    std::atomic<int> told = 0;
    DeviceWatch rarely([&] { return ++told, std::string{}; }, 1h);
    const auto number = rarely.ask();
    wait_until([&] { return rarely.answered() >= number; });
    CHECK(told == 1);
    CHECK_FALSE(rarely.differs());
}

TEST_CASE("a device that has become another one is told once and for good", "[block_device]") {
    std::atomic<bool> other = false;
    DeviceWatch watch([&] { return other ? std::string("another") : std::string{}; }, 1h);
    (void)watch.ask();
    other = true;
    const auto number = watch.ask();
    wait_until([&] { return watch.answered() >= number; });
    REQUIRE(watch.differs());
    CHECK(watch.difference() == "another");
}

TEST_CASE("a device that cannot be asked is not taken for another one", "[block_device]") {
    DeviceWatch watch([]() -> std::string { throw std::runtime_error("no answer"); }, 1h);
    const auto number = watch.ask();
    wait_until([&] { return watch.answered() >= number; });
    CHECK_FALSE(watch.differs());
}
