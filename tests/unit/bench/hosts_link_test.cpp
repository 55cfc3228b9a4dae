// SPDX-License-Identifier: Apache-2.0
#include "bench/hosts/fellowship.h"
#include "bench/hosts/meeting.h"
#include "drivers/api/errors.h"
#include "drivers/api/monotonic_clock.h"
#include "tests/fakes/manual_clock.h"

#include <catch2/catch.hpp>

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <future>

using namespace bench::hosts;
using namespace std::chrono_literals;

namespace {

std::array<int, 2> connected_pair() {
    std::array<int, 2> out{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, out.data()) == 0);
    return out;
}

// Keys of the two ends of a link.
SealKeys near_keys() {
    SealKeys out;
    out.sending.fill(1);
    out.receiving.fill(2);
    return out;
}

SealKeys far_keys() {
    const SealKeys near = near_keys();
    return {near.receiving, near.sending};
}

// Another host's clock: as good, but started at another time.
class ShiftedClock final : public drivers::Clock {
public:
    explicit ShiftedClock(drivers::Duration by)
        : by_(by) {}
    drivers::TimePoint now() const noexcept override { return real_.now() + by_; }
    void sleep_until(drivers::TimePoint due) override { real_.sleep_until(due - by_); }

private:
    drivers::MonotonicClock real_;
    drivers::Duration by_;
};

std::string loss_of(Link& link) {
    try {
        while (link.receive(10s)) {
        }
    } catch (const HostLost& error) {
        return error.what();
    }
    return "";
}

} // namespace

TEST_CASE("letters arrive whole and in order, both ways", "[hosts]") {
    const auto [one, other] = connected_pair();
    const drivers::MonotonicClock clock;
    Link left(one, "left", clock, {near_keys()});
    Link right(other, "right", clock, {far_keys()});
    const std::string large(3'000'000, 'x');
    auto sent = std::async(std::launch::async, [&] {
        left.send(LetterKind::plan, large);
        left.send(LetterKind::leave);
    });
    const auto first = right.receive(10s);
    REQUIRE(first);
    CHECK(first->kind == LetterKind::plan);
    CHECK(first->body == large);
    CHECK(right.receive(10s).value().kind == LetterKind::leave);
    sent.get();
    right.send(LetterKind::ready, std::string("\0\n", 2));
    CHECK(left.receive(10s).value().body == std::string("\0\n", 2));
    CHECK_FALSE(left.receive(0s));
}

TEST_CASE("the offset of two clocks is found to within the error that is said", "[hosts]") {
    const auto [one, other] = connected_pair();
    const drivers::MonotonicClock clock;
    const ShiftedClock shifted(-1234567891ns);
    Link left(one, "left", clock, {near_keys()});
    Link right(other, "right", shifted, {far_keys()});
    const ClockOffset seen = left.measure_clock(8);
    CHECK(seen.error > 0ns);
    CHECK(seen.error < 1s);
    CHECK(std::chrono::abs(seen.offset + 1234567891ns) <= seen.error);
    const ClockOffset back = right.measure_clock(8);
    CHECK(std::chrono::abs(back.offset - 1234567891ns) <= back.error);
}

TEST_CASE("a host that ends, is silent or babbles is lost, and that is told at once", "[hosts]") {
    const auto [one, other] = connected_pair();
    tests::ManualClock clock;
    std::promise<std::string> told;
    LinkEvents events;
    events.lost = [&](const std::string& why) {
        told.set_value(why);
    };
    Link link(one, "rank 1 on node7", clock, {near_keys(), {1s, 20s}, events});
    SECTION("ends") {
        ::close(other);
        CHECK(told.get_future().get() == "rank 1 on node7: it has ended");
    }
    SECTION("is silent") {
        CHECK_FALSE(link.receive(200ms));
        CHECK(link.lost().empty()); // Not yet.
        clock.advance(21s);
        CHECK(told.get_future().get() == "rank 1 on node7: it has been silent for 20 s");
        ::close(other);
    }
    SECTION("babbles") {
        REQUIRE(::send(other, "GET / HTTP/1.1\r\n", 16, 0) == 16);
        CHECK_THAT(told.get_future().get(), Catch::Contains("cannot have sealed"));
        ::close(other);
    }
    CHECK_THAT(loss_of(link), Catch::Contains("rank 1 on node7"));
}

TEST_CASE("what was sent before a host ended is still read", "[hosts]") {
    const auto [one, other] = connected_pair();
    const drivers::MonotonicClock clock;
    Link link(one, "left", clock, {near_keys()});
    {
        Link leaving(other, "right", clock, {far_keys()});
        leaving.send(LetterKind::done, "all of it");
    }
    CHECK(link.receive(10s).value().body == "all of it");
    CHECK_THAT(loss_of(link), Catch::Contains("ended"));
}

TEST_CASE("who hears only afterwards that a host has ended reads its last words", "[hosts]") {
    const auto [one, other] = connected_pair();
    const drivers::MonotonicClock clock;
    {
        Link leaving(other, "right", clock, {far_keys()});
        leaving.send(LetterKind::done, "all of it");
    } // Gone: what this side now asks by itself cannot be sent.
    Link link(one, "left", clock, {near_keys()});
    CHECK_THROWS_AS(link.send(LetterKind::start), HostLost);
    CHECK(link.receive(10s).value().body == "all of it");
    CHECK_THAT(loss_of(link), Catch::Contains("ended"));
}

TEST_CASE("the first host lost is named, whoever follows it", "[hosts]") {
    const auto [one, other] = connected_pair();
    const auto [two, another] = connected_pair();
    const drivers::MonotonicClock clock;
    std::atomic<int> told{0};
    LinkEvents events;
    events.lost = [&](const std::string&) {
        ++told;
    };
    Fellowship fellowship(
        {0, 3, "here", {}}, {{one, near_keys(), "a"}, {two, near_keys(), "b"}}, clock, events);
    CHECK(fellowship.leads());
    CHECK(fellowship.lost().empty());
    ::close(another);
    CHECK_THAT(loss_of(fellowship.link(1)), Catch::Contains("rank 2 on b"));
    ::close(other);
    CHECK_THAT(loss_of(fellowship.link(0)), Catch::Contains("rank 1 on a"));
    CHECK(fellowship.lost() == "rank 2 on b: it has ended");
    CHECK(told == 1);
}
