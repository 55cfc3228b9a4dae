// SPDX-License-Identifier: Apache-2.0
// One run a LUN on this host, whoever the runs belong to and however they end.
#include "bench/campaign/lun_lease.h"
#include "drivers/api/errors.h"
#include "tests/fakes/scratch_folder.h"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <thread>
#include <vector>

namespace fs = std::filesystem;
using bench::campaign::LunLease;
using Catch::Contains;
using tests::ScratchFolder;

namespace {

// Leases in a folder of the test's own.
struct OwnLeases {
    OwnLeases()
        : before(std::getenv("ARRAYBENCH_LEASES")) {
        ::setenv("ARRAYBENCH_LEASES", (folder.path() + "/leases").c_str(), 1);
    }
    ~OwnLeases() { ::setenv("ARRAYBENCH_LEASES", before.c_str(), 1); }
    OwnLeases(const OwnLeases&) = delete;
    OwnLeases& operator=(const OwnLeases&) = delete;

    std::string path() const { return folder.path() + "/leases"; }
    ScratchFolder folder;
    std::string before;
};

drivers::LunMark lun(const std::string& unique_id, const std::string& serial = "S-1") {
    drivers::LunMark out;
    out.unique_id = unique_id;
    out.serial = serial;
    return out;
}

// A process of its own, that has done `first` when this returns.
class Other {
public:
    explicit Other(const std::function<void()>& first) {
        std::array<int, 2> pipe{};
        REQUIRE(::pipe(pipe.data()) == 0);
        process_ = ::fork();
        if (process_ == 0) {
            char said = 'y';
            try {
                first();
            } catch (const drivers::SafetyError&) {
                said = 's';
            } catch (const std::exception&) {
                said = 'x';
            }
            (void)!::write(pipe[1], &said, 1);
            for (;;) {
                ::pause();
            }
        }
        ::close(pipe[1]);
        REQUIRE(::read(pipe[0], &said_, 1) == 1);
        ::close(pipe[0]);
    }
    ~Other() { end(); }
    Other(const Other&) = delete;
    Other& operator=(const Other&) = delete;

    void end() {
        if (process_ > 0) {
            ::kill(process_, SIGKILL);
            ::waitpid(process_, nullptr, 0);
            process_ = -1;
        }
    }
    char said() const { return said_; } // y: done, s: refused for safety, x: something else.
    pid_t process() const { return process_; }

private:
    pid_t process_ = -1;
    char said_ = 0;
};

} // namespace

TEST_CASE("a LUN is held once, by whatever way of writing its name", "[lease]") {
    const OwnLeases leases;
    std::optional<LunLease> first(std::in_place, lun("naa.6001-40A1"), "one");
    CHECK_THROWS_AS(LunLease(lun("600140a1"), "two"), drivers::SafetyError);
    CHECK_THROWS_WITH(LunLease(lun("600140a1"), "two"),
                      Contains("held by another run: process " + std::to_string(::getpid())));
    CHECK_NOTHROW(LunLease(lun("600140a1"), "one")); // A part of the same run.
    CHECK_NOTHROW(LunLease(lun("600140a2"), "two"));
    CHECK_NOTHROW(LunLease(lun("", "600140a1"), "two")); // A serial that reads like an id.
    CHECK_NOTHROW(LunLease(lun("", ""), "two"));         // Says nothing: known by nothing.
    first.reset();
    CHECK_NOTHROW(LunLease(lun("600140a1"), "two"));
}

