// SPDX-License-Identifier: Apache-2.0
// Every command on the folder of a run that was killed, and on folders that are none.
#include "tests/fakes/array_process.h"
#include "tests/fakes/campaign_plan.h"

#include <catch2/catch.hpp>

using tests::ArrayProcess;
using tests::ProgramRun;
using tests::ScratchFolder;
namespace fs = std::filesystem;

namespace {

struct Ran {
    int code = -1;
    std::string out;
    std::string err;
};

Ran ran(const std::vector<std::string>& arguments) {
    const ScratchFolder folder;
    ProgramRun program(arguments, folder.path());
    Ran out;
    out.code = program.wait();
    out.out = program.out();
    out.err = program.err();
    return out;
}

// Commands that read a run, on this folder.
std::vector<std::vector<std::string>> commands_on(const std::string& run,
                                                  const std::string& elsewhere) {
    return {{"verify", run},
            {"verify", run, "--format", "json"},
            {"report", run, "--format", "markdown"},
            {"compare", run, run},
            {"merge", run, "--out", elsewhere}};
}

} // namespace

TEST_CASE("a run that was killed is unfinished to every command, and says how it goes on",
          "[campaign]") {
    const ArrayProcess array;
    const ScratchFolder folder;
    const std::string real = folder.path() + "/real.json";
    results::write_whole_file(
        real,
        R"({"$schema": "arraybench/array/v1", "name": "real", "real": {"urls": [")" +
            array.urls().at(0) + R"("], "unique_id": ")" + ArrayProcess::unique_id + R"("}})");
    const tests::CampaignPlan plan{
        {real},
        {"mixed-70-30"},
        R"(, "load_points": ["400/s"], "rounds": 40, "working_set": "8MiB", "ramp": "20ms",
           "duration": "100ms", "interval": "50ms", "verify": "full")"};
    const std::string run = folder.path() + "/run";
    ProgramRun program(
        {"run", plan.write(folder.path()), "--out", run, "--destroy", ArrayProcess::unique_id},
        folder.path());
    REQUIRE(tests::await_rounds(run, 2));
    program.signal(SIGKILL);
    CHECK(program.wait() == 128 + SIGKILL);
    for (const auto& command : commands_on(run, folder.path() + "/merged")) {
        INFO(command[0]);
        const Ran found = ran(command);
        CHECK(found.code == 6);
        CHECK_THAT(found.err,
                   Catch::Contains("unfinished") && Catch::Contains("of 40 rounds are done") &&
                       Catch::Contains("run --resume " + run));
    }
    CHECK_FALSE(fs::exists(folder.path() + "/merged"));
    const Ran back = ran({"verify-data", run, array.urls().at(2)});
    CHECK(back.code == 0);
    CHECK_THAT(back.out,
               Catch::Contains("this is of an unfinished run, of which") &&
                   Catch::Contains("of 40 rounds"));
    const Ran other = ran({"verify-data", run, "memory:size=64MiB"});
    CHECK(other.code == 4); // Another LUN.
    CHECK_THAT(other.err,
               Catch::Contains(std::string("only what ") + ArrayProcess::unique_id) &&
                   Catch::Contains("unfinished"));
    fs::remove(run + "/expectation-a0.bin"); // As if it had been killed earlier.
    const Ran early = ran({"verify-data", run, array.urls().at(2)});
    CHECK(early.code == 6);
    CHECK_THAT(early.err,
               Catch::Contains("before its expectation was written") &&
                   Catch::Contains("--resume") && !Catch::Contains("without verification"));
}

TEST_CASE("a run that was killed before its journal goes on as any other", "[campaign]") {
    const ScratchFolder folder;
    const tests::CampaignPlan plan{
        {tests::plain_array()},
        {"mixed-70-30"},
        R"(, "load_points": ["200/s"], "rounds": 2, "working_set": "8MiB", "ramp": "20ms",
           "duration": "100ms", "interval": "50ms", "verify": "none")"};
    const std::string run = folder.path() + "/run";
    ProgramRun program({"run", plan.write(folder.path()), "--out", run}, folder.path());
    REQUIRE(tests::await_note(run, "run started"));
    program.signal(SIGKILL);
    CHECK(program.wait() == 128 + SIGKILL);
    fs::remove(run + "/events.ndjson"); // As if it had been killed a little earlier.
    const Ran cut = ran({"verify", run});
    CHECK(cut.code == 6);
    CHECK_THAT(cut.err, Catch::Contains("unfinished") && Catch::Contains("--resume"));
    const Ran again = ran({"run", "--resume", run});
    INFO(again.err);
    CHECK((again.code == 0 || again.code == 7));
    CHECK(results::read_run(run).rounds.size() == 2);
    CHECK(ran({"verify", run}).code == 0);
}

TEST_CASE("a folder that is no run's is refused by every command, in a sentence", "[campaign]") {
    const ScratchFolder folder;
    const std::string empty = folder.path() + "/empty";
    const std::string foreign = folder.path() + "/foreign";
    const std::string file = folder.path() + "/file";
    fs::create_directories(empty);
    fs::create_directories(foreign);
    results::write_whole_file(foreign + "/letter.txt", "words");
    results::write_whole_file(file, "words");
    for (const auto& [run, words] : {std::pair(empty, "is empty"),
                                     std::pair(foreign, "not a run's folder"),
                                     std::pair(file, "is a file"),
                                     std::pair(folder.path() + "/none", "there is no such folder"),
                                     std::pair(std::string(), "an empty name")}) {
        auto commands = commands_on(run, folder.path() + "/merged");
        commands.push_back({"run", "--resume", run});
        if (run != file) { // Which may be an expectation.
            commands.push_back({"verify-data", run, "memory:size=64MiB"});
        }
        for (const auto& command : commands) {
            INFO(command[0] << " " << words);
            const Ran found = ran(command);
            CHECK(found.code == 2);
            CHECK_THAT(found.err,
                       Catch::Contains(words) && Catch::Contains("wanted a run's folder"));
        }
    }
}

TEST_CASE("what holds nothing that is known is not verified by reading it back", "[verify-data]") {
    const ArrayProcess array;
    const ScratchFolder folder;
    const std::string left = folder.path() + "/left.bin";
    const std::string url = array.urls().at(0);
    const Ran load = ran({"load",
                          url,
                          "--rw=read",
                          "--runtime=0.1",
                          "--size=1m",
                          "--verify=full",
                          "--expectation",
                          left});
    INFO(load.err);
    CHECK((load.code == 0 || load.code == 7));
    const Ran back = ran({"verify-data", left, url});
    CHECK(back.code == 7);
    CHECK_THAT(back.out, Catch::Contains("NOTHING CHECKED"));
    const Ran json = ran({"verify-data", left, url, "--format", "json"});
    CHECK(json.code == 7);
    CHECK_THAT(json.out, Catch::Contains("\"sectors_checked\": 0"));
    const std::string refused = folder.path() + "/refused.bin";
    CHECK(
        ran({"load", url, "--rw=write", "--runtime=60", "--verify=full", "--expectation", refused})
            .code == 4);
    CHECK_FALSE(fs::exists(refused));
}
