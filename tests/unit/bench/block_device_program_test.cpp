// SPDX-License-Identifier: Apache-2.0
// Files as LUNs from the command line: probed, loaded, compared by a plan, and guarded.
#include "results/whole_file.h"
#include "tests/fakes/program_run.h"
#include "tests/fakes/scratch_folder.h"

#include <catch2/catch.hpp>

#include <unistd.h>

#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <regex>

namespace fs = std::filesystem;
using Catch::Contains;

namespace {

struct Ended {
    int code = 0;
    std::string out;
    std::string err;
};

Ended run(const std::vector<std::string>& arguments, const std::string& folder) {
    tests::ProgramRun program(arguments, folder);
    Ended out;
    out.code = program.wait();
    out.out = program.out();
    out.err = program.err();
    return out;
}

std::string new_file(const std::string& path) {
    std::ofstream(path).close();
    fs::resize_file(path, 64U << 20U);
    return "file:" + path;
}

// What `probe` says a file is called: what --destroy wants.
std::string serial_of(const std::string& url, const std::string& folder) {
    const Ended ended = run({"probe", url, "--format", "json"}, folder);
    INFO(ended.err);
    REQUIRE(ended.code == 0);
    std::smatch found;
    REQUIRE(std::regex_search(ended.out, found, std::regex(R"~("serial": "(file-[-0-9a-f]+)")~")));
    return found[1];
}

} // namespace

TEST_CASE("a file is loaded only under its own name and only while it holds nobody's data",
          "[block_device]") {
    const tests::ScratchFolder folder;
    const std::string path = folder.path() + "/lun";
    const std::string url = new_file(path);
    const std::string serial = serial_of(url, folder.path());
    const auto load = [&](std::vector<std::string> more) {
        std::vector<std::string> all{
            "load", url, "--rw=randwrite", "--bs=4k", "--iodepth=8", "--runtime=0.1"};
        all.insert(all.end(), more.begin(), more.end());
        return run(all, folder.path());
    };
    const Ended unnamed = load({});
    CHECK(unnamed.code == 4);
    CHECK_THAT(unnamed.err, Contains("--destroy " + serial));
    CHECK(load({"--destroy", "file-1-2-3"}).code == 4);

    const Ended named = load({"--destroy", serial, "--verify=full", "--numjobs=2"});
    INFO(named.err);
    CHECK((named.code == 0 || named.code == 7)); // 7: a busy host came too late with its accesses.

    {
        std::ofstream data(path, std::ios::binary | std::ios::in | std::ios::out);
        for (std::size_t at = 0; at < (64U << 20U); at += 65536) {
            data.seekp(static_cast<std::streamoff>(at));
            data << std::string(65536, 'x');
        }
    }
    const Ended full = load({"--destroy", serial});
    CHECK(full.code == 4);
    CHECK_THAT(full.err, Contains("data without this bench's mark"));
}

TEST_CASE("a plan compares two files as it does two arrays", "[block_device]") {
    const tests::ScratchFolder folder;
    std::string arrays;
    std::vector<std::string> command{"run", folder.path() + "/plan.json"};
    for (const std::string name : {"a", "b"}) {
        const std::string url = new_file(folder.path() + "/" + name);
        const std::string serial = serial_of(url, folder.path());
        results::write_whole_file(folder.path() + "/" + name + ".json",
                                  fmt::format(R"({{"$schema": "arraybench/array/v1", "name": "{}",
                        "real": {{"urls": ["{}"], "unique_id": "{}"}}}})",
                                              name,
                                              url,
                                              serial));
        arrays += fmt::format(R"({}{{"file": "{}.json"}})", arrays.empty() ? "" : ", ", name);
        command.insert(command.end(), {"--destroy", serial});
    }
    results::write_whole_file(
        folder.path() + "/plan.json",
        R"({"$schema": "arraybench/plan/1", "type": "a_against_a", "seed": 1, "arrays": [)" +
            arrays + R"(], "workloads": [{"file": ")" + tests::source_dir() +
            R"(/profiles/workloads/mixed-70-30.json"}], "load_points": ["500/s"], "rounds": 6,
            "working_set": "16MiB", "ramp": "10ms", "duration": "100ms", "interval": "50ms",
            "lanes": 2, "depth": 8, "verify": "sample"})");
    command.insert(command.end(), {"--out", folder.path() + "/run"});
    const Ended outline = run({"plan", folder.path() + "/plan.json"}, folder.path());
    CHECK(outline.code == 0);
    CHECK_THAT(outline.out, Contains("over block device"));
    const Ended ended = run(command, folder.path());
    INFO(ended.err);
    CHECK((ended.code == 0 || ended.code == 7));
    const std::string result = results::read_whole_file(folder.path() + "/run/result.json");
    CHECK_THAT(result, Contains("\"block device\""));
    CHECK(run({"verify", folder.path() + "/run"}, folder.path()).code == 0);
}

