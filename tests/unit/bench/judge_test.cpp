// SPDX-License-Identifier: Apache-2.0
#include "bench/judge/exit_code.h"
#include "bench/judge/judge.h"

#include <catch2/catch.hpp>

#include <random>

using namespace bench::judge;
using results::Metric;
using results::Outcome;
using results::Quantity;
using results::RoundRecord;
using results::Word;

namespace {

constexpr double ms = 1e6;

RoundRecord round_of(const std::string& array, std::uint32_t block, double mean_ns) {
    RoundRecord out;
    out.array = array;
    out.block = block;
    out.workload = "mixed";
    out.point = "500/s";
    out.duration_ns = 2'000'000'000;
    out.ended = "complete";
    results::StreamRecord stream;
    stream.name = "read";
    std::mt19937_64 chance(block * 2 + (array == "b" ? 1 : 0));
    std::exponential_distribution<double> gap(1 / mean_ns);
    for (int i = 0; i < 2000; ++i) {
        stream.response_ns.record(static_cast<std::uint64_t>(gap(chance)) + 1);
    }
    stream.completed = 2000;
    stream.bytes = 2000 * 4096;
    out.streams.push_back(stream);
    return out;
}

std::vector<RoundRecord> rounds_of(std::uint32_t blocks, double a_ns, double b_ns) {
    std::vector<RoundRecord> out;
    for (std::uint32_t block = 0; block < blocks; ++block) {
        out.push_back(round_of("a", block, a_ns));
        out.push_back(round_of("b", block, b_ns));
    }
    return out;
}

Question question_of(const Metric& metric, double bound, bool at_most = true) {
    Question out;
    out.arrays = {"a", "b"};
    out.workloads = {"mixed"};
    out.points = {"500/s"};
    out.limits = {{"limit", metric, "", "", at_most, bound, true}};
    out.metrics = {{metric, 0.1, true}};
    return out;
}

const Metric p99{"read", Quantity::response, "p99", ""};

} // namespace

TEST_CASE("a limit passes or fails only with its whole interval", "[judge]") {
    const auto rounds = rounds_of(6, 1 * ms, 2 * ms); // p99 at 4.6 and 9.2 ms.
    const auto verdicts = judge_limits(question_of(p99, 6 * ms), rounds);
    REQUIRE(verdicts.size() == 2);
    CHECK(verdicts[0].outcome == Outcome::pass);
    CHECK(verdicts[0].value == Approx(4.6 * ms).epsilon(0.1));
    CHECK(verdicts[0].low.value() < verdicts[0].value);
    CHECK(verdicts[0].high.value() > verdicts[0].value);
    CHECK(verdicts[1].outcome == Outcome::fail);
    const auto near = judge_limits(question_of(p99, verdicts[0].value), rounds);
    CHECK(near[0].outcome == Outcome::inconclusive);
}

TEST_CASE("a limit from below is judged from below", "[judge]") {
    const auto rounds = rounds_of(3, 1 * ms, 1 * ms);
    const Metric rate{"", Quantity::rate, "", ""};
    CHECK(judge_limits(question_of(rate, 900, false), rounds)[0].outcome == Outcome::pass);
    CHECK(judge_limits(question_of(rate, 1100, false), rounds)[0].outcome == Outcome::fail);
    const Metric errors{"", Quantity::errors, "", ""};
    CHECK(judge_limits(question_of(errors, 0), rounds)[0].outcome == Outcome::pass);
    auto failing = rounds;
    failing[2].streams[0].lost = 1;
    CHECK(judge_limits(question_of(errors, 0), failing)[0].outcome == Outcome::fail);
    failing[2].audit.invalid = {"late"}; // Still an error.
    CHECK(judge_limits(question_of(errors, 0), failing)[0].outcome == Outcome::fail);
}

TEST_CASE("what was not measured is not passed", "[judge]") {
    auto rounds = rounds_of(3, 1 * ms, 1 * ms);
    const Metric rare{"read", Quantity::response, "p99.99", ""};
    CHECK(judge_limits(question_of(rare, 1000 * ms), rounds)[0].outcome == Outcome::not_measured);
    CHECK(judge_limits(question_of(p99, ms), {})[0].reason == "no round was run");
    for (RoundRecord& round : rounds) {
        round.audit.invalid = {"the generator was late"};
    }
    const auto invalid = judge_limits(question_of(p99, 100 * ms), rounds);
    CHECK(invalid[0].outcome == Outcome::not_measured);
    CHECK(invalid[0].reason == "no valid round: the generator was late");
    const Metric recovery{"", Quantity::recovery, "", ""};
    CHECK(judge_limits(question_of(recovery, ms), rounds_of(2, ms, ms))[0].outcome ==
          Outcome::not_measured);
}

