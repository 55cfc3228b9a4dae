// SPDX-License-Identifier: Apache-2.0
// What an array that reduces data finds in what the bench writes: measured by lz4 and by counting.
#include "bench/integrity/keeper.h"
#include "bench/integrity/stamp.h"
#include "bench/load/buffers.h"
#include "bench/load/content_measure.h"
#include "profiles/random.h"
#include "profiles/synthetic_source.h"

#include <catch2/catch.hpp>

#include <cstring>
#include <set>
#include <string_view>
#include <unordered_set>
#include <vector>

using namespace bench::load;
using bench::integrity::Expectation;
using bench::integrity::Keeper;
using bench::integrity::KeeperSettings;
using profiles::Access;
using profiles::AccessOp;

namespace {

constexpr std::size_t mib = 1U << 20U;

Access write_at(std::uint64_t offset, std::uint64_t size) {
    Access out;
    out.op = AccessOp::write;
    out.offset_bytes = offset;
    out.size_bytes = size;
    return out;
}

// A LUN written from one buffer again and again, which a read has filled with what is next door.
std::vector<std::byte> unstamped(double share, std::uint64_t size, std::uint64_t write) {
    std::vector<std::byte> out(size);
    Buffers buffers(1, write, {share, 0, 1}, 1);
    for (std::uint64_t at = 0; at < size; at += write) {
        if (at > 0) {
            std::memcpy(buffers.buffer(0).data(), out.data() + at - write, write);
        }
        buffers.fill(0, write_at(at, write));
        std::memcpy(out.data() + at, buffers.buffer(0).data(), write);
    }
    return out;
}

std::vector<std::byte>
stamped(double share, std::uint64_t size, std::uint64_t write, bool canary = false) {
    std::vector<std::byte> out(size);
    Expectation expectation({.run = 0x1122334455667788, .size_bytes = size});
    KeeperSettings settings;
    settings.compressible_percent = static_cast<std::uint8_t>(share * 100 + 0.5);
    if (canary) {
        settings.canary.emplace(bench::integrity::CanaryKey{}, bench::integrity::CanaryPlace{});
    }
    Keeper keeper(expectation, settings);
    profiles::Random random(7);
    drivers::TimePoint now{std::chrono::hours(30)};
    for (std::uint64_t at = 0; at < size; at += write) {
        now += std::chrono::nanoseconds(20'000 + random.below(50'000));
        const auto data = std::span(out).subspan(at, write);
        keeper.begin(0, write_at(at, write), data, now);
        keeper.end(0, 0, {.status = drivers::Status::good, .fenced = true, .done = now});
    }
    return out;
}

void check_share(const std::vector<std::byte>& data, double asked) {
    for (const std::size_t window : {8U << 10U, 16U << 10U, 64U << 10U, 128U << 10U, 1U << 20U}) {
        const double saved = saved_by_lz4(data, window);
        INFO("asked " << asked << ", lz4 saves " << saved << " (zstd "
                      << saved_by_zstd(data, window) << ") in blocks of " << window << " bytes");
        CHECK(saved == Approx(asked).margin(0.02));
    }
}

// How much of a LUN repeats an earlier part of it.
double duplicate_share(const std::vector<std::byte>& lun, std::size_t granule) {
    std::unordered_set<std::string_view> seen;
    for (std::size_t at = 0; at < lun.size(); at += granule) {
        seen.insert({reinterpret_cast<const char*>(lun.data()) + at, granule});
    }
    return 1 - static_cast<double>(seen.size() * granule) / static_cast<double>(lun.size());
}

profiles::Workload writes(double duplicates, std::uint64_t block, std::uint32_t dictionary) {
    profiles::Workload out;
    out.streams.resize(1);
    out.streams[0].name = "write";
    out.streams[0].op = AccessOp::write;
    out.streams[0].blocks = {{block, 1}};
    out.streams[0].locality.spot = profiles::Spot::sequential;
    out.reduction = {0.3, duplicates, dictionary};
    out.arrivals.depth = 4;
    return out;
}

