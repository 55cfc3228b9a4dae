// SPDX-License-Identifier: Apache-2.0
#include "results/answer.h"
#include "results/sinks.h"
#include "results/view.h"
#include "tests/fakes/sample_run.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <regex>

using namespace results;

namespace {

std::size_t count(const std::string& text, const std::string& what) {
    std::size_t out = 0;
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) {
        ++out;
    }
    return out;
}

bool has(const std::string& text, const std::string& what) {
    return text.find(what) != std::string::npos;
}

} // namespace

TEST_CASE("hostile strings stay text in the page", "[sinks]") {
    const std::string page = html_report(tests::hostile_run());
    CHECK(count(page, "<script") == 1); // The page's own.
    CHECK(count(page, "</script") == 1);
    CHECK_FALSE(has(page, "<img"));
    CHECK_FALSE(std::regex_search(page, std::regex("<[^>]* onmouseover=\"")));
    CHECK_FALSE(has(page, "\xE2\x80\xAE")); // The character that turns text around.
    CHECK_FALSE(has(page, std::string(1, '\0')));
    CHECK_FALSE(has(page, "\x01"));
    CHECK_FALSE(has(page, "\xED\xA0\x80"));
}

TEST_CASE("the page asks nobody for anything", "[sinks]") {
    const std::string page = html_report(tests::sample_run());
    CHECK_FALSE(has(page, "http://"));
    CHECK_FALSE(has(page, "https://"));
    CHECK_FALSE(has(page, "@import"));
    CHECK_FALSE(has(page, " src="));
    CHECK(has(page, "default-src 'none'"));
    CHECK(count(page, "<link") == 1);
    CHECK(has(page, "<link rel=\"icon\" href=\"data:,\">"));
}

TEST_CASE("emulated is said on the page, in the title, in each section and in each form",
          "[sinks]") {
    RunRecord run = tests::sample_run();
    const std::string page = html_report(run);
    CHECK(has(page, "<title>EMULATED"));
    const std::regex heading("<h2 [^>]*>[^<]*(<span class=\"emulated\">|</h2>)");
    std::size_t unmarked = 0;
    std::size_t headings = 0;
    for (auto at = std::sregex_iterator(page.begin(), page.end(), heading);
         at != std::sregex_iterator();
         ++at) {
        unmarked += (*at)[1] == "</h2>" ? 1U : 0U;
        headings += 1;
    }
    CHECK(unmarked == 1); // The glossary holds no results.
    CHECK(headings == 12);
    CHECK(has(markdown_report(run), "EMULATED"));
    CHECK(has(junit_report(run), "name=\"emulated\" value=\"true\""));
    CHECK(has(openmetrics(run), "emulated=\"true\""));
    for (ArrayRecord& array : run.arrays) {
        array.emulated = false;
    }
    CHECK_FALSE(has(html_report(run), ">EMULATED<"));
    CHECK_FALSE(has(markdown_report(run), "EMULATED"));
}

TEST_CASE("what is imported is nowhere said to count from when it was due", "[sinks]") {
    RunRecord run = tests::sample_run();
    const auto says = [&run](const char* what) {
        return has(html_report(run), what);
    };
    CHECK_FALSE(says("imported"));
    run.rounds.front().measures["imported"] = 1;
    CHECK(says("From the instant an access was due"));
    CHECK(says("What is imported counts from sending only"));
    CHECK(says("not known, imported"));
    CHECK(says("only the time from sending is known"));
    for (RoundRecord& round : run.rounds) {
        round.measures["imported"] = 1;
    }
    CHECK_FALSE(says("From the instant an access was due"));
    CHECK(says("From the instant the other tool sent an access"));
}

