// SPDX-License-Identifier: Apache-2.0
#include "results/answer.h"
#include "results/view.h"
#include "tests/fakes/sample_run.h"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace results;

namespace {

RunRecord run_with(Outcome outcome) {
    RunRecord run;
    run.complete = true;
    run.arrays.resize(1);
    run.arrays[0].name = "A";
    VerdictRecord verdict;
    verdict.array = "A";
    verdict.outcome = outcome;
    run.verdicts = {verdict};
    return run;
}

} // namespace

TEST_CASE("the answer is the worst that holds", "[answer]") {
    CHECK(answer(run_with(Outcome::pass)).outcome == Outcome::pass);
    CHECK(answer(run_with(Outcome::fail)).outcome == Outcome::fail);
    CHECK(answer(run_with(Outcome::inconclusive)).outcome == Outcome::inconclusive);
    CHECK(answer(run_with(Outcome::not_measured)).outcome == Outcome::not_measured);
    RunRecord run = run_with(Outcome::pass);
    run.complete = false;
    CHECK(answer(run).outcome == Outcome::not_measured);
    run.verdicts.clear();
    run.complete = true;
    CHECK(answer(run).outcome == Outcome::not_measured); // No limit, no pass.
}

TEST_CASE("a finding fails the run, a note does not", "[answer]") {
    RunRecord run = run_with(Outcome::pass);
    FindingRecord finding;
    finding.array = "A";
    finding.severity = "note";
    run.findings = {finding};
    CHECK(answer(run).outcome == Outcome::pass);
    run.findings[0].severity = "finding";
    CHECK(answer(run).outcome == Outcome::fail);
    CHECK(answer(run).remarks.back() == "1 integrity finding on A.");
}

TEST_CASE("the sentence counts the limits of each array", "[answer]") {
    RunRecord run = run_with(Outcome::pass);
    CHECK(answer(run).sentence == "A kept its limit.");
    run.verdicts.push_back(run.verdicts[0]);
    CHECK(answer(run).sentence == "A kept all 2 limits.");
    run.verdicts[0].outcome = Outcome::fail;
    CHECK(answer(run).sentence == "A failed 1 of 2 limits.");
    run.verdicts[1].outcome = Outcome::not_measured;
    CHECK(answer(run).sentence == "A failed 1 of 2 limits, 1 not measured.");
    run.verdicts.clear();
    CHECK(answer(run).sentence == "A was held against no limit.");
}

TEST_CASE("a round's finding belongs to the round's array", "[answer]") {
    RunRecord run = tests::sample_run();
    const auto before = view::count_findings(view::findings(run, "integrity"), run.rounds[0].array);
    FindingRecord finding;
    finding.severity = "finding";
    run.rounds[0].findings = {finding};
    CHECK(view::count_findings(view::findings(run, "integrity"), run.rounds[0].array) ==
          before + 1);
}

TEST_CASE("the knee is the highest load kept before the first that was not", "[answer]") {
    const RunRecord run = tests::sample_run();
    const std::string workload = run.rounds[0].workload;
    const auto first = view::knee(run, run.arrays[0].name, workload);
    REQUIRE(first);
    CHECK(first->load.value == 10000);
    CHECK_FALSE(first->beyond);
    const auto second = view::knee(run, run.arrays[1].name, workload);
    REQUIRE(second);
    CHECK(second->load.value == 8000);
    CHECK(second->beyond);
}

TEST_CASE("headlines of the run come first, those of the rounds after", "[answer]") {
    const RunRecord run = tests::sample_run();
    const auto rows = headline_rows(run);
    REQUIRE(rows.size() == 6);
    CHECK(rows[1].name == "Blocks that lied");
    CHECK(rows[0].name == "Targets sustained");
    REQUIRE(rows[0].cells.size() == 2);
    CHECK(rows[0].cells[0]->value == 300);
    CHECK(rows[4].cells[1]->value < rows[4].cells[0]->value); // Beyond its knee.
}

TEST_CASE("loads stand in order of their value within a workload", "[answer]") {
    auto loads = view::loads(tests::sample_run());
    const auto searched = std::find_if(loads.begin(), loads.end(), view::is_capacity);
    CHECK(std::all_of(searched, loads.end(), view::is_capacity)); // Driven last, told last.
    loads.erase(searched, loads.end());
    CHECK(std::is_sorted(loads.begin(), loads.end(), [](const auto& a, const auto& b) {
        return a.value < b.value;
    }));
    CHECK(view::common_load(tests::sample_run())->value == 10000);
}

TEST_CASE("points that count targets stand on an axis of targets", "[answer]") {
    RunRecord run = tests::sample_run();
    const std::string workload = run.rounds[0].workload;
    CHECK(view::load_axis(run, workload).unit == "/s");
    for (RoundRecord& round : run.rounds) {
        round.point_value = round.audit.offered_per_s / 2;
        round.point = std::to_string(int(round.point_value)) + " targets";
    }
    const auto axis = view::load_axis(run, workload);
    CHECK(axis.unit == "targets");
    CHECK(view::load_axis_value(axis, {&run.rounds[0]}) == run.rounds[0].point_value);
    run.rounds[0].point = "as fast as it goes";
    CHECK(view::load_axis(run, workload).unit == "/s");
}

TEST_CASE("a comparison without a pair of rounds says nothing", "[answer]") {
    RunRecord run = tests::sample_run();
    CHECK(change_with_interval(run.comparisons[0]).find("lower") != std::string::npos);
    for (ComparisonRecord& one : run.comparisons) {
        one.pairs = 0;
    }
    CHECK(change_with_interval(run.comparisons[0]) == "not measured: no valid pair of rounds");
    const auto remarks = answer(run).remarks;
    CHECK(std::any_of(remarks.begin(), remarks.end(), [](const std::string& remark) {
        return remark == "alternative-a against oceanstor-class: 4 primary metrics have no valid "
                         "pair of rounds: nothing is compared.";
    }));
}

TEST_CASE("every candidate is told apart with its own words", "[answer]") {
    RunRecord run = tests::sample_run();
    ComparisonRecord other = run.comparisons[0];
    other.candidate = "alternative-b";
    other.word = Word::worse;
    run.comparisons.push_back(other);
    const auto remarks = answer(run).remarks;
    CHECK(std::count_if(remarks.begin(), remarks.end(), [](const std::string& remark) {
              return remark.find(" against oceanstor-class, ") != std::string::npos;
          }) == 2);
    CHECK(std::count(remarks.begin(),
                     remarks.end(),
                     "alternative-b against oceanstor-class, 1 primary metric: worse.") == 1);
}
