// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/interruption.h"

#include <csignal>

namespace bench::campaign {

namespace {

// A signal handler can reach nothing else.
std::atomic<bool> raised_flag{false};
std::atomic<bool> signalled{false};
static_assert(std::atomic<bool>::is_always_lock_free);

void on_signal(int number) {
    raised_flag = true;
    if (signalled.exchange(true)) {
        (void)std::signal(number, SIG_DFL);
        (void)std::raise(number);
    }
}

} // namespace

Interruption::Interruption() {
    raised_flag = false;
    signalled = false;
    (void)std::signal(SIGINT, on_signal);
    (void)std::signal(SIGTERM, on_signal);
    (void)std::signal(SIGPIPE, SIG_IGN); // A reader gone away is an error of the write.
}

Interruption::~Interruption() {
    (void)std::signal(SIGINT, SIG_DFL);
    (void)std::signal(SIGTERM, SIG_DFL);
}

const std::atomic<bool>& Interruption::flag() {
    return raised_flag;
}

void Interruption::raise() {
    raised_flag = true;
}

} // namespace bench::campaign
