// SPDX-License-Identifier: Apache-2.0
#include "drivers/api/errors.h"
#include "drivers/multipath/multipath_driver.h"
#include "tests/fakes/manual_clock.h"

#include <catch2/catch.hpp>

#include <array>
#include <deque>
#include <optional>

using namespace drivers;
using namespace std::chrono_literals;

namespace {

// A path whose every answer the test gives.
class FakePath final : public BlockDriver {
public:
    explicit FakePath(std::string id, std::size_t depth = 8)
        : geometry_{512, 1000, 0}
        , identity_{"V", "P", "1", "S", std::move(id)}
        , depth_(depth) {}

    const Geometry& geometry() const noexcept override { return geometry_; }
    const Identity& identity() const noexcept override { return identity_; }
    std::size_t depth() const noexcept override { return depth_; }
    bool submit(const Request& request) noexcept override {
        if (held.size() >= depth_) {
            return false;
        }
        held.push_back(request);
        return true;
    }
    std::size_t poll(std::span<Completion> out) noexcept override {
        std::size_t count = 0;
        while (count < out.size() && !completed.empty()) {
            out[count++] = completed.front();
            completed.pop_front();
        }
        return count;
    }
    std::uint64_t fences() const noexcept override { return fence_count; }
    Access access() const noexcept override { return state; }
    DriverEnd ended() const noexcept override { return end_of_path; }
    std::string_view end_reason() const noexcept override { return reason; }
    int wait_fd() const noexcept override { return -1; }
    TimePoint next_timer() const noexcept override { return TimePoint::max(); }

    // Ends the oldest request held.
    void end(Status status, std::uint32_t sense = 0, bool fenced = true) {
        REQUIRE_FALSE(held.empty());
        Completion out;
        out.tag = held.front().tag;
        out.status = status;
        out.sense = sense;
        out.fenced = fenced;
        completed.push_back(out);
        held.pop_front();
    }

    std::deque<Request> held;
    std::deque<Completion> completed;
    std::uint64_t fence_count = 0;
    Access state = Access::optimized;
    DriverEnd end_of_path = DriverEnd::none;
    std::string reason;

private:
    Geometry geometry_;
    Identity identity_;
    std::size_t depth_;
};

struct TwoPaths {
    explicit TwoPaths(std::size_t depth = 4, std::size_t path_depth = 8, bool any_path = false) {
        auto one = std::make_unique<FakePath>("naa1", path_depth);
        auto two = std::make_unique<FakePath>("naa1", path_depth);
        a = one.get();
        b = two.get();
        std::vector<std::unique_ptr<BlockDriver>> paths;
        paths.push_back(std::move(one));
        paths.push_back(std::move(two));
        MultipathSettings settings;
        settings.depth = depth;
        settings.path_wait = 10s;
        settings.any_path = any_path;
        driver.emplace(std::move(paths), settings, clock);
    }

    void submit(Op op, std::uint64_t tag) {
        Request request;
        request.tag = tag;
        request.op = op;
        request.range = {tag, 1};
        REQUIRE(driver->submit(request));
    }

    std::optional<Completion> poll() {
        std::array<Completion, 1> out{};
        return driver->poll(out) == 1 ? std::optional(out[0]) : std::nullopt;
    }

    tests::ManualClock clock;
    FakePath* a = nullptr;
    FakePath* b = nullptr;
    std::optional<MultipathDriver> driver;
};

} // namespace

TEST_CASE("non-optimized paths carry as much as optimized ones only when asked", "[multipath]") {
    for (const bool any_path : {false, true}) {
        TwoPaths paths(4, 8, any_path);
        paths.b->state = Access::non_optimized;
        for (std::uint64_t tag = 0; tag < 4; ++tag) {
            paths.submit(Op::read, tag);
        }
        CHECK(paths.a->held.size() == (any_path ? 2 : 4));
        CHECK(paths.b->held.size() == (any_path ? 2 : 0));
    }
}

TEST_CASE("requests take the optimized paths in turn, and the end names its path", "[multipath]") {
    TwoPaths paths;
    for (std::uint64_t tag = 100; tag < 104; ++tag) {
        paths.submit(Op::read, tag);
    }
    CHECK(paths.a->held.size() == 2);
    CHECK(paths.b->held.size() == 2);
    paths.b->end(Status::good);
    const auto done = paths.poll();
    REQUIRE(done);
    CHECK(done->tag == 101);
    CHECK(done->path == 1);
    CHECK(done->status == Status::good);
    CHECK_FALSE(paths.poll());
    CHECK(paths.driver->counts(1).completed == 1);
}

TEST_CASE("a non-optimized path is used only when no optimized one is left", "[multipath]") {
    TwoPaths paths;
    paths.a->state = Access::non_optimized;
    paths.submit(Op::read, 1);
    paths.submit(Op::read, 2);
    CHECK(paths.b->held.size() == 2);
    paths.b->state = Access::standby;
    paths.submit(Op::read, 3);
    CHECK(paths.a->held.size() == 1);
    CHECK(paths.driver->access() == Access::non_optimized);
}

