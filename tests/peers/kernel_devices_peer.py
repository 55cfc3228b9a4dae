#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The block device driver on disks of Linux' own initiators, in an emulated machine against the emulated array: the
identity is the array's own by either protocol, what somebody uses is never written to, and a verified load runs; and a
file system mounted over NBD through the project's plugin keeps what it holds. Exit 77: the machine cannot be had here."""
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
from guest.nbd_mount import mounted_over_nbd  # noqa: E402
from guest.refusals import Refusals  # noqa: E402

PROGRAM = os.environ["ARRAYBENCH"]
BUILD = os.path.dirname(os.path.dirname(os.path.abspath(PROGRAM)))
PLUGIN = os.environ.get("ARRAYBENCH_NBDKIT_PLUGIN",
                        os.path.join(os.path.dirname(os.path.abspath(PROGRAM)), "nbdkit-arraybench-plugin.so"))
UNIQUE_ID = "62f0a1b2c3d4e5f60000000000000010"
SECOND_ID = "62f0a1b2c3d4e5f60000000000000011"
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
                 "for i in $(seq 100); do [ -b /dev/sdb ] && break; sleep 0.1; done; [ -b /dev/sda ] && [ -b /dev/sdb ]")


def second_path(machine, array):
    """The first LUN once more, by the other controller."""
    portal = f"{HOST}:{array.ports['iscsi', 1]}"
    machine.must(f"iscsiadm -m node -T {IQN} -p {portal} --login; "
                 "for i in $(seq 100); do [ -b /dev/sdd ] && break; sleep 0.1; done; [ -b /dev/sdc ] && [ -b /dev/sdd ]")
    return next(disk for disk in ("/dev/sdc", "/dev/sdd") if probe(machine, disk).get("unique_id") == UNIQUE_ID)


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
            mounted_over_nbd(machine, array, PLUGIN, check, 1, SECOND_ID, "/dev/sdb")
            refusals = Refusals(machine, check, "/dev/sda", second_path(machine, array), UNIQUE_ID)
            refusals.all()
            part = probe(machine, "/dev/sda1")
            check("a partition is not its disk", part.get("unique_id") == UNIQUE_ID + "-part1", part)
            refusals.multipath()
    except Missing as reason:
        print(f"SKIPPED, nothing was proven: {reason}", file=sys.stderr)
        return 77
    for problem in problems:
        print("\n" + problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
