# SPDX-License-Identifier: Apache-2.0
"""Machines in the eyes of what runs on them: each has a name and a network of its own. Two of them drive, one is the
array, all on one switch, and to the array each of the two has a cable that the other has not."""
import glob
import json
import os
import re
import signal
import subprocess
import sys
import time

from emulated_array import arraybench, describe

SKIPPED = 77
LAN = "10.99.0."
UNIQUE_ID = "62f0a1b2c3d4e5f600000000000000a0"
SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def tool(*command):
    subprocess.run(command, check=True, timeout=30)


class Host:
    """A name and a network, held by a process. What runs in that network ends with it."""

    def __init__(self, name):
        self.name = name
        self.holder = subprocess.Popen(["unshare", "--net", "--uts", "sh", "-c", f"hostname {name} && exec sleep 900"],
                                       stdin=subprocess.DEVNULL)
        self.inside = ["nsenter", "-t", str(self.holder.pid), "-n", "-u"]
        until = time.monotonic() + 20
        while self.run(["hostname"], check=False).stdout.strip() != name:
            if self.holder.poll() is not None or time.monotonic() > until:
                raise SystemExit(f"no host of one's own: {name}")
            time.sleep(0.02)
        self.network = os.readlink(f"/proc/{self.holder.pid}/ns/net")
        tool(*self.inside, "ip", "link", "set", "lo", "up")

    def run(self, command, check=True):
        return subprocess.run([*self.inside, *command], check=check, timeout=60, capture_output=True, text=True)

    def start(self, command, **options):
        return subprocess.Popen([*self.inside, *command], stdin=subprocess.DEVNULL, **options)

    def processes(self):
        out = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                if os.readlink(f"/proc/{pid}/ns/net") == self.network:
                    out.append(int(pid))
            except OSError:
                pass  # It has just ended.
        return out

    def end(self):
        for pid in self.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.holder.wait()


class Machines:
    """`one` and `two` and `array`, for the length of a with block. Cables: lan at each, san-one and san-two between
    the array (10.99.1.9, 10.99.2.9) and the two."""

    def __enter__(self):
        self.hosts = []
        try:
            for name in ("one", "two", "array"):
                self.hosts.append(Host(name))
            self.one, self.two, self.array = self.hosts
            self.lay()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for host in self.hosts:
            host.end()

    def lay(self):
        """The array's host is the switch, too."""
        tool(*self.array.inside, "ip", "link", "add", "switch", "type", "bridge")
        tool(*self.array.inside, "ip", "addr", "add", LAN + "9/24", "dev", "switch")
        tool(*self.array.inside, "ip", "link", "set", "switch", "up")
        for number, host in enumerate((self.one, self.two), 1):
            for cable, address in (("lan", f"{LAN}{number}/24"), ("san", f"10.99.{number}.{number}/24")):
                far = f"{cable}-{host.name}"
                tool(*self.array.inside, "ip", "link", "add", far, "type", "veth",
                     "peer", "name", cable, "netns", str(host.holder.pid))
                tool(*host.inside, "ip", "addr", "add", address, "dev", cable)
                tool(*host.inside, "ip", "link", "set", cable, "up")
                tool(*self.array.inside, "ip", "link", "set", far, "up")
            tool(*self.array.inside, "ip", "link", "set", f"lan-{host.name}", "master", "switch")
            tool(*self.array.inside, "ip", "addr", "add", f"10.99.{number}.9/24", "dev", f"san-{host.name}")


def need_machines():
    """Ends with the code for 'skipped' where a process may not have a network and a name of its own."""
    if os.geteuid() != 0 or subprocess.run(["unshare", "--net", "--uts", "true"], check=False,
                                           stderr=subprocess.DEVNULL).returncode != 0:
        print("skipped: no right to make networks")
        sys.exit(SKIPPED)


def write(path, text, mode=0o644):
    with open(path, "w", encoding="utf-8") as out:
        out.write(text if isinstance(text, str) else json.dumps(text))
    os.chmod(path, mode)
    return path


def serve(machines, folder):
    """The array, and the file by which either host finds it at the end of its own cable."""
    description = describe("64MiB")
    for portal, number in zip(description["emulated"]["portals"], (1, 2)):
        portal["listen"] = f"10.99.{number}.9:3260"
    log = open(os.path.join(folder, "array.log"), "w+", encoding="utf-8")  # pylint: disable=consider-using-with
    served = machines.array.start([arraybench(), "array", write(os.path.join(folder, "array.json"), description)],
                                  stdout=log, stderr=subprocess.STDOUT)
    until = time.monotonic() + 30
    urls = []
    while len(urls) < 2 and time.monotonic() < until and served.poll() is None:
        time.sleep(0.05)
        with open(log.name, encoding="utf-8") as text:
            urls = re.findall(r"iscsi://\S+", text.read())
    if len(urls) < 2:
        raise SystemExit("the array did not come up")
    write(os.path.join(folder, "real.json"), {
        "$schema": "arraybench/array/v1", "name": "real", "real": {"urls": urls, "unique_id": UNIQUE_ID}})
    return served


