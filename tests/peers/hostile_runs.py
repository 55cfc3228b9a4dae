# SPDX-License-Identifier: Apache-2.0
"""Runs of two arrays one of which turns hostile, over whatever transport: the other one's part must be whole, and the
run must say who broke the protocol. No test by itself."""
import json
import os
import re
import shutil
import subprocess
import tempfile
import threading
import time

from emulated_array import arraybench
from quirky_iscsi_peer import bench, expect, says

LIBRARY = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))), "profiles")


class Watched:
    """A program whose memory is looked at while it runs."""

    def __init__(self, *arguments, seconds=60):
        self.begun, self.peak_mib = time.monotonic(), 0
        with tempfile.TemporaryFile() as out:
            with subprocess.Popen([arraybench(), *arguments], stdin=subprocess.DEVNULL, stdout=out,
                                  stderr=subprocess.STDOUT) as process:
                while process.poll() is None:
                    self.look(process.pid)
                    if time.monotonic() - self.begun > seconds:
                        process.kill()
                    time.sleep(0.02)
                self.code = process.returncode
            self.seconds = time.monotonic() - self.begun
            out.seek(0)
            self.text = out.read().decode(errors="replace")

    def look(self, process):
        try:
            with open(f"/proc/{process}/status", encoding="ascii", errors="replace") as status:
                found = re.search(r"VmRSS:\s+(\d+) kB", status.read())
        except OSError:
            return
        self.peak_mib = max(self.peak_mib, int(found[1]) >> 10 if found else 0)


def plan_of(folder, urls, workload, chap=None, **more):
    arrays = []
    for name, (url, identity) in urls.items():
        file = os.path.join(folder, name + ".json")
        with open(file, "w", encoding="utf-8") as out:
            real = {"urls": [url]} | ({"chap": chap} if chap else {})
            json.dump({"$schema": "arraybench/array/v1", "name": name, "real": real}, out)
        arrays.append({"name": name, "file": file, "identity": identity})
    plan = {"$schema": "arraybench/plan/1", "type": "compare", "seed": 7, "arrays": arrays,
            "interval": "50ms", "verify": "none", "working_set": "4MiB",
            **(measured(workload) if workload else {}), **more}
    path = os.path.join(folder, "plan.json")
    with open(path, "w", encoding="utf-8") as out:
        json.dump(plan, out)
    return path


def rounds_of(run):
    """By array, in order: how each of its rounds ended."""
    out = {}
    folder = os.path.join(run, "rounds")
    for name in sorted(os.listdir(folder) if os.path.isdir(folder) else []):
        if name.endswith(".json"):
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                record = json.load(file)
            out.setdefault(record["array"], []).append(record["ended"])
    return out


def measured(workload):
    return {"workloads": [{"file": os.path.join(LIBRARY, "workloads", workload + ".json")}], "ramp": "0s",
            "load_points": ["300/s"]}


def noted(run, kind, **fields):
    """Whether the run's journal has such an entry by now."""
    try:
        with open(os.path.join(run, "events.ndjson"), encoding="utf-8") as journal:
            entries = [json.loads(line) for line in journal if line.endswith("\n")]
    except (OSError, ValueError):
        return False
    return any(one.get("kind") == kind and all(one.get(name, one.get("fields", {}).get(name)) == value
                                               for name, value in fields.items()) for one in entries)


def round_of_hostile_done(run):
    return noted(run, "round finished", array="hostile")


def arm_when(is_time, run, attacker, over):
    while not over.is_set():
        if is_time(run):
            attacker.arm()
            return
        time.sleep(0.01)


def one_of_two(attacker, targets, words, is_time=round_of_hostile_done, workload="mixed-70-30", code=3, **more):
    """`targets`: the hostile one's and the honest one's, each with the identity of its LUN. Returns how the rounds of
    each ended."""
    folder = tempfile.mkdtemp(prefix="arraybench-hostile-")
    over = threading.Event()
    try:
        urls = dict(zip(("hostile", "honest"), targets))
        run = os.path.join(folder, "run")
        plan = plan_of(folder, urls, workload, **more)
        threading.Thread(target=arm_when, args=(is_time, run, attacker, over), daemon=True).start()
        ended = Watched("run", plan, "--out", run, *(word for _, own in targets for word in ("--destroy", own)))
        rounds = rounds_of(run)
        print(f"{type(attacker).__name__:16} in a run: exit {ended.code} after {ended.seconds:.1f} s, "
              f"{ended.peak_mib} MiB at most; {rounds}", flush=True)
        expect(attacker.strikes, f"never struck\n{ended.text}")
        expect(ended.code == code, f"exit {ended.code}\n{ended.text}")
        expect("internal error" not in ended.text, ended.text)
        says((0, ended.text), "array broke the protocol: hostile: ", *words)
        expect(noted(run, "array left out", array="hostile"), "not noted as left out")
        expect(all(end == "complete" for end in rounds.get("honest", [])), f"{rounds}\n{ended.text}")
        says(bench("report", run, "--format", "markdown"), "array broke the protocol: hostile: ", *words)
        expect(bench("verify", run)[0] == 6, "not verified as unfinished")
        return rounds
    finally:
        over.set()
        shutil.rmtree(folder)


PLATFORM = os.path.join(LIBRARY, "workloads", "platform", "national-demo.json")
STAGES = {  # Where in a run an array turns, and what the plan then has besides.
    "round": ({"duration": "500ms", "rounds": 3}, round_of_hostile_done),
    "precondition": ({"duration": "300ms", "rounds": 1, "preconditioning": {"passes": 3, "time_limit": "10s"}},
                     lambda run: noted(run, "arrays are driven")),
    "verify": ({"rounds": 1, "verify": "full",
                "phases": [{"phase": "load", "duration": "300ms"},
                           {"phase": "verify", "duration": "20s", "cache": "0B"}]},
               lambda run: noted(run, "phase", array="hostile", phase="verify")),
    "cross-check": ({"duration": "300ms", "rounds": 1, "cross_check": {"tool": "fio", "load_point": "300/s", "duration": "1s"}},
                    lambda run: noted(run, "round finished", array="hostile")
                    and noted(run, "round finished", array="honest")),
    "capacity": ({"type": "capacity", "working_set": "96MiB", "capacity": {
        "mode": "ramp", "workload": {"name": "platform", "file": PLATFORM}, "from": "10 targets", "to": "14 targets",
        "resolution": "20%", "ramp": "20ms", "duration": "2500ms",
        "limits": [{"stream": "commit delay", "measure": "response", "statistic": "max", "at_most": "9s"}]}},
        round_of_hostile_done),
}


def turns_at(stage, attacker, targets, *words):
    more, is_time = STAGES[stage]
    rounds = one_of_two(attacker, targets, words, is_time, None if stage == "capacity" else "mixed-70-30", **more)
    hostile, honest = rounds.get("hostile", []), rounds.get("honest", [])
    said = [end for end in hostile if end.startswith("array broke the protocol: ")]
    if stage == "round":
        expect(hostile[0] == "complete" and len(hostile) == 2 and said == hostile[1:], rounds)
        expect(len(honest) == 3, rounds)
    elif stage == "precondition":
        expect(not hostile and len(honest) == 1, rounds)
    elif stage == "verify":
        expect(said == hostile and len(hostile) == 1 and len(honest) == 1, rounds)
    elif stage == "cross-check":
        expect(hostile == ["complete"] and honest == ["complete"], rounds)
    else:
        expect(hostile[-1:] == said and len(honest) >= 2, rounds)
