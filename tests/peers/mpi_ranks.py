# SPDX-License-Identifier: Apache-2.0
"""What mpi_peer.sh does once mpirun and MPI are there."""
import glob
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from emulated_array import EmulatedArray, describe
from own_hosts import rounds_of

PROGRAM = os.environ["ARRAYBENCH"]
SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
RANKS = 4
problems = []


def check(what, holds, detail=""):
    print(("ok    " if holds else "WRONG ") + what, flush=True)
    if not holds:
        problems.append(f"{what}\n{detail}")


def write_plan(folder, name, workload, point, more=""):
    path = os.path.join(folder, name + ".json")
    with open(path, "w", encoding="utf-8") as out:
        out.write(f"""{{"$schema": "arraybench/plan/1", "type": "compare", "seed": 7,
            "arrays": [{{"name": "plain", "file": "{SOURCE}/profiles/arrays/plain.json"}}],
            "workloads": [{{"name": "w", "file": "{SOURCE}/profiles/workloads/{workload}.json"}}],
            "load_points": ["{point}"], "verify": "full", "interval": "200ms"{more}}}""")
    return path


def launch(arguments, *launcher, ranks=RANKS):
    command = ["mpirun", "--allow-run-as-root", "--oversubscribe", *launcher, "-np", str(ranks), PROGRAM, "run"]
    return subprocess.Popen(command + arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def result_of(run):
    with open(os.path.join(run, "result.json"), encoding="utf-8") as text:
        return json.load(text)


def is_part_of_the_whole(name, together, alone):
    check(f"{name}: as many rounds as one host", len(together) == len(alone) > 0, f"{len(together)}, {len(alone)}")
    for one, other in zip(together, alone):
        check(f"{name}: round {one['index']} has all {RANKS} hosts, each once",
              [host["part"] for host in one.get("hosts", [])] == list(range(1, RANKS + 1)), str(one.get("hosts")))
        check(f"{name}: and is complete", one["ended"] == "complete", one["ended"])
        shares = [host["scheduled"] for host in one["hosts"]]
        check(f"{name}: every host had a share", min(shares) > 0, str(shares))
        check(f"{name}: nothing is lost in the sums", sum(shares) == one["audit"]["scheduled"], str(shares))
        skew = one["measures"]["start_skew_ns_max"]
        check(f"{name}: the start skew was measured, and all began within a tenth of a second",
              0 <= skew < 1e8, str(skew))
        check(f"{name}: the clocks' error is known", all("clock_error_ns" in host for host in one["hosts"]))
        check(f"{name}: first done and last done are told",
              0 < one["measures"]["first_done_ns"] <= one["measures"]["last_done_ns"], str(one["measures"]))
        check(f"{name}: no block was wrong", not one["findings"], str(one["findings"])[:500])
        counted = sum(stream["response_ns"]["count"] for stream in one["streams"])
        waited = sum(stream[kind] for stream in one["streams"]
                     for kind in ("completed", "timed_out", "lost", "unfinished"))
        check(f"{name}: the histograms hold every answer", counted == waited > 0, f"{counted}, {waited}")
        in_series = sum(interval["response_ns"]["count"] for interval in one["intervals"] if not interval["ramp"])
        check(f"{name}: the series' histograms were kept too", in_series > 0, str(in_series))
        _ = other


def whole_run(folder):
    plan = write_plan(folder, "mix", "mixed-70-30", "400/s", """, "rounds": 2, "ramp": "200ms",
        "working_set": "64MiB", "preconditioning": {"passes": 1, "time_limit": "30s"}, "phases": [
        {"phase": "load", "duration": "800ms"}, {"phase": "disturb", "duration": "400ms",
         "disturbance": {"name": "stall", "parameters": {"duration": "100ms"}}},
        {"phase": "verify", "duration": "30s"}]""")
    run = os.path.join(folder, "together")
    ranks = launch([plan, "--out", run, "--progress", "none"])
    out, err = ranks.communicate(timeout=200)
    check("four ranks: the run is over with 0 (7: a busy host)", ranks.returncode in (0, 7), out + err)
    check("four ranks: one of them speaks, the hosts stand in its answer", out.count("\nhosts\n") == 1, out)
    single = os.path.join(folder, "alone")
    alone = subprocess.run([PROGRAM, "run", plan, "--out", single, "--progress", "none"],
                           capture_output=True, text=True, timeout=200)
    check("one host: the same plan", alone.returncode in (0, 7), alone.stdout + alone.stderr)
    together, by_one = rounds_of(run), rounds_of(single)
    is_part_of_the_whole("mix", together, by_one)
    for one, other in zip(together, by_one):
        check(f"mix: round {one['index']}: the schedules of {RANKS} ranks are the one schedule",
              one["audit"]["scheduled"] == other["audit"]["scheduled"],
              f"{one['audit']['scheduled']}, {other['audit']['scheduled']}")
        check("mix: the disturbance's cost is told", [d["name"] for d in one["disturbances"]] == ["stall"])
        check("mix: all that was written was read back",
              one["measures"].get("verified_bytes", 0) == other["measures"].get("verified_bytes", 0) > 0,
              f"{one['measures'].get('verified_bytes')}, {other['measures'].get('verified_bytes')}")
    with open(os.path.join(run, "report.md"), encoding="utf-8") as text:
        report = text.read()
    check("the report has a row for every rank", all(f"{part}/{RANKS} " in report for part in range(1, RANKS + 1)))
    verified = subprocess.run([PROGRAM, "verify", run], capture_output=True, text=True, timeout=60)
    check("the folder verifies", verified.returncode == 0, verified.stdout + verified.stderr)


def platform_run(folder):
    plan = write_plan(folder, "platform", "platform/national-small", "500 targets", """, "rounds": 1,
        "ramp": "200ms", "duration": "2s", "working_set": "192MiB", "host_settings": "uniform" """)
    run = os.path.join(folder, "platform")
    ranks = launch([plan, "--out", run, "--progress", "none"])
    out, err = ranks.communicate(timeout=200)
    check("platform: the run is over", ranks.returncode in (0, 7), out + err)
    rounds = rounds_of(run)
    is_part_of_the_whole("platform", rounds, rounds)
    check("platform: all of its targets, not those of each rank",
          [one["measures"].get("targets") for one in rounds] == [500], str([one["measures"] for one in rounds]))


def workers_of(launcher):
    """Rank -> the process that works, not the one that the launcher started to watch over it."""
    out = {}
    for path in glob.glob("/proc/[0-9]*/environ"):
        try:
            pid = int(path.split("/")[2])
            with open(path, "rb") as raw:
                environment = dict(word.split(b"=", 1) for word in raw.read().split(b"\0") if b"=" in word)
            with open(f"/proc/{pid}/stat", encoding="utf-8") as raw:
                parent = int(raw.read().rsplit(")", 1)[1].split()[1])
            with open(f"/proc/{pid}/cmdline", "rb") as raw:
                words = raw.read().split(b"\0")
        except (OSError, ValueError):
            continue
        if b"OMPI_COMM_WORLD_RANK" in environment and words[:2] == [PROGRAM.encode(), b"run"]:
            out.setdefault(int(environment[b"OMPI_COMM_WORLD_RANK"]), []).append((pid, parent))
    found = {}
    for rank, processes in out.items():
        for pid, parent in processes:
            if parent == launcher.pid:
                found[(rank, "launched")] = pid
            elif parent in [one for one, _ in processes]:
                found[(rank, "works")] = pid
    return found


def lose_rank(folder, name, kind, number, wanted):
    plan = write_plan(folder, name, "mixed-70-30", "400/s", """, "rounds": 200, "duration": "500ms",
        "ramp": "50ms", "working_set": "64MiB" """)
    run = os.path.join(folder, name)
    # mpirun waits so long twice before it ends what has ended already, or would end the others too soon.
    patience = [] if wanted == 6 else ["--mca", "odls_base_sigkill_timeout", "6"]
    ranks = launch([plan, "--out", run, "--progress", "none", "--lost-after", "4"], *patience)
    until = time.monotonic() + 60
    while len(glob.glob(os.path.join(run, "rounds", "*.json"))) < 2 and time.monotonic() < until:
        time.sleep(0.05)
    victim = workers_of(ranks).get((2, kind))
    check(f"{name}: rank 2 is found", victim is not None, str(workers_of(ranks)))
    if victim is None:
        ranks.terminate()
        ranks.communicate(timeout=60)
        return
    struck = time.monotonic()
    os.kill(victim, number)
    out, err = ranks.communicate(timeout=100)
    print(f"      {name}: over {time.monotonic() - struck:.1f} s after the signal, mpirun says {ranks.returncode}")
    check(f"{name}: mpirun ends with {wanted}", ranks.returncode == wanted, f"{ranks.returncode}\n{out}{err}")
    if number == signal.SIGSTOP:
        try:
            os.kill(victim, signal.SIGKILL)
        except ProcessLookupError:
            pass  # It went with the process that watched over it.
    result = result_of(run)
    check(f"{name}: the run is incomplete, exit 6", not result["complete"] and result["exit_code"] == 6,
          str(result["exit_code"]))
    check(f"{name}: it says who was lost", result["interrupted"].startswith("rank 2 on "), result["interrupted"])
    rounds = rounds_of(run)
    kept = [one for one in rounds if one["ended"] == "complete"]
    check(f"{name}: the finished rounds are kept", len(kept) >= 2, str([one["ended"] for one in rounds]))
    verified = subprocess.run([PROGRAM, "verify", run], capture_output=True, text=True, timeout=60)
    check(f"{name}: the folder verifies, as unfinished", verified.returncode == 6, verified.stdout + verified.stderr)


def read_back(run, url):
    done = subprocess.run([PROGRAM, "verify-data", run, url, "--format", "json"],
                          capture_output=True, text=True, timeout=120)
    return done.returncode, json.loads(done.stdout) if done.stdout.startswith("{") else done.stdout + done.stderr


UNIQUE_ID = "62f0a1b2c3d4e5f600000000000000a0"


def foreign_plan(folder, name, url, more):
    with open(os.path.join(folder, "real.json"), "w", encoding="utf-8") as out:
        json.dump({"$schema": "arraybench/array/v1", "name": "real", "real": {"urls": [url], "unique_id": UNIQUE_ID}},
                  out)
    plan = write_plan(folder, name, "mixed-70-30", "400/s", more)
    with open(plan, encoding="utf-8") as text:
        words = text.read().replace(f"{SOURCE}/profiles/arrays/plain.json", f"{folder}/real.json")
    with open(plan, "w", encoding="utf-8") as out:
        out.write(words.replace('"name": "plain"', '"name": "real"'))
    return plan


def foreign_array(folder):
    """What each of four ranks wrote to an array that outlives the run can be read back from its one folder."""
    with EmulatedArray(describe("64MiB")) as array:
        url = array.url(0, 0)
        plan = foreign_plan(folder, "foreign", url, """, "rounds": 1, "ramp": "100ms",
            "duration": "500ms", "working_set": "32MiB", "preconditioning": {"passes": 1, "time_limit": "30s"}""")
        run = os.path.join(folder, "foreign")
        ranks = launch([plan, "--out", run, "--progress", "none", "--destroy", UNIQUE_ID])
        out, err = ranks.communicate(timeout=200)
        check("foreign array: the run is over", ranks.returncode in (0, 7), out + err)
        code, answer = read_back(run, url)
        check("foreign array: every rank's part is in the folder and holds",
              code == 0 and answer["parts"] == RANKS and not answer["hosts_missing"], str(answer)[:500])
        verified = subprocess.run([PROGRAM, "verify", run], capture_output=True, text=True, timeout=60)
        check("foreign array: the folder verifies", verified.returncode == 0, verified.stdout + verified.stderr)
        os.remove(os.path.join(run, f"expectation-real.host-2-of-{RANKS}.bin"))
        code, answer = read_back(run, url)
        check("foreign array: a part that is missing is told, with 6",
              code == 6 and answer["hosts_missing"] == [2], str(answer)[:500])


def resumed_run(folder):
    """A run that goes on knows what every rank wrote before, not what the leader wrote alone."""
    with EmulatedArray(describe("64MiB")) as array:
        url = array.url(0, 0)
        plan = foreign_plan(folder, "resumed", url, """, "rounds": 10, "ramp": "50ms", "duration": "300ms",
            "working_set": "32MiB" """)
        run = os.path.join(folder, "resumed")
        ranks = launch([plan, "--out", run, "--progress", "none", "--destroy", UNIQUE_ID])
        until = time.monotonic() + 60
        while len(glob.glob(os.path.join(run, "rounds", "*.json"))) < 8 and time.monotonic() < until:
            time.sleep(0.02)
        os.kill(workers_of(ranks)[(0, "works")], signal.SIGTERM)
        out, err = ranks.communicate(timeout=100)
        check("resumed: the first leg ends with 6", ranks.returncode == 6, f"{ranks.returncode}\n{out}{err}")
        code, before = read_back(run, url)
        check("resumed: what it wrote is known", code == 0 and before["sectors_checked"] > 0, str(before)[:500])
        ranks = launch(["--resume", run, "--progress", "none", "--destroy", UNIQUE_ID])
        out, err = ranks.communicate(timeout=100)
        check("resumed: the second leg measures the rest", ranks.returncode in (0, 7) and len(rounds_of(run)) == 10,
              f"{ranks.returncode}\n{out}{err}")
        check("resumed: no block of either leg was wrong", not [one for one in rounds_of(run) if one["findings"]])
        code, after = read_back(run, url)
        check("resumed: then what every rank wrote in either leg is known",
              code == 0 and after["sectors_checked"] >= before["sectors_checked"] and after["parts"] == RANKS,
              f"{before}\n{after}"[:900])
        verified = subprocess.run([PROGRAM, "verify", run], capture_output=True, text=True, timeout=60)
        check("resumed: the folder verifies", verified.returncode == 0, verified.stdout + verified.stderr)


def capacity_run(folder):
    """A search for capacity by two ranks: each step's platform is divided, the leader judges the whole."""
    with open(os.path.join(folder, "small.json"), "w", encoding="utf-8") as out:
        out.write("""{"$schema": "arraybench/interception/1", "purpose": "A test.", "targets": 100,
            "data": {"keep": "30%", "session_rate_share": 0.05},
            "storage": {"writers": 4, "commits": "20/s", "buffer": "100ms"},
            "readers": {"analysts": 2, "searches": "1/s", "exports": "1/h", "export": "1MB"}}""")
    plan = os.path.join(folder, "capacity.json")
    with open(plan, "w", encoding="utf-8") as out:
        out.write(f"""{{"$schema": "arraybench/plan/1", "type": "capacity", "seed": 3,
            "arrays": [{{"name": "a", "file": "{SOURCE}/profiles/arrays/plain.json"}}],
            "working_set": "192MiB", "interval": "50ms", "verify": "full", "capacity": {{"mode": "ramp",
            "workload": {{"name": "small", "file": "small.json"}}, "from": "50 targets", "to": "100 targets",
            "resolution": "20%", "ramp": "20ms", "duration": "500ms",
            "limits": [{{"stream": "commit delay", "measure": "response", "statistic": "max", "at_most": "5s"}}]}}}}""")
    run = os.path.join(folder, "capacity")
    ranks = launch([plan, "--out", run, "--progress", "none"], ranks=2)
    out, err = ranks.communicate(timeout=200)
    check("capacity: the search is over (1, 7: a busy host)", ranks.returncode in (0, 1, 7), out + err)
    rounds = rounds_of(run)
    check("capacity: rounds were measured", len(rounds) > 0, out + err)
    for one in rounds:
        check(f"capacity: round {one['index']}: both hosts had a share of its targets",
              [host["scheduled"] > 0 for host in one.get("hosts", [])] == [True, True] and
              one["measures"].get("targets") == one["point_value"], str(one.get("hosts")))
        check("capacity: no block was wrong", not one["findings"], str(one["findings"])[:500])
    capacity = result_of(run)["capacity"]
    check("capacity: the search says how many", bool(capacity) and bool(capacity[0]["points"]), str(capacity)[:500])


def swapped_lun(folder):
    """Where another LUN answers in the LUN's place every rank ends, at once, with 4, and none writes to it."""
    run = os.path.join(folder, "swapped")
    plan = write_plan(folder, "swapped-plan", "mixed-70-30", "400/s", """, "rounds": 20, "working_set": "8MiB",
        "phases": [{"phase": "load", "duration": "300ms"}, {"phase": "disturb", "duration": "90s",
        "disturbance": {"name": "lun_swap", "parameters": {"notice": "drop"}}}]""")
    began = time.monotonic()
    ranks = launch([plan, "--out", run, "--progress", "none"])
    out, err = ranks.communicate(timeout=120)
    check("another LUN: the run ends with 4", ranks.returncode == 4, f"{ranks.returncode}\n{out}{err}")
    check("another LUN: and says so", "another LUN answers" in err, err)
    check("another LUN: long before the round would have ended", time.monotonic() - began < 80, err)
    rounds = rounds_of(run)
    check("another LUN: one round was begun, by every rank, and refused",
          len(rounds) == 1 and len(rounds[0]["hosts"]) == RANKS
          and rounds[0]["ended"].startswith("refused for safety"), str([one["ended"] for one in rounds]))
    check("another LUN: nothing was written to it", "writes_to_another_lun" not in rounds[0]["measures"],
          str(rounds[0]["measures"]))
    verified = subprocess.run([PROGRAM, "verify", run], capture_output=True, text=True, timeout=60)
    check("another LUN: the folder verifies, as unfinished", verified.returncode == 6, verified.stdout + verified.stderr)


def refusals(folder):
    plan = write_plan(folder, "egress", "mixed-70-30", "400/s",
                      """, "rounds": 1, "duration": "500ms", "egress": {"demand": "silence"} """)
    ranks = launch([plan, "--out", os.path.join(folder, "egress")])
    out, err = ranks.communicate(timeout=60)
    check("a plan that one host must watch is refused with 2", ranks.returncode == 2 and "on one host, without a launcher" in " ".join(err.split()), out + err)
    ranks = launch([os.path.join(folder, "missing.json")])
    out, err = ranks.communicate(timeout=60)
    check("a plan that is not there is told once, with 2",
          ranks.returncode == 2 and err.count("missing.json") == 1, out + err)


def main():
    folder = tempfile.mkdtemp(prefix="arraybench-mpi-")
    try:
        whole_run(folder)
        platform_run(folder)
        foreign_array(folder)
        resumed_run(folder)
        capacity_run(folder)
        lose_rank(folder, "killed", "works", signal.SIGKILL, 6)
        lose_rank(folder, "frozen", "works", signal.SIGSTOP, 6)
        # The launcher's own process: it answers with 137 whatever the ranks do, but leaves them time.
        lose_rank(folder, "orphaned", "launched", signal.SIGKILL, 137)
        swapped_lun(folder)
        refusals(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for problem in problems:
        print("\nWRONG " + problem)
    sys.exit(1 if problems else 0)


main()
