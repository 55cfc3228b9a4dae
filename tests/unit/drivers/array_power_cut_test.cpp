// SPDX-License-Identifier: Apache-2.0
#include "tests/fakes/array_bench.h"

#include <catch2/catch.hpp>

#include <map>

using drivers::array::Fault;
using drivers::array::MediumEnd;
using tests::ArrayBench;

namespace {

drivers::array::ArraySettings with_volatile_cache(std::uint64_t bytes = 1U << 20U) {
    auto settings = ArrayBench::settings();
    settings.volatile_cache = true;
    settings.volatile_cache_bytes = bytes;
    return settings;
}

} // namespace

TEST_CASE("a power cut takes what was neither flushed nor FUA, and only that", "[array]") {
    ArrayBench bench(with_volatile_cache());
    CHECK(bench.core.lun(0).write_cache);
    bench.write(0, 4096, 1);
    bench.flush();
    bench.write(0, 4096, 2);
    bench.write(4, 2048, 3);                             // Over part of what is dirty already.
    bench.write(16, 4096, 4, true);                      // FUA.
    bench.write(32, 8192, 5);                            // Never written before.
    CHECK(bench.values(4, 4) == std::vector<int>(4, 3)); // The cache answers.
    bench.plainly(Fault::power_cut);
    CHECK(bench.values(0, 8) == std::vector<int>(8, 1));
    CHECK(bench.values(16, 8) == std::vector<int>(8, 4));
    CHECK(bench.values(32, 16) == std::vector<int>(16, 0));
    CHECK(bench.core.emulator_counts().blocks_lost_legally == 8 + 16);
    CHECK(bench.core.emulator_counts().blocks_lost_illegally == 0);
}

TEST_CASE("an array without a volatile cache loses nothing at a power cut", "[array]") {
    ArrayBench bench;
    bench.write(0, 4096, 1);
    bench.plainly(Fault::power_cut);
    CHECK(bench.values(0, 8) == std::vector<int>(8, 1));
}

TEST_CASE("a full volatile cache destages its oldest writes", "[array]") {
    ArrayBench bench(with_volatile_cache(64 * 4096));
    for (std::uint64_t i = 0; i < 100; ++i) {
        bench.write(i * 8, 4096, 7);
    }
    CHECK(bench.core.emulator_counts().volatile_bytes == 64 * 4096);
    bench.plainly(Fault::power_cut);
    CHECK(bench.values(0, 36 * 8) == std::vector<int>(36 * 8, 7));
    CHECK(bench.values(36 * 8, 64 * 8) == std::vector<int>(64 * 8, 0));
}

TEST_CASE("FUA over a block that is still in the cache is durable", "[array]") {
    ArrayBench bench(with_volatile_cache());
    bench.write(0, 4096, 1);
    bench.write(0, 4096, 2, true);
    bench.plainly(Fault::power_cut);
    CHECK(bench.values(0, 8) == std::vector<int>(8, 2));
    bench.write(0, 4096, 3);
    bench.plainly(Fault::power_cut);
    CHECK(bench.values(0, 8) == std::vector<int>(8, 2));
}

TEST_CASE("power cuts agree with a simple model of a volatile cache", "[array]") {
    ArrayBench bench(with_volatile_cache(32U << 20U)); // Never full: the model has no destaging.
    std::mt19937_64 chance(7);
    std::vector<int> durable(512, 0);
    std::vector<int> newest(512, 0);
    for (int step = 0; step < 3000; ++step) {
        const std::uint64_t lba = chance() % 480;
        const std::uint64_t blocks = 1 + chance() % 32;
        const int value = 1 + step % 250;
        switch (chance() % 8) {
        case 0:
            bench.flush();
            durable = newest;
            break;
        case 1:
            bench.plainly(Fault::power_cut);
            newest = durable;
            REQUIRE(bench.values(0, 512) == newest);
            break;
        default:
            bench.write(lba, blocks * 512, static_cast<std::uint8_t>(value));
            std::fill_n(newest.begin() + static_cast<long>(lba), blocks, value);
        }
    }
    CHECK(bench.values(0, 512) == newest);
}

TEST_CASE("a lying array loses at a power cut what it had flushed, and counts it", "[array]") {
    const bool has_cache = GENERATE(true, false);
    auto settings = with_volatile_cache();
    settings.volatile_cache = has_cache;
    ArrayBench bench(settings);
    bench.write(0, 4096, 1);
    bench.flush();
    CHECK(bench.plainly(Fault::acknowledged_then_lost).empty());
    bench.write(0, 4096, 2);
    bench.flush();
    bench.write(8, 4096, 3, true);
    bench.plainly(Fault::power_cut);
    CHECK(bench.values(0, 8) == std::vector<int>(8, 1));
    CHECK(bench.values(8, 8) == std::vector<int>(8, 0));
    CHECK(bench.core.emulator_counts().blocks_lost_illegally == 16);
    CHECK(bench.core.emulator_counts().blocks_lost_legally == 0);
    CHECK(bench.done(Fault::acknowledged_then_lost) == (has_cache ? 2 : 3));

    bench.plainly(Fault::recover);
    bench.write(0, 4096, 4);
    bench.flush();
    bench.plainly(Fault::power_cut);
    CHECK(bench.values(0, 8) == std::vector<int>(8, 4));
}

TEST_CASE("a flush that reorders leaves one write behind while later ones are durable", "[array]") {
    ArrayBench bench(with_volatile_cache());
    for (std::uint64_t i = 0; i < 4; ++i) {
        bench.write(i * 8, 4096, 1);
    }
    CHECK(bench.next(Fault::reorder_across_flush).empty());
    bench.flush();
    bench.write(64, 4096, 2, true);
    CHECK(bench.values(0, 32) == std::vector<int>(32, 1));
    bench.plainly(Fault::power_cut);
    std::map<int, int> blocks;
    for (const int value : bench.values(0, 32)) {
        ++blocks[value];
    }
    CHECK(blocks == std::map<int, int>{{0, 8}, {1, 24}});
    CHECK(bench.values(64, 8) == std::vector<int>(8, 2));
    CHECK(bench.done(Fault::reorder_across_flush) == 1);
    CHECK(bench.core.emulator_counts().blocks_lost_illegally == 8);

    ArrayBench safe;
    CHECK(safe.next(Fault::reorder_across_flush) != "");
}

TEST_CASE("a thin pool that is full says so, and unmap makes room again", "[array]") {
    auto settings = ArrayBench::settings();
    settings.pool_bytes = 4 * 65536;
    ArrayBench bench(settings);
    CHECK(bench.write(0, 3 * 65536, 1) == MediumEnd::good);
    bench.lun = 1; // The pool is shared.
    CHECK(bench.write(0, 2 * 65536, 2) == MediumEnd::out_of_space);
    CHECK(bench.values(0, 256) == std::vector<int>(256, 0));
    CHECK(bench.write(0, 65536, 2) == MediumEnd::good);
    CHECK(bench.core.emulator_counts().mapped_bytes == 4 * 65536);
    bench.lun = 0;
    CHECK(bench.write(100, 4096, 3) == MediumEnd::good); // Already allocated.
    CHECK(bench.write(3 * 128, 512, 3) == MediumEnd::out_of_space);
    bench.unmap(0, 128);
    CHECK(bench.write(3 * 128, 512, 3) == MediumEnd::good);
}
