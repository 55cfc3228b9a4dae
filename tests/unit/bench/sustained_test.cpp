// SPDX-License-Identifier: Apache-2.0
#include "bench/judge/capacity.h"
#include "bench/judge/sustained.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <fmt/format.h>

using namespace bench::judge;
using results::RoundRecord;

namespace {

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::uint64_t ms_ns = 1'000'000;

// Ten seconds with a buffer of two, 500 commits of 200 ms.
RoundRecord quiet_round(double targets = 100) {
    RoundRecord out;
    out.array = "a";
    out.workload = "capacity: national";
    out.point_value = targets;
    out.ended = "complete";
    out.duration_ns = 10 * second_ns;
    for (const auto& [name, took_ns] : {std::pair("content ingest", 2 * ms_ns),
                                        std::pair("content flush", 1 * ms_ns),
                                        std::pair("journal", 1 * ms_ns),
                                        std::pair("commit delay", 200 * ms_ns)}) {
        out.streams.emplace_back();
        out.streams.back().name = name;
        out.streams.back().response_ns.record(took_ns, 500);
        out.streams.back().completed = 500;
    }
    out.measures = {{"lost_pdus", 0}, {"backlog_trend_low_bytes_per_s", -10}};
    return out;
}

SustainedTerms usual_terms() {
    SustainedTerms out;
    out.buffer_s = 2;
    out.growth_allowed_bytes_per_target = 1000;
    out.samples_above_min = 1;
    const auto limit = [](const char* statistic, double bound) {
        return Limit{"",
                     {"commit delay", results::Quantity::response, statistic, ""},
                     "",
                     "",
                     true,
                     bound,
                     true};
    };
    out.limits = {limit("p99", 400e6), limit("max", 1e9)};
    return out;
}

RoundVote vote(const RoundRecord& round, const SustainedTerms& terms = usual_terms()) {
    const RoundRecord* one = &round;
    return vote_of({&one, 1}, terms);
}

} // namespace

TEST_CASE("a load that loses nothing and keeps every limit is sustained", "[capacity]") {
    CHECK(vote(quiet_round()).vote == Vote::sustained);
}

TEST_CASE("one lost PDU is too many", "[capacity]") {
    RoundRecord round = quiet_round();
    round.measures["lost_pdus"] = 1;
    CHECK(vote(round).vote == Vote::failed);
    CHECK(vote(round).limiting == "mediation buffer");
}

TEST_CASE("a large buffer does not hide a slow array", "[capacity]") {
    RoundRecord round = quiet_round();
    round.measures["backlog_trend_low_bytes_per_s"] = 200'000; // Nothing lost, every limit kept.
    CHECK(vote(round).vote == Vote::failed);
    CHECK(vote(round).limiting == "backlog");
    round.measures["backlog_trend_low_bytes_per_s"] = 10'000; // What a cycle of commits gathers.
    CHECK(vote(round).vote == Vote::sustained);
}

TEST_CASE("a round shorter than five buffers proves nothing", "[capacity]") {
    SustainedTerms terms = usual_terms();
    terms.buffer_s = 2.1;
    CHECK(vote(quiet_round(), terms).vote == Vote::unclear);
}

TEST_CASE("the limit broken most is named, with the stream that took the time", "[capacity]") {
    RoundRecord round = quiet_round();
    round.streams[2].response_ns.record(700 * ms_ns, 100); // The journal.
    round.streams[3].response_ns.record(1200 * ms_ns, 100);
    const RoundVote out = vote(round);
    CHECK(out.vote == Vote::failed);
    CHECK(out.limiting == "commit delay p99 (journal)");
    CHECK(out.reason.find("1200") != std::string::npos);
}

TEST_CASE("what limits is named with what is forced and with what else the array did",
          "[capacity]") {
    SustainedTerms terms = usual_terms();
    terms.limits = {
        {"", {"journal", results::Quantity::response, "p99.9", ""}, "", "", true, 20e6, true}};
    RoundRecord round = quiet_round();
    round.streams[2].operation = "write FUA";
    round.streams[2].response_ns.record(50 * ms_ns, 100);
    CHECK(vote(round, terms).limiting == "journal FUA p99.9");
    terms.during = "scrub";
    CHECK(vote(round, terms).limiting == "journal FUA p99.9 during scrub");
    round.measures["lost_pdus"] = 1;
    CHECK(vote(round, terms).limiting == "mediation buffer during scrub");
    CHECK(vote(quiet_round(), terms).limiting.empty());
}

TEST_CASE("a round that has samples enough speaks for itself", "[capacity]") {
    SustainedTerms terms = usual_terms();
    terms.samples_above_min = 10;
    const auto spread = [](std::uint64_t from_ms) {
        RoundRecord out = quiet_round();
        out.streams[3].response_ns = {};
        for (std::uint64_t i = 0; i < 1000; ++i) {
            out.streams[3].response_ns.record((from_ms + i / 10) * ms_ns);
        }
        return out;
    };
    const RoundRecord slow = spread(450);
    const RoundRecord fast = spread(200);
    const std::vector<const RoundRecord*> two{&slow, &fast};
    CHECK(vote_of(two, terms).vote == Vote::sustained); // Whatever came before it.
    const std::vector<const RoundRecord*> turned{&fast, &slow};
    CHECK(vote_of(turned, terms).vote == Vote::failed);
}

TEST_CASE("what waits at the end counts though it was never committed", "[capacity]") {
    RoundRecord round = quiet_round();
    round.measures["oldest_waiting_ns_at_most"] = 1.5e9;
    CHECK(vote(round).vote == Vote::failed);
}

