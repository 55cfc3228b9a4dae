// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/round_runner.h"
#include "bench/plan/plan_file.h"
#include "profiles/file_error.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/paths.h"

#include <catch2/catch.hpp>

#include <fmt/format.h>
#include <fstream>

using namespace bench;

TEST_CASE("a plan plays a trace at speeds, and at nothing else", "[plan][trace]") {
    const tests::ScratchFolder folder;
    std::ofstream(folder.path() + "/t.iolog")
        << "fio version 3 iolog\n0 /a read 0 4096\n1000000 /a write 4096 4096\n";
    std::ofstream(folder.path() + "/t.json")
        << R"({"$schema": "arraybench/trace/1", "purpose": "test", "file": "t.iolog"})";
    const auto read = [&](const std::string& point) {
        std::ofstream(folder.path() + "/plan.json")
            << fmt::format(R"({{"$schema": "arraybench/plan/1", "type": "compare", "rounds": 1,)"
                           R"( "arrays": [{{"file": "{}/profiles/arrays/plain.json"}}],)"
                           R"( "workloads": [{{"file": "t.json"}}], "load_points": ["{}"],)"
                           R"( "duration": "1s"}})",
                           tests::source_dir(),
                           point);
        return plan::read_plan(folder.path() + "/plan.json");
    };
    const plan::Plan planned = read("speed 2.5");
    REQUIRE(planned.points.size() == 1);
    CHECK(planned.points[0].kind == plan::PointKind::speed);
    const auto at = campaign::at_point(planned.workloads[0].workload, planned.points[0], 0);
    CHECK(std::get<profiles::trace::TraceWorkload>(at).speed == 2.5);
    for (const char* wrong :
         {"100/s", "depth 4", "50% of knee", "200 targets", "speed 0", "speed x"}) {
        INFO(wrong);
        CHECK_THROWS_AS(read(wrong), profiles::FileError);
    }
}