TEST_CASE("a full optimized path is waited for, not gone around", "[multipath]") {
    TwoPaths paths(4, 1);
    paths.b->state = Access::non_optimized;
    paths.submit(Op::read, 1);
    paths.submit(Op::read, 2);
    CHECK(paths.b->held.empty());
    paths.a->end(Status::good);
    CHECK(paths.poll()->tag == 1);
    CHECK(paths.a->held.size() == 1);
}

TEST_CASE("the depth is kept over all paths, and a full queue takes nothing", "[multipath]") {
    TwoPaths paths(2);
    paths.submit(Op::read, 1);
    paths.submit(Op::read, 2);
    CHECK_FALSE(paths.driver->submit(Request{}));
    CHECK(paths.a->held.size() + paths.b->held.size() == 2);
}

TEST_CASE("what a path loses goes out on the other", "[multipath]") {
    TwoPaths paths;
    paths.submit(Op::read, 1);
    paths.a->state = Access::down;
    paths.a->end(Status::lost);
    CHECK_FALSE(paths.poll());
    REQUIRE(paths.b->held.size() == 1);
    paths.b->end(Status::good);
    const auto done = paths.poll();
    REQUIRE(done);
    CHECK(done->tag == 1);
    CHECK(done->path == 1);
    CHECK(done->fenced);
    CHECK(paths.driver->counts(0).moved == 1);
}

TEST_CASE("a write sent twice is not fenced before its first path is", "[multipath]") {
    TwoPaths paths;
    paths.submit(Op::write, 1);
    paths.a->state = Access::down;
    paths.a->end(Status::lost, 0, false);
    CHECK_FALSE(paths.poll());
    paths.b->end(Status::good);
    const auto done = paths.poll();
    REQUIRE(done);
    CHECK(done->status == Status::good);
    CHECK_FALSE(done->fenced);
    CHECK(paths.driver->fences() == 0);
    paths.b->fence_count = 1; // The other path's fence says nothing of the first.
    CHECK_FALSE(paths.poll());
    CHECK(paths.driver->fences() == 0);
    paths.a->fence_count = 1;
    CHECK_FALSE(paths.poll());
    CHECK(paths.driver->fences() == 1);
}

TEST_CASE("a write whose path was fenced before it was sent again is fenced", "[multipath]") {
    TwoPaths paths;
    paths.b->state = Access::down;
    paths.submit(Op::write, 1);
    paths.a->state = Access::down;
    paths.a->end(Status::timed_out, 0, false);
    CHECK_FALSE(paths.poll());
    paths.a->fence_count = 1;
    paths.a->state = Access::optimized;
    CHECK_FALSE(paths.poll());
    REQUIRE(paths.a->held.size() == 1);
    paths.a->end(Status::good);
    CHECK(paths.poll()->fenced);
}

TEST_CASE("a path in transition refuses and the other serves", "[multipath]") {
    const Status status = GENERATE(Status::failed, Status::busy);
    const std::uint32_t sense =
        GENERATE(0x02040aU, 0x02040bU, 0x02040cU, 0x062a06U, 0x0303U, 0x0300U, 0x0370U);
    TwoPaths paths;
    paths.submit(Op::write, 1);
    paths.a->end(status, sense);
    CHECK_FALSE(paths.poll());
    REQUIRE(paths.b->held.size() == 1);
    paths.b->end(Status::good);
    CHECK(paths.poll()->fenced); // It was refused: nothing of it can land.
}

TEST_CASE("an error of the request stays an error", "[multipath]") {
    TwoPaths paths;
    paths.submit(Op::read, 1);
    paths.a->end(Status::failed, 0x031100);
    const auto done = paths.poll();
    REQUIRE(done);
    CHECK(done->status == Status::failed);
    CHECK(done->sense == 0x031100);
    CHECK(paths.b->held.empty());
}

TEST_CASE("a request without any usable path waits, in order, and not for ever", "[multipath]") {
    TwoPaths paths;
    paths.a->state = Access::transitioning;
    paths.b->state = Access::standby;
    paths.submit(Op::read, 1);
    paths.submit(Op::read, 2);
    CHECK_FALSE(paths.poll());
    CHECK(paths.driver->next_timer() < paths.clock.now() + 1s);
    paths.b->state = Access::optimized;
    CHECK_FALSE(paths.poll());
    REQUIRE(paths.b->held.size() == 2);
    CHECK(paths.b->held[0].range.lba == 1);
    paths.a->state = Access::down;
    paths.b->state = Access::down;
    paths.b->end(Status::lost);
    paths.b->end(Status::lost);
    CHECK_FALSE(paths.poll());
    paths.clock.advance(9s);
    CHECK_FALSE(paths.poll());
    paths.clock.advance(2s);
    CHECK(paths.poll()->status == Status::lost);
    CHECK(paths.poll()->status == Status::lost);
    CHECK_FALSE(paths.poll());
    paths.submit(Op::read, 3); // And the driver still stands.
}

