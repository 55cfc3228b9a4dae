// SPDX-License-Identifier: Apache-2.0
// Random concurrent histories of an honest array, with time-outs, lost connections, late writes and
// power cuts: nobody is ever accused. The same histories with a fault in them: it is found.
#include "tests/unit/bench/honest_array.h"

#include <catch2/catch.hpp>

#include <unistd.h>

#include <filesystem>

using namespace bench::integrity;
using tests::HonestArray;

namespace {

std::string accusations(const FindingLog& log) {
    std::string out;
    for (const Finding& finding : log.kept()) {
        if (!is_note(finding.kind)) {
            out += std::string(name_of(finding.kind)) + " at " +
                   std::to_string(finding.address_bytes) + " expected " +
                   std::to_string(finding.expected_generation) + " found " +
                   std::to_string(finding.found_stamp.generation) + "; ";
        }
    }
    return out;
}

} // namespace

TEST_CASE("an honest random history is never accused", "[integrity][property]") {
    std::uint64_t checked = 0;
    std::uint64_t notes = 0;
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        HonestArray array(seed);
        for (int i = 0; i < 900; ++i) {
            array.step();
            if (array.keeper->findings().accusations() != 0) {
                FAIL("seed " << seed << " step " << i << ": "
                             << accusations(array.keeper->findings()));
            }
        }
        array.read_all();
        INFO("seed " << seed << ": " << accusations(array.keeper->findings()));
        REQUIRE(array.keeper->findings().accusations() == 0);
        checked += array.keeper->counts().sectors_checked;
        notes += array.keeper->findings().count(FindingKind::unflushed_loss);
        notes += array.keeper->findings().count(FindingKind::undecidable);
    }
    CHECK(checked > 100'000); // It did look,
    CHECK(notes > 20);        // and it did see what is legal but worth telling.
}

TEST_CASE("a flipped bit in a random history is found wherever content is known",
          "[integrity][property]") {
    std::uint64_t found = 0;
    std::uint64_t known = 0;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        HonestArray array(seed);
        for (int i = 0; i < 400; ++i) {
            array.step();
        }
        array.read_all();
        const std::uint64_t before = array.keeper->counts().sectors_checked;
        array.read_all();
        const std::uint64_t units = (array.keeper->counts().sectors_checked - before) / 8;
        for (std::uint64_t unit = 0; unit < HonestArray::units; ++unit) {
            array.content()[unit * HonestArray::unit_bytes + 700] ^= std::byte{0x10};
        }
        array.read_all();
        known += units;
        const FindingLog& log = array.keeper->findings();
        found += log.count(FindingKind::corrupted) + log.count(FindingKind::not_zero);
    }
    CHECK(known > 500);
    CHECK(found == known);
}

TEST_CASE("an array that loses sectors or forgets flushes is accused in random histories too",
          "[integrity][property]") {
    int losers = 0;
    int liars = 0;
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        HonestArray loser(seed);
        loser.loses_one_in = 200;
        HonestArray liar(seed);
        liar.lies_about_flushes = true;
        std::uint64_t lost = 0;
        std::uint64_t wrong = 0;
        for (int i = 0; i < 900; ++i) {
            loser.step();
            liar.step();
            wrong = std::max(wrong, loser.keeper->findings().accusations());
            lost = std::max(lost, liar.keeper->findings().count(FindingKind::lost_after_power_cut));
        }
        loser.read_all();
        losers += std::max(wrong, loser.keeper->findings().accusations()) != 0 ? 1 : 0;
        liars += lost != 0 ? 1 : 0;
    }
    CHECK(losers >= 30);
    CHECK(liars >= 20);
}

TEST_CASE("a restart from a checkpoint in mid-history accuses nobody", "[integrity][property]") {
    const auto path =
        std::filesystem::temp_directory_path() / ("arraybench-history-" + std::to_string(getpid()));
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        HonestArray array(seed);
        for (int i = 0; i < 300; ++i) {
            array.step();
        }
        array.expectation->save(path.string(), false); // With lanes at work.
        for (int i = 0; i < 300; ++i) {
            array.step();
        }
        array.kill_bench();
        array.expectation = Expectation::load(path.string());
        array.start();
        for (int i = 0; i < 300; ++i) {
            array.step();
        }
        array.read_all();
        INFO("seed " << seed << ": " << accusations(array.keeper->findings()));
        CHECK(array.keeper->findings().accusations() == 0);
    }
    std::filesystem::remove(path);
}
