// SPDX-License-Identifier: Apache-2.0
// Files below a folder that was in other hands: nothing is written or read through a link, nothing
// is waited for, and a killed writer's leftovers are in nobody's way.
#include "results/folder_files.h"
#include "results/journal_file.h"
#include "results/manifest.h"
#include "results/part_file.h"
#include "results/plain_name.h"
#include "results/record_error.h"
#include "results/whole_file.h"
#include "tests/fakes/scratch_folder.h"

#include <catch2/catch.hpp>

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>

using namespace results;
using Catch::Contains;
namespace fs = std::filesystem;

namespace {

void spit(const std::string& path, const std::string& text) {
    std::ofstream(path, std::ios::binary) << text;
}

std::string complaint(const std::function<void()>& act) {
    try {
        act();
    } catch (const RecordError& error) {
        return std::string("record: ") + error.what();
    } catch (const WriteError& error) {
        return std::string("write: ") + error.what();
    }
    return "";
}

std::size_t files_in(const std::string& folder) {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

constexpr const char* link_words = "symbolic link";

// A run's folder, and beside it what somebody wants to have overwritten or read.
struct Handed {
    tests::ScratchFolder scratch;
    std::string run = scratch.path() + "/run";
    std::string victim = scratch.path() + "/victim";
    std::string elsewhere = scratch.path() + "/elsewhere";

    Handed() {
        fs::create_directories(run + "/rounds");
        fs::create_directories(elsewhere);
        spit(victim, "precious");
    }
    bool is_untouched() const {
        return read_whole_file(victim) == "precious" && files_in(elsewhere) == 0;
    }
};

} // namespace

TEST_CASE("a file is written through no link at its place or at its part's", "[files]") {
    const Handed handed;
    const std::string out = handed.run + "/out.html";
    fs::create_symlink(handed.victim, out + ".part");
    fs::create_symlink(handed.victim, handed.run + "/host.json");
    fs::create_symlink(handed.run + "/nowhere", handed.run + "/dangling.json");
    write_whole_file(out, "report");
    write_file_in(handed.run, "host.json", "{}");
    write_file_in(handed.run, "dangling.json", "{}");
    CHECK(handed.is_untouched());
    for (const char* name : {"/out.html", "/host.json", "/dangling.json"}) {
        CHECK(fs::is_regular_file(fs::symlink_status(handed.run + name)));
    }
    CHECK(read_whole_file(out) == "report");
    CHECK_FALSE(fs::exists(handed.run + "/nowhere"));
    CHECK(files_in(handed.run) == 5); // No part of it is left, and the planted link is nobody's.
}

TEST_CASE("folders behind a link are written and read by nobody", "[files]") {
    const Handed handed;
    fs::create_directory_symlink(handed.elsewhere, handed.run + "/egress");
    fs::remove(handed.run + "/rounds");
    fs::create_directory_symlink(handed.elsewhere, handed.run + "/rounds");
    spit(handed.scratch.path() + "/outside.json", "{}");
    fs::create_symlink(handed.victim, handed.run + "/plan.json");
    CHECK_THAT(complaint([&] { write_file_in(handed.run, "egress/a/report.json", "x"); }),
               Contains("write: ") && Contains("egress/a/report.json") && Contains(link_words));
    CHECK_THAT(complaint([&] { write_file_in(handed.run, "rounds/000-a.json", "x"); }),
               Contains(link_words));
    CHECK_THAT(complaint([&] { make_folder_in(handed.run, "egress/a"); }), Contains(link_words));
    CHECK_THAT(complaint([&] { make_folder_in(handed.run, "egress"); }),
               Contains("something else is in its place"));
    CHECK_THAT(complaint([&] { remove_file_in(handed.run, "rounds/x"); }), Contains(link_words));
    CHECK_THAT(complaint([&] { (void)read_file_in(handed.run, "plan.json"); }),
               Contains("record: ") && Contains(link_words));
    CHECK_THAT(complaint([&] { (void)sha256_of_file_in(handed.run, "plan.json"); }),
               Contains(link_words));
    CHECK_THAT(complaint([&] { (void)entries_of_folder_in(handed.run, "rounds"); }),
               Contains("rounds: cannot be read"));
    CHECK(handed.is_untouched());

    fs::create_directory_symlink(handed.run, handed.scratch.path() + "/by-another-name");
    write_file_in(handed.scratch.path() + "/by-another-name", "host.json", "{}"); // The user's own.
    CHECK(read_whole_file(handed.run + "/host.json") == "{}");
}

TEST_CASE("what is no regular file is an error at once", "[files]") {
    const Handed handed;
    REQUIRE(::mkfifo((handed.run + "/pipe").c_str(), 0600) == 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = handed.run + "/socket";
    REQUIRE(path.size() < sizeof address.sun_path);
    std::copy(path.begin(), path.end(), std::begin(address.sun_path));
    const Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(::bind(socket.number(),
                   reinterpret_cast<const sockaddr*>(&address), // NOLINT: as bind(2) wants it.
                   sizeof address) == 0);
    fs::create_symlink("/dev/zero", handed.run + "/zero");
    for (const char* name : {"pipe", "socket", "zero", "rounds", "missing"}) {
        INFO(name);
        CHECK_THAT(complaint([&] { (void)read_file_in(handed.run, name); }),
                   Contains("record: ") && Contains(name));
        CHECK_THAT(complaint([&] { (void)sha256_of_file_in(handed.run, name); }), Contains(name));
    }
    CHECK_THAT(complaint([&] { (void)read_whole_file("/dev/zero"); }),
               Contains("/dev/zero: not a"));
    CHECK_THAT(complaint([&] { (void)read_whole_file(handed.run + "/pipe"); }), Contains("pipe"));
    CHECK_THAT(complaint([&] { (void)read_whole_file(""); }), Contains("an empty name"));
    CHECK_FALSE(is_being_written(handed.run + "/pipe"));
    CHECK_THAT(complaint([&] { const JournalWriter writer(handed.run + "/pipe"); }),
               Contains("not a regular file"));
}

TEST_CASE("a name leads out of its folder in no way", "[files]") {
    const Handed handed;
    for (const char* name : {"",
                             "/",
                             ".",
                             "..",
                             "../victim",
                             "rounds/../../victim",
                             "/etc/passwd",
                             "rounds/",
                             "rounds//x",
                             "./victim"}) {
        INFO(name);
        CHECK_FALSE(complaint([&] { (void)read_file_in(handed.run, name); }).empty());
        CHECK_FALSE(complaint([&] { write_file_in(handed.run, name, "x"); }).empty());
        CHECK_FALSE(complaint([&] { make_folder_in(handed.run, name); }).empty());
        CHECK_FALSE(is_there_in(handed.run, name));
    }
    CHECK(handed.is_untouched());
    CHECK(files_in(handed.run + "/rounds") == 0);
}

TEST_CASE("a large file is hashed in pieces", "[files]") {
    constexpr off_t size = off_t{300} << 20U;
    const Handed handed;
    spit(handed.run + "/sparse", "");
    REQUIRE(::truncate((handed.run + "/sparse").c_str(), size) == 0);
    rusage before{};
    rusage after{};
    ::getrusage(RUSAGE_SELF, &before);
    CHECK(sha256_of_file_in(handed.run, "sparse") ==
          "17a88af83717f68b8bd97873ffcf022c8aed703416fe9b08e0fa9e3287692bf0");
    ::getrusage(RUSAGE_SELF, &after);
    CHECK(after.ru_maxrss - before.ru_maxrss < 64 * 1024); // KiB
    CHECK_THAT(complaint([&] { (void)read_file_in(handed.run, "sparse"); }),
               Contains("wanted at most"));
}

TEST_CASE("what a killed writer left is in nobody's way", "[files]") {
    const Handed handed;
    write_file_in(handed.run, "result.json", "{}");
    write_manifest(handed.run);
    spit(handed.run + "/report.html.0123456789abcdef.part", "hal");
    spit(handed.run + "/rounds/000-a.json.fedcba9876543210.part", "{");
    CHECK(manifest_problems(handed.run).empty());
    write_manifest(handed.run);
    CHECK_THAT(read_file_in(handed.run, "SHA256SUMS"), !Contains(".part"));
    fs::create_symlink(handed.victim, handed.run + "/expectation-a.bin.part");
    REQUIRE(manifest_problems(handed.run).size() == 1); // Only of a writer's own kind.
    remove_parts(handed.run);
    CHECK(manifest_problems(handed.run).empty());
    CHECK(files_in(handed.run) == 3);
    CHECK(files_in(handed.run + "/rounds") == 0);
    CHECK(handed.is_untouched());
    CHECK(is_part_name("a.part"));
    CHECK_FALSE(is_part_name(".part"));
    CHECK_FALSE(is_part_name("rounds/.part"));
    CHECK_FALSE(is_part_name("part"));
}

TEST_CASE("what is not kept of a file in the making is gone, and what stood there stands",
          "[files]") {
    const Handed handed;
    write_file_in(handed.run, "a", "old");
    {
        PartFile file(handed.run, "a");
        const std::string large(1U << 20U, 'x');
        file.put(large.data(), large.size());
        CHECK(files_in(handed.run) == 3);
    }
    CHECK(read_file_in(handed.run, "a") == "old");
    CHECK(files_in(handed.run) == 2);
    PartFile one(handed.run, "a"); // Two at once do not know of each other.
    PartFile other(handed.run, "a");
    one.put("1", 1);
    other.put("2", 1);
    one.keep();
    other.keep();
    CHECK(read_file_in(handed.run, "a") == "2");
}

TEST_CASE("a manifest tells of links, pipes and what it does not list", "[files]") {
    const Handed handed;
    write_file_in(handed.run, "result.json", "{}");
    write_manifest(handed.run);
    fs::create_directory_symlink("/etc", handed.run + "/etc");
    fs::create_directory_symlink("/etc", handed.run + "/rounds/extra");
    REQUIRE(::mkfifo((handed.run + "/rounds/pipe.json").c_str(), 0600) == 0);
    fs::remove(handed.run + "/result.json");
    fs::create_symlink(handed.victim, handed.run + "/result.json");
    std::string all;
    for (const std::string& one : manifest_problems(handed.run)) {
        all += one + "\n";
    }
    CHECK_THAT(all, Contains("etc: a symbolic link, not listed"));
    CHECK_THAT(all, Contains("rounds/extra: a symbolic link, not listed"));
    CHECK_THAT(all, Contains("rounds/pipe.json: not a regular file, not listed"));
    CHECK_THAT(all, Contains("result.json: a symbolic link, where a file was"));
    CHECK(std::count(all.begin(), all.end(), '\n') == 4); // Nothing of what lies behind them.
}

TEST_CASE("a journal is gone on with only where it is a run's own file", "[files]") {
    const Handed handed;
    const std::string path = handed.run + "/events.ndjson";
    spit(handed.victim, "no newline at its end");
    fs::create_symlink(handed.victim, path);
    CHECK_THAT(complaint([&] { const JournalWriter writer(path); }), Contains(link_words));
    CHECK_THAT(complaint([&] { (void)read_journal(path); }), Contains(link_words));
    fs::remove(path);
    fs::create_hard_link(handed.victim, path);
    CHECK_THAT(complaint([&] { const JournalWriter writer(path); }), Contains("another name"));
    CHECK(read_whole_file(handed.victim) == "no newline at its end");
    fs::remove(path);
    {
        JournalWriter writer(path);
        writer.append("run started", {}, {});
    }
    CHECK(JournalWriter(path).found().size() == 1);
}

TEST_CASE("a plan and what it took in are regular files, or nothing of it is read", "[files]") {
    const Handed handed;
    CHECK_THAT(complaint([&] { check_inputs_in(handed.run); }), Contains("plan.json"));
    write_file_in(handed.run, "plan.json", "{}");
    CHECK(complaint([&] { check_inputs_in(handed.run); }).empty());
    fs::create_directory(handed.run + "/inputs");
    REQUIRE(::mkfifo((handed.run + "/inputs/array-a.json").c_str(), 0600) == 0);
    CHECK_THAT(complaint([&] { check_inputs_in(handed.run); }),
               Contains("array-a.json: not a regular file"));
    fs::remove_all(handed.run + "/inputs");
    fs::create_directory_symlink(handed.elsewhere, handed.run + "/inputs");
    CHECK_THAT(complaint([&] { check_inputs_in(handed.run); }), Contains("inputs: not a folder"));
}

TEST_CASE("a name is plain or it is none", "[files]") {
    CHECK(is_plain_name("oceanstor-6800_v5.b"));
    CHECK(is_plain_name(std::string(64, 'a')));
    for (const std::string& bad : {std::string(),
                                   std::string("."),
                                   std::string("..a"),
                                   std::string("a/b"),
                                   std::string("a b"),
                                   std::string("a\nb"),
                                   std::string("a\0b", 3),
                                   std::string(65, 'a'),
                                   std::string("\xC3\xA4")}) {
        CHECK_FALSE(is_plain_name(bad));
    }
    CHECK(is_label("national, scaled 1:40 \xC3\xA4 <b>"));
    CHECK(is_label(""));
    for (const std::string& bad : {std::string("a\x1b[2J"),
                                   std::string("a\nb"),
                                   std::string("\x7F"),
                                   std::string("\xC2\x9B"), // CSI in one sign.
                                   std::string(513, 'a')}) {
        CHECK_FALSE(is_label(bad));
    }
}
