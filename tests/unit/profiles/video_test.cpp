// SPDX-License-Identifier: Apache-2.0
#include "profiles/file_error.h"
#include "profiles/kinds/any_workload.h"
#include "tests/paths.h"

#include <catch2/catch.hpp>

#include <map>
#include <set>

using namespace profiles;
using namespace profiles::interception;
using namespace std::chrono_literals;

namespace {

constexpr WorkingSet set_of_4_gib{0, 4ULL << 30U, 4096};

VideoParameters fifty_cameras() {
    VideoParameters out;
    out.cameras = 50;
    out.viewers = 4;
    return out;
}

struct Run {
    std::map<std::uint16_t, std::vector<Access>> accesses; // By stream.
    std::map<std::string, double> measures;
    std::vector<Delay> delays;
};

// Every access is answered `service` after it was due; a negative one means never.
Run run(const VideoParameters& parameters,
        Duration length,
        Duration service,
        Shard shard = {0, 1}) {
    const auto source = make_video_source(parameters, set_of_4_gib, 7, shard);
    std::vector<Access> batch(64);
    std::multimap<Duration, std::uint64_t> in_flight;
    std::set<std::uint64_t> ids;
    Run out;
    for (Duration now{0}; now < length;) {
        const Duration next = *source->next_due();
        if (!in_flight.empty() && in_flight.begin()->first <= next) {
            now = in_flight.begin()->first;
            source->completed({in_flight.begin()->second, AccessEnd::good, now});
            in_flight.erase(in_flight.begin());
            continue;
        }
        now = next;
        const std::size_t count = source->take(now, batch);
        for (std::size_t i = 0; i < count; ++i) {
            out.accesses[batch[i].stream].push_back(batch[i]);
            CHECK(ids.insert(batch[i].id).second);
            if (service >= 0ns) {
                in_flight.emplace(batch[i].due + service, batch[i].id);
            }
        }
    }
    out.delays.resize(64);
    out.delays.resize(source->take_delays(out.delays));
    for (const Measure& measure : source->measures()) {
        out.measures[measure.name] = measure.value;
    }
    return out;
}

std::uint16_t stream(VideoStream which) {
    return static_cast<std::uint16_t>(which);
}

} // namespace

TEST_CASE("cameras write at the rates that the table promises, each in its own zone", "[video]") {
    const VideoParameters parameters = fifty_cameras();
    const PlatformTable table = video_table(parameters);
    const Run seen = run(parameters, 120s, 5ms);
    for (std::size_t i = 0; i < table.streams.size(); ++i) {
        const double per_s =
            static_cast<double>(seen.accesses.at(static_cast<std::uint16_t>(i)).size()) / 120;
        INFO(table.streams[i].name);
        CHECK(per_s == Approx(table.streams[i].per_s).epsilon(0.02));
    }
    CHECK(seen.measures.at("lost_blocks") == 0);
    CHECK_FALSE(seen.delays.empty());
    std::map<std::uint64_t, std::size_t> jumps; // A zone's cursor only jumps when it goes round.
    std::set<std::uint64_t> ends;
    for (const Access& write : seen.accesses.at(stream(VideoStream::record))) {
        CHECK(write.op == AccessOp::write);
        CHECK(write.offset_bytes % 4096 == 0);
        CHECK(write.offset_bytes + write.size_bytes <= set_of_4_gib.size_bytes);
        if (ends.erase(write.offset_bytes) == 0) {
            ++jumps[write.offset_bytes];
        }
        ends.insert(write.offset_bytes + write.size_bytes);
    }
    CHECK(jumps.size() <= 2 * 50);
    for (const Access& page : seen.accesses.at(stream(VideoStream::index))) {
        CHECK(page.force_unit_access);
    }
}

TEST_CASE("an array that stops answering costs pictures, one that answers costs none", "[video]") {
    const VideoParameters parameters = fifty_cameras();
    const Run stuck = run(parameters, 30s, -1ns);
    // Ten seconds fit into each camera's buffer; what comes in the twenty after them is lost.
    CHECK(stuck.measures.at("lost_bytes") == Approx(50 * 500'000.0 * 20).epsilon(0.1));
    CHECK(stuck.measures.at("lost_camera_seconds") > 50 * 15);
    CHECK(run(parameters, 30s, 5s).measures.at("lost_blocks") == 0);
}

TEST_CASE("shards of cameras keep to their own parts and are together all cameras", "[video]") {
    const VideoParameters parameters = fifty_cameras();
    std::size_t written = 0;
    for (std::uint32_t i = 0; i < 3; ++i) {
        const auto parts =
            touched_parts(AnyWorkload{VideoWorkload{"v", "", parameters}}, set_of_4_gib, {i, 3});
        const Run part = run(parameters, 60s, 1ms, {i, 3});
        for (const auto& [_, accesses] : part.accesses) {
            for (const Access& access : accesses) {
                CHECK(access.offset_bytes >= parts[0].from_bytes);
                CHECK(access.offset_bytes + access.size_bytes <=
                      parts[0].from_bytes + parts[0].size_bytes);
            }
        }
        written += part.accesses.at(stream(VideoStream::record)).size();
    }
    CHECK(static_cast<double>(written) ==
          Approx(60 * video_table(parameters).streams[0].per_s).epsilon(0.02));
    CHECK_THROWS_AS(make_video_source(parameters, set_of_4_gib, 1, {0, 51}), FileError);
    CHECK_THROWS_AS(make_video_source(parameters, {0, 64U << 20U, 512}, 1, {0, 1}), FileError);
}

TEST_CASE("the shipped video workload reads, and a wrong key does not", "[video]") {
    const auto any =
        read_any_workload(tests::source_dir() + "/profiles/workloads/platform/video-evidence.json");
    REQUIRE(is_video(any));
    CHECK(writes(any));
    CHECK(stream_names(any).size() == 4);
    CHECK(largest_access_bytes(any) == 1U << 20U);
    CHECK_THROWS_AS(
        parse_video_workload(
            R"({"$schema": "arraybench/video-evidence/1", "purpose": "x", "camera": 3})", "x"),
        FileError);
}