TEST_CASE("a point is measured again by fio, and both stand in the report", "[block_device][fio]") {
    const tests::ScratchFolder folder;
    const std::string url = new_file(folder.path() + "/a");
    results::write_whole_file(folder.path() + "/a.json",
                              R"({"$schema": "arraybench/array/v1", "name": "a",
            "real": {"urls": [")" +
                                  url + R"("]}})");
    const auto plan = [&](const std::string& point, const std::string& workload) {
        results::write_whole_file(
            folder.path() + "/plan.json",
            R"({"$schema": "arraybench/plan/1", "type": "compare", "seed": 1,
            "arrays": [{"file": "a.json"}], "workloads": [{"file": ")" +
                tests::source_dir() + "/profiles/workloads/" + workload +
                R"(.json"}], "load_points": ["depth 4"], "rounds": 1, "working_set": "16MiB",
            "ramp": "0s", "duration": "100ms", "interval": "50ms", "verify": "sample",
            "cross_check": {"tool": "fio", "load_point": ")" +
                point + R"(", "duration": "1s"}})");
        return folder.path() + "/plan.json";
    };
    CHECK_THAT(run({"plan", plan("depth 5", "random-read-4k")}, folder.path()).err,
               Contains("/cross_check/load_point"));
    CHECK_THAT(run({"plan", plan("depth 4", "random-write-4k")}, folder.path()).err,
               Contains("fio would write over what is to be verified"));
    const std::string file = plan("depth 4", "random-read-4k");
    const Ended ended = run({"run", file, "--out", folder.path() + "/run"}, folder.path());
    INFO(ended.err);
    CHECK((ended.code == 0 || ended.code == 7));
    const std::string result = results::read_whole_file(folder.path() + "/run/result.json");
    CHECK_THAT(result, Contains("\"cross_checks\""));
    const std::string report = results::read_whole_file(folder.path() + "/run/report.md");
    CHECK_THAT(report, Contains("## Cross-check: a, "));
    CHECK(run({"verify", folder.path() + "/run"}, folder.path()).code == 0);
    if (std::system("fio --version > /dev/null 2>&1") != 0) {
        WARN("LEFT OUT: fio is not installed, so only its absence was tested");
        CHECK_THAT(report, Contains("fio cannot be started"));
        return;
    }
    CHECK_THAT(report, Contains("fio-3."));
    CHECK_THAT(report, Contains("read P99"));
    CHECK_THAT(report, Contains("service time"));
    const std::string page = results::read_whole_file(folder.path() + "/run/report.html");
    for (const char* words : {"measured again by <bdi>fio-3.",
                              "Difference from this bench",
                              "Why the two may differ"}) {
        CHECK_THAT(page, Contains(words)); // Both, how they differ, and why they may.
    }
    for (const std::string& shown : {report, page}) {
        CHECK_THAT(shown, Contains("Service time, not response"));
        CHECK_THAT(shown,
                   Contains("1 valid round of the point") ||
                       Contains("no valid round of the point"));
    }
    CHECK_THAT(result, Contains("\"reasons\""));
}

TEST_CASE("a file that a mistyped device name left behind is no device", "[block_device]") {
    const std::string path = "/dev/arraybench-stray-" + std::to_string(::getpid());
    if (std::ofstream(path).fail()) {
        WARN("LEFT OUT: no right to make a file in /dev");
        return;
    }
    fs::resize_file(path, 1U << 20U);
    const tests::ScratchFolder folder;
    for (const std::string& url : {path, "file:" + path}) {
        const Ended ended = run({"probe", url}, folder.path());
        CHECK(ended.code == 2);
        CHECK_THAT(ended.err, Contains("wanted a block device"));
    }
    fs::remove(path);
}
