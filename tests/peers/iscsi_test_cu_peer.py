#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""libiscsi's own conformance suite against the emulated array, suite by suite, each on a fresh array.

CUnit counts a skip as a pass: verdicts are read from the log. Every fail and skip has to stand in
iscsi_test_cu_expected.txt with its reason, and everything that stands there has to happen.
"""
import os
import re
import sys

from emulated_array import EmulatedArray, need, run

PASSES_AT_LEAST = 172  # More than the best reference target of this suite reaches.
SECONDS_PER_SUITE = 60


def suites():
    _, listing = run(["iscsi-test-cu", "-l", "x"])
    names = [line.strip() for line in listing.splitlines()]
    return [name for name in names if re.fullmatch(r"(SCSI|iSCSI)\.\w+", name)]


def verdicts(suite, log):
    """Test -> 'pass', 'fail' or 'skip', from what it wrote between its own line and the next one's."""
    found = {}
    for match in re.finditer(r"^  Test: (\S+) \.\.\.(.*?)(?=^  Test: |^Run Summary|\Z)", log, re.M | re.S):
        name, body = f"{suite}.{match.group(1)}", match.group(2)
        if re.search(r"^\s+\d+\. \S+\.c:\d+", body, re.M) or not re.search(r"passed|FAILED", body):
            found[name] = "fail"  # An assertion, or the program ended within the test.
        elif "[SKIPPED]" in body:
            found[name] = "skip"
        else:
            found[name] = "pass"
    return found


def expected():
    allowed = {}
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "iscsi_test_cu_expected.txt")
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            line = line.split("#", 1)[0].strip()
            if line:
                test, verdict, reason = line.split(None, 2)
                allowed[test] = (verdict, reason)
    return allowed


def urls_for(suite, array):
    if suite == "SCSI.ReadOnly":
        return [array.url(lun=1)]
    if suite == "SCSI.MultipathIO":
        return [array.url(portal=0), array.url(portal=1)]
    return [array.url()]


def main():
    need("iscsi-test-cu")
    allowed = expected()
    seen, problems = {}, []
    print(f"{'suite':34} pass fail skip")
    for suite in suites():
        with EmulatedArray() as array:
            code, log = run(["iscsi-test-cu", "-d", "-v", f"--test={suite}", *urls_for(suite, array)],
                            timeout=SECONDS_PER_SUITE)
        if array.end_code != 0:
            problems.append(f"{suite}: the array ended with {array.end_code}:\n{array.last_output}")
        found = verdicts(suite, log)
        if not found:
            problems.append(f"{suite}: no verdict (exit {code}):\n{log[-2000:]}")
        seen.update(found)
        counts = [list(found.values()).count(word) for word in ("pass", "fail", "skip")]
        print(f"{suite:34} {counts[0]:4} {counts[1]:4} {counts[2]:4}", flush=True)
        for test, verdict in found.items():
            if verdict != "pass" and allowed.get(test, ("pass",))[0] != verdict:
                problems.append(f"{test}: {verdict}, which nobody explained:\n{log[-3000:]}")
    totals = [list(seen.values()).count(word) for word in ("pass", "fail", "skip")]
    print(f"{'total':34} {totals[0]:4} {totals[1]:4} {totals[2]:4}")
    for test, (verdict, _) in allowed.items():
        if seen.get(test) != verdict:
            problems.append(f"{test}: expected to {verdict}, but it did {seen.get(test, 'not run')}")
    if totals[0] < PASSES_AT_LEAST:
        problems.append(f"{totals[0]} passes, wanted at least {PASSES_AT_LEAST}")
    for test, (verdict, reason) in allowed.items():
        print(f"{verdict}  {test}: {reason}")
    for problem in problems:
        print("PROBLEM", problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
