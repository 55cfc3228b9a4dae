// SPDX-License-Identifier: Apache-2.0
// What the program does when it cannot go on: message, exit code, and nothing lost.
#include "results/journal_file.h"
#include "results/run_record_file.h"
#include "results/whole_file.h"
#include "tests/fakes/program_run.h"
#include "tests/fakes/scratch_folder.h"

#include <catch2/catch.hpp>

#include <sys/mount.h>

#include <algorithm>
#include <filesystem>

namespace fs = std::filesystem;
using tests::ProgramRun;

namespace {

// One array of the given file, read-only or not.
std::string write_plan(const std::string& folder,
                       const std::string& array,
                       const std::string& workload,
                       const std::string& more) {
    const std::string path = folder + "/plan.json";
    results::write_whole_file(
        path,
        R"({"$schema": "arraybench/plan/1", "type": "compare", "arrays": [{"name": "a", "file": ")" +
            array + R"("}], "workloads": [{"file": ")" + tests::source_dir() +
            "/profiles/workloads/" + workload +
            R"(.json"}], "load_points": ["depth 4"], "rounds": 3, "working_set": "8MiB",
            "ramp": "0s", "interval": "50ms", "verify": "none", "duration": "100ms")" +
            more + "}");
    return path;
}

std::string write_real(const std::string& folder, const std::string& url) {
    const std::string path = folder + "/real.json";
    results::write_whole_file(path,
                              R"({"$schema": "arraybench/array/v1", "name": "real",
        "real": {"urls": [")" + url +
                                  R"("]}})");
    return path;
}

struct Ended {
    int code = 0;
    std::string out;
    std::string err;
};

Ended run(const std::vector<std::string>& arguments, const std::string& folder) {
    ProgramRun program(arguments, folder);
    Ended out;
    out.code = program.wait();
    out.out = program.out();
    out.err = program.err();
    return out;
}

bool holds(const std::string& text, const std::string& part) {
    INFO(text);
    return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("a bad plan ends with exit code 2 before anything is made", "[campaign]") {
    const tests::ScratchFolder folder;
    const std::string plain = tests::source_dir() + "/profiles/arrays/plain.json";
    const std::string plan = write_plan(folder.path(), plain, "random-read-4k", R"(, "ronds": 3)");
    const Ended ended = run({"run", plan, "--out", folder.path() + "/run"}, folder.path());
    CHECK(ended.code == 2);
    CHECK(holds(ended.err, "/ronds: unknown key"));
    CHECK_FALSE(fs::exists(folder.path() + "/run"));
    CHECK(run({"run"}, folder.path()).code == 2);
    CHECK(run({"run", "--resume", folder.path()}, folder.path()).code == 2);
    CHECK(run({"verify", folder.path()}, folder.path()).code == 2);
    CHECK(run({"compare", folder.path()}, folder.path()).code == 2);
}

TEST_CASE("an array that cannot be reached ends with exit code 3 and a journal", "[campaign]") {
    const tests::ScratchFolder folder;
    // Port 1 of this host: nobody listens there.
    const std::string real =
        write_real(folder.path(), "iscsi://127.0.0.1:1/iqn.2026-01.org.example:none/0");
    const std::string plan = write_plan(folder.path(), real, "random-read-4k", "");
    const Ended ended = run({"run", plan, "--out", folder.path() + "/run"}, folder.path());
    CHECK(ended.code == 3);
    CHECK(holds(ended.err, "127.0.0.1:1"));
    const auto journal = results::read_journal(folder.path() + "/run/events.ndjson");
    const auto ends = std::count_if(journal.entries.begin(),
                                    journal.entries.end(),
                                    [](const auto& entry) { return entry.kind == "run ended"; });
    CHECK(ends == 1); // Its clock may have ticked once more.
    const Ended verified = run({"verify", folder.path() + "/run"}, folder.path());
    CHECK(verified.code == 6);
    CHECK(holds(verified.out, "verified, but unfinished: 0 "));
}

TEST_CASE("writing to what nobody named is refused with exit code 4", "[campaign]") {
    const tests::ScratchFolder folder;
    const std::string real = write_real(folder.path(), "memory:size=64MiB,serial=X-1");
    std::string plan = write_plan(folder.path(), real, "random-write-4k", "");
    Ended ended = run({"run", plan, "--out", folder.path() + "/r1"}, folder.path());
    CHECK(ended.code == 4);
    CHECK(holds(ended.err, "names no \"identity\""));
    results::write_whole_file(real, R"({"$schema": "arraybench/array/v1", "name": "real",
        "real": {"urls": ["memory:size=64MiB,serial=X-1"], "unique_id": "X-1"}})");
    ended = run({"run", plan, "--out", folder.path() + "/r2"}, folder.path());
    CHECK(ended.code == 4);
    CHECK(holds(ended.err, "--destroy X-1"));
    ended = run({"run", plan, "--out", folder.path() + "/r3", "--destroy", "X-2"}, folder.path());
    CHECK(ended.code == 4);
    ended = run({"run", plan, "--out", folder.path() + "/r4", "--destroy", "X-1"}, folder.path());
    INFO(ended.err);
    CHECK(ended.code == 0);
    // Reading needs nobody's word.
    plan = write_plan(folder.path(), real, "random-read-4k", "");
    CHECK(run({"run", plan, "--out", folder.path() + "/r5"}, folder.path()).code == 0);
}

TEST_CASE("a folder that cannot be made or is not new is refused", "[campaign]") {
    const tests::ScratchFolder folder;
    const std::string plain = tests::source_dir() + "/profiles/arrays/plain.json";
    const std::string plan = write_plan(folder.path(), plain, "random-read-4k", "");
    CHECK(run({"run", plan, "--out", "/proc/nowhere/run"}, folder.path()).code == 5);
    CHECK(run({"run", plan, "--out", folder.path()}, folder.path()).code == 2);
}

TEST_CASE("a full disk ends with exit code 5, and the finished rounds stay", "[campaign]") {
    const tests::ScratchFolder folder;
    const std::string disk = folder.path() + "/disk";
    fs::create_directory(disk);
    if (::mount("none", disk.c_str(), "tmpfs", 0, "size=400k") != 0) {
        WARN("LEFT OUT: not root, so no small disk to fill");
        return;
    }
    const std::string real = write_real(folder.path(), "memory:size=64MiB");
    const std::string plan = write_plan(folder.path(), real, "random-read-4k", "");
    results::write_whole_file(disk + "/ballast", std::string(350U << 10U, 'x'));
    const Ended ended = run({"run", plan, "--out", disk + "/run"}, folder.path());
    CHECK(ended.code == 5);
    CHECK(holds(ended.err, "No space left on device"));
    fs::remove(disk + "/ballast");
    const auto rounds = results::read_rounds(disk + "/run"); // Whole or not there.
    const Ended again = run({"run", "--resume", disk + "/run"}, folder.path());
    INFO(again.err);
    CHECK(rounds.size() <= 3);
    CHECK((again.code == 0 || again.code == 5 || again.code == 7));
    ::umount2(disk.c_str(), MNT_DETACH);
}

TEST_CASE("help shows an example for every command of a run", "[campaign]") {
    const tests::ScratchFolder folder;
    for (const char* command : {"run", "plan", "verify", "compare"}) {
        const Ended ended = run({command, "--help"}, folder.path());
        CHECK(ended.code == 0);
        CHECK(holds(ended.out, std::string("  arraybench ") + command));
    }
}
