#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The block device driver on disks of Linux' own initiators, in an emulated machine against the emulated array: the
identity is the array's own by either protocol, what is used as swap is never written to, and a verified load runs.
Exit 77: the machine cannot be had here."""
import functools
import http.server
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
from guest.array import HOST, IQN, NQN, EmulatedArray  # noqa: E402
from guest.initramfs import Missing, find_tool, run  # noqa: E402
from guest.machine import Machine  # noqa: E402

PROGRAM = os.environ["ARRAYBENCH"]
BUILD = os.path.dirname(os.path.dirname(os.path.abspath(PROGRAM)))
UNIQUE_ID = "62f0a1b2c3d4e5f60000000000000010"
problems = []


def check(what, holds, detail=""):
    print(("ok    " if holds else "WRONG ") + what, flush=True)
    if not holds:
        problems.append(f"{what}\n{detail}")


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def pack_program(folder):
    """The program without its debug information, and every library it is linked with."""
    small = os.path.join(folder, "arraybench")
    subprocess.run([find_tool("strip"), "-o", small, PROGRAM], check=True)
    with tarfile.open(os.path.join(folder, "program.tar"), "w", dereference=True) as tar:
        tar.add(small, "bin/arraybench")
        for line in run("ldd", PROGRAM).splitlines():
            for word in line.split():
                if word.startswith("/"):
                    tar.add(word, word.lstrip("/"))


def bring_program(machine, folder):
    pack_program(folder)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        machine.must(f"cd / && wget -q -O - http://{HOST}:{server.server_port}/program.tar | tar x", 180)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def probe(machine, device):
    code, said = machine.run(f"/bin/arraybench probe {device} --format json 2>&1", 180)
    if code != 0:
        problems.append(f"probe {device}: exit {code}: {said}")
        return {}
    report = json.loads(said[said.index("{"):])
    return {**report, **report.get("identity", {})}


def attach(machine, array):
    ports = array.ports
    machine.must(f"modprobe nvme-tcp; nvme connect -t tcp -a {HOST} -s {ports['nvme_tcp', 0]} -n {NQN} "
                 "--nr-io-queues=2; for i in $(seq 100); do [ -b /dev/nvme0n1 ] && break; sleep 0.1; done; "
                 "[ -b /dev/nvme0n1 ]")
    portal = f"{HOST}:{ports['iscsi', 0]}"
    machine.must("modprobe iscsi_tcp; modprobe sd_mod; mkdir -p /etc/iscsi/nodes /etc/iscsi/send_targets; "
                 "(iscsid -f > /tmp/iscsid.log 2>&1 &); sleep 2; "
                 f"iscsiadm -m discovery -t st -p {portal}; iscsiadm -m node -T {IQN} -p {portal} --login; "
                 "for i in $(seq 100); do [ -b /dev/sda ] && break; sleep 0.1; done; [ -b /dev/sda ]")


def load(machine, device, *words):
    return machine.run(f"/bin/arraybench load {device} --rw=randrw --bs=4k --iodepth=8 --runtime=1 --size=16m "
                       f"--progress none {' '.join(words)} 2>&1", 240)


def main():
    folder = os.path.join(BUILD, "guest")
    try:
        with EmulatedArray(PROGRAM, folder) as array, Machine(folder) as machine, \
                tempfile.TemporaryDirectory() as scratch:
            bring_program(machine, scratch)
            attach(machine, array)
            scsi, nvme = probe(machine, "/dev/sda"), probe(machine, "/dev/nvme0n1")
            check("the kernel's SCSI disk has the array's identity", scsi.get("unique_id") == UNIQUE_ID and
                  scsi.get("vendor") == "ARRBENCH" and scsi.get("serial") == "GUEST0000", scsi)
            check("its NVMe namespace has the same one", nvme.get("unique_id") == UNIQUE_ID, nvme)
            said = "and the device itself says so"
            check("both were asked themselves who they are", said in str(scsi.get("limits")) and
                  said in str(nvme.get("limits")), (scsi.get("limits"), nvme.get("limits")))
            check("nobody uses them", scsi.get("in_use") == "" and nvme.get("in_use") == "", (scsi, nvme))
            code, said = load(machine, "/dev/sda", "--destroy", "0123456789abcdef0123456789abcdef")
            check("another LUN's name is refused", code == 4 and f"--destroy {UNIQUE_ID}" in said, said)
            for device in ("/dev/sda", "/dev/nvme0n1"):
                code, said = load(machine, device, "--destroy", UNIQUE_ID, "--verify=full")
                # 7: an emulated machine is late with its accesses, and says so.
                check(f"a verified load runs on {device}", code in (0, 7), said)
            machine.must("dd if=/dev/zero of=/dev/sda bs=1M count=1 oflag=direct 2>/dev/null; "
                         "printf 'o\\nn\\np\\n1\\n2048\\n+32M\\nw\\n' | fdisk /dev/sda > /dev/null 2>&1; "
                         "blockdev --rereadpt /dev/sda; sleep 1; [ -b /dev/sda1 ]")
            part = probe(machine, "/dev/sda1")
            check("a partition is not its disk", part.get("unique_id") == UNIQUE_ID + "-part1", part)
            machine.must("mkswap /dev/sda1 > /dev/null && swapon /dev/sda1")
            scsi, part = probe(machine, "/dev/sda"), probe(machine, "/dev/sda1")
            check("swap on it is seen", "swap" in part.get("in_use", "") and "sda1" in scsi.get("in_use", ""),
                  (scsi.get("in_use"), part.get("in_use")))
            code, said = load(machine, "/dev/sda", "--destroy", UNIQUE_ID, "--overwrite-data")
            check("and it is never written to, whatever is said", code == 4 and "in use on this host" in said, said)
            machine.must("swapoff /dev/sda1")
            check("until it is given back", probe(machine, "/dev/sda").get("in_use") == "")
    except Missing as reason:
        print(f"SKIPPED, nothing was proven: {reason}", file=sys.stderr)
        return 77
    for problem in problems:
        print("\n" + problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
