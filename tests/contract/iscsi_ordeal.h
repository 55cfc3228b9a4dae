// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/plan/iscsi_assembly.h"
#include "drivers/api/monotonic_clock.h"
#include "tests/contract/block_driver_contract.h"
#include "tests/fakes/scripted_target.h"

#include <catch2/catch.hpp>

#include <chrono>

namespace tests {

using drivers::Completion;
using drivers::Op;
using drivers::iscsi::IscsiDriver;
using namespace std::chrono_literals;

inline drivers::MonotonicClock& clock_of_test() {
    static drivers::MonotonicClock clock;
    return clock;
}

inline drivers::iscsi::IscsiSettings settings_for(const ScriptedTarget& target) {
    auto settings = bench::plan::iscsi_settings(bench::plan::parse_url(target.url()), 0, {});
    settings.depth = 4;
    settings.login_timeout = 300ms;
    settings.command_timeout = 300ms;
    settings.session.service_at_most = 300ms;
    settings.abort_timeout = 200ms;
    settings.ready_timeout = 100ms;
    settings.reconnect_timeout = 1s;
    settings.reconnect_pause = 20ms;
    return settings;
}

// Opens against an honest target that turns to `script` at READ(16) and WRITE(16), submits one
// read, or one write of `bytes`, and returns its end.
struct Ordeal {
    explicit Ordeal(ScriptedTarget::Script script)
        : target([script = std::move(script)](TargetLink& link) {
            const unsigned operation = link.operation();
            const bool moves = link.opcode() == 0x01 && (operation == 0x88 || operation == 0x8a);
            return (moves || link.opcode() == 0x02 || link.opcode() == 0x05) && script(link);
        })
        , driver(settings_for(target), clock_of_test()) {}

    Completion run(Op op, std::size_t bytes) {
        buffer.assign(bytes, std::byte{0x5a});
        drivers::Request request;
        request.tag = 77;
        request.op = op;
        request.range = {8, bytes / 512};
        request.data = buffer;
        const auto begin = std::chrono::steady_clock::now();
        const Completion done = tests::run_one(driver, request);
        CHECK(std::chrono::steady_clock::now() - begin < 3s);
        return done;
    }

    std::vector<std::byte> buffer; // Outlives the driver, as a lane's does.
    ScriptedTarget target;
    IscsiDriver driver;
};

inline bool is_command(const TargetLink& link) {
    return link.opcode() == 0x01;
}

} // namespace tests
