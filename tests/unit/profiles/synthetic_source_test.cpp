// SPDX-License-Identifier: Apache-2.0
#include "profiles/file_error.h"
#include "profiles/synthetic_source.h"

#include <catch2/catch.hpp>

#include <map>
#include <set>

using namespace profiles;
using namespace std::chrono_literals;

namespace {

constexpr WorkingSet set_of_64_mib{1U << 20U, 64U << 20U, 512};

Workload workload_of(Spot spot, Pace pace = Pace::fixed) {
    Workload out;
    WorkloadStream stream;
    stream.name = "write";
    stream.op = AccessOp::write;
    stream.locality.spot = spot;
    out.streams = {stream};
    out.arrivals.pace = pace;
    out.arrivals.rate_per_s = 1000;
    out.arrivals.depth = 4;
    return out;
}

std::vector<Access> taken(Source& source, Duration until, std::size_t limit = 100'000) {
    std::vector<Access> out(limit);
    out.resize(source.take(until, out));
    return out;
}

} // namespace

TEST_CASE("every access lies in the working set, aligned to its size", "[source]") {
    for (const Spot spot :
         {Spot::uniform, Spot::zipf, Spot::sequential, Spot::hot_spot, Spot::append}) {
        Workload workload = workload_of(spot);
        workload.streams[0].locality.zones = 5;
        workload.streams[0].blocks = {{4096, 0.5}, {65536, 0.5}};
        for (std::uint32_t lane = 0; lane < 3; ++lane) {
            const auto source = make_source(workload, set_of_64_mib, 1, {lane, 3});
            std::set<std::uint64_t> places;
            for (const auto& access : taken(*source, 20s)) {
                CHECK(access.offset_bytes >= set_of_64_mib.from_bytes);
                CHECK(access.offset_bytes + access.size_bytes <=
                      set_of_64_mib.from_bytes + set_of_64_mib.size_bytes);
                CHECK(access.offset_bytes % 4096 == 0);
                places.insert(access.offset_bytes);
            }
            CHECK(places.size() > 200);
        }
    }
}

TEST_CASE("lanes never share a block", "[source]") {
    for (const Spot spot : {Spot::uniform, Spot::zipf, Spot::sequential, Spot::append}) {
        std::map<std::uint64_t, std::uint32_t> owner;
        for (std::uint32_t lane = 0; lane < 4; ++lane) {
            const auto source = make_source(workload_of(spot), set_of_64_mib, 1, {lane, 4});
            for (const auto& access : taken(*source, 10s)) {
                CHECK(owner.emplace(access.offset_bytes, lane).first->second == lane);
            }
        }
    }
}

