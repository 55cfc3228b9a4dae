// SPDX-License-Identifier: Apache-2.0
// The program itself: what load answers, and what it refuses.
#include "tests/paths.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <sys/wait.h>

#include <array>
#include <cstdio>

namespace {

struct Ran {
    int code = -1;
    std::string out;
};

Ran load(const std::string& arguments, const std::string& redirect = "2>/dev/null") {
    const std::string command = tests::arraybench_program() + " load " + arguments + " " + redirect;
    Ran ran;
    FILE* pipe = popen(command.c_str(), "r"); // NOLINT(cert-env33-c): the program under test.
    REQUIRE(pipe != nullptr);
    std::array<char, 4096> part{};
    while (const std::size_t count = std::fread(part.data(), 1, part.size(), pipe)) {
        ran.out.append(part.data(), count);
    }
    const int status = pclose(pipe);
    ran.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
    return ran;
}

} // namespace

TEST_CASE("load answers in JSON that adds up", "[load]") {
    const Ran ran = load("memory:size=16MiB --rw=randrw --rwmixread=80 --iodepth=4 --numjobs=2 "
                         "--runtime=0.3 --interval=100ms --verify=full --format json");
    CHECK(ran.code == 0);
    const auto answer = nlohmann::json::parse(ran.out);
    CHECK(answer.at("$schema") == "arraybench/load/1");
    CHECK(answer.at("ended") == "complete");
    CHECK(answer.at("duration_ns") == 300'000'000);
    REQUIRE(answer.at("streams").size() == 2);
    std::uint64_t completed = 0;
    for (const auto& stream : answer.at("streams")) {
        const std::uint64_t count = stream.at("completed");
        CHECK(count == stream.at("response_ns").at("count"));
        CHECK(stream.at("bytes") == count * 4096);
        completed += count;
    }
    CHECK(completed == answer.at("audit").at("completed"));
    CHECK(answer.at("findings").empty());
    CHECK(answer.at("measures").at("sectors_stamped") > 0);
    CHECK(answer.at("intervals").size() >= 3);
}

TEST_CASE("load's table names what it measured", "[load]") {
    const Ran ran = load("null:size=1GiB --iodepth=8 --runtime=0.1 --percentile_list=50:99");
    CHECK(ran.code == 0);
    for (const char* word : {"read response", "wait", "service", "p50", "p99", "CPU", "GiB"}) {
        CHECK_THAT(ran.out, Catch::Contains(word));
    }
}

TEST_CASE("load refuses wrong words with exit 2 and writes nobody named with exit 4", "[load]") {
    CHECK(load("null:size=1GiB --rw=sideways").code == 2);
    CHECK(load("null:size=1GiB --bs=300 --runtime=0.1").code == 2);
    CHECK(load("null:size=1GiB --size=2g --runtime=0.1").code == 2);
    CHECK(load("null:size=1GiB --workload=/nonexistent.json").code == 2);
    CHECK(load("").code == 2);
    CHECK(load("iscsi://127.0.0.1:1/iqn.nobody/1 --runtime=0.1").code == 3);
    CHECK(load("--help").code == 0);
}

TEST_CASE("an interrupted load gives what it has, with exit 6", "[load]") {
    const Ran ran = load("null:size=1GiB --rate_iops=1000 --runtime=60 --format json & "
                         "LOAD=$!; sleep 0.5; kill -INT $LOAD; wait $LOAD",
                         "");
    CHECK(ran.code == 6);
    const auto answer = nlohmann::json::parse(ran.out);
    CHECK(answer.at("ended") == "interrupted");
    CHECK(answer.at("duration_ns") < 60'000'000'000);
}
