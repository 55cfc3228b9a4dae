// SPDX-License-Identifier: Apache-2.0
#include "tests/fakes/sample_run.h"

namespace tests {

using namespace results;

namespace {

// Ends a script and an attribute, opens a tag, a comment, CDATA and a table cell, begins a formula,
// turns the text around, is no UTF-8, and holds a zero byte.
const std::string hostile =
    std::string("=1+1</script><img src=x onerror=boom()>'\" onmouseover=\"boom()&amp;-->]]>|`x`") +
    "\n\r\t\xE2\x80\xAE\xF0\x9F\x98\xC3(\x01" + '\0' + "\x7F\xED\xA0\x80";

std::map<std::string, std::string> hostile_map() {
    return {{hostile, hostile}, {hostile + "2", hostile}};
}

FindingRecord hostile_finding(const std::string& array, const std::string& area) {
    FindingRecord out;
    out.kind = out.severity = out.phase = out.summary = out.cutout = hostile;
    out.array = array;
    out.area = area;
    out.details = hostile_map();
    return out;
}

void spoil(RoundRecord& round, const std::string& array) {
    round.array = array;
    round.workload = round.point = hostile;
    round.ended = round.index % 5 == 0 ? hostile : "complete";
    for (StreamRecord& stream : round.streams) {
        stream.name += hostile;
        stream.operation = hostile;
        stream.errors = {{hostile, 3}};
    }
    for (IntervalRecord& interval : round.intervals) {
        interval.phase = interval.invalid = hostile;
    }
    for (DisturbanceRecord& event : round.disturbances) {
        event.name = event.note = hostile;
    }
    if (round.index % 3 == 0) {
        round.audit.invalid = {hostile};
    }
    round.measures = {{hostile, 1}};
    round.histograms[hostile] = round.audit.slip_ns;
    round.path_completed = {{hostile, 1}};
}

void spoil(ArrayRecord& array, const std::string& name) {
    array.name = name;
    array.file = array.url = array.transport = array.vendor = array.product = hostile;
    array.revision = array.serial = array.unique_id = array.currency = hostile;
    array.ports = {{hostile, hostile, hostile}, {hostile, hostile, ""}};
    array.settings = {{hostile, name}};
    array.price = 1e6;
}

} // namespace

RunRecord hostile_run() {
    RunRecord run = sample_run();
    const std::string first = run.arrays[0].name;
    const auto renamed = [&](const std::string& name) {
        return name == first ? "A" + hostile : "B" + hostile;
    };
    for (RoundRecord& round : run.rounds) {
        spoil(round, renamed(round.array));
    }
    for (ArrayRecord& array : run.arrays) {
        spoil(array, renamed(array.name));
    }
    for (VerdictRecord& verdict : run.verdicts) {
        verdict.array = renamed(verdict.array);
        verdict.limit = verdict.workload = verdict.point = verdict.unit = verdict.reason = hostile;
    }
    for (ComparisonRecord& one : run.comparisons) {
        one.baseline = renamed(one.baseline);
        one.candidate = renamed(one.candidate);
        one.metric = one.workload = one.point = one.stream = hostile;
    }
    for (HeadlineRecord& headline : run.headlines) {
        headline.array = renamed(headline.array);
        headline.name = headline.unit = headline.note = hostile;
    }
    for (IntegrityRecord& one : run.integrity) {
        one.array = renamed(one.array);
        one.verify = one.after = one.note = hostile;
    }
    for (EgressRecord& one : run.egress) {
        one.array = renamed(one.array);
        one.phase = one.captured_by = one.not_measured = hostile;
        one.smallest_seen = hostile_map();
    }
    for (CapacityRecord& one : run.capacity) {
        one.array = renamed(one.array);
        one.variant = one.workload = one.mode = one.limited_by = one.reason = one.currency =
            hostile;
        one.price_per_target = 3;
        for (CapacityPointRecord& point : one.points) {
            point.reason = hostile;
        }
    }
    for (PlatformRecord& one : run.platforms) {
        one.workload = one.purpose = hostile;
        one.assumptions = hostile_map();
    }
    run.findings = {hostile_finding(renamed(first), "integrity"),
                    hostile_finding(renamed(first), "egress")};
    run.id = run.plan_name = run.plan_purpose = run.plan_sha256 = run.command = hostile;
    run.interrupted = hostile;
    run.complete = false;
    run.host = run.self_test = hostile_map();
    run.not_seen = {hostile};
    return run;
}

} // namespace tests
