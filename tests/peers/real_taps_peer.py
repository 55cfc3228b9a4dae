#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A "real" array behind interfaces of this host: its data and management ports are each watched by the interface that
its file names (veth cables of the kernel, as a tap's would be). Declared traffic passes, an undeclared frame of either
port is found, a port or interface that nobody watches makes it "not measured"."""
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys

from tapped_array import PROGRAM, WATCHED, Cabled, await_that, command, expect, files, is_unmeasured, measure, run_inside, told, whole_of


def check_silence(cabled, scratch):
    record, verdict, found = measure(scratch, files(scratch, cabled.url, "quiet", WATCHED), "quiet")
    expect(found == [] and verdict["outcome"] == "pass", f"declared traffic passes: {verdict} {found}")
    whole = whole_of(record)
    expect(whole["captured_bytes"] == whole["allowed_bytes"] > 0, f"storage was seen: {whole}")
    for tap in whole["taps"]:
        expect(tap["markers_sent"] == 0 and "loss_high" not in tap and "kernel's own counter" in tap["note"],
               f"without marker frames the loss is not known: {tap}")
    expect("kernel's own counter" in whole["smallest_seen"]["Capture"], "nor does the report say so")
    expect([port["watched_by"] for port in record["arrays"][0]["ports"]] == ["tap-data", "tap-mgmt"], "each port's tap")
    for name in ("conn.log", "dns.log", "eve.json", "report.json"):
        expect((scratch / "run-quiet/egress/cabled" / name).exists(), f"{name} stands in the folder")


def check_leaks(cabled, scratch):
    for address, port in (("10.77.1.1", 4001), ("10.77.2.1", 4002)):
        plan = files(scratch, cabled.url, f"leak{port}", WATCHED, rounds=3)
        talker = cabled.keep_talking(address, port)
        _, verdict, found = measure(scratch, plan, f"leak{port}")
        talker.kill()
        expect(verdict["outcome"] == "fail" and any(f"{address}:{port}" in one["summary"] for one in found),
               f"a datagram to {address} is found: {verdict} {found}")
        if port == 4001:
            expect(any("data port" in one["kind"] for one in found), f"called by a data port: {found}")


def watchers_of(process):
    """The children of a run that read what its taps show."""
    out = []
    for status in pathlib.Path("/proc").glob("[0-9]*/status"):
        with contextlib.suppress(OSError):
            if f"PPid:\t{process}\n" in status.read_text() and b"--control-fd" in (status.parent / "cmdline").read_bytes():
                out += [int(status.parent.name)] if b"egress" in (status.parent / "cmdline").read_bytes() else []
    return out


def check_killed(cabled, scratch):
    """The child that reads the taps is killed: the run goes on, and says what was not seen. Or the run: so ends the child."""
    plan = files(scratch, cabled.url, "killed", WATCHED, rounds=3)
    run = subprocess.Popen(command(scratch, plan, "killed"), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                           text=True)
    rounds = scratch / "run-killed/rounds"
    await_that(lambda: rounds.exists() and list(rounds.glob("*.json")), "a round of the run")
    watchers = watchers_of(run.pid)
    expect(len(watchers) == 1, f"one child for the one array: {watchers}")
    status = pathlib.Path(f"/proc/{watchers[0]}/status").read_text()
    expect("CapEff:\t0000000000000000" in status, "without privileges")
    held = [os.readlink(one) for one in pathlib.Path(f"/proc/{watchers[0]}/fd").iterdir()]
    expect(sorted({one.split(":")[0] for one in held} - {"socket", "anon_inode", "/dev/null"}) == []
           or "asan" in subprocess.run(["ldd", PROGRAM], capture_output=True, text=True, check=True).stdout,
           f"nothing but sockets is open: {held}")
    os.kill(watchers[0], signal.SIGKILL)
    _, said = run.communicate(timeout=120)
    record, verdict, _ = told(scratch, "killed", f"exit {run.returncode}: {said[-1500:]}")
    expect(is_unmeasured(verdict, "the watch ended at", "signal 9", "not seen since"), f"its end is said: {verdict}")
    expect(record["complete"] and len(list(rounds.glob("*.json"))) == 3, "all rounds were measured")
    expect('"egress watch ended"' in (scratch / "run-killed/events.ndjson").read_text(), "the journal says so")
    plan = files(scratch, cabled.url, "orphan", WATCHED, rounds=50)
    run = subprocess.Popen(command(scratch, plan, "orphan"), stderr=subprocess.DEVNULL)
    await_that(lambda: watchers_of(run.pid), "a child that watches")
    watchers = watchers_of(run.pid)
    run.kill()
    run.wait()
    await_that(lambda: not pathlib.Path(f"/proc/{watchers[0]}").exists(), "a child ends with its run")


def check_interrupted(cabled, scratch):
    """SIGINT ends the run in order: what was seen until then is told."""
    plan = files(scratch, cabled.url, "interrupted", WATCHED, rounds=50)
    run = subprocess.Popen(command(scratch, plan, "interrupted"), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                           text=True)
    rounds = scratch / "run-interrupted/rounds"
    await_that(lambda: rounds.exists() and list(rounds.glob("*.json")), "a round of the run")
    run.send_signal(signal.SIGINT)
    _, said = run.communicate(timeout=120)
    record, _, _ = told(scratch, "interrupted", f"exit {run.returncode}: {said[-1500:]}")
    whole = whole_of(record)
    expect(run.returncode == 6 and whole["captured_bytes"] > 0 and "watch ended" not in whole["not_measured"],
           f"interrupted, and its traffic told: exit {run.returncode} {whole}")


def check_unwatched(cabled, scratch):
    ports = [*WATCHED, {"name": "service", "kind": "service processor"}]
    _, verdict, _ = measure(scratch, files(scratch, cabled.url, "partly", ports), "partly")
    expect(is_unmeasured(verdict, "service: not watched"),
           f"an unwatched port is said: {verdict}")
    ports = [WATCHED[0], {"name": "management", "kind": "management", "watched_by": "tap-none"}]
    record, verdict, _ = measure(scratch, files(scratch, cabled.url, "absent", ports), "absent")
    expect(is_unmeasured(verdict, "tap-none"),
           f"an interface that is not there is said: {verdict}")


def check_phases(cabled, scratch):
    """What is declared for a support visit is allowed during the visit that the plan's hook makes, and not otherwise."""
    office = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)  # Else the kernel says that nobody is there.
    office.bind(("10.77.2.1", 7000))
    talk = f"import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'visit', ('10.77.2.1', 7000))"
    visit = scratch / "visit"
    visit.write_text("#!/bin/sh\nexec " + " ".join(cabled.inside) + f" {sys.executable} -c \"{talk}\"\n")
    visit.chmod(0o755)
    phases = [{"phase": "load", "duration": "600ms"},
              {"phase": "disturb", "duration": "1500ms", "disturbance": {"name": "support_visit"}},
              {"phase": "settle", "duration": "600ms"}]
    plan = files(scratch, cabled.url, "visit", WATCHED, phases=phases, duration=None, rounds=1)
    record, verdict, found = measure(scratch, plan, "visit")
    expect(found == [], f"allowed during the visit: {found}")
    books = {one["phase"]: one for one in record["egress"]}
    expect(books["support_visit"]["frames"] > 0 and books["settle"]["watched_ns"] > 0, f"phases of a round: {books.keys()}")
    phases[1]["disturbance"]["name"] = "inspection"
    plan = files(scratch, cabled.url, "other", WATCHED, phases=phases, duration=None, rounds=1)
    array = json.loads((scratch / "other-array.json").read_text())
    array["real"]["hooks"] = {"inspection": array["real"]["hooks"]["support_visit"]}
    (scratch / "other-array.json").write_text(json.dumps(array))
    _, verdict, found = measure(scratch, plan, "other")
    expect(any("10.77.2.1:7000" in one["summary"] and one["phase"] == "inspection" for one in found),
           f"found when no visit is on, with its phase: {found}")
    office.close()


