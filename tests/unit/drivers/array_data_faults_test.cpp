// SPDX-License-Identifier: Apache-2.0
#include "tests/fakes/array_bench.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <bit>
#include <map>

using drivers::Op;
using drivers::array::Fault;
using drivers::array::FaultEvent;
using drivers::array::MediumEnd;
using tests::ArrayBench;

namespace {

using Bytes = std::vector<std::byte>;

int different_bits(const Bytes& left, const Bytes& right) {
    int out = 0;
    for (std::size_t i = 0; i < left.size(); ++i) {
        out += std::popcount(std::to_integer<unsigned>(left[i] ^ right[i]));
    }
    return out;
}

std::map<int, std::size_t> whole_lun(ArrayBench& bench) { // Value of a block -> how many.
    std::map<int, std::size_t> out;
    for (const int value : bench.values(0, ArrayBench::blocks)) {
        ++out[value];
    }
    return out;
}

} // namespace

TEST_CASE("an honest array does no fault and counts none", "[array]") {
    ArrayBench bench;
    for (std::uint64_t lba = 0; lba < 800; lba += 8) {
        bench.write(lba, 4096, static_cast<std::uint8_t>(1 + lba / 8));
    }
    bench.flush();
    bench.unmap(0, 8);
    for (std::uint64_t lba = 8; lba < 800; lba += 8) {
        CHECK(bench.values(lba, 8) == std::vector<int>(8, static_cast<int>(1 + lba / 8)));
    }
    for (std::size_t fault = 0; fault < drivers::array::fault_count; ++fault) {
        CHECK(bench.done(static_cast<Fault>(fault)) == 0);
    }
}

TEST_CASE("a lost write is acknowledged, changes nothing and is counted once", "[array]") {
    ArrayBench bench;
    bench.write(0, 4096, 1);
    CHECK(bench.next(Fault::lost_write).empty());
    CHECK(bench.write(0, 4096, 2) == MediumEnd::good);
    CHECK(bench.values(0, 8) == std::vector<int>(8, 1));
    CHECK(bench.done(Fault::lost_write) == 1);
    bench.write(0, 4096, 3); // The trigger is spent.
    CHECK(bench.values(0, 8) == std::vector<int>(8, 3));
    CHECK(bench.done(Fault::lost_write) == 1);
}

TEST_CASE("a misdirected write leaves its place alone and changes as many blocks elsewhere",
          "[array]") {
    ArrayBench bench;
    bench.write(64, 4096, 1);
    bench.next(Fault::misdirected_write);
    bench.write(64, 4096, 2);
    CHECK(bench.values(64, 8) == std::vector<int>(8, 1));
    CHECK(whole_lun(bench)[2] == 8);
    CHECK(bench.done(Fault::misdirected_write) == 1);
}

TEST_CASE("a misdirected write stays within the range it is aimed at", "[array]") {
    ArrayBench bench;
    FaultEvent event;
    event.fault = Fault::misdirected_write;
    event.lun = 0;
    event.lba = 512;
    event.block_count = 64;
    event.rate = 1;
    CHECK(bench.apply(event).empty());
    for (int i = 0; i < 200; ++i) {
        bench.write(512 + 8 * (static_cast<std::uint64_t>(i) % 8), 4096, 9);
    }
    CHECK(bench.done(Fault::misdirected_write) == 200);
    CHECK(whole_lun(bench)[9] <= 64);
    CHECK(bench.values(0, 512) == std::vector<int>(512, 0));
    CHECK(bench.values(576, 512) == std::vector<int>(512, 0));
}

TEST_CASE("a torn write stores a first part and keeps the old rest", "[array]") {
    ArrayBench bench;
    for (int i = 0; i < 100; ++i) {
        bench.write(0, 8192, 1);
        bench.next(Fault::torn_write);
        bench.write(0, 8192, 2);
        const auto values = bench.values(0, 16);
        CHECK(values.front() == 2);
        CHECK(values.back() == 1);
        CHECK(std::is_sorted(values.rbegin(), values.rend()));
    }
    CHECK(bench.done(Fault::torn_write) == 100);
    bench.next(Fault::torn_write); // A single block tears inside.
    bench.write(100, 512, 3);
    const Bytes block = bench.read(100, 512);
    CHECK(block.front() == std::byte{3});
    CHECK(block.back() == std::byte{0});
}

TEST_CASE("a torn write tears inside a block of 4 KiB too", "[array]") {
    auto settings = ArrayBench::settings();
    settings.volumes[0].block_bytes = 4096;
    settings.volumes[0].block_count = 4096;
    ArrayBench bench(settings);
    bench.write(7, 4096, 1);
    bench.next(Fault::torn_write);
    bench.write(7, 4096, 2);
    const Bytes block = bench.read(7, 4096);
    CHECK(block.front() == std::byte{2});
    CHECK(block.back() == std::byte{1});
}

TEST_CASE("a zeroed write stores zeros, all of them and nothing more", "[array]") {
    ArrayBench bench;
    bench.write(0, 12288, 1);
    bench.next(Fault::zeroed_write);
    bench.write(8, 4096, 2);
    CHECK(whole_lun(bench)[1] == 16);
    CHECK(bench.values(8, 8) == std::vector<int>(8, 0));
    CHECK(bench.core.mapped_run(0, 0, 8).mapped);
    CHECK(bench.done(Fault::zeroed_write) == 1);
}

