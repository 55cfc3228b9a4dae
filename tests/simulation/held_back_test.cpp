// SPDX-License-Identifier: Apache-2.0
// A write of unknown outcome is not written over before the driver says that it can no longer land.
#include "bench/integrity/keeper.h"
#include "bench/load/load_run.h"
#include "profiles/synthetic_source.h"
#include "tests/fakes/manual_clock.h"

#include <catch2/catch.hpp>

#include <deque>

using namespace std::chrono_literals;
using bench::load::Lane;

namespace {

constexpr std::uint64_t lun_bytes = 64U << 10U;

// Keeps what is written, but the first write only later: it times out at once, lands after the
// fence would have come, if nobody waits for it, and is gone if a fence comes first.
class LateLander final : public drivers::BlockDriver {
public:
    LateLander(tests::ManualClock& clock, drivers::TimePoint fence_at, drivers::TimePoint lands_at)
        : clock_(clock)
        , fence_at_(fence_at)
        , lands_at_(lands_at)
        , lun_(lun_bytes) {
        geometry_ = {512, lun_bytes / 512, 0};
    }
    const drivers::Geometry& geometry() const noexcept override { return geometry_; }
    const drivers::Identity& identity() const noexcept override { return identity_; }
    std::size_t depth() const noexcept override { return 8; }
    std::uint64_t fences() const noexcept override { return clock_.now() >= fence_at_ ? 1 : 0; }
    int wait_fd() const noexcept override { return -1; }
    drivers::TimePoint next_timer() const noexcept override {
        return held_.empty() ? drivers::TimePoint::max() : held_.front().done;
    }

    bool submit(const drivers::Request& request) noexcept override {
        land();
        drivers::Completion end;
        end.tag = request.tag;
        end.done = clock_.now() + 100us;
        const std::uint64_t at = request.range.lba * 512;
        if (request.op == drivers::Op::read) {
            std::copy_n(lun_.begin() + static_cast<std::ptrdiff_t>(at),
                        request.data.size(),
                        request.data.begin());
        } else if (!late_at_) {
            late_at_ = at;
            late_.assign(request.data.begin(), request.data.end());
            end.status = drivers::Status::timed_out;
            end.fenced = false;
        } else {
            writes_before_fence_ += at == *late_at_ && clock_.now() < fence_at_ ? 1U : 0U;
            writes_after_fence_ += at == *late_at_ && clock_.now() >= fence_at_ ? 1U : 0U;
            std::copy(request.data.begin(),
                      request.data.end(),
                      lun_.begin() + static_cast<std::ptrdiff_t>(at));
        }
        held_.push_back(end);
        return true;
    }
    std::size_t poll(std::span<drivers::Completion> out) noexcept override {
        std::size_t count = 0;
        while (count < out.size() && !held_.empty() && held_.front().done <= clock_.now()) {
            out[count++] = held_.front();
            held_.pop_front();
        }
        return count;
    }

    std::uint64_t writes_before_fence() const { return writes_before_fence_; }
    std::uint64_t writes_after_fence() const { return writes_after_fence_; }

private:
    void land() {
        if (late_at_ && !late_.empty() && clock_.now() >= lands_at_) {
            if (lands_at_ < fence_at_) {
                std::copy(late_.begin(),
                          late_.end(),
                          lun_.begin() + static_cast<std::ptrdiff_t>(*late_at_));
            }
            late_.clear();
        }
    }

    tests::ManualClock& clock_;
    drivers::TimePoint fence_at_;
    drivers::TimePoint lands_at_;
    std::vector<std::byte> lun_;
    drivers::Geometry geometry_;
    drivers::Identity identity_;
    std::deque<drivers::Completion> held_;
    std::optional<std::uint64_t> late_at_;
    std::vector<std::byte> late_;
    std::uint64_t writes_before_fence_ = 0;
    std::uint64_t writes_after_fence_ = 0;
};

profiles::Workload half_writes() {
    profiles::Workload out;
    out.streams.resize(2);
    out.streams[0].name = "read";
    out.streams[1].name = "write";
    out.streams[1].op = profiles::AccessOp::write;
    out.arrivals.pace = profiles::Pace::fixed;
    out.arrivals.rate_per_s = 1000;
    return out;
}

struct Round {
    results::RoundRecord record;
    std::uint64_t accusations = 0;
    std::uint64_t undecidable = 0;
    std::uint64_t before = 0;
    std::uint64_t after = 0;
};

Round round_with(drivers::TimePoint fence_at, drivers::TimePoint lands_at) {
    tests::ManualClock clock;
    std::vector<Lane> lanes(1);
    auto driver = std::make_unique<LateLander>(clock, fence_at, lands_at);
    const LateLander& watched = *driver;
    lanes[0].drivers.push_back(std::move(driver));
    lanes[0].source = profiles::make_source(half_writes(), {0, lun_bytes, 512}, 3, {});
    lanes[0].access_bytes_max = 4096;
    bench::integrity::Expectation expectation({.run = 77, .size_bytes = lun_bytes});
    bench::integrity::KeeperSettings settings;
    settings.slots = 8;
    bench::integrity::Keeper keeper(expectation, settings);
    lanes[0].keeper = &keeper;
    bench::load::LoadSettings load;
    load.duration = 4s;
    load.offered_per_s = 1000;
    load.limits.spin_max = 0ns;
    Round out;
    out.record = bench::load::run_load(lanes, load, clock);
    out.accusations = keeper.findings().accusations();
    out.undecidable = keeper.findings().count(bench::integrity::FindingKind::undecidable);
    out.before = watched.writes_before_fence();
    out.after = watched.writes_after_fence();
    return out;
}

} // namespace

TEST_CASE("rewrites of a block of unknown outcome wait for the fence, others do not",
          "[simulation][integrity]") {
    const Round round = round_with(drivers::TimePoint{2s}, drivers::TimePoint{1s});
    CHECK(round.before == 0);
    CHECK(round.after > 0);
    CHECK(round.accusations == 0);
    CHECK(round.undecidable == 0);
    CHECK(round.record.measures.at("writes_held_back") > 0);
    CHECK(round.record.measures.at("writes_held_back_never_sent") == 0);
    CHECK(round.record.measures.at("writes_held_back_ns_max") > 1e9);
    // The waiting is the bench's own: neither the array's latency nor the generator's fault.
    CHECK(round.record.streams.at(1).response_ns.max_ns() < 10'000'000);
    CHECK(round.record.audit.invalid.empty());
    CHECK(round.record.ended == "complete");
}

TEST_CASE("what still waits for a fence at the end is counted, not sent",
          "[simulation][integrity]") {
    const Round round = round_with(drivers::TimePoint{1h}, drivers::TimePoint{1s});
    CHECK(round.before == 0);
    CHECK(round.after == 0);
    CHECK(round.accusations == 0);
    CHECK(round.record.measures.at("writes_held_back_never_sent") > 0);
    CHECK(round.record.ended == "complete");
}
