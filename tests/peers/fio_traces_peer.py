#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""fio replays what load has recorded, and load replays what fio has recorded."""
import json
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from emulated_array import arraybench, need, run  # noqa: E402


def accesses(path):
    """(action, offset, length) of every access in an iolog, in order, and the instants in seconds."""
    with open(path, encoding="ascii") as lines:
        words = [line.split() for line in lines][1:]
    moves = [(w[2], int(w[3]), int(w[4]) if w[2] in ("read", "write", "trim") else 0) for w in words if len(w) == 5]
    return moves, [int(w[0]) / 1e6 for w in words if len(w) == 5]


def fio(folder, *options):
    path = os.path.join(folder, "fio.json")
    code, text = run(["fio", "--name=peer", "--ioengine=psync", "--allow_file_create=0", "--output-format=json",
                      f"--output={path}", *options])
    assert code == 0, text
    with open(path, encoding="utf-8") as answer:
        text = answer.read()
    return json.loads(text[text.index("{"):])["jobs"][0]


def load(*options):
    done = subprocess.run([arraybench(), "load", *options, "--format", "json", "--progress", "none"],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False)
    # 7: a busy host; what was submitted is what counts here.
    assert done.returncode in (0, 7), done.stderr.decode()
    return json.loads(done.stdout)


def fio_replays_ours(folder, lun):
    recorded = os.path.join(folder, "ours.iolog")
    answer = load("memory:size=16MiB", "--rw=randrw", "--bs=8k", "--rate_iops=200", "--runtime=1", "--numjobs=2",
                  f"--write_iolog={recorded}")
    measured = {stream["name"]: stream["completed"] for stream in answer["streams"]}
    moves, times = accesses(recorded)
    counts = {kind: sum(m[0] == kind for m in moves) for kind in measured}
    beyond = sum(counts.values()) - sum(measured.values())
    assert 0 <= beyond <= 2, (counts, measured)  # A lane may submit one more when the window has just closed.
    assert times == sorted(times) and 0.9 < times[-1] < 1.5, times[-1]
    log = os.path.join(folder, "fio")
    job = fio(folder, f"--read_iolog={recorded}", f"--replay_redirect={lun}", f"--write_lat_log={log}",
              "--log_offset=1")
    assert job["read"]["total_ios"] == counts["read"], (job["read"]["total_ios"], counts)
    assert job["write"]["total_ios"] == counts["write"], (job["write"]["total_ios"], counts)
    with open(log + "_clat.1.log", encoding="ascii") as lines:  # time, latency, direction, size, offset, ...
        done = [line.split(", ") for line in lines]
    done = [("write" if w[2] == "1" else "read", int(w[4]), int(w[3])) for w in done]
    assert done == moves, "fio has submitted something else than was recorded"
    assert 900 < job["job_runtime"] < 5000, job["job_runtime"]  # At our pace, not as fast as it can.


def we_replay_fios(folder, lun):
    recorded = os.path.join(folder, "fio.iolog")
    fio(folder, f"--filename={lun}", "--size=16m", "--rw=randrw", "--bsrange=4k-64k", "--rate_iops=100,100",
        "--fsync=8", "--time_based", "--runtime=1", f"--write_iolog={recorded}")
    moves, times = accesses(recorded)
    ours = os.path.join(folder, "ours-of-fio.iolog")
    for speed in (1, 4):
        answer = load("memory:size=16MiB", f"--read_iolog={recorded}", "--trace-remap=none", "--verify=full",
                      f"--trace-speed={speed}", f"--write_iolog={ours}")
        replayed, at = accesses(ours)
        # An open loop: two that were due at once may change places on their way through a lane.
        assert sorted(replayed) == sorted((m[0], m[1] if m[0] in ("read", "write", "trim") else 0, m[2]) for m in moves)
        length = (times[-1] - times[0]) / speed
        assert length * 0.9 < at[-1] - at[0] < length + 1, (length, at[-1] - at[0])
        assert not answer["findings"], answer["findings"]


def main():
    need("fio")
    with tempfile.TemporaryDirectory(prefix="arraybench-traces-") as folder:
        lun = os.path.join(folder, "lun")
        with open(lun, "wb") as image:
            image.truncate(16 << 20)
        fio_replays_ours(folder, lun)
        we_replay_fios(folder, lun)
    print("fio and load replay each other")


if __name__ == "__main__":
    main()
