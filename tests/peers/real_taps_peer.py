#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A "real" array behind interfaces of this host: its data and management ports are each watched by the interface that
its file names (veth cables of the kernel, as a tap's would be). Declared traffic passes, an undeclared frame of either
port is found, a port or interface that nobody watches makes it "not measured"."""
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

PROGRAM = os.environ["ARRAYBENCH"]
ROOT = pathlib.Path(__file__).resolve().parents[2]
UNIQUE_ID = "62f0a1b2c3d4e5f60000000000000001"
POLICY = {
    "$schema": "arraybench/policy/1", "name": "veth array", "array_addresses": ["10.77.1.2/32", "10.77.2.2/32"],
    "rules": [
        {"name": "address resolution", "purpose": "the local link", "protocol": "arp"},
        {"name": "iSCSI", "purpose": "storage", "direction": "to array", "protocol": "tcp", "ports": [3260],
         "storage": True},
        {"name": "support", "purpose": "during a visit only", "direction": "from array", "protocol": "udp",
         "ports": [7000], "phases": ["support_visit"]}]}


def expect(fact, what):
    if not fact:
        print("FAILED:", what)
        sys.exit(1)


def tool(*command):
    subprocess.run(command, check=True, timeout=30)


class Cabled:
    """The array in a network of its own, two veth cables to it, and a talker among its processes."""

    def __init__(self, scratch):
        self.scratch = scratch
        self.started = []

    def __enter__(self):
        holder = self.start(["unshare", "-n", "sleep", "600"])
        own = os.readlink("/proc/self/ns/net")
        limit = time.monotonic() + 20
        while os.readlink(f"/proc/{holder.pid}/ns/net") == own and time.monotonic() < limit:
            time.sleep(0.02)
        self.inside = ["nsenter", "-t", str(holder.pid), "-n"]
        tool("ip", "link", "set", "lo", "up")
        for number, port in ((1, "data"), (2, "mgmt")):
            tool("ip", "link", "add", f"tap-{port}", "type", "veth", "peer", "name", f"arr-{port}", "netns", str(holder.pid))
            tool("ip", "link", "set", f"tap-{port}", "addrgenmode", "none")
            tool(*self.inside, "ip", "link", "set", f"arr-{port}", "addrgenmode", "none")
            tool("ip", "addr", "add", f"10.77.{number}.1/24", "dev", f"tap-{port}")
            tool(*self.inside, "ip", "addr", "add", f"10.77.{number}.2/24", "dev", f"arr-{port}")
            tool("ip", "link", "set", f"tap-{port}", "up")
            tool(*self.inside, "ip", "link", "set", f"arr-{port}", "up")
        log = self.scratch / "array.log"
        with open(log, "wb") as out:
            self.start([*self.inside, PROGRAM, "array", str(ROOT / "profiles/arrays/plain.json"), "--listen",
                        "10.77.1.2:3260"], stdout=out)
        limit = time.monotonic() + 30
        while "iscsi://" not in log.read_text() and time.monotonic() < limit:
            time.sleep(0.05)
        self.url = re.search(r"iscsi://\S+", log.read_text())[0].rsplit("/", 1)[0] + "/0"
        return self

    def start(self, command, stdout=subprocess.DEVNULL):
        self.started.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.STDOUT))
        return self.started[-1]

    def talk(self, address, port, count=1):
        """Datagrams out of the array's network."""
        said = (f"import socket, time\nend = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
                f"for i in range({count}):\n    end.sendto(b'x' * 40, ('{address}', {port}))\n    time.sleep(0.1)\n")
        subprocess.run([*self.inside, sys.executable, "-c", said], check=True, timeout=60)

    def __exit__(self, *_):
        for process in reversed(self.started):
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def files(scratch, url, name, ports, **changes):
    (scratch / "policy.json").write_text(json.dumps(POLICY))
    array = {"$schema": "arraybench/array/v1", "name": "cabled", "egress_policy": "policy", "ports": ports,
             "real": {"urls": [url], "unique_id": UNIQUE_ID,
                      "hooks": {"support_visit": {"command": [str(scratch / "visit")], "time_limit": "20s"}}}}
    (scratch / f"{name}-array.json").write_text(json.dumps(array))
    plan = {"$schema": "arraybench/plan/1", "purpose": "A real array on veth cables.", "type": "compare",
            "arrays": [{"name": "cabled", "file": str(scratch / f"{name}-array.json")}],
            "workloads": [{"name": "mixed", "file": str(ROOT / "profiles/workloads/mixed-70-30.json")}],
            "load_points": ["200/s"], "rounds": 2, "working_set": "16MiB", "ramp": "100ms", "duration": "900ms",
            "interval": "200ms", "lanes": 1, "depth": 16, "verify": "none",
            "egress": {"before": "500ms", "after": "500ms", "policies": {"cabled": str(scratch / "policy.json")}},
            "metrics": [{"measure": "rate"}], **changes}
    for key in [key for key, value in plan.items() if value is None]:
        del plan[key]
    (scratch / f"{name}.json").write_text(json.dumps(plan))
    return scratch / f"{name}.json"


def measure(scratch, plan, name):
    done = subprocess.run([PROGRAM, "run", str(plan), "--out", str(scratch / f"run-{name}"), "--destroy", UNIQUE_ID,
                           "--overwrite-data", "--progress", "none"], capture_output=True, text=True, timeout=120)
    path = scratch / f"run-{name}" / "result.json"
    expect(path.exists(), f"{name}: a result: exit {done.returncode}: {done.stderr[-1500:]}")
    record = json.loads(path.read_text())
    verdict = next(one for one in record["verdicts"] if one["limit"].startswith("egress"))
    found = [one for one in record["findings"] if one["area"] == "egress" and one["severity"] == "finding"]
    return record, verdict, found


WATCHED = [{"name": "A.data", "kind": "data", "watched_by": "tap-data"},
           {"name": "management", "kind": "management", "watched_by": "tap-mgmt"}]


def check_silence(cabled, scratch):
    record, verdict, found = measure(scratch, files(scratch, cabled.url, "quiet", WATCHED), "quiet")
    expect(found == [] and verdict["outcome"] == "pass", f"declared traffic passes: {verdict} {found}")
    whole = next(one for one in record["egress"] if one["phase"] == "")
    expect(whole["captured_bytes"] == whole["allowed_bytes"] > 0, f"storage was seen: {whole}")
    expect([port["watched_by"] for port in record["arrays"][0]["ports"]] == ["tap-data", "tap-mgmt"], "each port's tap")
    for name in ("conn.log", "dns.log", "eve.json", "report.json"):
        expect((scratch / "run-quiet/egress/cabled" / name).exists(), f"{name} stands in the folder")


def check_leaks(cabled, scratch):
    for address, port in (("10.77.1.1", 4001), ("10.77.2.1", 4002)):
        plan = files(scratch, cabled.url, f"leak{port}", WATCHED, rounds=3)
        talker = threading.Thread(target=cabled.talk, args=(address, port, 40))
        talker.start()
        _, verdict, found = measure(scratch, plan, f"leak{port}")
        talker.join()
        expect(verdict["outcome"] == "fail" and any(f"{address}:{port}" in one["summary"] for one in found),
               f"a datagram to {address} is found: {verdict} {found}")
        if port == 4001:
            expect(any("data port" in one["kind"] for one in found), f"called by a data port: {found}")


def check_unwatched(cabled, scratch):
    ports = [*WATCHED, {"name": "service", "kind": "service processor"}]
    _, verdict, _ = measure(scratch, files(scratch, cabled.url, "partly", ports), "partly")
    expect(verdict["outcome"] in ("not measured", "not_measured") and "service: not watched" in verdict["reason"],
           f"an unwatched port is said: {verdict}")
    ports = [WATCHED[0], {"name": "management", "kind": "management", "watched_by": "tap-none"}]
    record, verdict, _ = measure(scratch, files(scratch, cabled.url, "absent", ports), "absent")
    expect(verdict["outcome"] in ("not measured", "not_measured") and "tap-none" in verdict["reason"],
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


def main():
    if "--inside" not in sys.argv:
        unshare = ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-U", "-r", "-n"]
        if subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode != 0:
            print("neither root nor user namespaces here")
            return 77
        return subprocess.run([*unshare, sys.executable, __file__, "--inside"], check=False).returncode
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="real-taps-"))
    try:
        with Cabled(scratch) as cabled:
            check_silence(cabled, scratch)
            check_leaks(cabled, scratch)
            check_unwatched(cabled, scratch)
            check_phases(cabled, scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    print("passed")
    return 0


sys.exit(main())