TEST_CASE("what nobody looked at is not measured, never silent", "[sinks]") {
    RunRecord run = tests::sample_run();
    CHECK_FALSE(has(html_report(run), "No packet was captured"));
    run.egress.clear();
    run.integrity.clear();
    run.self_test.clear();
    const std::string page = html_report(run);
    CHECK(has(page, "No packet was captured in this run"));
    CHECK(has(page, "Nothing was read back"));
    CHECK(has(page, "carries no self-test"));
    const auto gaps = answer(run).not_measured;
    CHECK(std::count_if(gaps.begin(), gaps.end(), [](const std::string& gap) {
              return has(gap, "nothing was captured") || has(gap, "nothing was read back");
          }) == 2);
}

TEST_CASE("an invalid round is said loudly and is in no number", "[sinks]") {
    RunRecord run = tests::sample_run();
    for (RoundRecord& round : run.rounds) {
        round.audit.invalid.clear();
    }
    CHECK_FALSE(has(html_report(run), "alarm-box\""));
    const view::Load load{run.rounds[0].workload, run.rounds[0].point, run.rounds[0].point_value};
    const std::string array = run.rounds[0].array;
    const auto before = view::valid_only(view::rounds_at(run, array, load)).size();
    run.rounds[0].audit.invalid = {"slip"};
    CHECK(view::valid_only(view::rounds_at(run, array, load)).size() == before - 1);
    const std::string page = html_report(run);
    CHECK(has(page, "class=\"alarm-box\""));
    CHECK(has(page, "rounds is invalid"));
    CHECK(has(page, "<strong>Invalid:</strong> <bdi>slip</bdi>"));
}

TEST_CASE("a capture whose bytes do not add up proves nothing", "[sinks]") {
    RunRecord run = tests::sample_run();
    CHECK_FALSE(has(html_report(run), "do not add up"));
    run.egress[0].allowed_bytes -= 1;
    CHECK(has(html_report(run), "do not add up"));
}

TEST_CASE("a demanded answer that is missing is an error in JUnit, else skipped", "[sinks]") {
    RunRecord run = tests::sample_run();
    run.verdicts.resize(1);
    run.findings.clear();
    run.verdicts[0].outcome = Outcome::not_measured;
    run.verdicts[0].demanded = true;
    CHECK(has(junit_report(run), "<error type=\"not measured\""));
    run.verdicts[0].demanded = false;
    CHECK(has(junit_report(run), "<skipped"));
    run.verdicts[0].outcome = Outcome::fail;
    CHECK(has(junit_report(run), "<failure type=\"limit\""));
    run.verdicts[0].outcome = Outcome::pass;
    CHECK_FALSE(std::regex_search(junit_report(run), std::regex("<(failure|error|skipped)")));
    run.complete = false;
    CHECK(has(junit_report(run), "<error type=\"incomplete\""));
}

TEST_CASE("a percentile with fewer than ten samples above is empty in every form", "[sinks]") {
    RunRecord run = tests::sample_run();
    run.rounds.resize(1);
    Histogram few;
    few.record(1000000, 900); // 9 above P99.
    for (StreamRecord& stream : run.rounds[0].streams) {
        stream.response_ns = few;
    }
    CHECK(view::measured(few, 0.9).has_value() == (few.samples_above(0.9) >= 10));
    CHECK_FALSE(view::measured(few, 0.999).has_value());
    CHECK_FALSE(has(openmetrics(run), "quantile=\"0.999\""));
    CHECK(has(json_summary(run), "\"P99.9\": null"));
    CHECK(has(html_report(run), "n.m."));
}

TEST_CASE("a run of nothing still makes a report of every form", "[sinks]") {
    const RunRecord run;
    CHECK(has(html_report(run), "No array was measured"));
    CHECK(has(markdown_report(run), "No array was measured"));
    CHECK(has(junit_report(run), "</testsuites>"));
    CHECK(openmetrics(run).ends_with("# EOF\n"));
    CHECK(has(json_summary(run), "\"outcome\": \"not measured\""));
    CHECK(count(csv_tables(run).at("rounds.csv"), "\n") == 1);
}
