// SPDX-License-Identifier: Apache-2.0
#include "profiles/file_error.h"
#include "profiles/interception/interception_file.h"
#include "profiles/interception/interception_source.h"
#include "profiles/interception/rates.h"
#include "profiles/interception/streams.h"
#include "profiles/interception/trend.h"
#include "profiles/kinds/any_workload.h"
#include "tests/paths.h"

#include <catch2/catch.hpp>

#include <filesystem>

using namespace profiles::interception;

namespace {

PlatformWorkload parse(const std::string& rest) {
    return parse_platform_workload(
        R"({"$schema":"arraybench/interception/1","purpose":"p")" + rest + "}", "w");
}

} // namespace

TEST_CASE("every shipped platform workload reads and describes itself", "[interception]") {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(tests::source_dir() +
                                                                 "/profiles/workloads/platform")) {
        INFO(entry.path().string());
        const auto any = profiles::read_any_workload(entry.path().string());
        ++count;
        if (const auto* workload = std::get_if<PlatformWorkload>(&any)) {
            CHECK(!workload->purpose.empty());
            CHECK(platform_table(workload->parameters).streams.size() >= 8);
        } else {
            CHECK(profiles::is_video(any));
        }
    }
    CHECK(count >= 9);
}

TEST_CASE("units, ranges and keys of a platform workload are strict", "[interception]") {
    CHECK(parse(R"(,"targets":200,"storage":{"buffer":"30s","commits":"8/s"})")
              .parameters.storage.commits_per_s == 8);
    CHECK_THROWS_AS(parse(R"(,"targets":0)"), profiles::FileError);
    CHECK_THROWS_AS(parse(R"(,"tragets":10)"), profiles::FileError);
    CHECK_THROWS_AS(parse(R"(,"storage":{"buffer":30})"), profiles::FileError);
    CHECK_THROWS_AS(parse(R"(,"storage":{"journal_block":"5000B"})"), profiles::FileError);
    CHECK_THROWS_AS(parse(R"(,"data":{"keep":2})"), profiles::FileError);
    CHECK_THROWS_AS(parse(R"(,"voice":{"codecs":[]})"), profiles::FileError);
}

TEST_CASE("a working set too small for the writers, or more shards than writers, is refused",
          "[interception]") {
    const Parameters parameters;
    CHECK_THROWS_AS(make_interception_source(parameters, {0, 64U << 20U, 512}, 1, {0, 1}),
                    profiles::FileError);
    CHECK_THROWS_AS(make_interception_source(parameters, {0, 64ULL << 30U, 512}, 1, {0, 17}),
                    profiles::FileError);
}

TEST_CASE("a growing backlog has a trend above zero, a steady or noisy one has not",
          "[interception]") {
    std::vector<float> growing;
    std::vector<float> noisy;
    for (int second = 0; second < 120; ++second) {
        const auto noise = static_cast<float>((second * 7919) % 101);
        growing.push_back(static_cast<float>(second) * 10 + noise);
        noisy.push_back(1000 + noise);
    }
    CHECK(backlog_trend(growing).bytes_per_s == Approx(10).epsilon(0.05));
    CHECK(backlog_trend(growing).low > 0);
    CHECK(backlog_trend(noisy).low <= 0);
    CHECK(backlog_trend({}).bytes_per_s == 0);
}

TEST_CASE("an evacuation always keeps its reads in flight and says how far it came", "[platform]") {
    Parameters parameters;
    parameters.scale = 0.01;
    parameters.readers.evacuation = true;
    parameters.readers.evacuation_depth = 8;
    const auto source = make_interception_source(parameters, {0, 1ULL << 30U, 512}, 1, {0, 1});
    std::vector<profiles::Access> batch(64);
    std::vector<std::uint64_t> held;
    const auto take = [&](std::chrono::nanoseconds now) {
        const std::size_t count = source->take(now, batch);
        for (std::size_t i = 0; i < count; ++i) {
            if (batch[i].stream == number(StreamIndex::evacuation)) {
                CHECK(batch[i].size_bytes == 1U << 20U);
                held.push_back(batch[i].id);
            }
        }
    };
    take(std::chrono::nanoseconds(0));
    CHECK(held.size() == 8);
    const auto measure = [&](const std::string& name) {
        for (const auto& one : source->measures()) {
            if (one.name == name) {
                return one.value;
            }
        }
        return -1.0;
    };
    for (int i = 1; i <= 1000; ++i) {
        REQUIRE_FALSE(held.empty());
        const std::uint64_t id = held.front();
        held.erase(held.begin());
        source->completed({id, profiles::AccessEnd::good, std::chrono::microseconds(i)});
        take(std::chrono::microseconds(i));
        CHECK(held.size() == 8);
    }
    CHECK(measure("evacuated_bytes") == 1000.0 * (1U << 20U));
    CHECK(measure("evacuation_passes_finished") == 1); // 60 % of less than 1 GiB was retained.
}

TEST_CASE("what arrives on the new array is written and then read back", "[platform]") {
    Parameters parameters;
    parameters.scale = 0.01;
    parameters.readers.arrival = true;
    parameters.readers.evacuation_depth = 4;
    const auto source = make_interception_source(parameters, {0, 1ULL << 30U, 512}, 1, {0, 1});
    std::vector<profiles::Access> batch(64);
    std::vector<profiles::Access> held;
    const auto take = [&](std::chrono::nanoseconds now) {
        const std::size_t count = source->take(now, batch);
        for (std::size_t i = 0; i < count; ++i) {
            if (batch[i].stream == number(StreamIndex::arrival) ||
                batch[i].stream == number(StreamIndex::arrival_check)) {
                held.push_back(batch[i]);
            }
        }
    };
    take(std::chrono::nanoseconds(0));
    REQUIRE(held.size() == 4);
    for (int i = 1; i <= 200; ++i) {
        const profiles::Access done = held.front();
        held.erase(held.begin());
        source->completed({done.id, profiles::AccessEnd::good, std::chrono::microseconds(i)});
        take(std::chrono::microseconds(i));
        REQUIRE(held.size() == 4);
        const profiles::Access& next = held.back();
        if (done.op == profiles::AccessOp::write) {
            CHECK(next.op == profiles::AccessOp::read);
            CHECK(next.verify);
            CHECK(next.offset_bytes == done.offset_bytes);
        } else {
            CHECK(next.op == profiles::AccessOp::write);
            CHECK(next.size_bytes == 1U << 20U);
        }
    }
}
