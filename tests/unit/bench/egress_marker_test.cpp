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
    const auto frame = markers(1).frame(ends, {77, 5 * s});
    const auto read = markers(1).read(frame);
    REQUIRE(read);
    CHECK(read->number == 77);
    CHECK(read->sent_ns == 5 * s);
    CHECK(read->tags == 0);
    CHECK_FALSE(markers(2).read(frame));
    for (std::size_t at = 0; at < frame.size(); ++at) {
        auto changed = frame;
        changed[at] ^= std::byte{1};
        CHECK_FALSE(markers(1).read(changed)); // Nothing can be hidden in a marker.
    }
    for (std::size_t length = 0; length < frame.size(); ++length) {
        CHECK_FALSE(markers(1).read(drivers::wire::Bytes(frame).first(length)));
    }
}

TEST_CASE("a marker is known behind the tags that switches put before it", "[egress]") {
    auto frame = markers(1).frame(ends, {77, 5 * s});
    const std::array<std::byte, 4> tag{
        std::byte{0x81}, std::byte{0}, std::byte{0}, std::byte{120}}; // VLAN 120
    for (const std::uint64_t tags : {0x81000078ULL, 0x8100007881000078ULL}) {
        frame.insert(frame.begin() + 12, tag.begin(), tag.end());
        const auto read = markers(1).read(frame);
        REQUIRE(read);
        CHECK(read->number == 77);
        CHECK(read->tags == tags);
        for (std::size_t length = 0; length < frame.size(); ++length) {
            CHECK_FALSE(markers(1).read(drivers::wire::Bytes(frame).first(length)));
        }
    }
    frame.insert(frame.begin() + 12, tag.begin(), tag.end());
    CHECK_FALSE(markers(1).read(frame));
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
    book.sent({1, 10 * s});
    book.sent({2, 10 * s + 5});
    book.sent({3, 12 * s});
    CHECK(book.seen({1, 10 * s}, 10 * s));
    CHECK(book.seen({1, 10 * s}, 10 * s));
    CHECK(book.seen({3, 12 * s}, 12 * s));
    CHECK(book.seen({99, 12 * s}, 12 * s)); // Sent past another tap, and heard here too.
    CHECK(book.sent_count() == 3);
    CHECK(book.lost_count() == 1);
    CHECK(book.lossy_seconds() == std::set<std::int64_t>{10});
    CHECK(book.seen({2, 10 * s + 5}, 11 * s));
    CHECK(book.lossy_seconds().empty());
}

TEST_CASE("a marker that somebody sends again is a frame like any other", "[egress]") {
    MarkerBook book;
    book.sent({1, 10 * s});
    CHECK(book.seen({1, 10 * s}, 10 * s + 1));
    CHECK_FALSE(book.seen({1, 10 * s}, 21 * s)); // Late.
    int taken = 1;
    while (taken < 100 && book.seen({1, 10 * s}, 10 * s + 2)) {
        ++taken;
    }
    CHECK(taken == 8); // As often as a mirror may show it.
    std::uint64_t tags = 0;
    while (tags < 100 && book.seen({2, 10 * s, tags}, 10 * s)) {
        ++tags;
    }
    CHECK(tags == 4);
    CHECK_FALSE(book.seen({3, 10 * s, 99}, 10 * s));
    CHECK(book.seen({3, 10 * s, 1}, 10 * s)); // Tags that have been seen are the network's own.
}

TEST_CASE("a tap that sees nothing for days costs no memory without end", "[egress]") {
    MarkerBook book;
    constexpr std::uint64_t count = 150'000;
    for (std::uint64_t i = 0; i < count; ++i) {
        book.sent({i, static_cast<std::int64_t>(i) * s / 20});
    }
    CHECK(book.lost_count() == count);
    CHECK(book.lossy_seconds().size() == count / 20);
}

TEST_CASE("a marker that was seen before it was told of is not lost", "[egress]") {
    MarkerBook book;
    CHECK(book.seen({1, 10 * s}, 10 * s));
    book.sent({1, 10 * s});
    book.sent({2, 10 * s});
    CHECK(book.sent_count() == 2);
    CHECK(book.lost_count() == 1);
}
