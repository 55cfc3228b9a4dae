// SPDX-License-Identifier: Apache-2.0
#include "drivers/array/array_core.h"

#include <catch2/catch.hpp>

#include <algorithm>

using drivers::Op;
using drivers::array::ArrayCore;
using drivers::array::ArraySettings;
using drivers::array::MediumCommand;
using drivers::array::MediumEnd;
using drivers::array::VolumeSettings;

namespace {

ArraySettings one_volume() {
    ArraySettings settings;
    settings.name = "plain";
    VolumeSettings volume;
    volume.block_count = 1U << 20U;
    settings.volumes.push_back(volume);
    return settings;
}

MediumCommand command(Op op, std::uint64_t lba, std::span<std::byte> data) {
    MediumCommand out;
    out.op = op;
    out.lba = lba;
    out.block_count = data.size() / 512;
    out.data = data;
    return out;
}

} // namespace

TEST_CASE("what was written to the emulated array is read back, all else is zeros", "[array]") {
    ArrayCore array(one_volume());
    std::vector<std::byte> data(8192, std::byte{0x5A});
    CHECK(array.execute(command(Op::write, 120, data), {}).end == MediumEnd::good);

    std::vector<std::byte> back(8192 + 1024, std::byte{1});
    CHECK(array.execute(command(Op::read, 119, back), {}).end == MediumEnd::good);
    CHECK(std::all_of(
        back.begin(), back.begin() + 512, [](std::byte b) { return b == std::byte{0}; }));
    CHECK(std::equal(data.begin(), data.end(), back.begin() + 512));
    CHECK(std::all_of(back.end() - 512, back.end(), [](std::byte b) { return b == std::byte{0}; }));
    CHECK(array.counts().bytes_written == 8192);
}

TEST_CASE("an unmapped range reads as zeros and is reported unmapped by whole granules",
          "[array]") {
    ArrayCore array(one_volume());
    std::vector<std::byte> data(4 * 65536, std::byte{0x11});
    array.execute(command(Op::write, 0, data), {});
    const drivers::BlockRange range{64, 256}; // Half of granule 0, all of 1, half of 2.
    MediumCommand unmap;
    unmap.op = Op::unmap;
    unmap.ranges = {&range, 1};
    CHECK(array.execute(unmap, {}).end == MediumEnd::good);
    std::vector<std::byte> back(data.size());
    array.execute(command(Op::read, 0, back), {});
    for (std::size_t block = 0; block < 512; ++block) {
        const bool gone = block >= 64 && block < 320;
        CHECK(back[block * 512] == (gone ? std::byte{0} : std::byte{0x11}));
    }
    CHECK(array.mapped_run(0, 0, 0).mapped);
    CHECK(array.mapped_run(0, 0, 0).block_count == 128);
    CHECK_FALSE(array.mapped_run(0, 0, 128).mapped);
    CHECK(array.mapped_run(0, 0, 128).block_count == 128);
    CHECK(array.mapped_run(0, 0, 512).block_count == (1U << 20U) - 512);
}

TEST_CASE("a compare names the first byte that differs", "[array]") {
    ArrayCore array(one_volume());
    std::vector<std::byte> data(1024, std::byte{7});
    array.execute(command(Op::write, 4, data), {});
    CHECK(array.execute(command(Op::compare, 4, data), {}).end == MediumEnd::good);
    data[700] = std::byte{8};
    const auto result = array.execute(command(Op::compare, 4, data), {});
    CHECK(result.end == MediumEnd::miscompare);
    CHECK(result.at_byte == 700);
}

TEST_CASE("lateness counts answers that were held back, from one question to the next", "[array]") {
    using namespace std::chrono_literals;
    ArrayCore array(one_volume());
    const drivers::TimePoint arrived{1000s};
    for (int i = 0; i < 100; ++i) {
        array.answered(arrived, arrived + 300us, 300us); // Due as it came: merely slow.
    }
    CHECK(array.counts().lateness_p99 == 0s);
    CHECK(array.emulator_counts().service_p50.count() == Approx(300'000).epsilon(0.07));
    for (int i = 0; i < 100; ++i) {
        array.answered(arrived + 1ms, arrived + 1049us, 1049us); // Within a twentieth.
    }
    CHECK(array.counts().lateness_p99 == 0s);
    for (int i = 0; i < 100; ++i) {
        array.answered(arrived + 1ms, arrived + 1060us, 1060us);
    }
    const auto counts = array.take_counts();
    CHECK(counts.answered == 300);
    CHECK(counts.array.lateness_p99.count() == Approx(60'000).epsilon(0.07));
    CHECK(array.emulator_counts().answered == 0);
    CHECK(array.counts().lateness_p99 == 0s);
}
