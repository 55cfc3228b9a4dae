// SPDX-License-Identifier: Apache-2.0
// A portal behind which another LUN answers by and by: the run ends, names both, writes nothing.
#include "tests/fakes/campaign_plan.h"
#include "tests/fakes/scripted_target.h"

#include <catch2/catch.hpp>

#include <algorithm>

using Catch::Contains;
using tests::CampaignPlan;
using tests::ProgramRun;
using tests::ScratchFolder;
using tests::ScriptedTarget;
using tests::TargetLink;

namespace {

constexpr const char* own_id = "600140500000000000000000000000a1";
constexpr const char* other_id = "600140500000000000000000000000ff";

// One LUN, and once it was written to another at every new session, if it is to be so.
class ChangingTarget {
public:
    explicit ChangingTarget(bool changes)
        : changes_(changes)
        , target_([this](TargetLink& link) { return answer(link); }) {}

    std::string url() const { return target_.url(); }
    int writes_to_other() const { return writes_to_other_; }
    int writes() const { return writes_; }
    void change_now() { change_ = true; }

private:
    bool answer(TargetLink& link) {
        if (link.opcode() == 0x03) { // Login: from here on it is who it is.
            is_other_ = change_.load();
        }
        if (link.opcode() != 0x01) {
            return false;
        }
        if (link.operation() == 0x8a) {
            (is_other_ ? writes_to_other_ : writes_)++;
            change_ = change_ || changes_;
        }
        const bool asks_for_id = link.operation() == 0x12 &&
                                 (std::to_integer<unsigned>(link.request[33]) & 1U) != 0 &&
                                 link.request[34] == std::byte{0x83};
        if (!asks_for_id) {
            return false;
        }
        link.send_data_in(id_page(is_other_ ? other_id : own_id));
        return true;
    }

    static std::vector<std::byte> id_page(const std::string& id) {
        std::vector<std::byte> out(8 + id.size() / 2);
        drivers::wire::store_be16(out, 0, 0x0083);
        drivers::wire::store_be16(out, 2, static_cast<std::uint16_t>(out.size() - 4));
        drivers::wire::store_u8(out, 4, 1); // Binary.
        drivers::wire::store_u8(out, 5, 3); // NAA, of the logical unit.
        drivers::wire::store_u8(out, 7, static_cast<std::uint8_t>(id.size() / 2));
        for (std::size_t i = 0; i < id.size() / 2; ++i) {
            out[8 + i] = static_cast<std::byte>(std::stoi(id.substr(2 * i, 2), nullptr, 16));
        }
        return out;
    }

    bool changes_;
    std::atomic<bool> change_{false};
    std::atomic<bool> is_other_{false};
    std::atomic<int> writes_{0};
    std::atomic<int> writes_to_other_{0};
    ScriptedTarget target_;
};

std::string plan_of(const ScratchFolder& folder,
                    const ChangingTarget& target,
                    const char* workload,
                    int rounds,
                    const char* more = "",
                    const std::string& further_url = "",
                    const std::string& of_array = "") {
    const std::string path = folder.path() + "/real.json";
    results::write_whole_file(
        path,
        R"({"$schema": "arraybench/array/v1", "name": "real", "real": {"urls": [")" + target.url() +
            (further_url.empty() ? "" : "\", \"" + further_url) + "\"]}}");
    return CampaignPlan{{path},
                        {workload},
                        R"(, "ramp": "0s", "interval": "50ms", "verify": "none", "load_points":
                           ["300/s"], "working_set": "8MiB", "duration": "200ms", "rounds": )" +
                            std::to_string(rounds) + more,
                        R"(, "identity": ")" + std::string(own_id) + "\"" + of_array}
        .write(folder.path());
}

void check_refusal(ProgramRun& program, const std::string& run, const ScratchFolder& folder) {
    CHECK(program.wait() == 4);
    CHECK_THAT(program.err(), Contains(own_id) && Contains(other_id));
    const results::RunRecord record = results::read_run(run);
    CHECK_FALSE(record.complete);
    CHECK(record.exit_code == 4);
    CHECK_THAT(record.interrupted, Catch::StartsWith("refused for safety: "));
    CHECK_THAT(record.interrupted, Contains(own_id) && Contains(other_id));
    const std::string journal = results::read_whole_file(run + "/events.ndjson");
    CHECK_THAT(journal, Contains("\"kind\":\"refused\"") && Contains(other_id));
    ProgramRun verify({"verify", run}, folder.path());
    CHECK(verify.wait() == 6);
    CHECK_THAT(verify.out(), Contains("verified, but unfinished: "));
}

} // namespace

