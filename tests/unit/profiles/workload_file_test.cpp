// SPDX-License-Identifier: Apache-2.0
#include "profiles/file_error.h"
#include "profiles/synthetic_source.h"
#include "profiles/workload_file.h"
#include "tests/paths.h"

#include <catch2/catch.hpp>

#include <array>
#include <filesystem>

using namespace profiles;

namespace {

// A small valid workload in which `from` is replaced by `to`.
std::string text_with(const std::string& from, const std::string& to) {
    std::string text = R"({"$schema":"arraybench/workload/1","purpose":"p",
        "streams":[{"name":"w","operation":"write","share":1,"block":"4KiB","fua":"25%",
                    "locality":{"kind":"append","zones":3,"region":{"from":0.1,"to":0.5}}}],
        "arrivals":{"kind":"bursts","rate":"500/s","on":"10ms","off":"1s"},
        "flush":{"every_writes":8,"every":"1s"},
        "data_reduction":{"compressible":0.5,"duplicate":"10%","dictionary":64},
        "working_set":"1GiB","ramp":"2s"})";
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
}

std::string complaint(const std::string& from, const std::string& to) {
    try {
        (void)parse_workload(text_with(from, to), "w");
    } catch (const FileError& error) {
        return error.what();
    }
    return "";
}

} // namespace

TEST_CASE("a workload file is read as written", "[workload]") {
    const Workload workload = parse_workload(text_with("\"p\"", "\"p\""), "w");
    CHECK(workload.name == "w");
    CHECK(workload.streams.at(0).fua_share == 0.25);
    CHECK(workload.streams[0].locality.zones == 3);
    CHECK(workload.streams[0].locality.region_to == 0.5);
    CHECK(workload.arrivals.pace == Pace::bursts);
    CHECK(workload.arrivals.on == std::chrono::milliseconds(10));
    CHECK(workload.flush.every_writes == 8);
    CHECK(workload.reduction.dictionary == 64);
    CHECK(workload.working_set_bytes == 1U << 30U);
    CHECK(workload.ramp == std::chrono::seconds(2));
}

TEST_CASE("a wrong workload file is refused at the place of the mistake", "[workload]") {
    const std::vector<std::array<std::string, 3>> mistakes{
        {"\"share\":1", "\"shares\":1", "share"},
        {"\"4KiB\"", "4096", "/streams/0/block"},
        {"\"4KiB\"", "[]", "/streams/0/block"},
        {"\"4KiB\"", "[{\"size\":\"1000B\",\"share\":1}]", "/streams/0/block/0"},
        {"\"write\"", "\"writ\"", "did you mean"},
        {"\"w\"", "\"flush\"", "/streams/0"},
        {"\"zones\":3", "\"zones\":0", "/streams/0/locality/zones"},
        {"\"to\":0.5", "\"to\":0.05", "/streams/0/locality/region"},
        {"\"500/s\"", "\"500\"", "/arrivals/rate"},
        {"\"500/s\"", "\"0/s\"", "/arrivals/rate"},
        {"\"off\":\"1s\"", "\"of\":\"1s\"", "/arrivals"},
        {"\"share\":1", "\"share\":0", "/streams"},
        {"workload/1", "workload/9", "/$schema"},
        {"\"purpose\":\"p\",", "", "purpose"},
    };
    for (const auto& [from, to, place] : mistakes) {
        INFO(from << " -> " << to);
        CHECK_THAT(complaint(from, to), Catch::Contains(place));
    }
}

TEST_CASE("every shipped workload reads, has a purpose and fits 256 MiB", "[workload]") {
    std::size_t count = 0;
    for (const auto& entry :
         std::filesystem::directory_iterator(tests::source_dir() + "/profiles/workloads")) {
        if (!entry.is_regular_file()) {
            continue; // The platform's workloads are of another kind, and have a test of their own.
        }
        INFO(entry.path());
        const Workload workload = read_workload(entry.path());
        CHECK(workload.name == entry.path().stem());
        CHECK(workload.purpose.size() > 20);
        const auto source = make_source(workload, {0, 256U << 20U, 512}, 1, {0, 2});
        CHECK(source->next_due().has_value());
        ++count;
    }
    CHECK(count >= 6);
}
