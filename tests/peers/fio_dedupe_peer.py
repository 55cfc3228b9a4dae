#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""fio-dedupe finds on a written LUN the share of duplicates that the workload asked for."""
import json
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from emulated_array import arraybench, need, run  # noqa: E402

SIZE = 64 << 20  # Blocks enough for chance to stay well below the margin.
MARGIN = 0.02
problems = []


def check(what, holds, detail=""):
    print(("ok    " if holds else "WRONG ") + what, flush=True)
    if not holds:
        problems.append(f"{what}\n{detail}")


def describe(folder, duplicates, block):
    path = os.path.join(folder, "workload.json")
    with open(path, "w", encoding="ascii") as out:
        json.dump({"$schema": "arraybench/workload/1", "purpose": "A LUN written from end to end.",
                   "streams": [{"name": "write", "operation": "write", "share": 1, "block": block,
                                "locality": "sequential"}],
                   "arrivals": {"kind": "closed", "depth": 8},
                   "data_reduction": {"compressible": 0.32, "duplicate": duplicates}}, out)
    return path


def written(folder, workload, *options):
    """A file written throughout by `load`; its path and what `load` said."""
    path = os.path.join(folder, "lun")
    with open(path, "wb") as out:
        out.truncate(SIZE)
    code, text = run([arraybench(), "probe", f"file:{path}", "--format", "json"])
    assert code == 0, text
    serial = re.search(r'"serial": "(file-[-0-9a-f]+)"', text)[1]
    for seconds in (1, 2, 4, 8, 16):  # A busy host needs longer to get to the end.
        code, text = run([arraybench(), "load", f"file:{path}", "--workload", workload, f"--runtime={seconds}",
                          "--ramp_time=0",
                          "--progress=none", "--destroy", serial, "--overwrite-data", *options])
        assert code in (0, 7), text
        with open(path, "rb") as lun:
            if all(any(lun.read(512)) for _ in range(SIZE // 512)):
                return path, text
    raise AssertionError("the file was never written throughout")


def found_by_fio(path, granule):
    done = subprocess.run(["fio-dedupe", "-b", str(granule), "-B", "0", "-p", "0", path], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False)
    text = done.stdout.decode(errors="replace")
    counts = re.search(r"Extents=(\d+), Unique extents=(\d+)", text)
    assert done.returncode == 0 and counts, text
    return 1 - int(counts[2]) / int(counts[1]), text


def main():
    need("fio-dedupe")
    with tempfile.TemporaryDirectory() as folder:
        for block, granule in (("4KiB", 4096), ("8KiB", 4096)):
            for duplicates in (0, 0.25, 0.5, 0.9):
                workload = describe(folder, duplicates, block)
                for name, options in (("without stamps", ()), ("stamped", ("--verify=full",)),
                                      ("without stamps by two lanes", ("--numjobs=2",))):
                    path, said = written(folder, workload, *options)
                    share, text = found_by_fio(path, granule)
                    check(f"{block} {name}: {duplicates:.0%} asked, fio-dedupe finds {share:.1%}",
                          abs(share - duplicates) <= MARGIN, text)
                    check("      and load says what lz4 saves", "lz4 saves 32 %" in said, said)
    for problem in problems:
        print("\n" + problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
