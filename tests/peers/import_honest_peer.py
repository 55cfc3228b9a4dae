#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Of what fio writes about honest runs nothing is doubted, in whichever form it writes it and however it ran."""
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from emulated_array import arraybench, need, run  # noqa: E402

SIZE = 16 << 20
TIMED = ["--time_based", "--runtime=400ms"]
# What is asked of fio beside a file of 16 MiB and blocks of 4 KiB; "more than one document" where it tells so far.
RUNS = {
    "reads": ["--rw=randread", *TIMED],
    "a mix": ["--rw=randrw", "--rwmixread=70", *TIMED],
    "in flight": ["--rw=randrw", "--ioengine=libaio", "--iodepth=16", *TIMED],
    "io_uring": ["--rw=randread", "--ioengine=io_uring", "--iodepth=32", *TIMED],
    "a ramp": ["--rw=randrw", "--ioengine=libaio", "--iodepth=16", "--ramp_time=200ms", *TIMED],
    "copies": ["--rw=randread", "--numjobs=3", *TIMED],
    "copies together": ["--rw=randread", "--numjobs=3", "--group_reporting", *TIMED],
    "copies together behind a ramp": ["--rw=randrw", "--ioengine=libaio", "--iodepth=8", "--numjobs=3", "--group_reporting",
                                      "--ramp_time=200ms", *TIMED],
    "a rate": ["--rw=randrw", "--rate_iops=500", *TIMED],
    "a poisson rate": ["--rw=randread", "--rate_iops=500", "--rate_process=poisson", "--ioengine=libaio", "--iodepth=8", *TIMED],
    "a rate of bytes": ["--rw=write", "--rate=4m", *TIMED],
    "a latency target": ["--rw=randread", "--ioengine=libaio", "--iodepth=32", "--latency_target=1ms", "--latency_window=50ms",
                         "--latency_percentile=95", *TIMED],
    "one access": ["--rw=randread", "--number_ios=1"],
    "a few accesses": ["--rw=randread", "--number_ios=20"],
    "all of a file": ["--rw=read", "--bs=1m"],
    "trims": ["--rw=randtrim", "--ioengine=falloc", "--number_ios=200"],
    "trims before writes": ["--rw=trimwrite", "--ioengine=null", "--number_ios=200"],
    "sizes": ["--rw=randrw", "--bsrange=512-64k", *TIMED],
    "unaligned sizes": ["--rw=randread", "--bsrange=512-64k", "--bs_unaligned", *TIMED],
    "split sizes": ["--rw=randrw", "--bssplit=4k/60:64k/40,8k/100", *TIMED],
    "sizes for each direction": ["--rw=randrw", "--bs=4k,16k", *TIMED],
    "a size that does not fit": ["--rw=read", "--bs=7k", *TIMED],
    "written and read back": ["--rw=write", "--verify=crc32c", "--size=4m"],
    "written and read back at once": ["--rw=randwrite", "--verify=crc32c", "--verify_backlog=16", "--size=4m"],
    "flushes": ["--rw=randwrite", "--fsync=8", *TIMED],
    "no completion latency": ["--rw=randread", "--disable_clat=1", *TIMED],
    "no latency": ["--rw=randread", "--gtod_reduce=1", *TIMED],
    "percentiles of the whole": ["--rw=randread", "--lat_percentiles=1", *TIMED],
    "own percentiles": ["--rw=randread", "--percentile_list=0.01:50:100", *TIMED],
    "both directions in one": ["--rw=randrw", "--unified_rw_reporting=1", *TIMED],
    "both directions and their sum": ["--rw=randrw", "--unified_rw_reporting=both", *TIMED],
    "pauses": ["--rw=randread", "--thinktime=5ms", *TIMED],
    "loops": ["--rw=read", "--loops=3", "--size=4m"],
    "a later start": ["--rw=randread", "--startdelay=200ms", *TIMED],
    "nowhere": ["--rw=randrw", "--ioengine=null", *TIMED],
    "logs": ["--rw=randrw", "--write_bw_log=LOG", "--write_lat_log=LOG", "--log_avg_msec=100", "--bandwidth-log", *TIMED],
    "so far": ["--rw=randrw", "--status-interval=100ms", "--time_based", "--runtime=1"],
    "so far behind a ramp": ["--rw=randread", "--status-interval=100ms", "--ramp_time=500ms", "--ioengine=libaio", "--iodepth=8",
                             "--time_based", "--runtime=1"],
    "so far, read back": ["--rw=write", "--verify=crc32c", "--size=16m", "--rate=32m,", "--status-interval=100ms"],
    "groups": ["--rw=randread", *TIMED, "--name=second", "--stonewall", "--rw=randwrite", *TIMED],
    "groups so far": ["--rw=randread", "--status-interval=200ms", *TIMED, "--name=second", "--stonewall", "--rw=randwrite",
                      *TIMED],
    "jobs beside each other": ["--rw=randread", *TIMED, "--name=second", "--rw=randwrite", "--bs=64k", *TIMED],
    "jobs together": ["--rw=randread", "--group_reporting", *TIMED, "--name=second", "--rw=randwrite", "--bs=64k", "--iodepth=4",
                      "--ioengine=libaio", "--group_reporting", *TIMED],
}
TERSE_IS_TOO_COARSE = {"one access", "a poisson rate", "pauses"}  # Or does not tell groups and sums so far apart.

