#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What fio has written imports with fio's own percentiles, and fio's numbers come back out of an export."""
import csv
import json
import os
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from emulated_array import arraybench, need, run  # noqa: E402


def must(command):
    code, text = run(command)
    assert code == 0, text
    return text


def near(ours, theirs, within):
    assert abs(ours - theirs) <= within * theirs, (ours, theirs)


def one_format(folder, lun, name):
    old = os.path.join(folder, f"old-{name}.json")
    must(["fio", "--name=old", f"--filename={lun}", "--size=16m", "--rw=randrw", "--bs=4k", "--ioengine=psync",
          "--allow_file_create=0", "--time_based", "--runtime=1", f"--output-format={name}", f"--output={old}"])
    with open(old, encoding="utf-8") as text:
        theirs = json.load(text)["jobs"][0]
    imported = os.path.join(folder, f"imported-{name}")
    told = must([arraybench(), "import", old, "--out", imported])
    assert "no due time" in told, told
    again = json.loads(must([arraybench(), "report", imported, "--format", "fio"]))["jobs"][0]
    for direction in ("read", "write"):
        assert again[direction]["total_ios"] == theirs[direction]["total_ios"]
        assert again[direction]["io_bytes"] == theirs[direction]["io_bytes"]
        near(again[direction]["iops"], theirs[direction]["iops"], 0.01)
        for percent in ("50.000000", "90.000000", "99.000000"):
            near(again[direction]["clat_ns"]["percentile"][percent], theirs[direction]["clat_ns"]["percentile"][percent],
                 0.02)
    return imported


def by_fios_own_tool(folder, imported):
    """What fio's package makes a table of: every access stands in it, at the percentile that fio gives it."""
    exported, table = os.path.join(folder, "exported.json"), os.path.join(folder, "table.csv")
    with open(exported, "w", encoding="utf-8") as out:
        out.write(must([arraybench(), "report", imported, "--format", "fio"]))
    must(["fio_jsonplus_clat2csv", exported, table])
    with open(exported, encoding="utf-8") as text:
        job = json.load(text)["jobs"][0]
    with open(os.path.join(folder, "table_job0.csv"), encoding="utf-8") as text:
        rows = list(csv.DictReader(text, skipinitialspace=True))
    for direction in ("read", "write"):
        column = direction + "_clat_ns_"
        own = [row for row in rows if row[column + "count"]]
        assert sum(int(row[column + "count"]) for row in own) == job[direction]["total_ios"] > 0
        assert int(own[-1][column + "cumulative"]) == job[direction]["total_ios"]
        for percent in (50, 90, 99):
            at = next(int(row["nsec"]) for row in own if float(row[column + "percentile"]) >= percent / 100)
            near(at, job[direction]["clat_ns"]["percentile"][f"{percent}.000000"], 0.01)


def main():
    need("fio")
    with tempfile.TemporaryDirectory(prefix="arraybench-import-") as folder:
        lun = os.path.join(folder, "lun")
        with open(lun, "wb") as image:
            image.truncate(16 << 20)
        runs = [one_format(folder, lun, name) for name in ("json+", "json")]
        if shutil.which("fio_jsonplus_clat2csv"):
            by_fios_own_tool(folder, runs[0])
        must([arraybench(), "verify", runs[0]])
        compared = must([arraybench(), "compare", *runs])
        assert "service p50" in compared and "not interleaved" in compared, compared
        assert "no due-time latency" in compared, compared
    print("fio's results come in, are compared, and go out again")


if __name__ == "__main__":
    main()