def canaries_on_storage(scratch, name):
    report = json.loads((scratch / f"run-{name}/egress/cabled/report.json").read_text())
    return int(re.search(r"(\d+) on them", next(line for line in report["canaries"] if line.startswith("Canaries:")))[1])


def check_many_hosts(cabled, scratch):
    """Two ranks drive the array, the first watches it: the canaries that either wrote are on the wire, a leak is found."""
    if not shutil.which("mpirun") or "libmpi" not in subprocess.run(["ldd", PROGRAM], capture_output=True, text=True,
                                                                    check=True).stdout:
        print("two ranks: left out, no MPI")
        return
    plan = files(scratch, cabled.url, "ranks", WATCHED, rounds=3, verify="full")
    talker = cabled.keep_talking("10.77.1.1", 4003)
    done = subprocess.run(["mpirun", "--allow-run-as-root", "--oversubscribe", "-np", "2",
                           *command(scratch, plan, "ranks")], capture_output=True, text=True, timeout=120, check=False)
    talker.kill()
    record, verdict, found = told(scratch, "ranks", f"exit {done.returncode}: {done.stderr[-1500:]}")
    expect(verdict["outcome"] == "fail" and any("10.77.1.1:4003" in one["summary"] for one in found),
           f"two ranks: the leak is found: {verdict} {found}")
    rounds = [json.loads(path.read_text()) for path in sorted((scratch / "run-ranks/rounds").glob("*.json"))]
    expect(len(rounds) == 3 and all(len(one["hosts"]) == 2 for one in rounds), "two ranks: both drove")
    measure(scratch, plan, "alone")
    by_one, by_two = canaries_on_storage(scratch, "alone"), canaries_on_storage(scratch, "ranks")
    expect(by_two > 0.8 * by_one > 0, f"two ranks: the canaries of both are seen: {by_two}, of one host {by_one}")



sys.exit(run_inside(__file__, [(Cabled, [check_silence, check_leaks, check_killed, check_interrupted, check_unwatched, check_phases, check_many_hosts])]))