// All of a LUN, written by `lanes` lanes of their own, with stamps or without.
std::vector<std::byte>
written(const profiles::Workload& workload, bool stamps, std::uint32_t lanes) {
    const profiles::WorkingSet set{0, 16 * mib, 512};
    std::vector<std::byte> lun(set.size_bytes);
    Expectation expectation({.run = 9, .size_bytes = set.size_bytes});
    for (std::uint32_t lane = 0; lane < lanes; ++lane) {
        const auto source = profiles::make_source(workload, set, 5, {lane, lanes});
        const std::uint64_t size = workload.streams[0].blocks[0].size_bytes;
        Buffers buffers(1, size, workload.reduction, 5 + lane);
        Keeper keeper(expectation, {.lane = static_cast<std::uint16_t>(lane)});
        for (std::uint64_t left = set.size_bytes / lanes / size; left > 0; --left) {
            Access access;
            REQUIRE(source->take(profiles::Duration(0), {&access, 1}) == 1);
            const auto data = std::span(lun).subspan(access.offset_bytes, access.size_bytes);
            if (stamps) {
                keeper.begin(0, access, data, {});
                keeper.end(0, 0, {.status = drivers::Status::good, .fenced = true});
            } else {
                buffers.fill(0, access);
                std::memcpy(data.data(), buffers.buffer(0).data(), data.size());
            }
            source->completed({access.id, profiles::AccessEnd::good, profiles::Duration(0)});
        }
    }
    return lun;
}

} // namespace

TEST_CASE("lz4 saves the share that was asked for at any window, without stamps", "[content]") {
    for (const double share : {0.0, 0.01, 0.1, 0.25, 0.32, 0.5, 0.75, 0.9, 0.97, 1.0}) {
        for (const std::uint64_t write : {512U, 4096U, 8192U, 65536U}) {
            INFO("writes of " << write << " bytes");
            if (share == 1 && write == 512) {
                continue; // Sectors that each have to differ: 97 %.
            }
            check_share(unstamped(share, 2 * mib, write), share);
        }
    }
}

TEST_CASE("lz4 saves the share that was asked for at any window, with stamps", "[content]") {
    for (const double share : {0.0, 0.01, 0.1, 0.25, 0.32, 0.5, 0.75, 0.88, 0.89, 0.95}) {
        for (const std::uint64_t write : {512U, 4096U, 65536U}) {
            INFO("writes of " << write << " bytes");
            check_share(stamped(share, 2 * mib, write), share);
        }
    }
}

TEST_CASE("canaries repeat their marker, and the share allows for it", "[content]") {
    for (const double share : {0.05, 0.32, 0.5, 0.84, 0.9}) {
        check_share(stamped(share, 2 * mib, 4096, true), share);
    }
    CHECK(saved_by_lz4(stamped(0, mib, 4096, true), 8192) == Approx(0.042).margin(0.01));
}

TEST_CASE("duplicates compress as all else does", "[content]") {
    for (const double share : {0.0, 0.25, 0.5, 0.9}) {
        std::vector<std::byte> dictionary;
        std::vector<std::byte> contents(2 * mib);
        Buffers buffers(1, 4096, {share, 1, 1024}, 1);
        Access access = write_at(0, 4096);
        access.kind = profiles::Content::duplicate;
        for (std::size_t at = 0; at < contents.size(); at += 4096, ++access.content) {
            buffers.fill(0, access);
            std::memcpy(contents.data() + at, buffers.buffer(0).data(), 4096);
        }
        check_share(contents, share);
        for (std::uint32_t entry = 0; entry < 512; ++entry) {
            bench::integrity::write_dictionary(
                std::span(contents).subspan(entry * 4096, 4096),
                {.seed = 1,
                 .entry = entry,
                 .compressible_percent = static_cast<std::uint8_t>(share * 100)});
        }
        check_share(contents, share);
    }
}

TEST_CASE("as much of a written LUN repeats as was asked for", "[content]") {
    for (const double share : {0.0, 0.1, 0.25, 0.5, 0.9}) {
        for (const bool stamps : {false, true}) {
            for (const std::uint32_t lanes : {1U, 2U}) {
                const auto lun = written(writes(share, 4096, 1024), stamps, lanes);
                INFO("asked " << share << (stamps ? ", stamped, " : ", ") << lanes << " lanes");
                CHECK(duplicate_share(lun, 4096) == Approx(share).margin(0.02));
            }
        }
    }
}

TEST_CASE("larger blocks repeat as a whole", "[content]") {
    for (const bool stamps : {false, true}) {
        const auto lun = written(writes(0.4, 65536, 1U << 20U), stamps, 1);
        CHECK(duplicate_share(lun, 65536) == Approx(0.4).margin(0.07)); // Of 256 blocks.
        CHECK(duplicate_share(lun, 4096) == Approx(0.4).margin(0.07));
    }
}

TEST_CASE("what is written follows from the seed, and no lane writes what another does",
          "[content]") {
    const auto workload = writes(0, 4096, 1);
    CHECK(written(workload, false, 2) == written(workload, false, 2));
    std::set<std::string_view> sectors;
    const auto lun = written(workload, false, 4);
    for (std::size_t at = 0; at < lun.size(); at += 512) {
        sectors.insert({reinterpret_cast<const char*>(lun.data()) + at, 300});
    }
    CHECK(sectors.size() == lun.size() / 512);
}
