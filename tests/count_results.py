#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""count_results.py LOGS STAGE...: adds up the JUnit files of the stages that ran; skipped is never passed.

A test that passed but says "LEFT OUT: why" did not look at what it is for, and counts as skipped.
One that passed because it failed, as Catch2's [!shouldfail] expects, states a right answer that is not given yet:
it is listed and counted by itself.
"""
import pathlib
import re
import sys
import xml.etree.ElementTree as tree


def left_out(case):
    """Why, in the test's own words, which its reporter may have broken over several lines; None: nothing was."""
    said = re.search(r"LEFT OUT: (.*?)(\n\s*\n|\Z)", case.findtext("system-out") or "", re.DOTALL)
    return " ".join(said[1].split()) if said else None


def failed_as_expected(case):
    """Whether Catch2 says so in its last lines."""
    return re.search(r"^(test cases|assertions):.* failed as expected", case.findtext("system-out") or "", re.MULTILINE)


passed = failed = 0
skipped = []
expected = []
for stage in sys.argv[2:]:
    file = pathlib.Path(sys.argv[1]) / f"{stage}.xml"
    if not file.exists():
        continue
    for case in tree.parse(file).iter("testcase"):
        if case.get("status") == "fail":
            failed += 1
        elif case.get("status") != "run":
            skipped.append(case.get("name"))
        elif (why := left_out(case)) is not None:
            skipped.append(f"{case.get('name')}: {why}")
        elif failed_as_expected(case):
            expected.append(case.get("name"))
        else:
            passed += 1
for name in skipped:
    print(f"SKIPPED, not passed: {name}")
for name in expected:
    print(f"FAILED AS EXPECTED, to be mended: {name}")
print(f"{passed} passed, {failed} failed, {len(skipped)} skipped, {len(expected)} failed as expected")
