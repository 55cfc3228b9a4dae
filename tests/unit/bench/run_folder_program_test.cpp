// SPDX-License-Identifier: Apache-2.0
// A run's folder in the hands of the program: a finished one is never touched, a refused one is in
// nobody's way.
#include "tests/fakes/array_process.h"
#include "tests/fakes/campaign_plan.h"

#include <catch2/catch.hpp>

#include <map>

namespace fs = std::filesystem;
using Catch::Contains;
using tests::ArrayProcess;
using tests::CampaignPlan;
using tests::ProgramRun;
using tests::ScratchFolder;

namespace {

constexpr const char* short_load = R"(, "ramp": "0s", "interval": "50ms", "verify": "none",
    "load_points": ["200/s"], "rounds": 1, "working_set": "8MiB", "duration": "100ms")";

struct Ended {
    int code = 0;
    std::string out;
    std::string err;
};

Ended run(const std::vector<std::string>& arguments, const ScratchFolder& folder) {
    ProgramRun program(arguments, folder.path());
    Ended out;
    out.code = program.wait();
    out.out = program.out();
    out.err = program.err();
    return out;
}

// Every file with its content and the time of its last change.
std::map<std::string, std::string> state_of(const std::string& folder) {
    std::map<std::string, std::string> out;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
        out[entry.path().string()] =
            std::to_string(entry.last_write_time().time_since_epoch().count()) +
            (entry.is_regular_file() ? results::read_whole_file(entry.path().string()) : "");
    }
    return out;
}

std::string real_array(const ScratchFolder& folder, const std::string& real) {
    const std::string path = folder.path() + "/real.json";
    results::write_whole_file(
        path, R"({"$schema": "arraybench/array/v1", "name": "real", "real": {)" + real + "}}");
    return path;
}

} // namespace

TEST_CASE("a finished run is looked at and not touched when it is asked to go on",
          "[campaign][folder]") {
    const ScratchFolder folder;
    const std::string path = folder.path() + "/run";
    const CampaignPlan plan{{tests::plain_array()}, {"random-read-4k"}, short_load};
    const Ended first = run({"run", plan.write(folder.path()), "--out", path}, folder);
    INFO(first.err);
    REQUIRE((first.code == 0 || first.code == 7));
    REQUIRE(run({"verify", path}, folder).code == 0);
    const auto before = state_of(path);
    for (int attempt = 0; attempt < 2; ++attempt) {
        const Ended again = run({"run", "--resume", path}, folder);
        CHECK(again.code == 2);
        CHECK_THAT(again.err, Contains("is complete already"));
    }
    CHECK(state_of(path) == before);
    CHECK(run({"verify", path}, folder).code == 0);
}

TEST_CASE("a run that was refused leaves its folder's name free", "[campaign][folder]") {
    const ScratchFolder folder;
    const std::string path = folder.path() + "/run";
    const std::string array =
        real_array(folder, R"("urls": ["memory:size=64MiB,serial=X-1"], "unique_id": "X-1")");
    const std::string plan =
        CampaignPlan{{array}, {"random-write-4k"}, short_load}.write(folder.path());
    const Ended refused = run({"run", plan, "--out", path}, folder);
    CHECK(refused.code == 4);
    CHECK_FALSE(fs::exists(path));
    const Ended corrected = run({"run", plan, "--out", path, "--destroy", "X-1"}, folder);
    INFO(corrected.err);
    CHECK((corrected.code == 0 || corrected.code == 7));
    CHECK(run({"verify", path}, folder).code == 0);

    const std::string large = folder.path() + "/large"; // Only the LUN shows that it is too large.
    const Ended too_large =
        run({"run",
             CampaignPlan{{array}, {"random-read-4k"}, R"(, "ramp": "0s", "load_points": ["200/s"],
                "rounds": 1, "working_set": "1GiB", "duration": "100ms", "verify": "none",
                "preconditioning": {"passes": 1, "time_limit": "1s"})"}
                 .write(folder.path()),
             "--out",
             large,
             "--destroy",
             "X-1"},
            folder);
    CHECK(too_large.code == 2);
    CHECK_FALSE(fs::exists(large));
}

