// SPDX-License-Identifier: Apache-2.0
// Run folders that were in other hands: what in them leads elsewhere is refused before anything
// else is done, and what is read is what was judged.
#include "bench/plan/judged_place.h"
#include "bench/plan/plan_file.h"
#include "profiles/file_error.h"
#include "profiles/strict_json.h"
#include "results/record_error.h"
#include "tests/fakes/campaign_plan.h"
#include "tests/fakes/program_run.h"
#include "tests/fakes/scratch_folder.h"

#include <catch2/catch.hpp>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <functional>
#include <iterator>

namespace fs = std::filesystem;
using Catch::Contains;
using tests::ProgramRun;
using tests::ScratchFolder;

namespace {

struct Ended {
    int code = -1;
    std::string out;
    std::string err;
};

Ended ran(const std::vector<std::string>& arguments) {
    const ScratchFolder folder;
    ProgramRun program(arguments, folder.path());
    Ended out;
    out.code = program.wait();
    out.out = program.out();
    out.err = program.err();
    return out;
}

// A run that may go on, of an array that answers nobody: exit 3 is how far one comes who opens it.
std::string unfinished_run(const ScratchFolder& folder) {
    const std::string array = folder.path() + "/real.json";
    results::write_whole_file(array,
                              R"({"$schema": "arraybench/array/v1", "name": "real", "real": {
            "urls": ["iscsi://127.0.0.1:1/iqn.2026-01.org.example:no/0"], "unique_id": "600140a1"}})");
    const tests::CampaignPlan plan{
        {array},
        {"mixed-70-30"},
        R"(, "load_points": ["200/s"], "rounds": 1, "duration": "100ms", "verify": "full")"};
    std::string out = folder.path() + "/run";
    REQUIRE(ran({"run", plan.write(folder.path()), "--out", out, "--destroy", "600140a1"}).code ==
            3);
    REQUIRE(ran({"run", "--resume", out, "--destroy", "600140a1"}).code == 3);
    return out;
}

// As it is, with a workload of its own that plays this trace.
void plays(const std::string& run, const std::string& trace) {
    results::write_whole_file(
        run + "/inputs/workload-mixed-70-30.json",
        R"({"$schema": "arraybench/trace/1", "purpose": "Not its own.", "file": ")" + trace +
            "\"}");
}

void make_socket(const std::string& path) {
    const int made = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    REQUIRE(path.size() < sizeof at.sun_path);
    std::memcpy(at.sun_path, path.c_str(), path.size() + 1);
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast)
    REQUIRE(::bind(made, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0);
    ::close(made);
}

std::string all_of(std::istream& in) {
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

} // namespace

TEST_CASE("a run whose folder leads elsewhere is refused before its LUN is opened, by its path",
          "[campaign][handed-over]") {
    const ScratchFolder folder;
    const std::string whole = unfinished_run(folder);
    const std::string elsewhere = folder.path() + "/elsewhere";
    const std::string run = folder.path() + "/altered";
    const std::string round = run + "/rounds/000-a0.json";
    fs::create_directories(elsewhere);
    results::write_whole_file(elsewhere + "/000-a0.json", "{}");
    struct Altered {
        std::function<void()> how;
        std::string named;
    };
    const std::vector<Altered> all{
        {[&] {
             fs::remove_all(run + "/rounds");
             fs::create_directory_symlink(elsewhere, run + "/rounds");
         },
         run + "/rounds: "},
        {[&] {
             fs::remove_all(run + "/rounds");
             results::write_whole_file(run + "/rounds", "{}");
         },
         run + "/rounds: "},
        {[&] { fs::create_symlink(elsewhere + "/000-a0.json", round); }, round + ": a symbolic"},
        {[&] { fs::create_symlink("/nonexistent", round); }, round + ": a symbolic link"},
        {[&] { REQUIRE(::mkfifo(round.c_str(), 0600) == 0); }, round + ": no regular file"},
        {[&] { make_socket(run + "/rounds/s"); }, run + "/rounds/s: no regular file"},
        {[&] { // None of them written.
             results::write_whole_file(round, "{}");
             fs::resize_file(round, 1ULL << 40U);
         },
         round + ": 1099511627776 bytes"},
        {[&] { fs::create_symlink(elsewhere + "/000-a0.json", run + "/expectation-a0.bin"); },
         run + "/expectation-a0.bin: a symbolic link"},
        {[&] { fs::create_directory_symlink(elsewhere, run + "/egress"); },
         run + "/egress: a symbolic link"}};
    for (const Altered& one : all) {
        fs::remove_all(run);
        fs::copy(whole, run, fs::copy_options::recursive);
        one.how();
        INFO(one.named);
        const std::string before = results::read_whole_file(run + "/events.ndjson");
        const Ended again = ran({"run", "--resume", run, "--destroy", "600140a1"});
        CHECK(again.code == 2);
        CHECK_THAT(again.err, Contains(one.named));
        CHECK(results::read_whole_file(run + "/events.ndjson") == before); // Nor is it begun.
    }
}

