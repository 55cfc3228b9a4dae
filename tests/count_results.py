#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""count_results.py LOGS STAGE...: adds up the JUnit files of the stages that ran; skipped is never passed."""
import pathlib
import sys
import xml.etree.ElementTree as tree

passed = failed = 0
skipped = []
for stage in sys.argv[2:]:
    file = pathlib.Path(sys.argv[1]) / f"{stage}.xml"
    if not file.exists():
        continue
    for case in tree.parse(file).iter("testcase"):
        if case.get("status") == "run":
            passed += 1
        elif case.get("status") == "fail":
            failed += 1
        else:
            skipped.append(case.get("name"))
for name in skipped:
    print(f"SKIPPED, not passed: {name}")
print(f"{passed} passed, {failed} failed, {len(skipped)} skipped")
