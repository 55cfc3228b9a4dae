# SPDX-License-Identifier: Apache-2.0
"""An emulated array for the peers of its portals: started, found and ended."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

IQN = "iqn.2026-01.org.arraybench:peer"
SKIPPED = 77


def need(*programs):
    """Ends with the code for 'skipped' unless every program is there."""
    for program in programs:
        if shutil.which(program) is None:
            print(f"skipped: {program} is not installed")
            sys.exit(SKIPPED)


def arraybench():
    return os.environ.get("ARRAYBENCH", "build/dev/bench/arraybench")


def describe(size="1GiB", chap=None):
    """Two portals to two controllers; the second volume is write-protected."""
    volumes = [
        {"name": "lun0", "size": size, "serial": "PEER0000", "unique_id": "62f0a1b2c3d4e5f600000000000000a0"},
        {"name": "lun1", "size": size, "serial": "PEER0001", "unique_id": "62f0a1b2c3d4e5f600000000000000a1",
         "write_protected": True},
    ]
    portals = [{"transport": "iscsi", "controller": i, "name": IQN, "group_tag": i + 1} for i in (0, 1)]
    for portal in portals if chap else []:
        portal["chap"] = chap
    return {
        "$schema": "arraybench/array/v1",
        "purpose": "What the portal's peers talk to.",
        "name": "peer",
        "identity": {"vendor": "ARRBENCH", "product": "PEER", "revision": "0001", "serial": "PEER"},
        "emulated": {"seed": 1, "controllers": 2, "access": "symmetric", "volumes": volumes, "portals": portals},
        "ports": [{"name": "A.data", "kind": "data", "watched_by": "lo"}],
        "egress_policy": "deny-all",
    }


class EmulatedArray:
    """`arraybench array` on free ports of loopback, for the length of a with block."""

    def __init__(self, description=None, file=None):
        self.description = description or describe()
        self.file = file

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="arraybench-peer-")
        path = self.file
        if path is None:
            path = os.path.join(self.folder, "array.json")
            with open(path, "w", encoding="utf-8") as out:
                json.dump(self.description, out)
        self.log = os.path.join(self.folder, "log")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [arraybench(), "array", path, "--listen", "127.0.0.1:0"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self.process.poll() is None:
            self.urls = re.findall(r"iscsi://\S+", self.output())
            if len(self.urls) >= 2:
                return self
            time.sleep(0.02)
        print(self.output())
        self.__exit__(None, None, None)
        raise SystemExit("the emulated array did not come up")

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.end_code = self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.end_code = self.process.wait()
        self.last_output = self.output()
        shutil.rmtree(self.folder, ignore_errors=True)

    def output(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return log.read()

    def url(self, portal=0, lun=0):
        return self.urls[portal].rsplit("/", 1)[0] + f"/{lun}"

    def nvme_url(self, portal=0, lun=0):
        """The same volume over NVMe/TCP; namespaces count from 1."""
        found = re.findall(r"nvme\+tcp://\S+", self.output())
        return found[portal].rsplit("/", 1)[0] + f"/{lun + 1}"

    def address(self, portal=0):
        return self.urls[portal].split("/")[2]

    def cpu_seconds(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def run(command, timeout=60, **options):
    """Runs a peer with a bound on its time; gives its exit code and output together."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=timeout, check=False, **options)
        return done.returncode, done.stdout.decode(errors="replace")
    except subprocess.TimeoutExpired as late:
        return 124, (late.stdout or b"").decode(errors="replace") + "\n(timed out)\n"
