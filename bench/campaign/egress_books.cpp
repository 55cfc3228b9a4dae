// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/egress_books.h"

#include <chrono>

namespace bench::campaign {

namespace {

template <typename Clock>
std::int64_t now_ns() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch())
        .count();
}

} // namespace

std::int64_t utc_now_ns() {
    return now_ns<std::chrono::system_clock>();
}

std::int64_t steady_now_ns() {
    return now_ns<std::chrono::steady_clock>();
}

EgressBooks& EgressBooks::operator+=(const EgressBooks& other) {
    frames += other.frames;
    captured_bytes += other.captured_bytes;
    allowed_bytes += other.allowed_bytes;
    unlisted_bytes += other.unlisted_bytes;
    undecoded_bytes += other.undecoded_bytes;
    watched_ns += other.watched_ns;
    return *this;
}

EgressBooks EgressBooks::operator-(const EgressBooks& earlier) const {
    return {frames - earlier.frames,
            captured_bytes - earlier.captured_bytes,
            allowed_bytes - earlier.allowed_bytes,
            unlisted_bytes - earlier.unlisted_bytes,
            undecoded_bytes - earlier.undecoded_bytes,
            watched_ns - earlier.watched_ns};
}

} // namespace bench::campaign
