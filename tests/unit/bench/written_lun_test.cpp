// SPDX-License-Identifier: Apache-2.0
// What an expectation keeps of the LUN it was written to, and whether that LUN is still there.
#include "bench/integrity/expectation.h"
#include "bench/integrity/written_lun.h"
#include "drivers/api/errors.h"
#include "profiles/file_error.h"
#include "results/whole_file.h"
#include "tests/paths.h"
#include "tests/unit/bench/temporary_file.h"

#include <catch2/catch.hpp>

#include <cstring>
#include <isa-l/crc.h>
#include <random>

using namespace bench::integrity;
using Catch::Contains;
using tests::TemporaryFile;

namespace {

constexpr std::uint64_t blocks = 2048;

drivers::LunMark lun(std::uint64_t block_count, std::uint32_t block_bytes = 512) {
    return {"600140a1", "S-1", block_bytes, block_count};
}

ExpectationSettings written() {
    ExpectationSettings out{.run = 7, .size_bytes = 1U << 20U, .lun = "600140a1"};
    out.block_bytes = 512;
    out.block_count = blocks;
    return out;
}

std::string growth(const ExpectationSettings& set, const drivers::LunMark& now) {
    return growth_since_written(set, "left.bin", now);
}

std::uint64_t word_at(const std::string& file, std::size_t at) {
    std::uint64_t out = 0;
    std::memcpy(&out, file.data() + at, sizeof out);
    return out;
}

void put_word(std::string& file, std::size_t at, std::uint64_t value) {
    std::memcpy(file.data() + at, &value, sizeof value);
}

std::uint64_t sum_of(const std::string& file, std::size_t bytes) {
    std::vector<unsigned char> all(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(bytes));
    return crc32_iscsi(all.data(), static_cast<int>(bytes), ~0U);
}

constexpr std::size_t head_bytes = 15 * 8;

// As whoever forges a file makes its sums: of the head, where it says that it ends, and of all.
void sum_again(std::string& file) {
    if (file.size() < head_bytes + 16) {
        return;
    }
    const std::uint64_t id_bytes = std::min<std::uint64_t>(word_at(file, 11 * 8), 1024);
    const std::size_t at = head_bytes + (id_bytes + 7) / 8 * 8;
    if (at + 16 <= file.size()) {
        put_word(file, at, sum_of(file, at));
    }
    put_word(file, file.size() - 8, sum_of(file, file.size() - 8));
}

// A file that a run left, of two units that are known and one that is not settled.
std::string whole_file() {
    const TemporaryFile file;
    Expectation of(written());
    of.store(0, 0x1111);
    of.store(200, 0x2222);
    Unsettled open;
    open.unit = 3;
    of.keep(open);
    of.save(file.path(), true);
    return results::read_whole_file(file.path());
}

} // namespace

TEST_CASE("an expectation keeps its LUN's geometry on disk", "[expectation]") {
    const TemporaryFile file;
    results::write_whole_file(file.path(), whole_file());
    const auto read = Expectation::load(file.path());
    CHECK(read->settings().block_bytes == 512);
    CHECK(read->settings().block_count == blocks);
    CHECK(read->settings().lun == "600140a1");
    CHECK(read->packed(0) != 0);
    CHECK(read->packed(1) == 0);
    CHECK(read->packed(200) != 0);
    CHECK(read->unsettled().size() == 1);
}

TEST_CASE("a LUN that is as it was is nothing to speak of, one that has grown is",
          "[expectation]") {
    CHECK(growth(written(), lun(blocks)).empty());
    CHECK_THAT(growth(written(), lun(blocks + 1)),
               Contains("2048 blocks of 512 bytes") && Contains("2049 blocks of 512 bytes") &&
                   Contains("600140a1"));
}

TEST_CASE("a LUN that has shrunk or has other blocks is refused, and both are named",
          "[expectation]") {
    CHECK_THROWS_AS(growth(written(), lun(blocks - 1)), drivers::SafetyError);
    CHECK_THROWS_WITH(growth(written(), lun(blocks - 1)),
                      Contains("left.bin") && Contains("2048 blocks of 512 bytes") &&
                          Contains("2047 blocks of 512 bytes"));
    CHECK_THROWS_WITH(growth(written(), lun(blocks / 8, 4096)),
                      Contains("2048 blocks of 512 bytes") && Contains("256 blocks of 4096 bytes"));
    CHECK_THROWS_AS(growth(written(), lun(blocks, 4096)), drivers::SafetyError); // And larger.
    ExpectationSettings small = written(); // Of a part that would still be there.
    small.size_bytes = 4096;
    CHECK_THROWS_AS(growth(small, lun(blocks - 1)), drivers::SafetyError);
}

TEST_CASE("an expectation without a geometry wants a place for what was written", "[expectation]") {
    ExpectationSettings old = written();
    old.block_bytes = 0;
    old.block_count = 0;
    CHECK(growth(old, lun(blocks)).empty());
    CHECK(growth(old, lun(10 * blocks)).empty());
    CHECK_THROWS_AS(growth(old, lun(blocks - 1)), drivers::SafetyError);
    old.unit_bytes = 512;
    CHECK_THROWS_AS(growth(old, lun(blocks, 4096)), drivers::SafetyError);
}

