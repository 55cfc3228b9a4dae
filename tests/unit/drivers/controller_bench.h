// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/nvme_tcp/nvme_tcp_driver.h"
#include "tests/fakes/manual_clock.h"
#include "tests/fakes/nvme_array.h"
#include "tests/unit/drivers/scripted_controller.h"

#include <catch2/catch.hpp>

#include <poll.h>

#include <array>
#include <chrono>
#include <memory>
#include <vector>

namespace tests {

// A driver in front of a scripted controller, polled as a lane does.
struct ControllerBench {
    explicit ControllerBench(ScriptedController::Script script,
                             drivers::wire::nvme::Digests digests = {},
                             bool reconnects = false)
        : controller(std::move(script)) {
        drivers::nvme_tcp::Settings settings;
        settings.host = "127.0.0.1";
        settings.port = controller.port();
        settings.subsystem_nqn = nvme_array_nqn;
        settings.depth = 4;
        settings.digests = digests;
        settings.reconnects = reconnects;
        driver = std::make_unique<drivers::nvme_tcp::NvmeTcpDriver>(settings, clock);
    }

    drivers::Completion run(drivers::Op op, std::size_t blocks) {
        data.assign(blocks * 512, std::byte{0x5A});
        drivers::Request request;
        request.tag = ++tag;
        request.op = op;
        request.range = {0, blocks};
        request.data = data;
        REQUIRE(driver->submit(request));
        const drivers::Completion done = next();
        CHECK(done.tag == tag);
        return done;
    }

    // Waits as a lane does; fails after about 20 s.
    drivers::Completion next() {
        std::array<drivers::Completion, 4> out{};
        for (int i = 0; i < 2000; ++i) {
            const std::size_t count = driver->poll(out);
            REQUIRE(count <= 1); // One request, one completion.
            if (count == 1) {
                return out[0];
            }
            pollfd fd{.fd = driver->wait_fd(), .events = POLLIN, .revents = 0};
            ::poll(&fd, 1, 10);
        }
        FAIL("no completion");
        return {};
    }

    // Polls as a lane does until it has ended for good, or 20 s long. `step`: of the clock, where
    // no other thread looks at it.
    drivers::DriverEnd end(drivers::Duration step = {}) {
        std::array<drivers::Completion, 4> out{};
        const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (driver->ended() == drivers::DriverEnd::none &&
               std::chrono::steady_clock::now() < until) {
            if (step.count() > 0) {
                clock.advance(step);
            }
            (void)driver->poll(out);
            pollfd fd{.fd = driver->wait_fd(), .events = POLLIN, .revents = 0};
            ::poll(&fd, 1, 10);
        }
        return driver->ended();
    }

    // Whatever else the controller sends, nothing completes again.
    void expect_silence() {
        std::array<drivers::Completion, 4> out{};
        for (int i = 0; i < 5; ++i) {
            CHECK(driver->poll(out) == 0);
            pollfd fd{.fd = driver->wait_fd(), .events = POLLIN, .revents = 0};
            ::poll(&fd, 1, 2);
        }
    }

    ManualClock clock;
    ScriptedController controller;
    std::unique_ptr<drivers::nvme_tcp::NvmeTcpDriver> driver;
    std::vector<std::byte> data;
    std::uint64_t tag = 0;
};

} // namespace tests
