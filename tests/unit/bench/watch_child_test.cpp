// SPDX-License-Identifier: Apache-2.0
// The child that watches one array: what it can do, and how its end is told.
#include "bench/campaign/egress_watch_array.h"
#include "bench/campaign/watch_handover.h"
#include "bench/campaign/watch_service.h"
#include "drivers/api/errors.h"
#include "drivers/confine/capabilities.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/fakes/watched_frames.h"
#include "tests/paths.h"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <sstream>

using namespace bench;
using namespace bench::campaign;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;
namespace fs = std::filesystem;

namespace {

// Without a tap: nothing that only root may have.
ArrayWatchSettings blind() {
    ArrayWatchSettings out;
    out.orders = tests::watch_orders({});
    out.program = tests::arraybench_program();
    return out;
}

std::string line_of(int process, const std::string& key) {
    std::ifstream in(fmt::format("/proc/{}/status", process));
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with(key)) {
            return line.substr(line.find_first_not_of(" \t", key.size()));
        }
    }
    return "";
}

// A child of our own making: a shell that says `said` once it was told to stop, or at once.
class TakenOver {
public:
    TakenOver(const std::string& before_stop, const std::string& after_stop)
        : settings_(blind()) {
        WatchWord ready;
        ready.kind = WatchWord::Kind::ready;
        WatchWord orders;
        orders.text = orders_text(settings_.orders);
        put("ready", word_bytes(ready));
        put("before", before_stop);
        put("after", after_stop);
        put("child",
            fmt::format("#!/bin/sh\ncd {}\nhead -c {} <&3 >heard\ncat ready before >&3\n"
                        "head -c {} <&3 >heard\ncat after >&3\nexec cat <&3 >heard\n",
                        folder_.path(),
                        word_bytes(orders).size(),
                        word_bytes({}).size()));
        settings_.program = folder_.path() + "/child";
        fs::permissions(settings_.program, fs::perms::owner_all);
    }
    ArrayWatchSettings& settings() { return settings_; }

private:
    void put(const std::string& name, const std::string& text) const {
        std::ofstream(folder_.path() + "/" + name, std::ios::binary) << text;
    }
    tests::ScratchFolder folder_;
    ArrayWatchSettings settings_;
};

std::string said(WatchWord::Kind kind, const std::string& text = "") {
    return word_bytes({.kind = kind, .text = text});
}

// What an honest child without a tap would hand over.
Handover nothing_seen() {
    TapAnalysis watch(tests::watch_orders({}), {}, [] {});
    (void)watch.take_frames();
    watch.finish();
    return watch_handover(watch);
}

std::string why_forged(const std::string& before_stop, const std::string& after_stop) {
    TakenOver child(before_stop, after_stop);
    ArrayWatch watch(child.settings());
    CHECK((before_stop.empty() || !watch.books())); // It was heard before it is told to stop.
    const WatchAccount account = watch.account();
    REQUIRE_FALSE(account.records.empty());
    for (const results::FindingRecord& finding : account.findings) {
        if (finding.kind == "forged handover") {
            CHECK_THAT(account.records[0].not_measured, Contains("not seen since"));
            return finding.summary;
        }
    }
    return "";
}

} // namespace

TEST_CASE("a watch counts, answers and hands over by way of its child", "[egress]") {
    ArrayWatch watch(blind());
    watch.begin_phase("load");
    watch.begin_slot(0, true);
    watch.end_slot();
    const auto books = watch.books();
    REQUIRE(books);
    CHECK(books->frames == 0);
    CHECK(books->watched_ns > 0);
    CHECK(watch.ended().empty());
    watch.stop();
    CHECK_FALSE(watch.books());
    const WatchAccount account = watch.account();
    REQUIRE(account.records.size() == 3);
    CHECK(account.records[0].not_measured.empty());
    CHECK(account.records[1].phase == "start");
    CHECK(account.records[2].phase == "load");
    CHECK(account.findings.empty());
    CHECK(account.files.size() == 5);
}

TEST_CASE("the child of a watch holds nothing and can ask for nothing", "[egress]") {
    ::setenv("ARRAYBENCH_TEST_SECRET", "chap-secret", 1);
    ArrayWatch watch(blind());
    ::unsetenv("ARRAYBENCH_TEST_SECRET");
    REQUIRE(watch.books()); // It is at work.
    const int child = watch.process_id();
    CHECK(line_of(child, "CapEff:") == "0000000000000000");
    CHECK(line_of(child, "CapPrm:") == "0000000000000000");
    CHECK(line_of(child, "Threads:") == "1");
    if (line_of(::getpid(), "Seccomp:").empty()) {
        WARN("LEFT OUT: this kernel has no seccomp filters");
    } else {
        CHECK(line_of(child, "Seccomp:") == "2");
    }
    std::ifstream environment(fmt::format("/proc/{}/environ", child));
    std::stringstream words;
    words << environment.rdbuf();
    CHECK_THAT(words.str(), !Contains("chap-secret"));
    std::error_code refused;
    for (const auto& entry : fs::directory_iterator(fmt::format("/proc/{}/fd", child), refused)) {
        const int number = std::stoi(entry.path().filename());
        INFO(number << ": " << fs::read_symlink(entry.path(), refused));
        CHECK(number <= 3); // Standard streams and its end of the socket pair.
    }
}

