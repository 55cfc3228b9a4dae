#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every form of a report, read back by parsers that no one here wrote."""

import csv
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

try:
    import jsonschema
except ImportError:
    print("python3-jsonschema is missing")
    sys.exit(77)

PROGRAM = os.environ["ARRAYBENCH"]
TESTS = os.path.join(os.path.dirname(PROGRAM), "..", "tests", "golden")
SCHEMAS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "results", "schema")


def written_reports(folder):
    """The test program writes a rich run and a hostile one in every form."""
    if not os.access(TESTS, os.X_OK):
        print("the test program that writes reports is not built")
        sys.exit(77)
    subprocess.run([TESTS, "[.peers]"], check=True, stdout=subprocess.DEVNULL,
                   env={**os.environ, "REPORT_DIR": folder})


def text_of(path):
    with open(path, encoding="utf-8", newline="") as file:  # Strict: broken UTF-8 raises.
        return file.read()


def check_junit(text):
    root = ElementTree.fromstring(text)
    assert root.tag == "testsuites"
    cases = root.findall(".//testcase")
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert int(root.get(attribute)) == len(root.findall(f".//testcase/{tag}")), attribute
    assert int(root.get("tests")) == len(cases) > 0
    return root


def check_csv(text):
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert rows and all(None not in row and None not in row.values() for row in rows)
    for row in rows:
        assert not any(value[:1] in "=+@" for value in row.values() if value), row
    return rows


def check_metrics(text):
    """The exposition format, line by line: one block per family, closed labels, numbers, EOF."""
    assert text.endswith("# EOF\n")
    sample = re.compile(r'^([a-z_]+)\{((?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)*)\} (\S+)$')
    families, current, seen = [], None, set()
    for line in text[:-len("# EOF\n")].split("\n")[:-1]:
        if line.startswith("# TYPE "):
            current = line.split()[2]
            assert current not in families
            families.append(current)
        elif not line.startswith("# "):
            match = sample.match(line)
            assert match, line
            assert match[1] == current
            float(match[3])
            assert (match[1], match[2]) not in seen, "one sample twice: " + line
            seen.add((match[1], match[2]))
    assert sorted(families) == ["arraybench_" + name for name in (
        "achieved_accesses_per_second", "findings", "limit_outcome", "ratio", "response_seconds", "targets_sustained")]


def strict(schema):
    """The schema as this repository keeps to it: no member that it does not name."""
    if isinstance(schema, list):
        return [strict(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    out = {name: strict(value) for name, value in schema.items()}
    if isinstance(out.get("properties"), dict) and "type" in out:
        out.setdefault("additionalProperties", False)
    return out


def check_schema(name, text):
    schema = strict(json.loads(text_of(os.path.join(SCHEMAS, name + ".schema.json"))))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    document = json.loads(text)
    for error in validator.iter_errors(document):
        raise AssertionError(f"{name}: {list(error.absolute_path)}: {error.message}")
    document["surprise"] = 1  # The check itself: what is not named is found.
    assert not validator.is_valid(document)


def report(run, *options):
    return subprocess.run([PROGRAM, "report", run, *options], capture_output=True, check=False)


def check_command(folder):
    run = os.path.join(folder, "run")
    for form, name in (("html", "sample.html"), ("junit", "sample.xml"), ("json", "sample.json")):
        printed = report(run, "--format", form)
        assert printed.returncode == 0, printed.stderr
        assert printed.stdout.decode() == text_of(os.path.join(folder, name)), form
    tables = os.path.join(folder, "tables")
    assert report(run, "--format", "csv", "--out", tables).returncode == 0
    assert sorted(os.listdir(tables)) == ["capacity.csv", "histogram.csv", "intervals.csv", "measures.csv",
                                          "percentiles.csv", "rounds.csv"]
    for wrong in (("--format", "pdf"), ("--table", "round"), ("--nonsense",)):
        refused = report(run, *wrong)
        assert refused.returncode == 2 and refused.stderr and not refused.stdout, wrong
    assert report(os.path.join(folder, "nowhere")).returncode == 2
    assert report(run, "--out", os.path.join(folder, "no", "such", "file")).returncode == 5
    with open("/dev/full", "w", encoding="utf-8") as full:
        assert subprocess.run([PROGRAM, "report", run], stdout=full, stderr=subprocess.DEVNULL,
                              check=False).returncode == 5


def main():
    with tempfile.TemporaryDirectory(prefix="arraybench-report-") as folder:
        written_reports(folder)
        for name in ("sample", "hostile"):
            base = os.path.join(folder, name)
            check_junit(text_of(base + ".xml"))
            check_metrics(text_of(base + ".metrics"))
            check_schema("summary", text_of(base + ".json"))
            for table in ("rounds", "intervals", "percentiles", "histogram"):
                check_csv(text_of(f"{base}-{table}.csv"))
        run = os.path.join(folder, "run")
        check_schema("result", text_of(os.path.join(run, "result.json")))
        for name in os.listdir(os.path.join(run, "rounds")):
            check_schema("round", text_of(os.path.join(run, "rounds", name)))
        rows = check_csv(text_of(os.path.join(folder, "sample-rounds.csv")))
        summary = json.loads(text_of(os.path.join(folder, "sample.json")))
        assert len(rows) == sum(point["rounds"] for point in summary["points"])
        bins = check_csv(text_of(os.path.join(folder, "sample-histogram.csv")))
        done = sum(int(row["count"]) for row in bins if row["part"] == "response")
        shares = check_csv(text_of(os.path.join(folder, "sample-percentiles.csv")))
        counted = sum(int(row["samples"]) for row in shares
                      if row["part"] == "response" and row["percentile"] == "100")
        assert done == counted > 0, (done, counted)
        check_command(folder)
    print("every form of the report was read back")


main()
