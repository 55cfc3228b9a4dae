// SPDX-License-Identifier: Apache-2.0
// Who lost what, when the array is too slow.
#include "tests/unit/profiles/platform_run.h"

#include <catch2/catch.hpp>

#include <set>

using namespace profiles::interception;
using namespace std::chrono_literals;
using profiles::Loss;
using tests::Counts;
using tests::measure;

namespace {

Parameters small() {
    Parameters out;
    out.data.keep = 0.3;
    out.scale = 0.1;
    out.storage.buffer_seconds = 2;
    return out;
}

double sum_of(const Counts& counts, const std::string& kind, std::uint64_t Loss::*member) {
    double out = 0;
    for (const Loss& one : counts.losses) {
        out += one.kind == kind ? static_cast<double>(one.*member) : 0;
    }
    return out;
}

double number_of(const Counts& counts, const std::string& kind) {
    return static_cast<double>(std::count_if(counts.losses.begin(),
                                             counts.losses.end(),
                                             [&](const Loss& one) { return one.kind == kind; }));
}

} // namespace

TEST_CASE("what was lost is told for each target and case, and adds up", "[interception]") {
    const Counts slow = tests::run(small(), 5, 60s, 2s);
    REQUIRE(measure(slow, "lost_pdus") > 0);
    for (const char* kind : {"target", "case"}) {
        CHECK(sum_of(slow, kind, &Loss::units) == measure(slow, "lost_pdus"));
    }
    CHECK(number_of(slow, "target") == measure(slow, "lost_targets"));
    CHECK(number_of(slow, "case") == measure(slow, "lost_cases"));
    CHECK(sum_of(slow, "target", &Loss::seconds) == measure(slow, "lost_target_seconds"));
    CHECK(sum_of(slow, "case", &Loss::seconds) == measure(slow, "lost_case_seconds"));
    for (const Loss& one : slow.losses) {
        CHECK(one.seconds >= 1);
        CHECK(one.seconds <= 60);
        CHECK(one.number < 500);
    }
    CHECK(tests::run(small(), 5, 60s, 1ms).losses.empty());
}

TEST_CASE("targets and cases have numbers of their own over all shards", "[interception]") {
    Parameters parameters = small();
    parameters.storage.writers = 40;
    const profiles::WorkingSet set{0, 8ULL << 30U, 512};
    std::set<std::pair<std::string, std::uint64_t>> seen;
    for (std::uint32_t index = 0; index < 2; ++index) {
        const auto source = make_interception_source(parameters, set, 3, {index, 2});
        std::vector<profiles::Access> batch(64);
        while (*source->next_due() < 20s) { // Nothing is ever answered.
            (void)source->take(*source->next_due(), batch);
        }
        REQUIRE_FALSE(source->losses().empty());
        for (const Loss& one : source->losses()) {
            CHECK(one.number % 2 == index);
            CHECK(seen.insert({one.kind, one.number}).second);
        }
    }
}

TEST_CASE("product that queued during an outage is still that of its own target",
          "[interception]") {
    Parameters parameters = small();
    parameters.events.outage_at = 2s;
    parameters.events.outage_length = 8s;
    parameters.events.outage_drain_factor = 50; // More than the buffer takes.
    const Counts counts = tests::run(parameters, 3, 20s, 1ms);
    REQUIRE(measure(counts, "lost_pdus") > 0);
    CHECK(sum_of(counts, "target", &Loss::units) == measure(counts, "lost_pdus"));
    const double writers = 2; // Not only those that share a number with a writer.
    CHECK(number_of(counts, "target") > 3 * writers);
}
