// SPDX-License-Identifier: Apache-2.0
#include "bench/plan/array_assembly.h"
#include "drivers/api/errors.h"
#include "drivers/array/array_core.h"
#include "profiles/array_file.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/paths.h"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace fs = std::filesystem;
using Catch::Matchers::Contains;

namespace {

std::string shipped(const std::string& name) {
    return tests::source_dir() + "/profiles/arrays/" + name;
}

profiles::ArrayDescription with_persona(const profiles::EmulatedPersona& persona) {
    auto array = profiles::read_array(shipped("plain.json"));
    array.emulated->personas.push_back(persona);
    return array;
}

} // namespace

TEST_CASE("every shipped array can be built and answers as its file says", "[array]") {
    for (const auto& entry : fs::directory_iterator(tests::source_dir() + "/profiles/arrays")) {
        INFO(entry.path().string());
        const auto described = profiles::read_array(entry.path().string());
        if (described.real) {
            continue;
        }
        drivers::array::ArrayCore core(bench::plan::array_settings(described));
        REQUIRE(core.lun_count() == described.emulated->volumes.size());
        CHECK(core.lun(0).identity.vendor == described.identity.vendor);
        CHECK(core.lun(0).identity.unique_id == described.emulated->volumes[0].unique_id);
        CHECK(core.lun(0).geometry.block_count * core.lun(0).geometry.block_bytes ==
              described.emulated->volumes[0].size_bytes);
        CHECK(bench::plan::portal_settings(described).size() == described.emulated->portals.size());
    }
}

TEST_CASE("what an array file says of service and faults arrives in the settings", "[array]") {
    profiles::EmulatedPersona tail;
    tail.fault = "slow_tail";
    tail.rate = 0.001;
    tail.extra = std::chrono::milliseconds(20);
    tail.controller = 1;
    const auto settings = bench::plan::array_settings(with_persona(tail));
    REQUIRE(settings.personas.size() == 1);
    CHECK(settings.personas[0].fault == drivers::array::Fault::slow_tail);
    CHECK(settings.personas[0].controller == 1);
    CHECK(settings.personas[0].lun == drivers::array::all_luns);

    const auto hybrid =
        bench::plan::array_settings(profiles::read_array(shipped("svc-class-hybrid.json")));
    CHECK_FALSE(hybrid.symmetric);
    CHECK(hybrid.service.write_cache_bytes == 96U << 20U);
    CHECK(hybrid.service.destage_bytes_per_s == 220'000'000);
    CHECK(hybrid.service.media_read.shape == drivers::array::Shape::lognormal);
    CHECK(hybrid.service.media_read.p99 == std::chrono::milliseconds(14));
}

TEST_CASE("a fault that is none, or lacks what it needs, is refused at its place", "[array]") {
    profiles::EmulatedPersona persona;
    persona.where = "/emulated/personas/0/fault";
    persona.fault = "gremlins";
    CHECK_THROWS_WITH(bench::plan::array_settings(with_persona(persona)),
                      Contains("/emulated/personas/0/fault") && Contains("gremlins"));
    persona.fault = "lost_write";
    CHECK_THROWS_AS(bench::plan::array_settings(with_persona(persona)), drivers::UsageError);
}

TEST_CASE("a secret comes from its file or variable, and no message shows it", "[array]") {
    const tests::ScratchFolder folder;
    const std::string file = folder.path() + "/secret";
    std::ofstream(file) << "open sesame 12\nsecond line\n";
    auto described = profiles::read_array(shipped("plain.json"));
    profiles::EmulatedChap chap;
    chap.user = "bench";
    chap.secret.file = file;
    described.emulated->portals[0].chap = chap;
    CHECK(bench::plan::portal_settings(described)[0].chap.secret == "open sesame 12");

    ::setenv("ARRAYBENCH_TEST_SECRET", std::string(300, 'x').c_str(), 1);
    described.emulated->portals[0].chap->secret = {"", "ARRAYBENCH_TEST_SECRET"};
    CHECK_THROWS_WITH(bench::plan::portal_settings(described),
                      Contains("ARRAYBENCH_TEST_SECRET") && !Contains("xxx"));
    ::unsetenv("ARRAYBENCH_TEST_SECRET");
    CHECK_THROWS_AS(bench::plan::portal_settings(described), drivers::UsageError);
}