TEST_CASE("lateness of the bench is no fault of the array", "[capacity]") {
    RoundRecord round = quiet_round();
    round.streams[3].response_ns.record(450 * ms_ns, 100);
    CHECK(vote(round).vote == Vote::failed);
    RoundRecord slipped = round;
    slipped.audit.slip_ns.record(60 * ms_ns, 100);
    CHECK(vote(slipped).vote == Vote::unclear);
    RoundRecord emulated = round;
    emulated.audit.emulator_lateness_ns_p99 = 15 * ms_ns; // Four accesses make a commit.
    CHECK(vote(emulated).vote == Vote::unclear);
    RoundRecord held = quiet_round(); // In spite of it.
    held.audit.slip_ns.record(60 * ms_ns, 100);
    CHECK(vote(held).vote == Vote::sustained);
    RoundRecord lost = quiet_round();
    lost.measures["lost_pdus"] = 5;
    lost.audit.slip_ns.record(300 * ms_ns, 100);
    CHECK(vote(lost).vote == Vote::unclear);
}

TEST_CASE("a percentile of too few samples is judged by the worst of them", "[capacity]") {
    SustainedTerms terms = usual_terms();
    terms.samples_above_min = 10;
    RoundRecord round = quiet_round();
    round.streams[3].response_ns.record(450 * ms_ns, 1); // P99 of 501: five above.
    CHECK(vote(round, terms).vote == Vote::failed);
    terms.samples_above_min = 1;
    CHECK(vote(round, terms).vote == Vote::sustained);
    // Three rounds together have samples enough.
    terms.samples_above_min = 10;
    for (std::uint64_t i = 0; i < 500; ++i) {
        round.streams[3].response_ns.record(200 * ms_ns + i * ms_ns / 5);
    }
    RoundRecord other = quiet_round();
    for (std::uint64_t i = 0; i < 500; ++i) {
        other.streams[3].response_ns.record(200 * ms_ns + i * ms_ns / 5);
    }
    const std::vector<const RoundRecord*> three{&other, &other, &round};
    CHECK(vote_of(three, terms).vote == Vote::sustained);
    // Where even together they are too few, the worst of an earlier round is not held against this.
    const RoundRecord early = [] {
        RoundRecord spiked = quiet_round();
        spiked.streams[3].response_ns.record(900 * ms_ns, 1);
        return spiked;
    }();
    const RoundRecord late = quiet_round();
    const std::vector<const RoundRecord*> two{&early, &late};
    CHECK(vote_of(two, terms).vote == Vote::sustained);
    CHECK(vote_of({two.data(), 1}, terms).vote == Vote::failed);
}

namespace {

CapacityQuestion question() {
    CapacityQuestion out;
    out.arrays = {{"a", 120'000.0, "EUR"}, {"b", std::nullopt, ""}};
    out.variants = {{"national", "capacity: national", usual_terms()},
                    {"backup", "capacity: backup", usual_terms()}};
    out.search.rungs = rungs_between(100, 1000, 0.1);
    return out;
}

double knee_of(const RoundRecord& round) {
    const double base = round.array == "a" ? 300 : 600;
    return round.workload.ends_with("backup") ? base * 0.75 : base;
}

// Everything the book asks for, on two arrays with known knees.
std::vector<RoundRecord> play(CapacityBook& book) {
    std::vector<RoundRecord> out;
    for (auto trials = book.next(); !trials.empty(); trials = book.next()) {
        for (const auto& trial : trials) {
            RoundRecord round = quiet_round(trial.targets);
            round.index = static_cast<std::uint32_t>(out.size());
            round.array = question().arrays[trial.array].name;
            round.workload = question().variants[trial.variant].workload;
            if (trial.targets > knee_of(round)) {
                round.streams[3].response_ns.record(1500 * ms_ns, 50);
            }
            (void)book.tell(round);
            out.push_back(round);
            REQUIRE(out.size() < 500);
        }
    }
    return out;
}

} // namespace

TEST_CASE("a book finds every array's targets, their price and what a variant costs",
          "[capacity]") {
    CapacityBook book(question());
    const auto rounds = play(book);
    const auto records = book.records();
    REQUIRE(records.size() == 4);
    CHECK(records[0].targets == Approx(300).epsilon(0.1));
    CHECK(records[1].targets == Approx(600).epsilon(0.1));
    CHECK(records[0].is_base);
    CHECK(records[0].indicative);
    CHECK(*records[0].price_per_target == Approx(120'000 / records[0].targets));
    CHECK_FALSE(records[1].price_per_target);
    CHECK(*records[0].high > records[0].targets);
    CHECK(records[0].limited_by.starts_with("commit delay"));
    CHECK_FALSE(records[2].is_base);
    CHECK(*records[2].cost_targets == Approx(75).margin(35));
    CHECK(*records[3].cost_targets == Approx(150).margin(65));

    // The same rounds lead to the same book, wherever it was interrupted in between.
    CapacityBook again(question());
    for (std::size_t i = 0; i < rounds.size(); ++i) {
        const auto wanted = again.next();
        CHECK(std::any_of(wanted.begin(), wanted.end(), [&](const auto& one) {
            return one.targets == rounds[i].point_value &&
                   question().arrays[one.array].name == rounds[i].array;
        }));
        (void)again.tell(rounds[i]);
    }
    CHECK(again.next().empty());
    CHECK(again.records().size() == 4);
    CHECK(again.records()[3].targets == records[3].targets);
}

TEST_CASE("an interrupted search has measured nothing yet", "[capacity]") {
    CapacityBook book(question());
    RoundRecord round = quiet_round(100);
    (void)book.tell(round);
    CHECK_FALSE(book.records()[0].measured);
    CHECK(book.records()[0].ended_by.empty());
}
