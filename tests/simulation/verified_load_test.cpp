// SPDX-License-Identifier: Apache-2.0
// Whole rounds with stamps and checks, over a LUN in memory that can be told to lie.
#include "bench/load/lane_keepers.h"
#include "bench/load/load_run.h"
#include "drivers/memory/memory_driver.h"
#include "profiles/synthetic_source.h"
#include "tests/fakes/manual_clock.h"

#include <catch2/catch.hpp>

#include <chrono>

using namespace std::chrono_literals;
using bench::integrity::FindingKind;
using bench::integrity::Verify;
using bench::load::Lane;

namespace {

// Real time: lanes are threads of their own here.
class SteadyClock final : public drivers::Clock {
public:
    drivers::TimePoint now() const noexcept override { return std::chrono::steady_clock::now(); }
    void sleep_until(drivers::TimePoint) override {}
};

// In front of one LUN in memory: swallows every write whose turn it is, and says "good".
class Swallowing final : public drivers::BlockDriver {
public:
    Swallowing(drivers::Clock& clock, std::uint64_t every)
        : lun_(settings(), clock)
        , every_(every) {}

    const drivers::Geometry& geometry() const noexcept override { return lun_.geometry(); }
    const drivers::Identity& identity() const noexcept override { return lun_.identity(); }
    std::size_t depth() const noexcept override { return lun_.depth(); }
    bool submit(const drivers::Request& request) noexcept override {
        drivers::Request passed = request;
        if (every_ != 0 && request.op == drivers::Op::write && ++writes_ % every_ == 0) {
            passed.op = drivers::Op::flush;
            passed.data = {};
        }
        return lun_.submit(passed);
    }
    std::size_t poll(std::span<drivers::Completion> out) noexcept override {
        return lun_.poll(out);
    }
    int wait_fd() const noexcept override { return -1; }
    drivers::TimePoint next_timer() const noexcept override { return lun_.next_timer(); }

private:
    static drivers::MemorySettings settings() {
        drivers::MemorySettings out;
        out.size_bytes = 64U << 20U;
        out.depth = 8;
        return out;
    }
    drivers::MemoryDriver lun_;
    std::uint64_t every_;
    std::uint64_t writes_ = 0;
};

profiles::Workload mixed() {
    profiles::Workload out;
    out.streams.resize(4);
    out.streams[0].name = "read";
    out.streams[0].blocks = {{4096, 0.5}, {16384, 0.5}};
    out.streams[1].name = "write";
    out.streams[1].op = profiles::AccessOp::write;
    out.streams[1].blocks = {{4096, 0.9}, {8192, 0.1}};
    out.streams[1].fua_share = 0.3;
    out.streams[2].name = "unmap";
    out.streams[2].op = profiles::AccessOp::unmap;
    out.streams[2].share = 0.1;
    out.streams[3].name = "flush";
    out.streams[3].op = profiles::AccessOp::flush;
    out.streams[3].share = 0.05;
    out.reduction.duplicate_share = 0.2;
    out.reduction.compressible_share = 0.5;
    out.arrivals.depth = 16;
    return out;
}

struct Verified {
    SteadyClock clock;
    std::vector<Lane> lanes;
    results::RoundRecord round;
    bench::integrity::FindingLog findings;
    bench::integrity::KeeperCounts counts;
    results::IntegrityRecord record;

    void run(std::size_t lane_count, std::uint64_t swallow_every, Verify verify) {
        const profiles::Workload workload = mixed();
        const profiles::WorkingSet set{0, 1U << 20U, 512};
        const auto expectation = bench::load::make_expectation(
            workload,
            set,
            {.unique_id = "memory", .serial = "", .block_bytes = 512, .block_count = 2048});
        lanes.resize(lane_count);
        for (std::size_t i = 0; i < lane_count; ++i) {
            lanes[i].drivers.push_back(std::make_unique<Swallowing>(clock, swallow_every));
            lanes[i].source = profiles::make_source(
                workload,
                set,
                7,
                {static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(lane_count)});
            lanes[i].access_bytes_max = 16384;
            lanes[i].reduction = workload.reduction;
        }
        bench::load::VerifySettings settings;
        settings.verify = verify;
        settings.set = set;
        const bench::load::LaneKeepers keepers(*expectation, lanes, workload, settings);
        bench::load::LoadSettings load;
        load.duration = 300ms;
        load.interval = 100ms;
        round = bench::load::run_load(lanes, load, clock);
        findings = keepers.findings();
        counts = keepers.counts();
        record = keepers.record("left");
    }
};

} // namespace

TEST_CASE("an honest LUN passes a verified load of several lanes", "[simulation]") {
    for (const std::size_t lanes : {1U, 3U}) {
        Verified verified;
        verified.run(lanes, 0, Verify::full);
        CHECK(verified.round.ended == "complete");
        CHECK(bench::integrity::name_of(Verify::full) == verified.record.verify);
        CHECK(verified.findings.kept().empty());
        CHECK(verified.counts.sectors_checked > 1000);
        CHECK(verified.counts.units_written > 100);
        CHECK(verified.record.units_undecidable == 0);
    }
}

TEST_CASE("a LUN that swallows one write in a thousand is caught by a verified load",
          "[simulation]") {
    Verified verified;
    verified.run(2, 1000, Verify::full);
    CHECK(verified.findings.accusations() > 0);
    CHECK(verified.findings.count(FindingKind::corrupted) == 0);
    CHECK(verified.findings.count(FindingKind::misdirected) == 0);
    CHECK(verified.findings.count(FindingKind::foreign_run) == 0);
}

TEST_CASE("without verification a lying LUN is not looked at", "[simulation]") {
    Verified verified;
    verified.run(1, 10, Verify::none);
    CHECK(verified.findings.kept().empty());
    CHECK(verified.counts.sectors_stamped > 0);
    CHECK(verified.counts.sectors_checked == 0);
}