TEST_CASE("sequential accesses follow each other and start again at the end", "[source]") {
    const auto source = make_source(workload_of(Spot::sequential), set_of_64_mib, 1, {});
    const auto all = taken(*source, 20s);
    REQUIRE(all.size() > 16'384);
    for (std::size_t i = 0; i < all.size(); ++i) {
        CHECK(all[i].offset_bytes == set_of_64_mib.from_bytes + i % 16'384 * 4096);
    }
}

TEST_CASE("a hot spot gets its share of the accesses", "[source]") {
    Workload workload = workload_of(Spot::hot_spot);
    workload.streams[0].locality.hot_space = 0.2;
    workload.streams[0].locality.hot_accesses = 0.8;
    const auto source = make_source(workload, set_of_64_mib, 1, {});
    double hot = 0;
    const auto all = taken(*source, 20s);
    for (const auto& access : all) {
        hot +=
            access.offset_bytes - set_of_64_mib.from_bytes < set_of_64_mib.size_bytes / 5 ? 1 : 0;
    }
    CHECK(hot / static_cast<double>(all.size()) == Approx(0.8).margin(0.02));
}

TEST_CASE("zipf reaches every block of its region and scatters the hottest", "[source]") {
    Workload workload = workload_of(Spot::zipf);
    workload.streams[0].locality.zipf_theta = 0.1;
    const WorkingSet small{0, 60 * 4096, 512};
    std::map<std::uint64_t, int> seen;
    const auto source = make_source(workload, small, 1, {});
    for (const auto& access : taken(*source, 50s)) {
        ++seen[access.offset_bytes];
    }
    CHECK(seen.size() == 60);
    const auto all = taken(*make_source(workload_of(Spot::zipf), set_of_64_mib, 1, {}), 50s);
    std::set<std::uint64_t> halves;
    std::map<std::uint64_t, int> counts;
    for (const auto& access : all) {
        if (++counts[access.offset_bytes] > 100) {
            halves.insert(access.offset_bytes / (33U << 20U));
        }
    }
    CHECK(halves.size() == 2);
}

TEST_CASE("a closed loop keeps its depth and releases at completions", "[source]") {
    const auto source = make_source(workload_of(Spot::uniform, Pace::closed), set_of_64_mib, 1, {});
    CHECK(source->next_due() == Duration(0));
    CHECK(taken(*source, 0ns).size() == 4);
    CHECK(source->next_due() == std::nullopt);
    CHECK(taken(*source, 5s).empty());
    source->completed({0, AccessEnd::good, 7ms});
    source->completed({1, AccessEnd::failed, 9ms});
    CHECK(source->next_due() == Duration(7ms));
    const auto next = taken(*source, 8ms);
    REQUIRE(next.size() == 1);
    CHECK(next[0].due == 7ms);
    CHECK(source->next_due() == Duration(9ms));
}

TEST_CASE("closed depth is shared between the lanes", "[source]") {
    Workload workload = workload_of(Spot::uniform, Pace::closed);
    workload.arrivals.depth = 7;
    std::size_t total = 0;
    for (std::uint32_t lane = 0; lane < 3; ++lane) {
        total += taken(*make_source(workload, set_of_64_mib, 1, {lane, 3}), 0ns).size();
    }
    CHECK(total == 7);
    CHECK_THROWS_AS(make_source(workload, set_of_64_mib, 1, {0, 8}), FileError);
}

TEST_CASE("flushes come after so many writes and at their own beat", "[source]") {
    Workload workload = workload_of(Spot::uniform);
    workload.flush.every_writes = 10;
    auto source = make_source(workload, set_of_64_mib, 1, {});
    CHECK(source->streams().back().name == "flush");
    auto all = taken(*source, 1s - 1ns);
    CHECK(all.size() == 1100);
    for (std::size_t i = 0; i < all.size(); ++i) {
        CHECK((all[i].op == AccessOp::flush) == (i % 11 == 10));
        CHECK((i == 0 || all[i].due >= all[i - 1].due));
    }
    workload.flush = {0, 10ms};
    source = make_source(workload, set_of_64_mib, 1, {});
    all = taken(*source, 1s - 1ns);
    CHECK(all.size() == 1099); // At 10 ms .. 990 ms.
    workload.arrivals.pace = Pace::closed;
    source = make_source(workload, set_of_64_mib, 1, {});
    int flushes = 0;
    for (auto now = Duration(0); now < 1s; now += 1ms) {
        for (const auto& access : taken(*source, now)) {
            flushes += access.op == AccessOp::flush ? 1 : 0;
            source->completed({access.id, AccessEnd::good, now + 1ms});
        }
    }
    CHECK(flushes == 99);
}

TEST_CASE("the mix, the block sizes, forced writes and duplicates keep their shares", "[source]") {
    Workload workload = workload_of(Spot::uniform);
    workload.streams[0].share = 0.3;
    workload.streams[0].fua_share = 0.25;
    workload.streams[0].blocks = {{4096, 0.75}, {8192, 0.25}};
    workload.reduction.duplicate_share = 0.4;
    workload.reduction.dictionary = 16;
    WorkloadStream reads;
    reads.name = "read";
    reads.share = 0.7;
    workload.streams.push_back(reads);
    double writes = 0;
    double forced = 0;
    double large = 0;
    double duplicates = 0;
    const auto source = make_source(workload, set_of_64_mib, 1, {});
    for (const auto& access : taken(*source, 50s)) {
        writes += access.op == AccessOp::write ? 1 : 0;
        forced += access.force_unit_access ? 1 : 0;
        large += access.size_bytes == 8192 ? 1 : 0;
        duplicates += access.kind == Content::duplicate ? 1 : 0;
        CHECK(access.content < 16);
    }
    CHECK(writes / 50'000 == Approx(0.3).margin(0.01));
    CHECK(forced / writes == Approx(0.25).margin(0.02));
    CHECK(large / writes == Approx(0.25).margin(0.02));
    CHECK(duplicates / writes == Approx(0.4).margin(0.02));
}

TEST_CASE("a working set that does not fit the workload is refused", "[source]") {
    CHECK_THROWS_AS(make_source(workload_of(Spot::uniform), {0, 2048, 512}, 1, {}), FileError);
    Workload workload = workload_of(Spot::append);
    workload.streams[0].locality.zones = 100;
    CHECK_THROWS_AS(make_source(workload, {0, 99 * 4096, 512}, 1, {}), FileError);
    CHECK_THROWS_AS(make_source(workload_of(Spot::uniform), {0, 1U << 20U, 8192}, 1, {}),
                    FileError);
}
