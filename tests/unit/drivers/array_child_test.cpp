// SPDX-License-Identifier: Apache-2.0
#include "drivers/api/errors.h"
#include "drivers/array/child.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/paths.h"

#include <catch2/catch.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>

using Catch::Matchers::Contains;
using drivers::array::ChildSettings;
using drivers::array::EmulatedArray;
using drivers::array::Fault;
using namespace std::chrono_literals;

namespace {

const char* const small_array = R"({"$schema": "arraybench/array/v1", "name": "small",
    "identity": {"vendor": "ARRBENCH", "product": "SMALL", "revision": "1", "serial": "S1"},
    "emulated": {"controllers": 2,
        "volumes": [{"name": "v", "size": "16MiB", "serial": "S1",
                     "unique_id": "62f0a1b2c3d4e5f60000000000000001"}],
        "portals": [{"transport": "nvme_tcp", "controller": 0, "name": "nqn.2026-01.org.x:small"},
                    {"transport": "nvme_tcp", "controller": 1, "name": "nqn.2026-01.org.x:small",
                     "group_tag": 2}]}})";

std::string
written(const tests::ScratchFolder& folder, const std::string& name, const std::string& text) {
    std::ofstream(folder.path() + "/" + name) << text;
    return folder.path() + "/" + name;
}

ChildSettings settings_for(const std::string& file) {
    ChildSettings out;
    out.program = tests::arraybench_program();
    out.file = file;
    return out;
}

bool is_running(int process_id) { // A zombie that nobody reaped runs no more.
    std::ifstream in("/proc/" + std::to_string(process_id) + "/stat");
    std::string stat;
    std::getline(in, stat);
    const std::size_t name_end = stat.rfind(')');
    return name_end != std::string::npos && stat.compare(name_end + 2, 1, "Z") != 0;
}

bool ends_within(int process_id, std::chrono::seconds limit) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (is_running(process_id)) {
        if (std::chrono::steady_clock::now() > deadline) {
            return false;
        }
        std::this_thread::sleep_for(5ms);
    }
    return true;
}

} // namespace

TEST_CASE("a child array says where it is, takes events, counts and stops", "[array][child]") {
    const tests::ScratchFolder folder;
    EmulatedArray array(settings_for(written(folder, "a.json", small_array)));
    const auto urls = array.portals();
    REQUIRE(urls.size() == 2);
    CHECK_THAT(urls[0], Contains("nvme+tcp://127.0.0.1:"));
    CHECK_THAT(urls[0], Contains("/nqn.2026-01.org.x:small/1"));
    CHECK(urls[0] != urls[1]);
    CHECK(array.identities() == std::vector<std::string>{"62f0a1b2c3d4e5f60000000000000001"});

    const auto before = std::chrono::steady_clock::now();
    const auto at = array.apply({"stall", R"({"controller": 0, "duration": "50ms"})"});
    CHECK(at >= before); // One clock for both processes.
    CHECK(at <= std::chrono::steady_clock::now());
    CHECK(array.emulator_counts().done[static_cast<std::size_t>(Fault::stall)] == 1);
    CHECK(array.counts().commands == 0);

    CHECK_THROWS_AS(array.apply({"explode", ""}), drivers::UsageError);
    CHECK_THROWS_AS(array.apply({"stall", "{"}), drivers::UsageError);
    CHECK_THROWS_WITH(array.apply({"session_drop", R"({"controller": 7})"}),
                      Contains("no controller 7"));
    CHECK_THROWS_WITH(array.apply({"stall", R"({"dration": "1s"})"}), Contains("dration"));

    const int process_id = array.process_id();
    array.stop();
    CHECK_FALSE(array.alive());
    CHECK_FALSE(is_running(process_id));
    CHECK_THROWS_AS(array.counts(), drivers::ArrayError);
}

TEST_CASE("a child that cannot start is an error with its exit code", "[array][child]") {
    const tests::ScratchFolder folder;
    CHECK_THROWS_WITH(EmulatedArray(settings_for(written(folder, "a.json", "{}"))),
                      Contains("exit code 2"));
    ChildSettings settings = settings_for("a.json");
    settings.program = "/nonexistent/arraybench";
    CHECK_THROWS_AS(EmulatedArray(settings), drivers::ArrayError);
    settings.program = "/bin/cat"; // Something else altogether.
    CHECK_THROWS_AS(EmulatedArray(settings), drivers::ArrayError);
}

TEST_CASE("a child that is killed is noticed", "[array][child]") {
    const tests::ScratchFolder folder;
    EmulatedArray array(settings_for(written(folder, "a.json", small_array)));
    CHECK(array.alive());
    ::kill(array.process_id(), SIGKILL);
    CHECK_THROWS_WITH(array.apply({"recover", ""}), Contains("signal 9"));
    CHECK_FALSE(array.alive());
}

TEST_CASE("a child that is frozen is waited for no longer than stated, and ended",
          "[array][child]") {
    const tests::ScratchFolder folder;
    ChildSettings settings = settings_for(written(folder, "a.json", small_array));
    settings.answer_limit = 100ms;
    settings.stop_limit = 100ms;
    int process_id = 0;
    {
        EmulatedArray array(settings);
        process_id = array.process_id();
        ::kill(process_id, SIGSTOP);
        CHECK_THROWS_WITH(array.counts(), Contains("within 0.1 s"));
        CHECK(array.alive());
    }
    CHECK_FALSE(is_running(process_id));
}

TEST_CASE("a signal to every process of a job leaves an array to the one that started it",
          "[array][child]") {
    const tests::ScratchFolder folder;
    EmulatedArray array(settings_for(written(folder, "a.json", small_array)));
    for (const int number : {SIGTERM, SIGINT}) {
        ::kill(array.process_id(), number);
        CHECK(array.counts().commands == 0); // It still answers.
        CHECK(array.alive());
    }
}

TEST_CASE("an array does not outlive the process that started it", "[array][child]") {
    const bool frozen = GENERATE(false, true); // Frozen, it cannot notice; the kernel does.
    const tests::ScratchFolder folder;
    const std::string file = written(folder, "a.json", small_array);
    std::array<int, 2> ends{};
    REQUIRE(::pipe(ends.data()) == 0);
    const pid_t middle = ::fork();
    if (middle == 0) {
        const EmulatedArray array(settings_for(file));
        const int child = array.process_id();
        if (frozen) {
            ::kill(child, SIGSTOP);
        }
        const bool told = ::write(ends[1], &child, sizeof child) == sizeof child;
        ::kill(::getpid(), told ? SIGKILL : SIGTERM); // No destructor runs.
    }
    int child = 0;
    ::close(ends[1]);
    REQUIRE(::read(ends[0], &child, sizeof child) == sizeof child);
    ::close(ends[0]);
    int status = 0;
    REQUIRE(::waitpid(middle, &status, 0) == middle);
    CHECK(ends_within(child, 10s));
}