TEST_CASE("a part of a run is held once, whoever shares the LUN", "[lease]") {
    const OwnLeases leases;
    const LunLease whole(lun("600140a1"), "run");
    CHECK_NOTHROW(LunLease(lun("600140a1"), "run")); // As every part of it.
    std::optional<LunLease> first(std::in_place, lun("600140a1"), "one", "1-of-2");
    CHECK_NOTHROW(LunLease(lun("600140a1"), "two", "2-of-2"));
    CHECK_NOTHROW(LunLease(lun("600140a2"), "two", "1-of-2"));
    CHECK_THROWS_AS(LunLease(lun("naa.600140A1"), "two", "1-of-2"), drivers::SafetyError);
    CHECK_THROWS_WITH(LunLease(lun("600140a1"), "two", "1-of-2"),
                      Contains("part 1-of-2 of ") && Contains("held by another run"));
    first.reset();
    CHECK_NOTHROW(LunLease(lun("600140a1"), "two", "1-of-2"));
}

TEST_CASE("a LUN that parts of a run share is held until the last of them has ended", "[lease]") {
    const OwnLeases leases;
    std::optional<LunLease> first(std::in_place, lun("600140a1"), "run");
    std::optional<LunLease> second(std::in_place, lun("600140a1"), "run");
    first.reset();
    CHECK_THROWS_AS(LunLease(lun("600140a1"), "foreign"), drivers::SafetyError);
    std::optional<LunLease> third(std::in_place, lun("600140a1"), "run"); // A part that comes late.
    second.reset();
    CHECK_THROWS_AS(LunLease(lun("600140a1"), "foreign"), drivers::SafetyError);
    third.reset();
    const LunLease foreign(lun("600140a1"), "foreign");
    CHECK_THROWS_AS(LunLease(lun("600140a1"), "run"), drivers::SafetyError);
}

TEST_CASE("a part that was killed takes nothing away from its companions", "[lease]") {
    const OwnLeases leases;
    std::optional<LunLease> held;
    Other first([&] { held.emplace(lun("a1"), "run"); });
    Other second([&] { held.emplace(lun("a1"), "run"); });
    REQUIRE(first.said() == 'y');
    REQUIRE(second.said() == 'y');
    first.end();
    CHECK_THROWS_WITH(LunLease(lun("a1"), "foreign"),
                      Contains("process " + std::to_string(second.process())));
    second.end();
    CHECK_NOTHROW(LunLease(lun("a1"), "foreign"));
}

TEST_CASE("two runs that come and go never hold a LUN at once", "[lease]") {
    const OwnLeases leases;
    std::array<std::atomic<int>, 2> holders{};
    std::atomic<int> together = 0;
    std::atomic<int> taken = 0;
    std::vector<std::thread> parts;
    for (std::size_t part = 0; part < 4; ++part) {
        parts.emplace_back([&, run = part % 2] {
            for (int turn = 0; turn < 50; ++turn) {
                try {
                    const LunLease held(lun("a1"), run == 0 ? "one" : "two");
                    ++holders[run];
                    together += holders[1 - run] > 0 ? 1 : 0;
                    ++taken;
                    std::this_thread::yield();
                    together += holders[1 - run] > 0 ? 1 : 0;
                    --holders[run];
                } catch (const drivers::SafetyError&) { // The other run's turn.
                }
            }
        });
    }
    for (std::thread& one : parts) {
        one.join();
    }
    CHECK(together == 0);
    CHECK(taken > 0);
}

TEST_CASE("a holder that was killed holds nothing any more", "[lease]") {
    const OwnLeases leases;
    std::optional<LunLease> held;
    Other other([&] { held.emplace(lun("a1"), "other"); });
    REQUIRE(other.said() == 'y');
    CHECK_THROWS_WITH(LunLease(lun("a1"), "own"),
                      Contains("process " + std::to_string(other.process())));
    other.end();
    CHECK_NOTHROW(LunLease(lun("a1"), "own"));
}