TERSE_IS_REFUSED = {"trims": "wanted at least one measurement",  # Version 3 has no columns for them.
                    "both directions in one": "unified_rw_reporting, which only JSON tells",
                    "both directions and their sum": "unified_rw_reporting, which only JSON tells"}


def fio(folder, name, form, options):
    out = os.path.join(folder, "out")
    lun = os.path.join(folder, "lun")
    options = [one.replace("LOG", os.path.join(folder, "log")) for one in options]
    common = [f"--filename={lun}", "--bs=4k", "--ioengine=psync", "--allow_file_create=0"]
    if not any(one.startswith("--size") for one in options):
        common.append(f"--size={SIZE}")
    split = [at for at, one in enumerate(options) if one.startswith("--name=")]
    for at in reversed(split):  # Each job has to be told where.
        options = options[:at + 1] + [one for one in common if not any(
            mine.split("=")[0] == one.split("=")[0] for mine in options[at + 1:])] + options[at + 1:]
    first = options[:split[0]] if split else options
    mine = [one for one in common if not any(other.split("=")[0] == one.split("=")[0] for other in first)]
    subprocess.run(["fio", f"--output-format={form}", f"--output={out}", "--name=first", *mine, *options], check=True, cwd=folder,
                   stdout=subprocess.DEVNULL, timeout=60)
    return out


def doubts_of(folder, path, name):
    where = os.path.join(folder, "run-" + re.sub(r"\W", "-", name))
    code, text = run([arraybench(), "import", path, "--out", where])
    if code != 0:
        return [text]
    return [line for line in text.splitlines() if line.startswith("INVALID")]


def main():
    need("fio")
    failures = []
    with tempfile.TemporaryDirectory(prefix="arraybench-honest-", dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as folder:
        with open(os.path.join(folder, "lun"), "wb") as image:
            image.write(os.urandom(SIZE))
        for name, options in RUNS.items():
            if len(sys.argv) > 1 and name not in sys.argv[1:]:
                continue
            told_again = any(one.startswith(("--status-interval", "--name", "--numjobs")) for one in options)
            for form in ("json+", "json", "terse"):
                if form == "terse" and (name in TERSE_IS_TOO_COARSE or told_again):
                    continue
                path = fio(folder, name, form, options)
                doubts = doubts_of(folder, path, f"{name}-{form}")
                refusal = TERSE_IS_REFUSED.get(name) if form == "terse" else None
                if refusal is not None:
                    doubts = [] if any(refusal in doubt for doubt in doubts) else [f"not refused with: {refusal}"]
                failures += [f"{name}, {form}: {doubt}" for doubt in doubts]
    assert not failures, "\n".join(failures)
    print(f"{len(RUNS)} kinds of honest runs of fio came in without a doubt")


if __name__ == "__main__":
    main()
