// SPDX-License-Identifier: Apache-2.0
#include "drivers/iscsi/receive_guard.h"

#include <catch2/catch.hpp>

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <thread>

using drivers::iscsi::ReceiveGuard;
using namespace std::chrono_literals;

namespace {

struct Connection {
    Connection() { REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == 0); }
    ~Connection() {
        ::close(ends[0]);
        ::close(ends[1]);
    }
    std::array<int, 2> ends{};
};

} // namespace

TEST_CASE("a call that is held too long loses its connection", "[iscsi]") {
    const Connection connection;
    ReceiveGuard guard(100ms);
    guard.watch(connection.ends[0]);
    const ReceiveGuard::Call held(guard);
    char byte = 0;
    CHECK(::read(connection.ends[0], &byte, 1) == 0); // For ever, but for the guard.
    CHECK(guard.has_cut());
}

TEST_CASE("calls that end keep their connection, however many they are", "[iscsi]") {
    const Connection connection;
    ReceiveGuard guard(100ms);
    guard.watch(connection.ends[0]);
    const auto until = std::chrono::steady_clock::now() + 400ms;
    while (std::chrono::steady_clock::now() < until) {
        const ReceiveGuard::Call brief(guard);
        std::this_thread::sleep_for(1ms);
    }
    CHECK_FALSE(guard.has_cut());
    CHECK(::write(connection.ends[1], "x", 1) == 1);
    char byte = 0;
    CHECK(::read(connection.ends[0], &byte, 1) == 1);
}
