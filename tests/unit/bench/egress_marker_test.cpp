// SPDX-License-Identifier: Apache-2.0
#include "bench/egress/marker.h"

#include <catch2/catch.hpp>

#include <cmath>

using namespace bench::egress;

namespace {

constexpr std::int64_t s = 1'000'000'000;

Markers markers(unsigned char first) {
    Markers::Key key{};
    key[0] = first;
    return Markers(key);
}

const Markers::Ends ends{{2, 0, 0, 0, 0, 1}, {2, 0, 0, 0, 0, 2}};

} // namespace

TEST_CASE("a marker is read by who has its key, and not when a bit of it was changed", "[egress]") {
    const auto frame = markers(1).frame(ends, 77);
    CHECK(markers(1).read(frame) == 77);
    CHECK_FALSE(markers(2).read(frame));
    constexpr std::size_t addresses = 12;
    for (std::size_t at = addresses; at < frame.size(); ++at) {
        auto changed = frame;
        changed[at] ^= std::byte{1};
        CHECK_FALSE(markers(1).read(changed)); // Nothing can be hidden behind a marker either.
    }
    for (std::size_t length = 0; length < frame.size(); ++length) {
        CHECK_FALSE(markers(1).read(drivers::wire::Bytes(frame).first(length)));
    }
}

TEST_CASE("the loss is bounded as Clopper and Pearson bound it", "[egress]") {
    CHECK(loss_bound(0, 0).high == 1);
    CHECK(loss_bound(0, 100).low == 0);
    CHECK(loss_bound(0, 100).high == Approx(1 - std::pow(0.025, 0.01)));
    CHECK(loss_bound(10, 100).low == Approx(0.0490).margin(0.0001)); // Of the tables.
    CHECK(loss_bound(10, 100).high == Approx(0.1762).margin(0.0001));
    CHECK(loss_bound(5, 5).high == 1);
}

TEST_CASE("a marker that was never seen makes its second a lossy one", "[egress]") {
    MarkerBook book;
    book.sent(1, 10 * s);
    book.sent(2, 10 * s + 5);
    book.sent(3, 12 * s);
    book.seen(1);
    book.seen(1);
    book.seen(3);
    book.seen(99); // Of another run
    CHECK(book.sent_count() == 3);
    CHECK(book.lost_count() == 1);
    CHECK(book.lossy_seconds() == std::set<std::int64_t>{10});
    book.seen(2);
    CHECK(book.lossy_seconds().empty());
}
