// SPDX-License-Identifier: Apache-2.0
// Whatever a command is to write is looked at before it begins.
#include "bench/cli/outputs.h"
#include "drivers/api/errors.h"
#include "results/whole_file.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/fakes/streams_run.h"

#include <catch2/catch.hpp>

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <chrono>
#include <filesystem>
#include <fstream>

using namespace bench::cli;
using tests::code_with_streams;
using tests::ScratchFolder;
using tests::StreamEnd;
namespace fs = std::filesystem;

namespace {

std::size_t count_in(const std::string& folder) {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

// The exit code of a load that would take a minute, and never may.
int load_with(const std::vector<std::string>& more, const std::string& err) {
    std::vector<std::string> words = {"load",
                                      "memory:size=16MiB",
                                      "--rw=write",
                                      "--rate_iops=100",
                                      "--runtime=60",
                                      "--progress=none",
                                      "--verify=full"};
    words.insert(words.end(), more.begin(), more.end());
    const auto began = std::chrono::steady_clock::now();
    const int code = code_with_streams(words, {}, {StreamEnd::file, err});
    CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(50));
    return code;
}

} // namespace

TEST_CASE("looking whether an output can be written leaves nothing behind", "[outputs]") {
    const ScratchFolder folder;
    const std::string path = folder.path();
    check_output_file("x", path + "/file");
    check_output_folder("x", path + "/a/b/c");
    check_new_folder("x", path + "/d");
    check_new_folder("x", path + "/d/");
    check_output_file("x", "");
    check_new_folder("x", "");
    CHECK(count_in(path) == 0);
    results::write_whole_file(path + "/kept", "words");
    check_output_file("x", path + "/kept");
    CHECK(results::read_whole_file(path + "/kept") == "words");
    check_output_folder("x", path);
    CHECK(count_in(path) == 1);
    CHECK_THROWS_AS(check_new_folder("x", path), drivers::UsageError);
    CHECK_THROWS_AS(check_new_folder("x", path + "/kept"), drivers::UsageError);
    CHECK_THROWS_AS(check_output_file("x", path), drivers::UsageError);
    CHECK_THROWS_AS(check_output_file("x", path + "/none/file"), drivers::HostError);
    CHECK_THROWS_AS(check_output_file("x", path + "/kept/file"), drivers::HostError);
    CHECK_THROWS_AS(check_new_folder("x", path + "/kept/new"), drivers::HostError);
    CHECK_THROWS_AS(check_new_folder("x", "/proc/new/run"), drivers::HostError);
    CHECK_THROWS_AS(check_output_file("x", path + "/" + std::string(300, 'x')), drivers::HostError);
    CHECK(count_in(path) == 1);
}

TEST_CASE("no output takes the place of what is no regular file", "[outputs]") {
    const ScratchFolder folder;
    const std::string path = folder.path();
    std::vector<std::pair<std::string, std::string>> places{{"fifo", "a pipe"},
                                                            {"socket", "a socket"}};
    REQUIRE(::mkfifo((path + "/fifo").c_str(), 0600) == 0);
    REQUIRE(::mknod((path + "/socket").c_str(), S_IFSOCK | 0600, 0) == 0);
    constexpr unsigned nobodys = 240; // A major number for experiments: no driver answers.
    if (::mknod((path + "/disk").c_str(), S_IFBLK | 0600, makedev(nobodys, 250)) == 0 &&
        ::mknod((path + "/tape").c_str(), S_IFCHR | 0600, makedev(nobodys, 250)) == 0) {
        places.insert(places.end(), {{"disk", "a block device"}, {"tape", "a character device"}});
    } else {
        WARN("LEFT OUT: device nodes, which cannot be made here");
    }
    for (const auto& [name, words] : places) {
        INFO(name);
        const std::string place = path + "/" + name;
        const auto before = fs::symlink_status(place).type();
        fs::create_symlink(place, place + "-link");
        for (const std::string& named : {place, place + "-link"}) {
            CHECK_THROWS_AS(check_output_file("x", named), drivers::UsageError);
            CHECK_THROWS_WITH(check_output_file("x", named), Catch::Contains(words));
            CHECK_THROWS_WITH(results::write_whole_file(named, "words"), Catch::Contains(words));
            CHECK(load_with({"--expectation", named}, path + "/err") == 2);
            CHECK(load_with({"--write_iolog", named}, path + "/err") == 2);
        }
        CHECK(fs::symlink_status(place).type() == before);
        CHECK(fs::is_symlink(place + "-link"));
    }
    fs::create_symlink("/proc/self/fd/1", path + "/stdout"); // As in /dev.
    CHECK_THROWS_WITH(check_output_file("x", path + "/stdout"), Catch::Contains("open file"));
    CHECK_THROWS_WITH(results::write_whole_file(path + "/stdout", ""),
                      Catch::Contains("open file"));
    CHECK(count_in(path) == 2 * places.size() + 2); // And what the loads said: nothing else.
}

