// SPDX-License-Identifier: Apache-2.0
// Reading back where nothing can be read, and where the LUN is no longer as it was written.
#include "tests/fakes/program_run.h"
#include "tests/fakes/scratch_folder.h"
#include "tests/fakes/scripted_target.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using Catch::Contains;
using tests::ProgramRun;
using tests::ScratchFolder;
using tests::ScriptedTarget;
using tests::TargetLink;

namespace {

constexpr unsigned read_capacity = 0x9e;
constexpr unsigned read_16 = 0x88;
constexpr unsigned report_luns = 0xa0;

// A disk of zeroes that is told what to say.
struct MoodyTarget {
    bool answer(TargetLink& link) {
        if (link.opcode() != 0x01) {
            return false;
        }
        if (link.operation() == read_capacity && block_bytes > 0) {
            std::vector<std::byte> out(32);
            drivers::wire::store_be64(out, 0, blocks - 1);
            drivers::wire::store_be32(out, 8, block_bytes);
            link.send_data_in(std::move(out));
            return true;
        }
        if (link.operation() == report_luns) { // This one alone: its serial names it.
            std::vector<std::byte> out(16);
            drivers::wire::store_be32(out, 0, 8);
            link.send_data_in(std::move(out));
            return true;
        }
        if (link.operation() == read_16 && status == 0x02) {
            link.send_sense(0x03, 0x11, 0x00);
            return true;
        }
        if (link.operation() == read_16 && status != 0) {
            link.send(link.scsi_response(status));
            return true;
        }
        return false;
    }

    std::atomic<std::uint8_t> status{0}; // Of reads.
    std::atomic<std::uint32_t> block_bytes{0};
    std::atomic<std::uint64_t> blocks{0};
    ScriptedTarget target{[this](TargetLink& link) {
        return answer(link);
    }};
};

struct Said {
    int code = -1;
    std::string out;
    std::string err;
};

Said program(const std::vector<std::string>& words) {
    const ScratchFolder folder;
    ProgramRun run(words, folder.path());
    Said out;
    out.code = run.wait();
    out.out = run.out();
    out.err = run.err();
    return out;
}

void written(const MoodyTarget& moody, const std::string& expectation) {
    const Said load = program({"load",
                               moody.target.url(),
                               "--rw=write",
                               "--bs=512",
                               "--size=1m",
                               "--rate_iops=500",
                               "--runtime=0.2",
                               "--verify=full",
                               "--destroy=77777777",
                               "--expectation",
                               expectation});
    INFO(load.out << load.err);
    REQUIRE((load.code == 0 || load.code == 7)); // 7: a busy host.
}

} // namespace

TEST_CASE("verify-data says why nothing could be read, and not that nothing was written",
          "[verify-data]") {
    MoodyTarget moody;
    const ScratchFolder folder;
    const std::string expectation = folder.path() + "/left.bin";
    written(moody, expectation);
    const std::vector<std::pair<int, const char*>> kinds{
        {0x02, "MEDIUM ERROR: unrecovered read error"}, {0x18, "RESERVATION CONFLICT"}};
    for (const auto& [status, words] : kinds) {
        moody.status = static_cast<std::uint8_t>(status);
        const Said said = program({"verify-data", expectation, moody.target.url()});
        INFO(said.out << said.err);
        CHECK(said.code == 3);
        CHECK_THAT(said.out, Contains(words) && Contains("no read of what is known succeeded"));
        CHECK_THAT(said.out, !Contains("nothing was written"));
        const Said json =
            program({"verify-data", expectation, moody.target.url(), "--format", "json"});
        const auto answer = nlohmann::json::parse(json.out);
        CHECK_THAT(answer.at("read_failures").at(0).at("end").get<std::string>(), Contains(words));
    }
    moody.status = 0; // All is readable, and of zeroes: these are findings, and no failures.
    const Said zeroes = program({"verify-data", expectation, moody.target.url()});
    CHECK(zeroes.code == 1);
    CHECK_THAT(zeroes.out, !Contains("UNREADABLE"));
}

TEST_CASE("verify-data accuses no LUN of another size or with other blocks", "[verify-data]") {
    MoodyTarget moody;
    const ScratchFolder folder;
    const std::string expectation = folder.path() + "/left.bin";
    written(moody, expectation);
    moody.block_bytes = 512;
    moody.blocks = 1024; // Half of what was written to.
    const Said small = program({"verify-data", expectation, moody.target.url()});
    CHECK(small.code == 4);
    CHECK_THAT(small.err, Contains("has shrunk: it had 262144 blocks of 512 bytes"));
    CHECK_THAT(small.err, Contains("has 1024 blocks of 512 bytes now"));
    moody.block_bytes = 4096;
    moody.blocks = 32768;
    const Said coarse = program({"verify-data", expectation, moody.target.url()});
    CHECK(coarse.code == 4);
    CHECK_THAT(coarse.err,
               Contains("has other blocks") && Contains("32768 blocks of 4096 bytes now"));
    CHECK(small.out.empty());
    CHECK(coarse.out.empty());
}