TEST_CASE("a round that would begin on another LUN ends the run before it is opened for writing",
          "[campaign][identity]") {
    for (const char* more : {"", R"(, "lanes": 1, "preconditioning": {"passes": 1,
                                      "time_limit": "200ms"})"}) {
        INFO(more);
        ChangingTarget target(true);
        const ScratchFolder folder;
        const std::string run = folder.path() + "/run";
        ProgramRun program({"run",
                            plan_of(folder, target, "mixed-70-30", 3, more),
                            "--out",
                            run,
                            "--destroy",
                            own_id},
                           folder.path());
        check_refusal(program, run, folder);
        CHECK(target.writes() > 0);
        CHECK(target.writes_to_other() == 0);
        // After preconditioning not even the first.
        CHECK(results::read_rounds(run).size() == (*more == '\0' ? 1U : 0U));
    }
}

TEST_CASE("a LUN that stays who it is ends no run", "[campaign][identity]") {
    const ChangingTarget target(false);
    const ScratchFolder folder;
    const std::string run = folder.path() + "/run";
    ProgramRun program(
        {"run", plan_of(folder, target, "mixed-70-30", 3), "--out", run, "--destroy", own_id},
        folder.path());
    const int code = program.wait();
    INFO(program.err());
    CHECK((code == 0 || code == 7));
    CHECK(results::read_rounds(run).size() == 3);
}

TEST_CASE("a run that only reads does not measure another LUN either", "[campaign][identity]") {
    ChangingTarget target(false);
    const ScratchFolder folder;
    const std::string run = folder.path() + "/run";
    ProgramRun program({"run", plan_of(folder, target, "random-read-4k", 60), "--out", run},
                       folder.path());
    REQUIRE(tests::await_rounds(run, 1));
    target.change_now();
    check_refusal(program, run, folder);
    const std::size_t rounds = results::read_rounds(run).size();
    CHECK(rounds < 60);
    ProgramRun again({"run", "--resume", run}, folder.path()); // Nor does it go on with it.
    CHECK(again.wait() == 4);
    CHECK(results::read_rounds(run).size() == rounds);
    ProgramRun verify({"verify", run}, folder.path());
    CHECK(verify.wait() == 6);
    CHECK_THAT(verify.out(), Contains("verified, but unfinished: "));
}

TEST_CASE("every URL that a description names leads to one LUN, used or not",
          "[campaign][identity][multipath]") {
    for (const char* paths : {"", R"(, "paths": "all")", R"(, "paths": "any")"}) {
        for (const bool is_other : {true, false}) {
            INFO(paths << is_other);
            ChangingTarget target(false);
            ChangingTarget further(false);
            if (is_other) {
                further.change_now();
            }
            const ScratchFolder folder;
            const std::string run = folder.path() + "/run";
            ProgramRun program({"run",
                                plan_of(folder, target, "mixed-70-30", 1, "", further.url(), paths),
                                "--out",
                                run,
                                "--destroy",
                                own_id},
                               folder.path());
            const int code = program.wait();
            INFO(program.err());
            CHECK((is_other ? code == 4 : code == 0 || code == 7));
            CHECK(further.writes_to_other() == 0);
            if (is_other) {
                CHECK_THAT(program.err(), Contains(own_id) && Contains(other_id));
                CHECK(target.writes() == 0);
            } else if (*paths == '\0') {
                const auto settings = results::read_run(run).arrays.at(0).settings;
                CHECK_THAT(settings.at("not used: " + further.url()), Contains("the same LUN"));
            }
        }
    }
}

TEST_CASE("with any paths the living ones carry the load and the missing one is named",
          "[campaign][multipath]") {
    const std::string dead = "iscsi://127.0.0.1:1/iqn.2026-01.org.arraybench:gone/0";
    for (const char* paths : {"all", "any"}) {
        INFO(paths);
        ChangingTarget target(false);
        const ScratchFolder folder;
        const std::string run = folder.path() + "/run";
        ProgramRun program({"run",
                            plan_of(folder,
                                    target,
                                    "mixed-70-30",
                                    1,
                                    "",
                                    dead,
                                    R"(, "paths": ")" + std::string(paths) + "\""),
                            "--out",
                            run,
                            "--destroy",
                            own_id},
                           folder.path());
        const int code = program.wait();
        INFO(program.err());
        if (paths == std::string("all")) {
            CHECK(code == 3);
            continue;
        }
        CHECK((code == 0 || code == 7));
        CHECK(target.writes() > 0);
        const results::RunRecord record = results::read_run(run);
        CHECK(record.arrays.at(0).settings.at("path 127.0.0.1:1") == "unreachable");
        for (const std::string& reason : record.rounds.at(0).audit.invalid) {
            CHECK_THAT(reason, !Contains("paths could be opened"));
        }
    }
}
