// SPDX-License-Identifier: Apache-2.0
#include "drivers/api/errors.h"
#include "drivers/confine/capabilities.h"
#include "drivers/confine/confined_child.h"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <thread>

using namespace drivers;
using drivers::confine::in_confined_child;

namespace {

std::string outcome(const char* what, long result) {
    return std::string(what) + (result < 0 ? std::string(" ") + std::to_string(errno) : " done") +
           "\n";
}

std::string tries() {
    std::string out;
    out += outcome("read a file", ::open("/etc/passwd", O_RDONLY | O_CLOEXEC));
    out += outcome("make a file", ::open("/tmp/confined-child", O_WRONLY | O_CREAT, 0600));
    out += outcome("socket", ::socket(AF_INET, SOCK_STREAM, 0));
    out += outcome("unix socket", ::socket(AF_UNIX, SOCK_STREAM, 0));
    char* const nothing[] = {nullptr};
    out += outcome("program", ::execve("/bin/true", nothing, nothing));
    out += outcome("process", ::syscall(SYS_fork));
    out += outcome("signal", ::kill(::getppid(), 0));
    out += outcome("look at another", ::ptrace(PTRACE_ATTACH, ::getppid(), nullptr, nullptr));
    out += outcome("unlink", ::unlink("/tmp/confined-child"));
    void* memory = ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    out += outcome("code", memory == MAP_FAILED ? -1 : 0);
    return out;
}

} // namespace

TEST_CASE("a child that reads foreign bytes can open no file, socket or program", "[confine]") {
    const auto answer = in_confined_child(&tries);
    if (!answer.is_confined) {
        WARN("LEFT OUT: this kernel has no seccomp filters");
        return;
    }
    CHECK(answer.bytes == "read a file 1\nmake a file 1\nsocket 1\nunix socket 1\nprogram 1\n"
                          "process 1\nsignal 1\nlook at another 1\nunlink 1\ncode 1\n");
    CHECK(::open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0); // This process still can.
}

TEST_CASE("a confined child computes, reads what is open, and starts threads", "[confine]") {
    std::array<int, 2> ends{};
    REQUIRE(::pipe(ends.data()) == 0);
    REQUIRE(::write(ends[1], "said before", 11) == 11);
    const auto answer = in_confined_child([&] {
        std::string out(11, '\0');
        out.resize(static_cast<std::size_t>(::read(ends[0], out.data(), out.size())));
        std::vector<std::string> large(1000, std::string(10'000, 'x'));
        std::thread([&] { out += ", " + std::to_string(large.size()); }).join();
        return out + "; " + confine::privileges_held();
    });
    CHECK(answer.bytes == "said before, 1000; ");
    const std::string megabytes(5'000'000, 'm');
    CHECK(in_confined_child([&] { return megabytes; }).bytes == megabytes);
    ::close(ends[0]);
    ::close(ends[1]);
}

TEST_CASE("what a confined child throws is thrown again, and its crash is no crash here",
          "[confine]") {
    CHECK_THROWS_AS(in_confined_child([]() -> std::string { throw UsageError("where"); }),
                    UsageError);
    CHECK_THROWS_AS(in_confined_child([]() -> std::string { throw ArrayError("where"); }),
                    ArrayError);
    CHECK_THROWS_AS(in_confined_child([]() -> std::string { throw SafetyError("where"); }),
                    SafetyError);
    CHECK_THROWS_WITH(in_confined_child([]() -> std::string { throw HostError("where it was"); }),
                      "where it was");
    CHECK_THROWS_WITH(in_confined_child([]() -> std::string {
                          ::signal(SIGSEGV, SIG_DFL);
                          ::raise(SIGSEGV);
                          return "";
                      }),
                      Catch::Contains("signal 11"));
    CHECK_THROWS_WITH(in_confined_child([]() -> std::string { ::_exit(1); }),
                      Catch::Contains("said nothing"));
}

TEST_CASE("a confined child that says without end is ended", "[confine]") {
    constexpr std::size_t most = 100'000;
    CHECK(in_confined_child([] { return std::string(most - 1, 'x'); }, most).bytes.size() ==
          most - 1);
    CHECK_THROWS_WITH(in_confined_child([] { return std::string(most, 'x'); }, most),
                      Catch::Contains("more than 100000 bytes"));
    CHECK_THROWS_WITH(in_confined_child([] { return std::string(50 * most, 'x'); }, most),
                      Catch::Contains("more than 100000 bytes"));
}

TEST_CASE("privileges that were given up are gone for every program started later", "[confine]") {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        const bool had_any = !confine::privileges_held().empty();
        confine::keep_only({confine::Privilege::real_time});
        const bool right = confine::privileges_held() == (had_any ? "cap_sys_nice" : "");
        const int program = std::system("grep -q '^CapEff:\t0000000000800000$' /proc/self/status");
        ::_exit(right && (!had_any || program == 0) ? 0 : 1);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
}
