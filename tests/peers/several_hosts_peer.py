#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Two hosts, each with a name, a network and a path to the array of its own, drive one plan under mpirun: the LUN is
known by its identity, each host's CPU, slip, skew and end stand in a row of its own, and when the cable between the
hosts is cut the run ends with 6 and keeps what was measured."""
import os
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from emulated_array import arraybench, need  # noqa: E402
from own_hosts import (LAN, SOURCE, UNIQUE_ID, Checks, Machines, await_rounds, driven_by_two, ended_with_6,  # noqa: E402
                       need_machines, serve, write, write_plan)

check = Checks()


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
    need("mpirun", "unshare", "nsenter", "ip")
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
