// SPDX-License-Identifier: Apache-2.0
// What the program does when nobody hears it: full, closed and broken streams, a terminal gone.
#include "results/run_record_file.h"
#include "results/whole_file.h"
#include "tests/fakes/campaign_plan.h"
#include "tests/fakes/sample_run.h"
#include "tests/fakes/stalled_stream.h"
#include "tests/fakes/streams_run.h"

#include <catch2/catch.hpp>

#include <pty.h>
#include <sys/stat.h>

#include <filesystem>

using tests::code_with_stalled;
using tests::code_with_streams;
using tests::ProgramRun;
using tests::ScratchFolder;
using tests::StalledStream;
using tests::StreamEnd;

namespace {

// An imported run, for those commands that want one.
std::string some_run(const std::string& folder) {
    const std::string csv = folder + "/old.csv";
    results::write_whole_file(csv,
                              "ISO date,operation,time ms [last],IOPS [last],MiB [last]\n"
                              "2026-05-22T16:09:41,WRITE,1000,50,50\n");
    const std::string run = folder + "/old";
    REQUIRE(code_with_streams({"import", csv, "--out", run}, {}, {}) == 0);
    return run;
}

std::string short_plan(const std::string& folder) {
    tests::CampaignPlan plan{
        {tests::plain_array()},
        {"mixed-70-30"},
        R"(, "load_points": ["200/s"], "rounds": 2, "working_set": "8MiB", "ramp": "20ms",
           "duration": "100ms", "interval": "50ms", "verify": "none")"};
    return plan.write(folder);
}

} // namespace

TEST_CASE("every command whose answer cannot be written says so, with exit 5", "[streams]") {
    const ScratchFolder folder;
    const std::string run = some_run(folder.path());
    const std::string lun = folder.path() + "/lun";
    results::write_whole_file(lun, std::string(64U << 20U, '\0'));
    const std::string profiles = tests::source_dir() + "/profiles";
    const std::vector<std::vector<std::string>> commands = {
        {"--help"},
        {"load", "--help"},
        {"egress", "--help"},
        {"load", "null:size=64MiB", "--runtime=0.05", "--progress=none"},
        {"load", "null:size=64MiB", "--runtime=0.05", "--progress=none", "--format=json"},
        {"plan", profiles + "/plans/demo.json"},
        {"probe", "memory:size=64MiB"},
        {"report", run},
        {"report", run, "--format", "csv"},
        {"compare", run, run},
        {"verify", run},
        {"verify", run, "--format", "json"},
        {"interception", profiles + "/workloads/platform/national.json"},
        {"fio-job", profiles + "/workloads/random-read-4k.json", lun}};
    for (const auto& command : commands) {
        INFO(command[0] << " " << command.back());
        CHECK(code_with_streams(command, {}, {}) != 5);
        const std::string err = folder.path() + "/err";
        for (const StreamEnd& end : {StreamEnd{StreamEnd::file, "/dev/full"},
                                     StreamEnd{StreamEnd::closed, ""},
                                     StreamEnd{StreamEnd::broken_pipe, ""}}) {
            CHECK(code_with_streams(command, end, {StreamEnd::file, err}) == 5);
            const char* why = end.kind == StreamEnd::closed        ? "it is closed"
                              : end.kind == StreamEnd::broken_pipe ? "its reader has gone"
                                                                   : "No space left";
            CHECK_THAT(results::read_whole_file(err),
                       Catch::Contains("standard output: cannot be written") &&
                           Catch::Contains(why));
        }
    }
}

TEST_CASE("a load whose answer cannot be printed is stored all the same", "[streams]") {
    const ScratchFolder folder;
    const std::string record = folder.path() + "/record";
    const std::string log = folder.path() + "/log";
    CHECK(
        code_with_streams(
            {"load", "null:size=64MiB", "--runtime=0.05", "--record", record, "--write_iolog", log},
            {StreamEnd::file, "/dev/full"},
            {}) == 5);
    CHECK(results::read_run(record).rounds.size() == 1);
    CHECK(std::filesystem::file_size(log) > 0);
}