TEST_CASE("a load whose outputs cannot be written is refused before it begins", "[outputs]") {
    const ScratchFolder folder;
    const std::string path = folder.path();
    const std::string err = path + "/err";
    fs::create_directory(path + "/full");
    results::write_whole_file(path + "/full/x", "");
    CHECK(load_with({"--record", path + "/full"}, err) == 2);
    CHECK_THAT(results::read_whole_file(err),
               Catch::Contains("--record") && Catch::Contains("not empty"));
    CHECK(load_with({"--record", path + "/full/x"}, err) == 2);
    CHECK(load_with({"--write_iolog", "/nonexistent/a.log"}, err) == 5);
    CHECK_THAT(
        results::read_whole_file(err),
        Catch::Contains("--write_iolog: /nonexistent/a.log: cannot be written: No such file"));
    CHECK(load_with({"--write_iolog", path}, err) == 2);
    CHECK(load_with({"--expectation", path}, err) == 2);
    CHECK(load_with({"--expectation", "/nonexistent/e.bin"}, err) == 5);
    CHECK(load_with({"--expectation", path + "/left.bin", "--record", path + "/full"}, err) == 2);
    CHECK_FALSE(fs::exists(path + "/left.bin")); // A refused load leaves none.
    CHECK(load_with({"--expectation", path + "/left.bin", "--size=1t"}, err) == 2);
    CHECK_FALSE(fs::exists(path + "/left.bin"));
}

TEST_CASE("other commands look at their outputs and forms before their work", "[outputs]") {
    const ScratchFolder folder;
    const std::string path = folder.path();
    const std::string err = path + "/err";
    const StreamEnd told{StreamEnd::file, err};
    const std::string plan = tests::source_dir() + "/profiles/plans/demo.json";
    CHECK(code_with_streams({"run", plan, "--out", path + "/run", "--format", "yaml"}, {}, told) ==
          2);
    CHECK_FALSE(fs::exists(path + "/run"));
    const std::string csv = path + "/old.csv";
    results::write_whole_file(csv,
                              "ISO date,operation,time ms [last],IOPS [last],MiB [last]\n"
                              "2026-05-22T16:09:41,WRITE,1000,50,50\n");
    CHECK(code_with_streams({"import", csv, "--out", path + "/r", "--format", "yaml"}, {}, told) ==
          2);
    CHECK_FALSE(fs::exists(path + "/r"));
    CHECK(code_with_streams({"import", csv, "--out", "/proc/r"}, {}, told) == 5);
    REQUIRE(code_with_streams({"import", csv, "--out", path + "/r"}, {}, told) == 0);
    CHECK(code_with_streams({"report", path + "/r", "--out", path}, {}, told) == 2);
    CHECK(code_with_streams({"report", path + "/r", "--out", "/nonexistent/x"}, {}, told) == 5);
    CHECK(code_with_streams({"report", path + "/r", "--format=csv", "--out", csv}, {}, told) == 2);
    CHECK(code_with_streams({"egress", "-i", "lo", "--duration=60s", "--export", csv}, {}, told) ==
          2);
    CHECK(code_with_streams({"egress", "-i", "lo", "--draft-policy", "/nonexistent/x"}, {}, told) ==
          5);
    CHECK(code_with_streams({"merge", path + "/r", "--out", path}, {}, told) == 2);
    CHECK(code_with_streams({"fio-job", "--help"}, {}, told) == 0);
}
