#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Two hosts, each with a name, a network and a path to the array of its own, drive one plan under mpirun: the LUN is
known by its identity, each host's CPU, slip, skew and end stand in a row of its own, who listens between them learns
nothing, and when the cable between the hosts is cut the run ends with 6 and keeps what was measured."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from emulated_array import arraybench, need  # noqa: E402
from own_hosts import (LAN, SOURCE, UNIQUE_ID, Checks, Machines, await_rounds, driven_by_two, ended_with_6,  # noqa: E402
                       loaded, need_machines, serve, write, write_plan)

check = Checks()
WORD = "a-word-that-stands-nowhere-else"


def launch(machines, folder, arguments):
    """Four ranks, two on each host; who starts the second host's is not ssh but the kernel."""
    agent = write(os.path.join(folder, "agent"),
                  "#!/bin/sh\nshift\nexec " + " ".join(machines.two.inside) + ' sh -c "$*"\n', 0o755)
    return machines.one.start(
        ["mpirun", "--allow-run-as-root", "--host", "one:2,two:2", "--mca", "plm_rsh_agent", agent,
         "--mca", "oob_tcp_if_include", LAN + "0/24", "--mca", "btl_tcp_if_include", LAN + "0/24",
         "-np", "4", arraybench(), "run", *arguments,
         "--destroy", UNIQUE_ID, "--progress", "none"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def whole_run(machines, folder):
    run = os.path.join(folder, "whole")
    plan = write_plan(folder, "whole-plan", '"rounds": 2, "duration": "700ms"')
    ranks = launch(machines, folder, [plan, "--out", run])
    out, err = ranks.communicate(timeout=120)
    check("two hosts: the run is over with 0 (7: a busy host)", ranks.returncode in (0, 7), out + err)
    driven_by_two(check, run, 2)


def secrecy(machines, folder):
    """Who listens on the switch between the hosts hears of what they say its amount; the leader's port is open on the
    one interface that was named."""
    real = json.loads(pathlib.Path(folder, "real.json").read_text(encoding="utf-8"))
    tapped = write(os.path.join(folder, "tapped.json"), real | {
        "ports": [{"name": "A.data", "kind": "data", "watched_by": "san"}]})
    plan = write_plan(folder, "secret-plan", '"purpose": "' + WORD + '", "rounds": 2, "duration": "700ms", '
                      '"egress": {"before": "0s", "after": "0s", "policies": {"real": "'
                      + SOURCE + '/profiles/policies/deny-all.json"}}')
    with open(plan, encoding="utf-8") as text:
        write(plan, text.read().replace(f"{folder}/real.json", tapped))
    capture, run = os.path.join(folder, "switch.pcap"), os.path.join(folder, "secret")
    recorder = machines.array.start(["tcpdump", "-i", "switch", "-U", "-s", "0", "-Z", "root", "-w", capture],
                                    stderr=subprocess.PIPE)
    recorder.stderr.readline()  # It listens.
    listing = pathlib.Path(folder, "doors")
    with open(listing, "wb") as out:  # The meeting is brief.
        lister = machines.one.start(["sh", "-c", "while :; do ss -Hltnp; done"], stdout=out)
    ranks = launch(machines, folder, [plan, "--out", run, "--meet-on", "lan"])
    out, err = ranks.communicate(timeout=120)
    for watcher in (lister, recorder):
        watcher.terminate()
        watcher.wait(timeout=20)
    doors = {line.split()[3] for line in listing.read_text(encoding="utf-8").splitlines() if '"arraybench"' in line}
    doors = {door for door in doors if not 1024 <= int(door.rsplit(":", 1)[1]) < 1100}  # MPI's own, from 1024 on.
    check("secrecy: the run is over, whatever the watch found", ranks.returncode in (0, 1, 7), out + err)
    check("secrecy: the leader listens where it was told, and nowhere else",
          doors and all(door.startswith(LAN + "1:") for door in doors), str(doors))
    key = loaded(os.path.join(run, "canary-key.json"))["key"]
    heard = pathlib.Path(capture).read_bytes()
    ours = [name for name, words in {
        "the canary key as text": key.encode(), "the canary key": bytes.fromhex(key), "the plan's purpose": WORD.encode(),
        "the workload": b"read_percent", "the plan's schema": b"arraybench/plan", "the array's file": b"arraybench/array",
    }.items() if words in heard]
    check("secrecy: nothing of it is on the switch in clear", not ours, str(ours))
    # The recording holds what it should: the hosts' connection, and what the launcher says in clear.
    check("secrecy: the hosts were recorded", len(heard) > 20000 and any(
        int(door.rsplit(":", 1)[1]).to_bytes(2, "big") in heard for door in doors), str(len(heard)))


def own_array(machines, folder):
    """What one host emulates on its loopback interface no other can reach."""
    plan = write_plan(folder, "own-plan", '"rounds": 1, "duration": "300ms"')
    with open(plan, encoding="utf-8") as text:
        words = text.read().replace(f"{folder}/real.json", f"{SOURCE}/profiles/arrays/plain.json")
    ranks = launch(machines, folder, [write(plan, words), "--out", os.path.join(folder, "own")])
    out, err = ranks.communicate(timeout=60)
    check("an array at one host's loopback address is refused with 2 and what to do",
          ranks.returncode == 2 and "arraybench array --listen" in " ".join(err.split()), f"{ranks.returncode}\n{out}{err}")


def cut_cable(machines, folder):
    run = os.path.join(folder, "cut")
    plan = write_plan(folder, "cut-plan", '"rounds": 300, "duration": "300ms"')
    ranks = launch(machines, folder, [plan, "--out", run, "--lost-after", "3"])
    await_rounds(run, 2)
    struck = time.monotonic()
    machines.array.run(["ip", "link", "set", "lan-two", "down"])
    while not os.path.exists(os.path.join(run, "SHA256SUMS")) and time.monotonic() < struck + 60:
        time.sleep(0.05)
    took = time.monotonic() - struck
    check("cut: the run is over when the silence has been long enough, and soon", took < 10, f"{took} s")
    # mpirun knows no such loss: it waits until it hears from the other host again.
    machines.array.run(["ip", "link", "set", "lan-two", "up"])
    out, err = ranks.communicate(timeout=60)
    check("cut: once the hosts hear each other again mpirun ends with 6", ranks.returncode == 6, out + err)
    ended_with_6(check, "cut", run, r"rank [23] on two: it has been silent")


def main():
    need("mpirun", "unshare", "nsenter", "ip", "ss", "tcpdump")
    need_machines()
    if "libmpi" not in subprocess.run(["ldd", arraybench()], capture_output=True, text=True, check=True).stdout:
        print("skipped: built without MPI")
        sys.exit(77)
    folder = tempfile.mkdtemp(prefix="arraybench-hosts-")
    os.environ["TMPDIR"] = folder  # mpirun keeps things there by the name of the host, which others may have too.
    try:
        with Machines() as machines:
            served = serve(machines, folder)
            try:
                whole_run(machines, folder)
                secrecy(machines, folder)
                own_array(machines, folder)
                cut_cable(machines, folder)
            finally:
                served.terminate()
                served.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    check.end()


if __name__ == "__main__":
    main()