TEST_CASE("a LUN without a unique id is known by its serial", "[expectation]") {
    const drivers::LunMark one{"", "S-1", 512, blocks};
    const drivers::LunMark other{"", "S-2", 512, blocks};
    ExpectationSettings set = written();
    set.lun = written_name(one);
    CHECK(is_of_lun(set, one));
    CHECK_FALSE(is_of_lun(set, other));
    CHECK_FALSE(is_of_lun(set, lun(blocks)));
    CHECK(is_of_lun(written(), lun(blocks)));
    CHECK_FALSE(is_of_lun(written(), one));
    set.lun = ""; // As earlier formats had it.
    CHECK(is_of_lun(set, one));
    CHECK_FALSE(is_of_lun(set, lun(blocks)));
}

TEST_CASE("a file of format 2 is read, and its geometry is not known", "[expectation]") {
    std::string file =
        results::read_whole_file(tests::source_dir() + "/tests/fuzz/corpus/expectation_fuzz/two")
            .substr(1); // Without what the fuzzer is told.
    file.resize(file.size() + 8);
    put_word(file, file.size() - 8, sum_of(file, file.size() - 8));
    const TemporaryFile at;
    results::write_whole_file(at.path(), file);
    const auto read = Expectation::load(at.path());
    CHECK(read->settings().lun == "lun-id");
    CHECK(read->settings().block_bytes == 0);
    CHECK(read->settings().block_count == 0);
}

TEST_CASE("whether an expectation is wanted is asked before its units are read", "[expectation]") {
    const TemporaryFile file;
    results::write_whole_file(file.path(), whole_file().substr(0, head_bytes + 16)); // Its head.
    CHECK(Expectation::load(file.path(), [](const auto&) { return false; }) == nullptr);
    CHECK_THROWS_AS(
        Expectation::load(file.path(),
                          [](const auto&) -> bool { throw drivers::SafetyError("another LUN"); }),
        drivers::SafetyError);
    CHECK_THROWS_AS(Expectation::load(file.path(), [](const auto&) { return true; }),
                    profiles::FileError);
    std::string altered = whole_file();
    put_word(altered, 14 * 8, blocks + 1); // Whoever did it forgot the sums.
    results::write_whole_file(file.path(), altered);
    CHECK_THROWS_WITH(Expectation::load(file.path(), [](const auto&) { return false; }),
                      Contains("checksum of its head"));
}

TEST_CASE("a head that no run could have written is refused, though its sums hold",
          "[expectation][forged]") {
    struct Forged {
        std::size_t word;
        std::uint64_t value;
    };
    const std::uint64_t huge = ~0ULL;
    for (const Forged& one : {Forged{0, 1},     {1, 0},           {1, 4},
                              {3, huge - 4095}, {3, 1ULL << 63U}, {4, huge},
                              {4, 0},           {5, 0},           {5, 513},
                              {5, huge},        {10, 2},          {11, huge},
                              {11, 1025},       {12, huge},       {13, 0},
                              {13, 511},        {13, 513},        {13, 1ULL << 32U},
                              {13, huge},       {14, 0},          {14, blocks - 1},
                              {14, huge}}) {
        INFO("word " << one.word << " = " << one.value);
        std::string file = whole_file();
        put_word(file, one.word * 8, one.value);
        sum_again(file);
        const TemporaryFile at;
        results::write_whole_file(at.path(), file);
        CHECK_THROWS_AS(Expectation::load(at.path()), profiles::FileError);
    }
}

TEST_CASE("an expectation altered anyhow and summed again is refused or has its bounds",
          "[expectation][forged]") {
    const std::string whole = whole_file();
    std::mt19937_64 chance(20261201);
    const std::vector<std::uint64_t> odd{0, 1, 2, 3, 7, 511, 4096, 1ULL << 32U, 1ULL << 63U, ~0ULL};
    int refused = 0;
    for (int i = 0; i < 600; ++i) {
        std::string file = whole;
        switch (chance() % 4) {
        case 0: // Cut.
            file.resize(chance() % file.size());
            break;
        case 1: // A word of the head, or anywhere.
            put_word(file,
                     8 * (chance() % (chance() % 2 == 0 ? 17 : file.size() / 8)),
                     odd[chance() % odd.size()]);
            break;
        case 2: // A byte.
            file[chance() % file.size()] = static_cast<char>(chance());
            break;
        default: { // A piece twice.
            const std::size_t from = 8 * (chance() % (file.size() / 8));
            file.insert(from, file.substr(from, 8 * (1 + chance() % 40)));
        }
        }
        sum_again(file);
        const TemporaryFile at;
        results::write_whole_file(at.path(), file);
        INFO(i);
        try {
            const auto read = Expectation::load(at.path());
            const ExpectationSettings& set = read->settings();
            CHECK(read->unit_count() == set.size_bytes / set.unit_bytes);
            CHECK((set.block_bytes == 0 ||
                   set.from_bytes + set.size_bytes <= set.block_bytes * set.block_count));
            for (const Unsettled& unit : read->unsettled()) {
                CHECK(unit.unit < read->unit_count());
            }
            (void)growth_since_written(set, "left.bin", lun(blocks));
        } catch (const profiles::FileError&) {
            ++refused;
        } catch (const drivers::SafetyError&) { // Of another LUN than this one.
            ++refused;
        }
    }
    CHECK(refused > 200);
}