TEST_CASE("a run whose array was not there may be begun anew in its folder", "[campaign][folder]") {
    const ScratchFolder folder;
    const std::string path = folder.path() + "/run";
    const std::string plan =
        CampaignPlan{
            {real_array(folder, R"("urls": ["iscsi://127.0.0.1:1/iqn.2026-01.org.example:no/0"])")},
            {"random-read-4k"},
            short_load}
            .write(folder.path());
    CHECK(run({"run", plan, "--out", path}, folder).code == 3);
    CHECK(run({"verify", path}, folder).code == 6); // As it was written, and nothing measured.
    real_array(folder, R"("urls": ["memory:size=64MiB,serial=X-1"])"); // The same file, mended.
    const Ended corrected = run({"run", plan, "--out", path}, folder);
    INFO(corrected.err);
    CHECK((corrected.code == 0 || corrected.code == 7));
    CHECK(run({"verify", path}, folder).code == 0);
    CHECK(run({"run", plan, "--out", path}, folder).code == 2); // Now something was measured.

    const std::string mixed = folder.path() + "/mixed"; // With something of somebody else's in it.
    real_array(folder, R"("urls": ["iscsi://127.0.0.1:1/iqn.2026-01.org.example:no/0"])");
    CHECK(run({"run", plan, "--out", mixed}, folder).code == 3);
    results::write_whole_file(mixed + "/notes.txt", "mine");
    CHECK(run({"run", plan, "--out", mixed}, folder).code == 2);
    CHECK(fs::exists(mixed + "/notes.txt"));
}

TEST_CASE("what array file and plan say of a LUN must both be true of it", "[campaign][folder]") {
    const ArrayProcess array;
    const ScratchFolder folder;
    const auto ended = [&](const std::string& in_file, const std::string& in_plan) {
        const std::string path =
            real_array(folder,
                       R"("urls": [")" + array.urls().at(0) + "\"]" +
                           (in_file.empty() ? "" : R"(, "unique_id": ")" + in_file + "\""));
        const std::string more = in_plan.empty() ? "" : R"(, "identity": ")" + in_plan + "\"";
        const CampaignPlan plan{{path}, {"random-read-4k"}, short_load, more};
        return run({"run", plan.write(folder.path()), "--out", folder.path() + "/run"}, folder);
    };
    const std::string id = ArrayProcess::unique_id;
    const std::string other = "62f0a1b2c3d4e5f600000000000000a2";
    for (const auto& [in_file, in_plan] : std::vector<std::pair<std::string, std::string>>{
             {"TEST0000", ""}, {id, other}, {other, id}}) {
        INFO(in_file << " / " << in_plan);
        const Ended one = ended(in_file, in_plan);
        CHECK(one.code == 4);
        CHECK_THAT(one.err, Contains(id));
        CHECK_FALSE(fs::exists(folder.path() + "/run"));
    }
    const Ended right = ended("NAA." + id, id);
    INFO(right.err);
    CHECK((right.code == 0 || right.code == 7));
}

TEST_CASE("a second run on a LUN is refused and told who has it", "[campaign][lease]") {
    const ArrayProcess array;
    const ScratchFolder folder;
    const ScratchFolder beside;
    const std::string path =
        real_array(folder,
                   R"("urls": [")" + array.urls().at(0) + R"("], "unique_id": ")" +
                       ArrayProcess::unique_id + "\"");
    const CampaignPlan plan{{path},
                            {"mixed-70-30"},
                            R"(, "ramp": "0s", "interval": "50ms", "verify": "none",
                            "load_points": ["100/s"], "rounds": 100, "working_set": "8MiB",
                            "duration": "300ms")"};
    const std::string file = plan.write(folder.path());
    const std::string run_path = folder.path() + "/run";
    const auto words = [&](const std::string& out) {
        return std::vector<std::string>{
            "run", file, "--out", out, "--destroy", ArrayProcess::unique_id};
    };
    ProgramRun first(words(run_path), folder.path());
    REQUIRE(tests::await_rounds(run_path, 1));
    const Ended second = run(words(beside.path() + "/run"), beside);
    CHECK(second.code == 4);
    CHECK_THAT(second.err, Contains("held by another run: process "));
    const Ended load = run({"load",
                            array.urls().at(2), // By another way, too.
                            "--rw=randwrite",
                            "--runtime=0.1",
                            "--destroy",
                            ArrayProcess::unique_id},
                           beside);
    CHECK(load.code == 4);
    CHECK_THAT(load.err, Contains("held by another run"));
    CHECK(run({"load", array.urls().at(0), "--runtime=0.1", "--progress", "none"}, beside).code ==
          0); // Who only reads is let.
    first.signal(SIGKILL);
    CHECK(first.wait() == 128 + SIGKILL);
    ProgramRun after(words(beside.path() + "/after"), beside.path());
    CHECK(tests::await_rounds(beside.path() + "/after", 1));
}

TEST_CASE("a plan may have its LUN held among all hosts", "[campaign][lease]") {
    const ScratchFolder folder;
    const std::string path = folder.path() + "/run";
    const auto plan = [&](const char* working_set) {
        return CampaignPlan{{tests::plain_array()},
                            {"mixed-70-30"},
                            short_load + std::string(R"(, "lease": "block", "preconditioning":
                                {"passes": 1, "time_limit": "20s"})") +
                                working_set}
            .write(folder.path());
    };
    const Ended ended = run({"run", plan(""), "--out", path}, folder);
    INFO(ended.err);
    CHECK((ended.code == 0 || ended.code == 7));
    CHECK(tests::await_note(path, "lease taken"));
    CHECK_THAT(results::read_whole_file(path + "/plan.json"), Contains(R"("lease": "block")"));
}