TEST_CASE("a slower array is worse, a like one equivalent", "[judge]") {
    const Metric median{"read", Quantity::response, "p50", ""};
    const auto slower = compare_arrays(question_of(median, 0), rounds_of(10, ms, 1.5 * ms));
    REQUIRE(slower.size() == 1);
    CHECK(slower[0].word == Word::worse);
    CHECK(slower[0].ratio == Approx(1.5).epsilon(0.05));
    CHECK(slower[0].pairs == 10);
    CHECK(slower[0].noise_floor > 0);
    CHECK(slower[0].noise_floor < 0.1);
    const auto like = compare_arrays(question_of(median, 0), rounds_of(10, ms, ms));
    CHECK(like[0].word == Word::equivalent);
}

TEST_CASE("rounds without a partner or validity make no pair", "[judge]") {
    auto rounds = rounds_of(10, ms, ms);
    rounds[0].audit.invalid = {"late"};
    rounds[3].ended = "interrupted";
    rounds.pop_back();
    const auto found = compare_arrays(question_of(p99, 0), rounds);
    CHECK(found[0].pairs == 7);
    CHECK(compare_arrays(question_of(p99, 0), {})[0].pairs == 0);
    CHECK(compare_arrays(question_of(p99, 0), {})[0].word == Word::inconclusive);
}

TEST_CASE("many primary metrics make a claim harder", "[judge]") {
    Question question = question_of(p99, 0);
    const auto rounds = rounds_of(6, ms, 2 * ms);
    CHECK(compare_arrays(question, rounds)[0].word == Word::worse);
    question.metrics.push_back({{"read", Quantity::response, "p90", ""}, 0.1, true});
    const auto two = compare_arrays(question, rounds); // Six pairs: 2/64 each, doubled is > 5 %.
    CHECK(two[0].p_value_holm == Approx(4.0 / 64));
    CHECK(two[0].word == Word::inconclusive);
    question.metrics[1].primary = false;
    CHECK(compare_arrays(question, rounds)[0].word == Word::worse);
}

TEST_CASE("of several exit codes the foremost counts", "[judge]") {
    CHECK(foremost_exit_code({0, 7, 1}) == 1);
    CHECK(foremost_exit_code({7, 6, 1}) == 6);
    CHECK(foremost_exit_code({6, 3}) == 3);
    CHECK(foremost_exit_code({3, 5}) == 5);
    CHECK(foremost_exit_code({5, 4}) == 4);
    CHECK(foremost_exit_code({4, 2}) == 2);
    CHECK(foremost_exit_code({0, 7}) == 7);
    CHECK(foremost_exit_code({}) == 0);
}

TEST_CASE("a run's exit code follows its verdicts, findings and words", "[judge]") {
    results::RunRecord run;
    run.complete = true;
    CHECK(exit_code_of(run, false) == 0);
    run.verdicts.emplace_back();
    CHECK(exit_code_of(run, false) == 7);
    run.verdicts[0].demanded = false;
    CHECK(exit_code_of(run, false) == 0);
    run.verdicts[0].outcome = Outcome::fail;
    CHECK(exit_code_of(run, false) == 1);
    run.complete = false;
    CHECK(exit_code_of(run, false) == 6);
    results::RunRecord same;
    same.complete = true;
    same.comparisons.emplace_back();
    same.comparisons[0].primary = true;
    CHECK(exit_code_of(same, false) == 0);
    CHECK(exit_code_of(same, true) == 7);
    same.comparisons[0].word = Word::worse;
    CHECK(exit_code_of(same, true) == 1);
    same.comparisons[0].word = Word::equivalent;
    CHECK(exit_code_of(same, true) == 0);
    RoundRecord round;
    round.findings.emplace_back();
    round.findings[0].severity = "finding";
    same.rounds.push_back(round);
    CHECK(exit_code_of(same, true) == 1);
}
