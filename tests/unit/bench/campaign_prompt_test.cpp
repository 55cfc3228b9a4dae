// SPDX-License-Identifier: Apache-2.0
// A person at a terminal who is asked to disturb a real array.
#include "tests/fakes/array_process.h"
#include "tests/fakes/campaign_plan.h"

#include <catch2/catch.hpp>

#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

using tests::ArrayProcess;
using tests::CampaignPlan;
using tests::ScratchFolder;

namespace {

// The program at a terminal of its own; the answer is typed once the question has been shown.
struct Seated {
    Seated(std::vector<std::string> arguments, const std::string& question) {
        arguments.insert(arguments.begin(), tests::arraybench_program());
        std::vector<char*> raw;
        for (std::string& argument : arguments) {
            raw.push_back(argument.data());
        }
        raw.push_back(nullptr);
        int terminal = -1;
        const pid_t child = ::forkpty(&terminal, nullptr, nullptr, nullptr);
        if (child == 0) {
            ::execv(raw[0], raw.data());
            ::_exit(127);
        }
        REQUIRE(child > 0);
        bool answered = false;
        std::array<char, 4096> part{};
        pollfd ready{terminal, POLLIN, 0};
        while (::poll(&ready, 1, 60'000) > 0) {
            const ssize_t bytes = ::read(terminal, part.data(), part.size());
            if (bytes <= 0) {
                break; // The program has ended.
            }
            shown.append(part.data(), static_cast<std::size_t>(bytes));
            if (!answered && shown.find(question) != std::string::npos) {
                answered = ::write(terminal, "\n", 1) == 1;
            }
        }
        int status = 0;
        ::waitpid(child, &status, 0);
        ::close(terminal);
        code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }

    std::string shown;
    int code = -1;
};

} // namespace

TEST_CASE("a person is asked, answers, and both instants are in the journal", "[campaign]") {
    const ArrayProcess array;
    const ScratchFolder folder;
    const std::string run = folder.path() + "/run";
    const std::string file = folder.path() + "/real.json";
    results::write_whole_file(
        file,
        R"({"$schema": "arraybench/array/v1", "name": "real", "real": {"urls": [")" +
            array.urls().at(0) + R"("], "unique_id": ")" + ArrayProcess::unique_id +
            R"(", "prompts": {"pull": "Pull controller B now"}}})");
    const CampaignPlan plan{
        {file},
        {"mixed-70-30"},
        R"(, "ramp": "20ms", "interval": "50ms", "load_points": ["200/s"], "rounds": 1,
            "working_set": "8MiB", "phases": [{"phase": "load", "duration": "300ms"},
            {"phase": "disturb", "duration": "700ms", "disturbance": {"name": "pull",
             "time_limit": "30s"}}])"};
    const Seated person(
        {"run", plan.write(folder.path()), "--out", run, "--destroy", ArrayProcess::unique_id},
        "Pull controller B now");
    INFO(person.shown);
    CHECK((person.code == 0 || person.code == 7));
    std::vector<std::string> kinds;
    for (const auto& entry : results::read_journal(run + "/events.ndjson").entries) {
        if (entry.kind.starts_with("disturbance")) {
            kinds.push_back(entry.kind);
            CHECK(entry.fields.at("name") == "pull");
        }
    }
    CHECK(kinds == std::vector<std::string>{"disturbance begins", "disturbance done"});
}
