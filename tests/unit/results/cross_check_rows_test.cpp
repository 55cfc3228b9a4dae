// SPDX-License-Identifier: Apache-2.0
// Two tools' numbers side by side: what each measured, and nothing that neither did.
#include "results/cross_check_rows.h"

#include <catch2/catch.hpp>

using namespace results;

namespace {

Histogram around(std::uint64_t base_ns) {
    Histogram out;
    for (std::uint64_t i = 0; base_ns > 0 && i < 2000; ++i) {
        out.record(base_ns + i * base_ns / 4000);
    }
    return out;
}

CrossCheckRecord record(std::uint64_t bench_ns, std::uint64_t tool_ns) {
    CrossCheckRecord out;
    CrossCheckStream& stream = out.streams.emplace_back();
    stream.operation = "read";
    stream.tool_per_s = 110;
    stream.bench_per_s = bench_ns > 0 ? 100 : 0;
    stream.bench_service_ns = around(bench_ns);
    stream.tool_service_ns = around(tool_ns);
    return out;
}

view::CrossCheckRow row(const CrossCheckRecord& check, const std::string& what) {
    for (const view::CrossCheckRow& one : view::cross_check_rows(check)) {
        if (one.what == what) {
            return one;
        }
    }
    return {};
}

} // namespace

TEST_CASE("a cross-check shows both numbers and by how much they differ", "[cross_check]") {
    const auto check = record(1'000'000, 1'200'000);
    CHECK_THAT(row(check, "read rate").difference,
               Catch::Contains("10") && Catch::Contains("higher"));
    CHECK(row(check, "read samples").bench == "2,000");
    const auto p99 = row(check, "read P99");
    CHECK_THAT(p99.bench, Catch::StartsWith("1.5"));
    CHECK_THAT(p99.tool, Catch::StartsWith("1.79"));
    CHECK_THAT(p99.difference, Catch::Matches(R"((20|19\.9|20\.[01]).*higher)"));
    CHECK(row(check, "read P99.9").tool == "not measured"); // Two samples above it.
}

TEST_CASE("what this bench has not measured differs from nothing", "[cross_check]") {
    const auto check = record(0, 1'200'000);
    CHECK(row(check, "read rate").bench == "not measured");
    CHECK(row(check, "read rate").difference.empty());
    CHECK(row(check, "read P99").bench == "not measured");
    CHECK(row(check, "read P99").difference.empty());
}

TEST_CASE("what the tool clipped is at least so long, and no difference is made of it",
          "[cross_check]") {
    auto check = record(1'000'000, 17'046'000'000);
    check.streams[0].tool_clipped = 30;
    CHECK_THAT(row(check, "read P99").tool, Catch::StartsWith("at least "));
    CHECK(row(check, "read P99").difference.empty());
    CHECK_FALSE(row(check, "read P50").difference.empty()); // 30 of 2,000 lie above it.
}
