// SPDX-License-Identifier: Apache-2.0
#include "bench/load/buffers.h"
#include "bench/measure/interval_tally.h"
#include "bench/measure/offered_load.h"
#include "bench/measure/steady_state.h"
#include "bench/measure/stream_tally.h"

#include <catch2/catch.hpp>

#include <cstring>
#include <set>

using namespace bench::measure;
using namespace std::chrono_literals;

namespace {

drivers::TimePoint at(drivers::Duration since) {
    return drivers::TimePoint{} + since;
}

drivers::Completion ended(drivers::Status status, std::uint32_t sense = 0) {
    drivers::Completion out;
    out.status = status;
    out.sense = sense;
    return out;
}

results::AuditRecord offered(double per_s, std::uint64_t slip_ns) {
    results::AuditRecord out;
    out.offered_per_s = per_s;
    out.slip_ns.record(slip_ns, 1000);
    return out;
}

results::Histogram responses(std::uint64_t value_ns) {
    results::Histogram out;
    out.record(value_ns, 1000);
    return out;
}

} // namespace

TEST_CASE("slip beyond 100 us and 5 % of the median is the generator's fault", "[measure]") {
    const auto invalid = [](double per_s, std::uint64_t slip_ns, std::uint64_t median_ns) {
        auto audit = offered(per_s, slip_ns);
        judge_offered_load(audit, responses(median_ns));
        return !audit.invalid.empty();
    };
    CHECK_FALSE(invalid(1000, 99'000, 50'000));
    CHECK(invalid(1000, 101'000, 50'000));
    CHECK_FALSE(invalid(1000, 400'000, 10'000'000)); // 5 % of 10 ms is 500 us.
    CHECK(invalid(1000, 501'000, 10'000'000));
    CHECK_FALSE(invalid(0, 501'000, 1000)); // A closed loop offers nothing.
}

TEST_CASE("a tenth of a percent of late accesses does not make a point invalid", "[measure]") {
    auto audit = offered(1000, 1000);
    audit.slip_ns.record(5'000'000, 5); // 5 of 1005.
    judge_offered_load(audit, responses(50'000));
    CHECK(audit.invalid.empty());
    audit.slip_ns.record(5'000'000, 10);
    judge_offered_load(audit, responses(50'000));
    CHECK(audit.invalid.size() == 1);
}

TEST_CASE("five level rounds are steady, a slope or a jump is not", "[measure]") {
    const auto steady = [](std::vector<double> rounds) {
        return steadiness_of(rounds, {}).steady;
    };
    CHECK(steady({100, 101, 99, 100, 102}));
    CHECK_FALSE(steady({100, 101, 99, 100}));                // Too few.
    CHECK_FALSE(steady({100, 103, 106, 109, 112}));          // Range 11 %, drift 11 %.
    CHECK(steady({100, 102, 104, 106, 108}));                // Range 8 %, drift 8 %.
    CHECK_FALSE(steady({100, 100, 121, 100, 100}));          // Range 20.2 %.
    CHECK(steady({500, 300, 200, 100, 100, 100, 100, 100})); // Only the last five count.
    CHECK_FALSE(steady({0, 0, 0, 0, 0}));
}

TEST_CASE("what never becomes steady ends after its most rounds and says so", "[measure]") {
    SteadyState state;
    std::size_t rounds = 1;
    for (double value = 100; !state.add(value); value *= 1.2) {
        ++rounds;
    }
    CHECK(rounds == 25);
    CHECK_THAT(state.now().text(), Catch::StartsWith("not steady after 25 rounds"));

    SteadyState level;
    rounds = 1;
    while (!level.add(42)) {
        ++rounds;
    }
    CHECK(rounds == 5);
    CHECK_THAT(level.now().text(), Catch::StartsWith("steady after 5 rounds"));
}

TEST_CASE("response is wait and service together", "[measure]") {
    StreamTally tally;
    tally.completed({at(10us), at(14us), at(40us)}, ended(drivers::Status::good), 4096);
    results::StreamRecord record;
    tally.add_to(record);
    CHECK(record.wait_ns.max_ns() == 4'000);
    CHECK(record.service_ns.max_ns() == 26'000);
    CHECK(record.response_ns.max_ns() == 30'000);
    CHECK(record.bytes == 4096);
}

TEST_CASE("endings are told apart, and each kind of error is counted by its sense", "[measure]") {
    StreamTally tally;
    const AccessTimes times{at(0us), at(1us), at(9us)};
    tally.completed(times, ended(drivers::Status::failed, 0x052100), 512);
    tally.completed(times, ended(drivers::Status::failed, 0x052100), 512);
    tally.completed(times, ended(drivers::Status::busy), 512);
    tally.completed(times, ended(drivers::Status::timed_out), 512);
    tally.completed(times, ended(drivers::Status::lost), 512);
    tally.unfinished(times, Unfinished::waited_out);
    results::StreamRecord record;
    tally.add_to(record);
    CHECK(record.completed == 0);
    CHECK(record.bytes == 0);
    CHECK(record.failed == 3);
    CHECK(record.timed_out == 1);
    CHECK(record.lost == 1);
    CHECK(record.unfinished == 1);
    CHECK(record.errors.at("failed, sense 052100 (ILLEGAL REQUEST: LBA out of range)") == 2);
    CHECK(record.errors.at("busy") == 1);
    CHECK(record.response_ns.count() ==
          2); // What was waited for in vain; no quick errors or losses.
    REQUIRE(record.unanswered_ns);
    CHECK(record.unanswered_ns->count() == 3); // Due to given up: timed out, lost, unfinished.

    for (std::uint32_t sense = 1; sense < 100; ++sense) { // More kinds than there are places.
        tally.completed(times, ended(drivers::Status::failed, sense), 512);
    }
    results::StreamRecord many;
    tally.add_to(many);
    std::uint64_t counted = 0;
    for (const auto& [text, count] : many.errors) {
        counted += count;
    }
    CHECK(counted == 6 + 99);
}

TEST_CASE("a reader that falls behind makes intervals longer, never wrong", "[measure]") {
    IntervalQueue queue;
    std::uint64_t closed = 0;
    for (std::uint64_t next = 1; next <= 100; ++next) {
        queue.current().completed += 10;
        closed += queue.close(next) ? 1U : 0U;
    }
    CHECK(closed == 15);
    std::uint64_t total = 0;
    std::uint64_t last = 0;
    for (const IntervalTally* tally = queue.front(); tally != nullptr; tally = queue.front()) {
        CHECK((tally->index == 0 || tally->index > last));
        last = tally->index;
        total += tally->completed;
        queue.pop();
    }
    CHECK(total == closed * 10);
    CHECK(queue.current().completed == (100 - closed) * 10);
    CHECK(queue.close(101));
    CHECK(queue.current().completed == 0);
}

TEST_CASE("written sectors differ unless a duplicate is asked for", "[measure]") {
    bench::load::Buffers buffers(2, 8192, {0.5, 0, 16}, 1);
    profiles::Access access;
    access.op = profiles::AccessOp::write;
    access.size_bytes = 8192;
    const auto sectors = [&](std::size_t index) {
        std::set<std::string> out;
        for (std::size_t at_byte = 0; at_byte < 8192; at_byte += 512) {
            const auto sector = buffers.buffer(index).subspan(at_byte, 512);
            std::string text(512, '\0');
            std::memcpy(text.data(), sector.data(), 512);
            CHECK(text.substr(256) == std::string(256, '\0')); // The compressible half.
            CHECK(text.substr(0, 8) != std::string(8, '\0'));
            out.insert(text.substr(0, 8)); // Differ from the first byte on.
        }
        return out;
    };
    buffers.fill(0, access);
    buffers.fill(1, access);
    auto all = sectors(0);
    all.merge(sectors(1));
    CHECK(all.size() == 32);

    access.kind = profiles::Content::duplicate;
    access.content = 7;
    buffers.fill(0, access);
    buffers.fill(1, access);
    CHECK(sectors(0) == sectors(1));
    access.content = 8;
    buffers.fill(1, access);
    CHECK(sectors(0) != sectors(1));
}
