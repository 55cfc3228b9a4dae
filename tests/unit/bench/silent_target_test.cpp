// SPDX-License-Identifier: Apache-2.0
// A load's end at a target that leaves requests unanswered, or asks to come again and again.
#include "bench/load/load_run.h"
#include "bench/plan/driver_assembly.h"
#include "drivers/api/monotonic_clock.h"
#include "profiles/synthetic_source.h"
#include "results/round_end.h"
#include "tests/fakes/program_run.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/fakes/scripted_target.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <chrono>

using namespace std::chrono_literals;
using Catch::Contains;
using tests::ProgramRun;
using tests::ScratchFolder;
using tests::ScriptedTarget;
using tests::TargetLink;

namespace {

constexpr unsigned read_16 = 0x88;
constexpr int answered = 50; // Reads, before it begins.

bool is_read(const TargetLink& link) {
    return link.opcode() == 0x01 && link.operation() == read_16;
}

// A target that is BUSY from its fiftieth read on, for so long.
struct BusyTarget {
    explicit BusyTarget(std::chrono::nanoseconds how_long)
        : busy_for(how_long)
        , target([this](TargetLink& link) { return refuses(link); }) {}

    bool refuses(TargetLink& link) {
        if (!is_read(link) || ++reads < answered) {
            return false;
        }
        const auto now = std::chrono::steady_clock::now();
        until = is_busy.exchange(true) ? until : now + busy_for;
        if (now >= until) {
            return false;
        }
        link.send(link.scsi_response(0x08));
        return true;
    }

    std::chrono::nanoseconds busy_for;
    std::chrono::steady_clock::time_point until;
    int reads = 0;
    std::atomic<bool> is_busy{false};
    ScriptedTarget target;
};

results::RoundRecord run(const BusyTarget& busy, const std::atomic<bool>* stop) {
    drivers::MonotonicClock clock;
    std::vector<bench::load::Lane> lanes(1);
    bench::plan::DriverOptions options;
    options.depth = 2;
    lanes[0].drivers.push_back(
        bench::plan::open_driver(bench::plan::parse_url(busy.target.url()), options, clock));
    profiles::Workload what;
    what.streams.resize(1);
    what.streams[0].name = "read";
    what.arrivals.pace = profiles::Pace::closed;
    what.arrivals.depth = 2;
    lanes[0].source = profiles::make_source(what, {0, 1U << 20U, 512}, 1, {});
    lanes[0].access_bytes_max = 4096;
    bench::load::LoadSettings settings;
    settings.duration = stop == nullptr ? 300ms : 20s;
    settings.limits.drain = 200ms;
    settings.stop = stop;
    return bench::load::run_load(lanes, settings, clock);
}

} // namespace

TEST_CASE("a load gives its answer where requests stay unanswered", "[load][silent]") {
    std::atomic<int> reads{0};
    const ScriptedTarget target(
        [&reads](TargetLink& link) { return is_read(link) && ++reads >= answered; });
    const ScratchFolder folder;
    ProgramRun program({"load", target.url(), "--runtime=0.2", "--iodepth=2", "--format=json"},
                       folder.path());
    const int code = program.wait();
    INFO(program.err());
    CHECK(code == 3);
    REQUIRE(program.out().starts_with("{"));
    const auto answer = nlohmann::json::parse(program.out());
    CHECK_THAT(answer.at("ended").get<std::string>(), Contains("array lost: 2 requests"));
    CHECK(answer.at("streams").at(0).at("completed") > 0);
}

TEST_CASE("answers that are put off beyond the drain are waited for", "[load][silent]") {
    const BusyTarget busy(1500ms);
    const auto round = run(busy, nullptr);
    CHECK(round.ended == "complete");
    CHECK(round.streams.at(0).failed + round.streams.at(0).lost == 0);
    CHECK(round.done_ns > 1'400'000'000);
}

TEST_CASE("who ends a load of what is put off waits no longer, and no array is called lost",
          "[load][silent]") {
    BusyTarget busy(60s);
    const auto began = std::chrono::steady_clock::now();
    const auto round = run(busy, &busy.is_busy);
    CHECK(std::chrono::steady_clock::now() - began < 15s);
    CHECK_THAT(round.ended, Catch::StartsWith("not ready for ") && Contains("still put off"));
    CHECK(results::end_of(round.ended) == results::RoundEnd::interrupted);
}
