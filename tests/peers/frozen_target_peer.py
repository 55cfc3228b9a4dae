#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A target that stands still for 2 s must show: P99 above 1.5 s in 10 s at 1,000/s.

fio's rated modes show 3 ms for the same run: what was due during the freeze is not in their numbers.
"""
import json
import subprocess
import sys
import time

from emulated_array import arraybench, need
from tgt import Tgt

SECONDS = 10


def load(url, freeze=None):
    command = [arraybench(), "load", url, "--rw=randread", "--bs=4k", "--rate_iops=1000", "--iodepth=64",
               f"--runtime={SECONDS}", "--format", "json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            if freeze:
                time.sleep(4)
                freeze(2)
            out, errors = process.communicate(timeout=60)
        except BaseException:
            process.kill()
            raise
    if process.returncode not in (0, 7):  # 7: this host was too busy to be on time; said so in the answer.
        sys.exit(f"arraybench load: exit {process.returncode}\n{out}{errors}")
    return json.loads(out)


def main():
    need("tgtd", "tgtadm")
    with Tgt() as target:
        frozen = load(target.url(), target.freeze)
        free = load(target.url())
    stream = frozen["streams"][0]
    p99 = stream["response_ns"]["p99"]["value"]
    print(f"frozen 2 s: p50 {stream['response_ns']['p50']['value'] / 1e6:.2f} ms, p99 {p99 / 1e9:.2f} s, "
          f"max {stream['response_ns']['max'] / 1e9:.2f} s, {stream['completed']} completed")
    assert 1.5e9 < p99 < 2.5e9, f"p99 {p99} ns: wanted above 1.5 s"
    assert stream["completed"] == SECONDS * 1000, stream["completed"]
    still = [interval for interval in frozen["intervals"] if interval["completed"] < 200]
    assert still and all(interval["due"] == 1000 for interval in still if interval["phase"] == "load"), still

    p99 = free["streams"][0]["response_ns"]["p99"]["value"]
    print(f"not frozen: p99 {p99 / 1e6:.2f} ms, slip p99 {free['audit']['slip_ns']['p99']['value'] / 1e3:.0f} us")
    assert p99 < 1.0e9, f"p99 {p99} ns without a freeze"


if __name__ == "__main__":
    main()