TEST_CASE("a process that has become a watch can open no file and no socket", "[egress]") {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        const bool filtered = confine_watch();
        const auto refused = [&](long result) {
            return !filtered || (result < 0 && errno == EPERM);
        };
        char* const nothing[] = {nullptr};
        const bool right = refused(::open("/etc/passwd", O_RDONLY | O_CLOEXEC)) &&
                           refused(::socket(AF_INET, SOCK_STREAM, 0)) &&
                           refused(::socket(AF_PACKET, SOCK_RAW, 0)) &&
                           refused(::execve("/bin/true", nothing, nothing)) &&
                           refused(::kill(::getppid(), 0)) &&
                           drivers::confine::privileges_held().empty();
        ::_exit(right ? 0 : 1);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("a watch whose child is killed says so, and when", "[egress]") {
    ArrayWatch watch(blind());
    REQUIRE(watch.books());
    REQUIRE(::kill(watch.process_id(), SIGKILL) == 0);
    CHECK_FALSE(watch.books());
    CHECK_THAT(watch.ended(), Contains("signal 9"));
    watch.begin_phase("load"); // Nobody hears it.
    watch.stop();
    const WatchAccount account = watch.account();
    REQUIRE(account.records.size() == 1);
    CHECK_THAT(account.records[0].not_measured,
               Contains("the watch ended at 20") && Contains("signal 9") &&
                   Contains("not seen since"));
    CHECK(account.findings.empty());
    CHECK(account.files.empty());
}

TEST_CASE("a watch whose child falls silent is not waited for", "[egress]") {
    ArrayWatchSettings settings = blind();
    settings.silence_max = 1s;
    ArrayWatch watch(settings);
    REQUIRE(watch.books());
    REQUIRE(::kill(watch.process_id(), SIGSTOP) == 0);
    CHECK_FALSE(watch.books());
    CHECK_THAT(watch.ended(), Contains("not heard"));
    CHECK_THAT(watch.account().records.at(0).not_measured, Contains("not seen since"));
    CHECK(::kill(watch.process_id(), 0) != 0); // Stopped or not, it is gone.
}

TEST_CASE("a watch that cannot begin says why", "[egress]") {
    ArrayWatchSettings settings = blind();
    settings.orders = tests::watch_orders({"no-such-interface"});
    CHECK_THROWS_WITH(ArrayWatch(settings), Contains("no-such-interface"));
    settings = blind();
    settings.program = "/bin/false";
    CHECK_THROWS_WITH(ArrayWatch(settings), Contains("exit code 1"));
    settings.program = "/nowhere/arraybench";
    CHECK_THROWS_AS(ArrayWatch(settings), drivers::HostError);
}

TEST_CASE("whatever a child that was taken over says, it is a finding and no crash", "[egress]") {
    using Kind = WatchWord::Kind;
    const Handover honest = nothing_seen();
    const std::string stopped = said(Kind::stopped);
    const auto last_words = [&](const Handover& handover) {
        return why_forged("", stopped + said(Kind::handover, handover_bytes(handover)));
    };
    CHECK(last_words(honest).empty()); // The shell that honestly says so is believed.
    Handover forged = honest;
    forged.files.emplace_back("/etc/cron.d/x", "x");
    CHECK_THAT(last_words(forged), Contains("nobody asked for"));
    forged = honest;
    forged.text = "{}";
    CHECK_THAT(last_words(forged), Contains("no records"));
    CHECK_THAT(why_forged("", said(Kind::handover)), Contains("not due"));
    CHECK_THAT(why_forged("", stopped + stopped), Contains("not due"));
    CHECK_THAT(why_forged(stopped, ""), Contains("not due"));
    CHECK_THAT(why_forged(said(Kind::handover), ""), Contains("not due"));
    CHECK_THAT(why_forged(said(Kind::books), ""), Contains("not due")); // Nobody asked.
    CHECK_THAT(why_forged(said(Kind::ready), ""), Contains("not due"));
    CHECK_THAT(why_forged(said(Kind::stop), ""), Contains("not due"));
    CHECK_THAT(why_forged(std::string(200, '\xff'), ""), Contains("no word"));
    CHECK_THAT(why_forged(said(Kind::alive, std::string(5000, 'x')), ""), Contains("no word"));
    std::string chatter;
    for (int i = 0; i < 3000; ++i) {
        chatter += said(Kind::alive);
    }
    CHECK_THAT(why_forged(chatter, ""), Contains("more than it was asked"));
    const std::string more = word_bytes({.kind = Kind::alive, .books = {2, 2, 2, 0, 0, 1}});
    const std::string less = word_bytes({.kind = Kind::alive, .books = {2, 1, 1, 0, 0, 1}});
    CHECK_THAT(why_forged(more + less, ""), Contains("not due"));
}

TEST_CASE("a child that was taken over cannot keep the run waiting", "[egress]") {
    using Kind = WatchWord::Kind;
    TakenOver child("", said(Kind::stopped)); // And nothing more.
    child.settings().finish_max = 300ms;
    ArrayWatch watch(child.settings());
    CHECK_THAT(watch.account().records.at(0).not_measured, Contains("not heard"));
    TakenOver gone("", said(Kind::failed, "std::bad_alloc"));
    ArrayWatch failed(gone.settings());
    const WatchAccount account = failed.account();
    CHECK_THAT(account.records.at(0).not_measured, Contains("std::bad_alloc"));
    CHECK(account.findings.empty());
}
