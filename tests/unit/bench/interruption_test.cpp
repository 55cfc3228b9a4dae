// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/interruption.h"

#include <catch2/catch.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <thread>

using bench::campaign::Interruption;

namespace {

// What becomes of a process that gets two signals so far apart: a signal's number, or 0.
int end_of_two(std::chrono::milliseconds apart, int number = SIGTERM) {
    const pid_t child = ::fork();
    if (child == 0) {
        const Interruption guard;
        (void)std::raise(number);
        const auto until = std::chrono::steady_clock::now() + apart;
        while (std::chrono::steady_clock::now() < until) { // As a signal handler reads the time.
            std::this_thread::yield();
        }
        (void)std::raise(number);
        ::_exit(Interruption::raised() ? 0 : 1);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE((WIFSIGNALED(status) || WEXITSTATUS(status) == 0));
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

} // namespace

TEST_CASE("a signal that comes by two ways at once is one, a later one ends the process",
          "[campaign]") {
    CHECK(end_of_two(std::chrono::milliseconds(0)) == 0);
    CHECK(end_of_two(std::chrono::milliseconds(300)) == SIGTERM);
}

TEST_CASE("a hangup interrupts, however often it comes, and one that is ignored stays so",
          "[campaign]") {
    CHECK(end_of_two(std::chrono::milliseconds(0), SIGHUP) == 0);
    CHECK(end_of_two(std::chrono::milliseconds(300), SIGHUP) == 0);
    const pid_t child = ::fork();
    if (child == 0) {
        (void)std::signal(SIGHUP, SIG_IGN); // As nohup leaves it.
        {
            const Interruption guard;
            (void)std::raise(SIGHUP);
            if (Interruption::raised()) {
                ::_exit(1);
            }
        }
        (void)std::raise(SIGHUP); // Ignored afterwards, too.
        ::_exit(0);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
}