def write_plan(folder, name, more):
    return write(os.path.join(folder, name + ".json"), f"""{{"$schema": "arraybench/plan/1", "type": "compare",
        "seed": 7, "arrays": [{{"name": "real", "file": "{folder}/real.json"}}],
        "workloads": [{{"name": "w", "file": "{SOURCE}/profiles/workloads/mixed-70-30.json"}}], "load_points": ["400/s"],
        "verify": "full", "interval": "100ms", "ramp": "100ms", "working_set": "32MiB", {more}}}""")


def rounds_of(run):
    out = []
    for path in sorted(glob.glob(os.path.join(run, "rounds", "*.json"))):
        with open(path, encoding="utf-8") as text:
            out.append(json.load(text))
    return out


def loaded(json_path):
    with open(json_path, encoding="utf-8") as text:
        return json.load(text)


def is_verified(run, code=0):
    done = subprocess.run([arraybench(), "verify", run], capture_output=True, text=True, timeout=60, check=False)
    return done.returncode == code


class Checks:
    """Said as they are made, what did not hold with what was seen."""

    def __init__(self):
        self.problems = []

    def __call__(self, what, holds, detail=""):
        print("ok    " + what if holds else f"WRONG {what}\n{detail}", flush=True)
        if not holds:
            self.problems.append(what)

    def end(self):
        if self.problems:
            print("\nnot as it should be:\n" + "\n".join(self.problems))
        sys.exit(1 if self.problems else 0)


def driven_by_two(check, run, rounds_wanted):
    """A run of four ranks, two on each host: rows, skew, ends and the LUN's place on each."""
    rounds = rounds_of(run)
    check("two hosts: all rounds are there", len(rounds) == rounds_wanted, str(len(rounds)))
    for one in rounds:
        hosts = [(part["part"], part["host"]) for part in one["hosts"]]
        check("two hosts: every rank's row says where it ran", hosts == [(1, "one"), (2, "one"), (3, "two"), (4, "two")],
              str(hosts))
        check("two hosts: each row has its CPU, its slip and its end",
              all(part["host_cpu_fraction"] > 0 and part["slip_ns_p99"] > 0 and
                  part["done_utc_ns"] > part["started_utc_ns"] for part in one["hosts"]), str(one["hosts"])[:1500])
        check("two hosts: the start skew is known to within its error",
              0 <= one["measures"]["start_skew_ns_max"] < 1e8 and
              all(part["clock_error_ns"] > 0 for part in one["hosts"][1:]), str(one["measures"]))
        check("two hosts: first and last done are told",
              0 < one["measures"]["first_done_ns"] <= one["measures"]["last_done_ns"], str(one["measures"]))
        check("two hosts: no block was wrong", not one["findings"], str(one["findings"])[:500])
    host = loaded(os.path.join(run, "host.json"))
    reached = {part: host.get(f"host {part}/4", "") for part in (2, 3, 4)}
    check("two hosts: each host reaches the one LUN at the end of its own cable",
          "10.99.1.9" in reached[2] and "10.99.2.9" in reached[3] and "10.99.2.9" in reached[4], str(reached))
    check("two hosts: the folder verifies", is_verified(run))


def ended_with_6(check, name, run, why):
    result = loaded(os.path.join(run, "result.json"))
    check(f"{name}: the run is incomplete, exit 6", not result["complete"] and result["exit_code"] == 6,
          str(result["exit_code"]))
    check(f"{name}: it says why", re.match(why, result["interrupted"]), result["interrupted"])
    kept = [one for one in rounds_of(run) if one["ended"] == "complete"]
    check(f"{name}: the finished rounds are kept, with all hosts in them",
          len(kept) >= 2 and len({len(one["hosts"]) for one in kept}) == 1, str(len(kept)))
    check(f"{name}: the folder verifies, as unfinished", is_verified(run, 6))


def await_rounds(run, count):
    until = time.monotonic() + 60
    while len(glob.glob(os.path.join(run, "rounds", "*.json"))) < count and time.monotonic() < until:
        time.sleep(0.05)
