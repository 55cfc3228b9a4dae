// SPDX-License-Identifier: Apache-2.0
#include "results/answer.h"
#include "results/platform_sums.h"
#include "results/sinks.h"
#include "results/text/escape.h"
#include "results/text/human.h"
#include "results/view.h"

#include <fmt/format.h>

namespace results {

namespace {

using text::escape_html; // The five entities that XML knows too.

struct Suite {
    std::string cases;
    int tests = 0;
    int failures = 0;
    int errors = 0;
    int skipped = 0;
};

// An answer that the plan demanded and did not get is an error, else it is skipped; never passed.
void add_verdict(Suite& suite, const VerdictRecord& verdict) {
    suite.tests += 1;
    const std::string message = escape_html(fmt::format(
        "{}{}", value_against_bound(verdict), verdict.reason.empty() ? "" : ": " + verdict.reason));
    suite.cases += fmt::format(R"(    <testcase classname="{}.{}" name="{}: {}">)",
                               escape_html(verdict.array),
                               escape_html(verdict.workload),
                               escape_html(verdict.point),
                               escape_html(verdict.limit));
    if (verdict.outcome == Outcome::fail) {
        suite.failures += 1;
        suite.cases += fmt::format(R"(<failure type="limit" message="{}"/>)", message);
    } else if (verdict.outcome != Outcome::pass && verdict.demanded) {
        suite.errors += 1;
        suite.cases += fmt::format(
            R"(<error type="{}" message="{}"/>)", view::name_of(verdict.outcome), message);
    } else if (verdict.outcome != Outcome::pass) {
        suite.skipped += 1;
        suite.cases +=
            fmt::format(R"(<skipped message="{}: {}"/>)", view::name_of(verdict.outcome), message);
    }
    suite.cases += "</testcase>\n";
}

void add_findings(Suite& suite, const RunRecord& run, const std::string& array) {
    for (const char* area : {"integrity", "egress"}) {
        for (const FindingRecord& finding : view::findings(run, area)) {
            if (finding.array != array || finding.severity == "note") {
                continue;
            }
            suite.tests += 1;
            suite.failures += 1;
            suite.cases += fmt::format(
                R"(    <testcase classname="{}.{}" name="{}"><failure type="{}" message="{}"/>)"
                "</testcase>\n",
                escape_html(array),
                area,
                escape_html(finding.kind),
                escape_html(finding.kind),
                escape_html(finding.summary));
        }
    }
}

// A capacity is a case: found, or an error; that of an array that does not sustain the least,
// failed.
void add_capacity(Suite& suite, const CapacityRecord& one) {
    suite.tests += 1;
    suite.cases += fmt::format(R"(    <testcase classname="{}.{}" name="targets sustained">)",
                               escape_html(one.array),
                               escape_html(one.variant));
    if (!one.measured) {
        suite.errors += 1;
        suite.cases += R"(<error type="not measured" message="the search did not end"/>)";
    } else if (one.targets == 0 && one.is_base) {
        suite.failures += 1;
        suite.cases +=
            fmt::format(R"(<failure type="capacity" message="{}"/>)", escape_html(one.reason));
    } else {
        suite.cases += fmt::format("<system-out>{:.0f} targets{}, {}</system-out>",
                                   one.targets,
                                   one.indicative ? " (indicative)" : "",
                                   escape_html(one.limited_by));
    }
    suite.cases += "</testcase>\n";
}

// What the platform lost, for whoever reads the log; limits decide what fails.
void add_platform(Suite& suite, const PlatformSum& sum) {
    suite.tests += 1;
    suite.cases +=
        fmt::format(R"(    <testcase classname="{}.{}" name="{}: platform"><system-out>)",
                    escape_html(sum.array),
                    escape_html(sum.load.workload),
                    escape_html(sum.load.point));
    const auto columns = platform_columns();
    const auto cells = platform_cells(sum);
    for (std::size_t i = 2; i < cells.size(); ++i) {
        suite.cases +=
            fmt::format("{}{}: {}", i == 2 ? "" : "; ", columns[i], escape_html(cells[i]));
    }
    suite.cases += "</system-out></testcase>\n";
}

std::string counts(const Suite& suite) {
    return fmt::format(R"(tests="{}" failures="{}" errors="{}" skipped="{}")",
                       suite.tests,
                       suite.failures,
                       suite.errors,
                       suite.skipped);
}

std::string suite_xml(const RunRecord& run, const std::string& array, const Suite& suite) {
    return fmt::format("  <testsuite name=\"{}\" {}>\n"
                       "    <properties><property name=\"emulated\" value=\"{}\"/>"
                       "<property name=\"run\" value=\"{}\"/></properties>\n{}  </testsuite>\n",
                       escape_html(array),
                       counts(suite),
                       view::is_emulated(run, array),
                       escape_html(run.id),
                       suite.cases);
}

} // namespace

std::string junit_report(const RunRecord& run) {
    Suite all;
    std::string suites;
    for (const std::string& array : view::array_names(run)) {
        Suite suite;
        for (const VerdictRecord& verdict : run.verdicts) {
            if (verdict.array == array) {
                add_verdict(suite, verdict);
            }
        }
        for (const CapacityRecord& one : run.capacity) {
            if (one.array == array) {
                add_capacity(suite, one);
            }
        }
        for (const PlatformSum& sum : platform_sums(run)) {
            if (sum.array == array && !view::is_capacity(sum.load)) {
                add_platform(suite, sum);
            }
        }
        add_findings(suite, run, array);
        suites += suite_xml(run, array, suite);
        all.tests += suite.tests;
        all.failures += suite.failures;
        all.errors += suite.errors;
        all.skipped += suite.skipped;
    }
    if (!run.complete) {
        all.tests += 1;
        all.errors += 1;
        suites += fmt::format("  <testsuite name=\"run\" tests=\"1\" errors=\"1\"><testcase "
                              "classname=\"run\" name=\"complete\"><error type=\"incomplete\" "
                              "message=\"{}\"/></testcase></testsuite>\n",
                              escape_html(run.interrupted));
    }
    return fmt::format("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                       "<testsuites name=\"arraybench {}\" {}>\n{}</testsuites>\n",
                       escape_html(run.plan_name),
                       counts(all),
                       suites);
}

} // namespace results
