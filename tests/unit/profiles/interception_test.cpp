// SPDX-License-Identifier: Apache-2.0
// The platform model as a whole: what a slow array costs, seeds, an outage.

#include "profiles/interception/streams.h"
#include "tests/unit/profiles/platform_run.h"

#include <catch2/catch.hpp>

using namespace profiles::interception;
using namespace std::chrono_literals;
using tests::Counts;
using tests::measure;
using tests::run;

namespace {

Parameters variant(double keep) {
    Parameters out;
    out.data.keep = keep;
    out.readers.retention_days = keep > 0 ? 730 : 1826;
    return out;
}

} // namespace

TEST_CASE("a slow array loses product when the buffer is full, and says how much, a fast one loses "
          "nothing",
          "[interception]") {
    Parameters parameters = variant(0.3);
    parameters.scale = 0.1;
    parameters.storage.buffer_seconds = 2;
    const Counts fast = run(parameters, 5, 60s, 1ms);
    CHECK(measure(fast, "lost_pdus") == 0);
    const Counts slow = run(parameters, 5, 60s, 2s); // Each commit takes four of these.
    CHECK(measure(slow, "lost_pdus") > 0);
    CHECK(measure(slow, "lost_target_seconds") > 0);
    CHECK(measure(slow, "lost_cases") > 0);
    CHECK(measure(slow, "buffer_high_water_bytes") <= measure(slow, "buffer_bytes"));
    CHECK(measure(slow, "product_pdus") ==
          measure(fast, "product_pdus")); // Backpressure never thins the load.
}

TEST_CASE("the same seed gives the same platform, another seed another", "[interception]") {
    Parameters parameters = variant(0.3);
    parameters.scale = 0.05;
    const Counts first = run(parameters, 9, 20s, 1ms);
    const Counts again = run(parameters, 9, 20s, 1ms);
    const Counts other = run(parameters, 10, 20s, 1ms);
    CHECK(first.per_s == again.per_s);
    CHECK(first.bytes_per_s == again.bytes_per_s);
    CHECK(first.bytes_per_s != other.bytes_per_s);
}

TEST_CASE("an outage of the handover link queues product and drains it in a burst",
          "[interception]") {
    Parameters parameters = variant(0.3);
    parameters.scale = 0.1;
    parameters.events.outage_at = 10s;
    parameters.events.outage_length = 10s;
    const Counts counts = run(parameters, 3, 60s, 1ms);
    const Counts quiet = run(
        [] {
            Parameters same = variant(0.3);
            same.scale = 0.1;
            return same;
        }(),
        3,
        60s,
        1ms);
    CHECK(measure(counts, "lost_pdus") == 0);
    CHECK(counts.bytes_per_s.at(number(StreamIndex::content)) ==
          Approx(quiet.bytes_per_s.at(number(StreamIndex::content))).epsilon(0.05));
    CHECK(measure(counts, "buffer_high_water_bytes") >
          1.5 * measure(quiet, "buffer_high_water_bytes"));
}
