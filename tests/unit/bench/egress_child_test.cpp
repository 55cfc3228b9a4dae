// SPDX-License-Identifier: Apache-2.0
// The child of the egress command, which reads captures and interfaces: killed, and taken over.
#include "bench/campaign/handover.h"
#include "bench/egress/sinks.h"
#include "drivers/api/errors.h"
#include "drivers/confine/confined_child.h"
#include "tests/fakes/program_run.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/fakes/watched_frames.h"

#include <catch2/catch.hpp>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <random>
#include <thread>

using namespace bench;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;
namespace fs = std::filesystem;

namespace {

constexpr std::size_t frames_count = 500'000; // Seconds of work, of which none is waited for.

void put32(std::string& out, std::uint32_t number) {
    for (unsigned shift = 0; shift < 32; shift += 8) {
        out += static_cast<char>(number >> shift & 0xFFU);
    }
}

void put_block(std::string& out, std::uint32_t type, std::string body) {
    body.resize((body.size() + 3) / 4 * 4);
    const auto length = static_cast<std::uint32_t>(body.size() + 12);
    put32(out, type);
    put32(out, length);
    out += body;
    put32(out, length);
}

// draft-ietf-opsawg-pcapng: a section, an Ethernet interface, and the frame over and over.
std::string pcapng(const std::vector<std::byte>& frame) {
    std::string section;
    put32(section, 0x1A2B3C4D);
    put32(section, 1);         // Version 1.0
    section.append(8, '\xff'); // Of unknown length
    std::string out;
    put_block(out, 0x0A0D0D0A, section);
    std::string interface;
    put32(interface, 1);
    put32(interface, 0);
    put_block(out, 1, interface);
    std::string packet(12, '\0');
    put32(packet, static_cast<std::uint32_t>(frame.size()));
    put32(packet, static_cast<std::uint32_t>(frame.size()));
    for (const std::byte one : frame) {
        packet += std::to_integer<char>(one);
    }
    std::string block;
    put_block(block, 6, packet);
    for (std::size_t i = 0; i < frames_count; ++i) {
        out += block;
    }
    return out;
}

std::string pcap(const std::vector<std::byte>& frame) {
    const std::string one =
        egress::pcap_file({{1, static_cast<std::uint32_t>(frame.size()), 1, frame}});
    constexpr std::size_t head_bytes = 24;
    std::string out = one;
    for (std::size_t i = 0; i < frames_count; ++i) {
        out.append(one, head_bytes);
    }
    return out;
}

// 0: there is none, or none any more.
int child_of(int process) {
    std::ifstream in(fmt::format("/proc/{}/task/{}/children", process, process));
    int out = 0;
    in >> out;
    return out;
}

int await_child(int process) {
    const auto until = std::chrono::steady_clock::now() + 30s;
    while (child_of(process) == 0 && std::chrono::steady_clock::now() < until) {
        std::this_thread::yield();
    }
    return child_of(process);
}

void check_killed(std::vector<std::string> arguments, const tests::ScratchFolder& folder) {
    const std::string left = folder.path() + "/evidence";
    arguments.insert(arguments.begin(), "egress");
    arguments.insert(arguments.end(), {"--export", left});
    tests::ProgramRun program(arguments, folder.path());
    const int child = await_child(program.process_id());
    REQUIRE(child > 0);
    REQUIRE(::kill(child, SIGKILL) == 0);
    CHECK(program.wait() == 5);
    CHECK_THAT(program.err(), Contains("ended by signal 9"));
    CHECK(program.out().empty());
    CHECK_FALSE(fs::exists(left));
}

} // namespace

TEST_CASE("an egress command whose child is killed says so, and nothing of the evidence",
          "[egress]") {
    const tests::ScratchFolder folder;
    const auto frame = tests::watched_frames(2)[1];
    SECTION("pcap") {
        const std::string path = folder.path() + "/tap.pcap";
        std::ofstream(path, std::ios::binary) << pcap(frame);
        check_killed({path}, folder);
    }
    SECTION("pcapng") {
        const std::string path = folder.path() + "/tap.pcapng";
        std::ofstream(path, std::ios::binary) << pcapng(frame);
        check_killed({path}, folder);
    }
    SECTION("live") {
        if (::geteuid() != 0) {
            WARN("LEFT OUT: only root may capture");
            return;
        }
        check_killed({"-i", "lo", "--duration", "60s"}, folder);
    }
}

TEST_CASE("whatever a child that was taken over hands over, it is an error and no crash",
          "[egress]") {
    campaign::Handover honest;
    honest.text = "a report";
    honest.files = {{"out/conn.log", "x"}};
    const std::string whole = campaign::handover_bytes(honest);
    const auto taken = [](const std::string& bytes) {
        const auto answer = drivers::confine::in_confined_child([&] { return bytes; });
        return campaign::handover_from(answer.bytes, {}, "out");
    };
    CHECK(taken(whole).text == honest.text);
    campaign::Handover forged = honest;
    forged.files[0].first = "out/../etc/passwd";
    CHECK_THROWS_AS(taken(campaign::handover_bytes(forged)), drivers::HostError);
    CHECK_THROWS_AS(taken(whole.substr(0, whole.size() - 1)), drivers::HostError);
    CHECK_THROWS_AS(taken(""), drivers::HostError);
    std::mt19937_64 random(3);
    for (int i = 0; i < 20; ++i) {
        std::string bytes = whole;
        bytes[random() % bytes.size()] = static_cast<char>(random());
        try {
            for (const auto& [path, content] : taken(bytes).files) {
                CHECK(path.starts_with("out/"));
            }
        } catch (const drivers::HostError&) { // NOLINT(bugprone-empty-catch): what is wanted.
        }
    }
}
