// SPDX-License-Identifier: Apache-2.0
// The program writes, forgets, and reads back by what it left on the disk: over sockets, against an
// emulated array in a process of its own.
#include "tests/fakes/array_process.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using tests::ArrayProcess;
using tests::ProgramRun;
using tests::ScratchFolder;

namespace {

// Every unit of 16 MiB is written once, in sequence.
int written_once(const std::string& url, const std::string& expectation, const std::string& more) {
    const ScratchFolder folder;
    ProgramRun load({"load",
                     url,
                     "--rw=write",
                     "--bs=16k",
                     "--iodepth=4",
                     "--size=16m",
                     "--rate_iops=2000",
                     "--rate_process=linear",
                     "--runtime=0.5",
                     "--verify=full",
                     "--destroy",
                     ArrayProcess::unique_id,
                     "--expectation",
                     expectation,
                     more.empty() ? "--seed=1" : more},
                    folder.path());
    const int code = load.wait();
    INFO(load.out() << load.err());
    CHECK((code == 0 || code == 7)); // 7: a host too busy to measure on.
    return code;
}

struct ReadBack {
    int code = -1;
    nlohmann::json answer;
};

ReadBack
verify_data(const std::string& run, const std::string& url, const std::string& after = "") {
    const ScratchFolder folder;
    ProgramRun program({"verify-data", run, url, "--format", "json", "--after", after},
                       folder.path());
    ReadBack out;
    out.code = program.wait();
    INFO(program.err());
    if (out.code == 0 || out.code == 1) {
        out.answer = nlohmann::json::parse(program.out());
    }
    return out;
}

std::string real_array(const std::string& folder, const std::vector<std::string>& urls) {
    const std::string path = folder + "/real.json";
    results::write_whole_file(
        path,
        R"({"$schema": "arraybench/array/v1", "name": "real", "real": {"urls": [")" + urls.at(0) +
            R"("], "unique_id": ")" + ArrayProcess::unique_id + R"("}})");
    return path;
}

} // namespace

TEST_CASE("what load wrote is read back by its expectation: nothing wrong with an honest array",
          "[verify-data]") {
    const ArrayProcess array;
    const ScratchFolder folder;
    const std::string expectation = folder.path() + "/left.bin";
    for (const std::size_t transport : {0U, 2U}) {
        const std::string url = array.urls().at(transport);
        INFO(url);
        written_once(url, expectation, "");
        const ReadBack back = verify_data(expectation, url);
        CHECK(back.code == 0);
        CHECK(back.answer.at("complete") == true);
        CHECK(back.answer.at("bytes_read") == 16U << 20U);
        CHECK(back.answer.at("sectors_checked") > 10000);
        CHECK(back.answer.at("finding_count") == 0);
    }
    const ReadBack after = verify_data(expectation, array.urls().at(0), "failover");
    CHECK(after.code == 0);
    CHECK(after.answer.at("after") == "failover");
}

TEST_CASE("a lost write is found by reading back what load left, with exit 1", "[verify-data]") {
    const ArrayProcess array(R"(, "personas": [{"fault": "lost_write", "next": 2}])");
    const ScratchFolder folder;
    const std::string expectation = folder.path() + "/left.bin";
    const std::string url = array.urls().at(0);
    written_once(url, expectation, "");
    const ReadBack back = verify_data(expectation, url);
    CHECK(back.code == 1);
    REQUIRE(back.answer.at("findings").size() >= 1);
    CHECK(back.answer.at("findings").at(0).at("kind") == "zeroed"); // Nothing was there before.
    CHECK_FALSE(back.answer.at("findings").at(0).at("cutout").get<std::string>().empty());
    CHECK(back.answer.at("findings").at(0).at("details").count("address_bytes") == 1);
}

TEST_CASE("verify-data refuses another LUN's expectation, a torn one and one without writes' word",
          "[verify-data]") {
    const ArrayProcess array;
    const ScratchFolder folder;
    const std::string expectation = folder.path() + "/left.bin";
    ProgramRun other({"load",
                      "memory:size=64MiB",
                      "--rw=write",
                      "--runtime=0.1",
                      "--verify=full",
                      "--expectation",
                      expectation},
                     folder.path());
    (void)other.wait();
    CHECK(verify_data(expectation, array.urls().at(0)).code == 4);
    written_once(array.urls().at(0), expectation, "");
    results::write_whole_file(expectation, results::read_whole_file(expectation).substr(0, 1000));
    CHECK(verify_data(expectation, array.urls().at(0)).code == 2);
    ProgramRun unwatched({"load", "null:size=1GiB", "--expectation", expectation}, folder.path());
    CHECK(unwatched.wait() == 2);
}

TEST_CASE("a campaign's folder reads a foreign array back, and says what somebody wrote since",
          "[verify-data]") {
    const ArrayProcess array;
    const ScratchFolder folder;
    const std::string plan = folder.path() + "/plan.json";
    const std::string profiles = tests::source_dir() + "/profiles";
    results::write_whole_file(
        plan,
        R"({"$schema": "arraybench/plan/1", "type": "compare", "seed": 7, "arrays": [{"file": ")" +
            real_array(folder.path(), array.urls()) + R"("}], "workloads": [{"file": ")" +
            profiles + R"(/workloads/mixed-70-30.json"}], "working_set": "8MiB", "ramp": "20ms",
            "interval": "50ms", "verify": "full", "load_points": ["400/s"], "rounds": 2,
            "duration": "300ms", "preconditioning": {"passes": 1, "time_limit": "30s"}})");
    const std::string run = folder.path() + "/run";
    ProgramRun unnamed({"run", plan, "--out", run + "0"}, folder.path());
    CHECK(unnamed.wait() == 4);
    ProgramRun program({"run", plan, "--out", run, "--destroy", ArrayProcess::unique_id},
                       folder.path());
    const int code = program.wait();
    INFO(program.out() << program.err());
    CHECK((code == 0 || code == 7));
    const ReadBack honest = verify_data(run, array.urls().at(0));
    CHECK(honest.code == 0);
    CHECK(honest.answer.at("sectors_checked") == (8U << 20U) / 512);

    written_once(array.urls().at(0), folder.path() + "/other.bin", "");
    const ReadBack trodden = verify_data(run, array.urls().at(0));
    CHECK(trodden.code == 1);
    CHECK(trodden.answer.at("findings").at(0).at("kind") == "foreign run");
}
