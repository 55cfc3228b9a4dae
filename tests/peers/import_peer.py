#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What fio has written imports with fio's own percentiles, and fio's numbers come back out of an export."""
import json
import os
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


def main():
    need("fio")
    with tempfile.TemporaryDirectory(prefix="arraybench-import-") as folder:
        lun = os.path.join(folder, "lun")
        with open(lun, "wb") as image:
            image.truncate(16 << 20)
        runs = [one_format(folder, lun, name) for name in ("json+", "json")]
        compared = must([arraybench(), "compare", *runs])
        assert "p50" in compared and "not interleaved" in compared, compared
    print("fio's results come in, are compared, and go out again")


if __name__ == "__main__":
    main()
