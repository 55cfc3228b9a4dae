#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""count_results.py LOGS STAGE...: adds up the JUnit files of the stages that ran; skipped is never passed.

A test that passed but says "LEFT OUT: why" did not look at what it is for, and counts as skipped.
"""
import pathlib
import re
import sys
import xml.etree.ElementTree as tree


def left_out(case):
    """Why, in the test's own words, which its reporter may have broken over several lines; None: nothing was."""
    said = re.search(r"LEFT OUT: (.*?)(\n\s*\n|\Z)", case.findtext("system-out") or "", re.DOTALL)
    return " ".join(said[1].split()) if said else None


passed = failed = 0
skipped = []
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
        else:
            passed += 1
for name in skipped:
    print(f"SKIPPED, not passed: {name}")
print(f"{passed} passed, {failed} failed, {len(skipped)} skipped")