TEST_CASE("a trace that is not the run's own is not opened by any command", "[handed-over]") {
    const ScratchFolder folder;
    const std::string run = unfinished_run(folder);
    const std::string trace = folder.path() + "/t.iolog";
    REQUIRE(::mkfifo(trace.c_str(), 0600) == 0); // Who opens it waits, or says that it is none.
    const std::string own = run + "/inputs/trace.txt";
    results::write_whole_file(own, "fio version 3 iolog\n0 /a read 0 4096\n");
    for (const std::string& named : {trace,
                                     std::string("../../t.iolog"),
                                     std::string("../plan.json"),
                                     "../inputs/../../t.iolog" + std::string(),
                                     std::string("/dev/zero"),
                                     run + "/events.ndjson"}) {
        INFO(named);
        plays(run, named);
        for (const auto& command : std::vector<std::vector<std::string>>{
                 {"run", "--resume", run, "--destroy", "600140a1"},
                 {"verify", run},
                 {"verify-data", run, "memory:size=64MiB"},
                 {"report", run},
                 {"compare", run, run},
                 {"merge", run, "--out", folder.path() + "/merged"}}) {
            INFO(command[0]);
            const Ended ended = ran(command);
            CHECK((ended.code != 0 || command[0] == "report" || command[0] == "compare"));
            CHECK_THAT(ended.err, !Contains("internal error") && !Contains("wanted a trace file"));
            if (command[0] == "run") {
                CHECK(ended.code == 2);
                CHECK_THAT(ended.err, Contains("a file of the run's own, below inputs"));
            }
        }
    }
    plays(run, "trace.txt"); // Its own: no more is wrong than that the plan drives it otherwise.
    CHECK_THROWS_WITH(bench::plan::read_plan_in(run), !Contains("run's own"));
    fs::remove(own);
    fs::create_symlink(trace, own);
    CHECK_THROWS_WITH(bench::plan::read_plan_in(run), Contains("symbolic link"));
}

TEST_CASE("a file of a run is read as it was when it was judged", "[handed-over]") {
    const ScratchFolder folder;
    fs::create_directories(folder.path() + "/inputs/deeper");
    const std::string file = folder.path() + "/inputs/a.json";
    results::write_whole_file(file, "judged");
    const profiles::FilePlace place = bench::plan::judged_place(folder.path());
    const auto opened = place.open(file);
    results::write_whole_file(folder.path() + "/secret", "secret");
    fs::remove(file);
    fs::create_symlink(folder.path() + "/secret", file);
    CHECK(all_of(*opened) == "judged"); // Whatever stands there by now.
    CHECK_THROWS_AS(place.open(file), results::RecordError);
    CHECK_THROWS_WITH(profiles::JsonDocument::read_file(file, place), Contains("symbolic link"));
    results::write_whole_file(folder.path() + "/inputs/deeper/b", "also");
    CHECK(all_of(*place.open(folder.path() + "/inputs/deeper/b")) == "also");
    fs::rename(folder.path() + "/inputs", folder.path() + "/moved");
    fs::create_directory_symlink(folder.path() + "/moved", folder.path() + "/inputs");
    CHECK_THROWS_AS(place.open(folder.path() + "/inputs/deeper/b"), results::RecordError);
}

TEST_CASE("a place holds what lies below it and nothing else", "[handed-over]") {
    const ScratchFolder folder;
    const profiles::FilePlace place = bench::plan::judged_place(folder.path());
    CHECK(place.holds(folder.path() + "/inputs/a.json"));
    CHECK(place.holds(folder.path() + "/inputs/b/../a.json"));
    CHECK(place.name_of(folder.path() + "/inputs/b/../a.json") == "inputs/a.json");
    for (const char* other :
         {"/plan.json", "/inputs", "/inputs/", "/inputs/../plan.json", "/inputsx/a"}) {
        INFO(other);
        CHECK_FALSE(place.holds(folder.path() + other));
        CHECK_THROWS_AS(place.open(folder.path() + other), profiles::FileError);
    }
    CHECK_FALSE(place.holds("/etc/passwd"));
    CHECK_FALSE(place.holds(""));
    CHECK(profiles::FilePlace().holds("/etc/passwd")); // Wherever a person says.
}