TEST_CASE("paths to different LUNs are no paths of one", "[multipath]") {
    tests::ManualClock clock;
    const auto open = [&](const char* one, const char* other) {
        std::vector<std::unique_ptr<BlockDriver>> paths;
        paths.push_back(std::make_unique<FakePath>(one));
        paths.push_back(std::make_unique<FakePath>(other));
        MultipathDriver driver(std::move(paths), {}, clock);
    };
    CHECK_THROWS_AS(open("naa1", "naa2"), SafetyError);
    CHECK_THROWS_AS(open("naa1", ""), SafetyError);
    CHECK_NOTHROW(open("", "")); // Then vendor and serial number decide.
}

TEST_CASE("what an array itself did on one path ends them all, and nothing goes the other way",
          "[multipath][identity]") {
    const auto end =
        GENERATE(DriverEnd::another_lun, DriverEnd::less_secure, DriverEnd::broke_protocol);
    TwoPaths paths;
    paths.submit(Op::write, 1);
    paths.submit(Op::write, 2);
    REQUIRE(paths.a->held.size() == 1);
    REQUIRE(paths.b->held.size() == 1);
    paths.a->end(Status::lost, 0, false);
    paths.a->end_of_path = end;
    paths.a->reason = "wanted naa1, found naa2";
    paths.a->state = Access::down;
    const auto lost = paths.poll();
    REQUIRE(lost);
    CHECK(lost->tag == 1);
    CHECK(lost->status == Status::lost);
    CHECK_FALSE(lost->fenced);
    CHECK(paths.b->held.size() == 1); // Only what it had.
    CHECK(paths.driver->ended() == end);
    CHECK(paths.driver->end_reason() == "path 0: wanted naa1, found naa2");
    CHECK(paths.driver->access() == Access::down);
    paths.submit(Op::write, 3);
    CHECK(paths.b->held.size() == 1);
    const auto refused = paths.poll();
    REQUIRE(refused);
    CHECK(refused->tag == 3);
    CHECK(refused->status == Status::lost);
    paths.b->end(Status::good); // What was under way there ends as it ends.
    const auto done = paths.poll();
    REQUIRE(done);
    CHECK(done->status == Status::good);
    CHECK(paths.driver->ended() == end);
}

TEST_CASE("what waits for a path is lost when another LUN answers", "[multipath][identity]") {
    TwoPaths paths;
    paths.a->state = paths.b->state = Access::down;
    paths.submit(Op::write, 1);
    CHECK_FALSE(paths.poll());
    paths.b->end_of_path = DriverEnd::another_lun;
    const auto lost = paths.poll();
    REQUIRE(lost);
    CHECK(lost->status == Status::lost);
}

TEST_CASE("paths end as lost when the last one has ended", "[multipath]") {
    TwoPaths paths;
    paths.a->end_of_path = DriverEnd::lost;
    paths.a->reason = "gone";
    paths.a->state = Access::down;
    CHECK_FALSE(paths.poll());
    CHECK(paths.driver->ended() == DriverEnd::none);
    paths.submit(Op::read, 1);
    CHECK(paths.b->held.size() == 1);
    paths.b->end_of_path = DriverEnd::lost;
    paths.b->reason = "gone too";
    paths.b->state = Access::down;
    paths.b->end(Status::lost);
    const auto lost = paths.poll();
    REQUIRE(lost);
    CHECK(lost->status == Status::lost);
    CHECK(paths.driver->ended() == DriverEnd::lost);
    CHECK(paths.driver->end_reason() == "path 0: gone; path 1: gone too");
}

TEST_CASE("a transition on every path is waited for, counted and at last called busy",
          "[multipath][put_off]") {
    TwoPaths paths;
    paths.submit(Op::write, 1);
    paths.a->end(Status::busy, 0x0303);
    CHECK_FALSE(paths.poll());
    REQUIRE(paths.b->held.size() == 1); // The other one at once: nothing was put off.
    CHECK(paths.driver->put_off().times == 0);
    paths.clock.advance(1ms);
    paths.b->end(Status::busy, 0x0303);
    CHECK_FALSE(paths.poll());
    CHECK(paths.a->held.empty());
    paths.clock.advance(30ms);
    CHECK_FALSE(paths.poll());
    REQUIRE(paths.a->held.size() + paths.b->held.size() == 1);
    CHECK(paths.driver->put_off().times == 1);
    FakePath& last = paths.a->held.empty() ? *paths.b : *paths.a;
    last.end(Status::busy, 0x0303);
    paths.clock.advance(10s);
    const auto done = paths.poll();
    REQUIRE(done);
    CHECK(done->status == Status::busy);
    CHECK(done->sense == 0x0303);
    CHECK(paths.driver->put_off().longest >= 30ms);
}