TEST_CASE("a silent corruption flips exactly one bit of what was written", "[array]") {
    ArrayBench bench;
    const Bytes wanted(4096, std::byte{0x55});
    for (int i = 1; i <= 50; ++i) {
        bench.next(Fault::silent_corruption);
        bench.write(32, 4096, 0x55);
        CHECK(different_bits(bench.read(32, 4096), wanted) == 1);
        CHECK(bench.done(Fault::silent_corruption) == static_cast<std::uint64_t>(i));
    }
    CHECK(whole_lun(bench)[0] == ArrayBench::blocks - 8);
}

TEST_CASE("bits rot at their rate, in mapped blocks only, each flip counted", "[array]") {
    ArrayBench bench;
    bench.write(0, 1U << 20U, 0);
    FaultEvent event;
    event.fault = Fault::bit_rot;
    event.rate = 10;
    event.lun = 0;
    event.duration = std::chrono::seconds(20);
    bench.core.advance(bench.now);
    CHECK(bench.apply(event).empty());
    CHECK(bench.core.next_change() > bench.now);
    bench.now += std::chrono::seconds(100);
    bench.core.advance(bench.now);
    const std::uint64_t flips = bench.done(Fault::bit_rot);
    CHECK(flips > 140); // 200 expected, standard deviation 14.
    CHECK(flips < 260);
    int set = 0;
    for (const std::byte each : bench.read(0, ArrayBench::blocks * 512)) {
        set += std::popcount(std::to_integer<unsigned>(each));
    }
    CHECK(set > 0);
    CHECK(set <= static_cast<int>(flips)); // Two may meet in one bit.
    CHECK((static_cast<std::uint64_t>(set) - flips) % 2 == 0);
    CHECK(bench.core.next_change() == drivers::TimePoint::max());
}

TEST_CASE("an unmap that keeps the data is acknowledged and counted", "[array]") {
    ArrayBench bench;
    bench.write(0, 65536, 5);
    bench.next(Fault::unmap_keeps_data);
    bench.unmap(0, 128);
    CHECK(bench.values(0, 128) == std::vector<int>(128, 5));
    CHECK(bench.done(Fault::unmap_keeps_data) == 1);
    bench.unmap(0, 128);
    CHECK(bench.values(0, 128) == std::vector<int>(128, 0));
}

TEST_CASE("a block with a medium error is named until it is written again", "[array]") {
    ArrayBench bench;
    bench.write(0, 8192, 1);
    FaultEvent event;
    event.fault = Fault::medium_error;
    event.lun = 0;
    event.lba = 5;
    event.block_count = 2;
    CHECK(bench.apply(event).empty());
    Bytes data(8192);
    const auto result = bench.run(Op::read, 0, data);
    CHECK(result.end == MediumEnd::medium_error);
    CHECK(result.at_lba == 5);
    bench.read(7, 512);
    CHECK(bench.end == MediumEnd::good);
    bench.write(5, 512, 2);
    CHECK(bench.run(Op::read, 0, data).at_lba == 6);
    bench.write(0, 8192, 3);
    CHECK(bench.values(0, 16) == std::vector<int>(16, 3));
    CHECK(bench.done(Fault::medium_error) == 2);
}

TEST_CASE("a fault strikes its share of its own LUN and no other", "[array]") {
    ArrayBench bench;
    FaultEvent event;
    event.fault = Fault::lost_write;
    event.lun = 1;
    event.rate = 0.25;
    bench.apply(event);
    for (int i = 0; i < 4000; ++i) {
        bench.lun = static_cast<std::uint16_t>(i % 2);
        bench.write(static_cast<std::uint64_t>(i) * 8, 4096, 1);
    }
    bench.lun = 0;
    CHECK(whole_lun(bench)[1] == 2000 * 8);
    bench.lun = 1;
    const std::uint64_t lost = bench.done(Fault::lost_write);
    CHECK(whole_lun(bench)[1] == (2000 - lost) * 8);
    CHECK(lost > 420); // 500 expected, standard deviation 19.
    CHECK(lost < 580);
    bench.plainly(Fault::recover);
    bench.write(0, 4096, 7);
    CHECK(bench.values(0, 8) == std::vector<int>(8, 7));
    CHECK(bench.done(Fault::lost_write) == lost);
}

TEST_CASE("the same seed strikes the same commands, another seed others", "[array]") {
    const auto survivors = [](std::uint64_t seed) {
        auto settings = ArrayBench::settings();
        settings.seed = seed;
        ArrayBench bench(settings);
        FaultEvent event;
        event.fault = Fault::lost_write;
        event.rate = 0.5;
        bench.apply(event);
        for (std::uint64_t i = 0; i < 64; ++i) {
            bench.write(i, 512, 1);
        }
        return bench.values(0, 64);
    };
    CHECK(survivors(1) == survivors(1));
    CHECK(survivors(1) != survivors(2));
}