TEST_CASE("progress that nobody hears ends, the run does not", "[streams]") {
    const ScratchFolder folder;
    const std::string plan = short_plan(folder.path());
    int number = 0;
    for (const char* mode : {"plain", "json"}) {
        for (const auto kind : {StreamEnd::broken_pipe, StreamEnd::closed}) {
            const std::string run = folder.path() + "/run" + std::to_string(++number);
            INFO(mode << " " << kind);
            const int code =
                code_with_streams({"run", plan, "--out", run, "--progress", mode}, {}, {kind, ""});
            CHECK((code == 0 || code == 7)); // 7: a host too busy to measure on.
            CHECK(results::read_run(run).rounds.size() == 2);
            const int load = code_with_streams({"load",
                                                "null:size=64MiB",
                                                "--rate_iops=100",
                                                "--runtime=0.3",
                                                "--interval=50ms",
                                                "--progress=plain"},
                                               {},
                                               {kind, ""});
            CHECK((load == 0 || load == 7));
        }
    }
}

TEST_CASE("a standard error that is full and not read delays nothing, and keeps its flags",
          "[streams]") {
    const ScratchFolder folder;
    const std::string plan = short_plan(folder.path());
    const std::string out = folder.path() + "/out";
    int number = 0;
    for (const auto kind : {StalledStream::pipe, StalledStream::socket, StalledStream::terminal}) {
        INFO(kind);
        const StalledStream stalled(kind);
        const int flags = stalled.flags();
        const int load = code_with_stalled({"load",
                                            "null:size=64MiB",
                                            "--rate_iops=100",
                                            "--runtime=0.5",
                                            "--interval=20ms",
                                            "--progress=plain",
                                            "--format=json"},
                                           stalled,
                                           out,
                                           60);
        CHECK((load == 0 || load == 7)); // 7: a host too busy to measure on.
        CHECK_THAT(results::read_whole_file(out), Catch::Contains("{"));
        const std::string run = folder.path() + "/run" + std::to_string(++number);
        const int code =
            code_with_stalled({"run", plan, "--out", run, "--progress=plain"}, stalled, out, 120);
        CHECK((code == 0 || code == 7));
        CHECK(results::read_run(run).rounds.size() == 2);
        CHECK(stalled.flags() == flags);
    }
}

TEST_CASE("a last word waits for a standard error that is full, and is whole", "[streams]") {
    const ScratchFolder folder;
    for (const auto kind : {StalledStream::pipe, StalledStream::socket}) {
        const StalledStream stalled(kind);
        std::string said;
        std::thread reader;
        const std::vector<std::string> words{"load", "nonsense"};
        CHECK(code_with_stalled(words, stalled, folder.path() + "/out", 1) == -1); // It waits.
        reader = std::thread([&] {
            for (int look = 0; look < 6000 && said.find("nonsense") == std::string::npos; ++look) {
                said += stalled.read_all();
                std::this_thread::sleep_for(std::chrono::milliseconds(10));
            }
        });
        CHECK(code_with_stalled(words, stalled, folder.path() + "/out", 60) == 2);
        reader.join();
        CHECK_THAT(said, Catch::Contains("URL \"nonsense\": "));
    }
}

TEST_CASE("a hangup ends a load as an interrupt does", "[streams]") {
    const ScratchFolder folder;
    const std::vector<std::string> words = {"load",
                                            "null:size=64MiB",
                                            "--rate_iops=100",
                                            "--runtime=60",
                                            "--interval=20ms",
                                            "--progress=plain"};
    ProgramRun program(words, folder.path());
    for (int look = 0; look < 3000 && program.err().empty(); ++look) {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    program.signal(SIGHUP);
    CHECK(program.wait() == 6);
    CHECK_THAT(program.out(), Catch::Contains("read response"));
}

TEST_CASE("a load whose terminal goes away stores what it has", "[streams]") {
    const ScratchFolder folder;
    const std::string record = folder.path() + "/record";
    int terminal = -1;
    const std::string program = tests::arraybench_program();
    const pid_t child = ::forkpty(&terminal, nullptr, nullptr, nullptr);
    if (child == 0) {
        ::execl(program.c_str(),
                program.c_str(),
                "load",
                "null:size=64MiB",
                "--rate_iops=100",
                "--runtime=60",
                "--interval=20ms",
                "--record",
                record.c_str(),
                nullptr);
        ::_exit(127);
    }
    REQUIRE(child > 0);
    char first = 0;
    CHECK(::read(terminal, &first, 1) == 1); // It shows its progress.
    ::close(terminal);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 5); // Interrupted, and its answer had nowhere to go.
    const auto run = results::read_run(record);
    CHECK(run.rounds.at(0).ended == "interrupted");
}