TEST_CASE("root and others see each other's leases, whatever their umask", "[lease]") {
    if (::geteuid() != 0) {
        WARN("LEFT OUT: not root, so nobody else can be played");
        return;
    }
    const OwnLeases leases;
    ::chmod(leases.folder.path().c_str(), 0777);
    constexpr uid_t nobody = 65534;
    const auto as_nobody = [](const std::function<void()>& act) {
        ::umask(077);
        if (::setgid(nobody) != 0 || ::setuid(nobody) != 0) {
            throw std::runtime_error("cannot become nobody");
        }
        act();
    };
    std::optional<LunLease> theirs;
    {
        Other first([&] { as_nobody([&] { theirs.emplace(lun("a1"), "other"); }); });
        REQUIRE(first.said() == 'y');
        CHECK_THROWS_AS(LunLease(lun("a1"), "own"), drivers::SafetyError);
    }
    const mode_t before = ::umask(077);
    std::optional<LunLease> own(std::in_place, lun("a1"), "own"); // In a file of nobody's.
    std::optional<LunLease> new_one(std::in_place, lun("a2"), "own");
    ::umask(before);
    for (const char* name : {"a1", "a2"}) {
        INFO(name);
        const Other second([&] { as_nobody([&] { theirs.emplace(lun(name), "other"); }); });
        CHECK(second.said() == 's');
    }
    own.reset();
    new_one.reset();
    for (const char* name : {"a1", "a2"}) {
        INFO(name);
        const Other third([&] { as_nobody([&] { theirs.emplace(lun(name), "other"); }); });
        CHECK(third.said() == 'y');
    }
}

TEST_CASE("links in place of a lease are not followed, and nothing behind them is touched",
          "[lease]") {
    const OwnLeases leases;
    const std::string target = leases.folder.path() + "/somebody's";
    std::ofstream(target) << "precious";
    const auto is_whole = [&] {
        std::ifstream in(target);
        return std::string(std::istreambuf_iterator<char>(in), {}) == "precious";
    };
    { const LunLease makes_the_folder(lun("b0"), "one"); }
    fs::create_symlink(target, leases.path() + "/lun-a1");
    CHECK_THROWS_AS(LunLease(lun("a1"), "one"), drivers::HostError);
    fs::create_hard_link(target, leases.path() + "/lun-a2");
    CHECK_THROWS_AS(LunLease(lun("a2"), "one"), drivers::HostError);
    fs::create_directory(leases.path() + "/lun-a3");
    CHECK_THROWS_AS(LunLease(lun("a3"), "one"), drivers::HostError);
    REQUIRE(::mkfifo((leases.path() + "/lun-a4").c_str(), 0666) == 0);
    CHECK_THROWS_AS(LunLease(lun("a4"), "one"), drivers::HostError);
    CHECK(is_whole());

    const std::string elsewhere = leases.folder.path() + "/elsewhere";
    fs::create_directory(elsewhere);
    fs::remove_all(leases.path());
    fs::create_symlink(elsewhere, leases.path());
    CHECK_THROWS_AS(LunLease(lun("a1"), "one"), drivers::HostError);
    CHECK(fs::is_empty(elsewhere));
}

TEST_CASE("what an array says of itself cannot name a file elsewhere", "[lease]") {
    const OwnLeases leases;
    const LunLease odd(lun("", "../../etc/passwd\n"), "one");
    const LunLease other(lun("", std::string(5000, 'x')), "one");
    std::size_t files = 0;
    for (const auto& entry : fs::recursive_directory_iterator(leases.folder.path())) {
        files += entry.is_regular_file() ? 1U : 0U;
        CHECK(entry.path().string().starts_with(leases.path()));
    }
    CHECK(files == 2);
    CHECK_THROWS_AS(LunLease(lun("", "../../ETC/passwd\n"), "two"), drivers::SafetyError);
}

TEST_CASE("leases are where every user of this host may have one", "[lease]") {
    const std::string before = std::getenv("ARRAYBENCH_LEASES");
    ::unsetenv("ARRAYBENCH_LEASES");
    const std::string folder = bench::campaign::lease_folder();
    ::setenv("ARRAYBENCH_LEASES", before.c_str(), 1);
    struct stat found {};
    REQUIRE(::stat(fs::path(folder).parent_path().c_str(), &found) == 0);
    CHECK((found.st_mode & 01777U) == 01777U);
}
