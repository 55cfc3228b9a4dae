# SPDX-License-Identifier: Apache-2.0
"""A "real" array behind interfaces of this host (veth cables and bridges of the kernel, as taps' would be), for the length
of a with block, and runs that watch it. No test by itself."""
import contextlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
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


def await_that(holds, what):
    limit = time.monotonic() + 60
    while not holds():
        expect(time.monotonic() < limit, f"{what} came in time")
        time.sleep(0.02)


def tool(*command):
    subprocess.run(command, check=True, timeout=30)


MARKER_TYPE = 0x88B5
MIRROR = ["u32", "match", "u32", "0", "0", "action", "mirred", "egress", "mirror", "dev"]


class Cabled:
    """The array in a network of its own, two veth cables to it, and a talker among its processes."""
    host_ports = "tap"  # What this host reaches the array by, with "-data" and "-mgmt".

    def __init__(self, scratch):
        self.scratch = scratch
        self.started = []

    def lay(self, port, holder):
        tool("ip", "link", "add", f"tap-{port}", "type", "veth", "peer", "name", f"arr-{port}", "netns", str(holder))
        return [f"tap-{port}"]

    def __enter__(self):
        holder = self.start(["unshare", "-n", "sleep", "600"])
        own = os.readlink("/proc/self/ns/net")
        limit = time.monotonic() + 20
        while os.readlink(f"/proc/{holder.pid}/ns/net") == own and time.monotonic() < limit:
            time.sleep(0.02)
        self.inside = ["nsenter", "-t", str(holder.pid), "-n"]
        tool("ip", "link", "set", "lo", "up")
        for number, port in ((1, "data"), (2, "mgmt")):
            links = self.lay(port, holder.pid)
            tool(*self.inside, "ip", "link", "set", f"arr-{port}", "addrgenmode", "none")
            for link in links:
                tool("ip", "link", "set", link, "addrgenmode", "none")
            tool("ip", "addr", "add", f"10.77.{number}.1/24", "dev", f"{self.host_ports}-{port}")
            tool(*self.inside, "ip", "addr", "add", f"10.77.{number}.2/24", "dev", f"arr-{port}")
            for link in links:
                tool("ip", "link", "set", link, "up")
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

    def removed_with_us(self):
        return [f"tap-{port}" for port in ("data", "mgmt")]

    def start(self, command, stdout=subprocess.DEVNULL):
        self.started.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.STDOUT))
        return self.started[-1]

    def talk(self, address, port, count=1):
        """Datagrams out of the array's network."""
        said = (f"import socket, time\nend = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
                f"for i in range({count}):\n    end.sendto(b'x' * 40, ('{address}', {port}))\n    time.sleep(0.1)\n")
        subprocess.run([*self.inside, sys.executable, "-c", said], check=True, timeout=60)

    def keep_talking(self, address, port):
        """The same until it is killed: a busy host takes its time until it watches."""
        says = (f"import socket, time\nend = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
                f"while True:\n    end.sendto(b'x' * 40, ('{address}', {port}))\n    time.sleep(0.1)\n")
        return self.start([*self.inside, sys.executable, "-c", says])

    def __exit__(self, *_):
        for link in self.removed_with_us():
            subprocess.run(["ip", "link", "del", link], capture_output=True, check=False, timeout=30)
        for process in reversed(self.started):
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class Switched(Cabled):
    """A switch between this host and each port of the array; the array's side is mirrored to a tap, both ways."""
    host_ports = "host"

    def lay(self, port, holder):
        tool("ip", "link", "add", f"sw-{port}", "type", "bridge", "stp_state", "0", "mcast_snooping", "0")
        tool("ip", "link", "add", f"p-{port}", "type", "veth", "peer", "name", f"arr-{port}", "netns", str(holder))
        tool("ip", "link", "add", f"h-{port}", "type", "veth", "peer", "name", f"host-{port}")
        tool("ip", "link", "add", f"m-{port}", "type", "veth", "peer", "name", f"tap-{port}")
        tool("ip", "link", "add", f"x-{port}", "type", "veth", "peer", "name", f"void-{port}")
        for end in ("p", "h"):
            tool("ip", "link", "set", f"{end}-{port}", "master", f"sw-{port}")
        tool("tc", "qdisc", "add", "dev", f"p-{port}", "clsact")
        for way in ("ingress", "egress"):
            tool("tc", "filter", "add", "dev", f"p-{port}", way, "protocol", "all", "prio", "9", *MIRROR, f"m-{port}")
        return [f"{end}-{port}" for end in ("sw", "p", "h", "host", "m", "tap", "x", "void")]

    def removed_with_us(self):
        return [f"{end}-{port}" for port in ("data", "mgmt") for end in ("sw", "p", "h", "m", "x")]

    @contextlib.contextmanager
    def lossy_mirror(self, port):
        """The switch forwards marker frames as before, but its mirror does not show them."""
        where = ["dev", f"p-{port}", "egress", "protocol", hex(MARKER_TYPE), "prio", "1"]
        tool("tc", "filter", "add", *where, *MIRROR, f"x-{port}")
        try:
            yield
        finally:
            tool("tc", "filter", "del", *where)


def files(scratch, url, name, ports, prompts=None, **changes):
    (scratch / "policy.json").write_text(json.dumps(POLICY))
    array = {"$schema": "arraybench/array/v1", "name": "cabled", "egress_policy": "policy", "ports": ports,
             "real": {"urls": [url], "unique_id": UNIQUE_ID,
                      "hooks": {"support_visit": {"command": [str(scratch / "visit")], "time_limit": "20s"}}}}
    if prompts:
        array["real"].update(hooks={}, prompts=prompts)
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


def command(scratch, plan, name):
    return [PROGRAM, "run", str(plan), "--out", str(scratch / f"run-{name}"), "--destroy", UNIQUE_ID, "--overwrite-data",
            "--progress", "none"]


def measure(scratch, plan, name):
    done = subprocess.run(command(scratch, plan, name), capture_output=True, text=True, timeout=120, check=False)
    return told(scratch, name, f"exit {done.returncode}: {done.stderr[-1500:]}")


def told(scratch, name, how_it_ended):
    path = scratch / f"run-{name}" / "result.json"
    expect(path.exists(), f"{name}: a result: {how_it_ended}")
    record = json.loads(path.read_text())
    verdict = next(one for one in record["verdicts"] if one["limit"].startswith("egress"))
    found = [one for one in record["findings"] if one["area"] == "egress" and one["severity"] == "finding"]
    return record, verdict, found


WATCHED = [{"name": "A.data", "kind": "data", "watched_by": "tap-data"},
           {"name": "management", "kind": "management", "watched_by": "tap-mgmt"}]


def is_unmeasured(verdict, *reasons):
    return verdict["outcome"] in ("not measured", "not_measured") and all(one in verdict["reason"] for one in reasons)


def whole_of(record):
    return next(one for one in record["egress"] if one["phase"] == "")


def run_inside(file, checks):
    """In a network of its own: `checks` for each rig, in order. The exit code."""
    if "--inside" not in sys.argv:
        unshare = ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-U", "-r", "-n"]
        if subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode != 0:
            print("neither root nor user namespaces here")
            return 77
        return subprocess.run([*unshare, sys.executable, file, "--inside"], check=False).returncode
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="real-taps-"))
    try:
        for rig, them in checks:
            with rig(scratch) as array:
                for check in them:
                    check(array, scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    print("passed")
    return 0
