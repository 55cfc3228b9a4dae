// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/interruption.h"

#include <csignal>
#include <cstdint>
#include <ctime>

namespace bench::campaign {

namespace {

// A signal handler can reach nothing else.
std::atomic<bool> raised_flag{false};
std::atomic<std::int64_t> first_ns{0}; // When the first one came; 0 = none did.
static_assert(std::atomic<std::int64_t>::is_always_lock_free);

// A launcher sends one signal to every process that it knows of, and a process that watches over
// this one passes it on: what comes at once is one signal.
constexpr std::int64_t at_once_ns = 250'000'000;

std::int64_t now_ns() {
    timespec now{};
    (void)::clock_gettime(CLOCK_MONOTONIC, &now);
    return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

void on_signal(int number) {
    raised_flag = true;
    const std::int64_t now = now_ns();
    std::int64_t none = 0;
    // A terminal that goes away says so by its shell and by the kernel, whenever each of them can:
    // only a person who is asking again is impatient.
    if (!first_ns.compare_exchange_strong(none, now) && now - none > at_once_ns &&
        number != SIGHUP) {
        (void)std::signal(number, SIG_DFL);
        (void)std::raise(number);
    }
}

} // namespace

Interruption::Interruption() {
    raised_flag = false;
    first_ns = 0;
    (void)std::signal(SIGINT, on_signal);
    (void)std::signal(SIGTERM, on_signal);
    (void)std::signal(SIGPIPE, SIG_IGN); // A reader gone away is an error of the write.
    struct sigaction hangup {};
    heeds_hangup_ = ::sigaction(SIGHUP, nullptr, &hangup) == 0 && hangup.sa_handler != SIG_IGN;
    if (heeds_hangup_) { // Else somebody wants it to outlive its terminal: nohup.
        (void)std::signal(SIGHUP, on_signal);
    }
}

Interruption::~Interruption() {
    (void)std::signal(SIGINT, SIG_DFL);
    (void)std::signal(SIGTERM, SIG_DFL);
    if (heeds_hangup_) {
        (void)std::signal(SIGHUP, SIG_DFL);
    }
}

const std::atomic<bool>& Interruption::flag() {
    return raised_flag;
}

void Interruption::raise() {
    raised_flag = true;
}

} // namespace bench::campaign
