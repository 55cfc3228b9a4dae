#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Linux' own initiators (nvme-tcp with nvme-cli, iscsi_tcp with open-iscsi) in an emulated machine
against the emulated array: discovery, identity, partition table, patterns, flush, trim, digests,
failover. Exit 77: the machine cannot be had here."""
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
from guest.array import HOST, IQN, NQN, EmulatedArray  # noqa: E402
from guest.initramfs import Missing  # noqa: E402
from guest.machine import Machine  # noqa: E402

PROGRAM = os.environ["ARRAYBENCH"]
BUILD = os.path.dirname(os.path.dirname(os.path.abspath(PROGRAM)))
GUEST = os.path.join(os.path.dirname(os.path.abspath(__file__)), "guest")


class Checks:
    """Runs checks by name; what fails is told and counted, the others go on."""

    def __init__(self, machine, array):
        self.machine, self.array = machine, array
        self.failed = 0
        with open(os.path.join(GUEST, "initiators.sh"), encoding="utf-8") as file:
            self.prelude = file.read()

    def guest(self, script, seconds=120):
        code, text = self.machine.run(f"{self.prelude}\nset -e\n{script}", seconds)
        if code != 0:
            raise AssertionError(f"in the machine: {script}\nexit code {code}: {text}")
        return text

    def run(self, name, check):
        begun = time.monotonic()
        try:
            check()
            print(f"ok   {name} ({time.monotonic() - begun:.1f} s)", flush=True)
        except (AssertionError, RuntimeError, OSError, ValueError) as error:
            self.failed += 1
            print(f"FAIL {name}: {str(error)[-3000:]}", flush=True)
            print(self.machine.run("dmesg | tail -15")[1], flush=True)


def wanted(condition, text):
    if not condition:
        raise AssertionError(text)


def durable_and_trimmed(checks, device):
    """Flush reaches the array's volatile cache, trim gives its space back."""
    array = checks.array
    checks.guest(f"make_pattern 8; check_pattern {device} 32")
    before = array.counts()
    wanted(before["volatile_bytes"] > 0, f"nothing volatile after a write without flush: {before}")
    checks.guest(f"check_pattern {device} 32 conv=fsync")
    wanted(array.counts()["volatile_bytes"] == 0, "volatile data after a flush")
    mapped = array.counts()["mapped_bytes"]
    checks.guest(f"check_trim {device} 34 4")
    after = array.counts()["mapped_bytes"]
    wanted(after <= mapped - (4 << 20), f"trim freed nothing: {mapped} before, {after} after")


def load_passes(checks, count):
    """Waits until the load has done more than `count` rounds; this host may be busy."""
    give_up = time.monotonic() + 60
    while time.monotonic() < give_up:
        reached = int(checks.guest("load_count"))
        if reached > count:
            return reached
        time.sleep(0.5)
    raise AssertionError(f"the load stands still at {count}")


def through_fault(checks, device, event, **parameters):
    """Load goes on through the event, nothing fails and nothing differs."""
    checks.guest(f"start_load {device}")
    try:
        before = load_passes(checks, 0)
        checks.array.apply(event, **parameters)
        during = load_passes(checks, before + 1)
        time.sleep(5)
        load_passes(checks, during + 2)
    finally:
        checks.guest("stop_load")


def nvme_checks(checks):
    port = [checks.array.ports["nvme_tcp", controller] for controller in range(2)]
    checks.guest("modprobe nvme-tcp")

    def connect(controller, options=""):
        checks.guest(f"nvme connect -t tcp -a {HOST} -s {port[controller]} -n {NQN} "
                     f"--nr-io-queues=2 {options}; wait_for_disk /dev/nvme0n1")

    def disconnect():
        checks.guest("nvme disconnect-all; sleep 1; [ ! -b /dev/nvme0n1 ]")

    def discovery():
        text = checks.guest(f"nvme discover -t tcp -a {HOST} -s {port[0]}")
        wanted(text.count(NQN) == 2 and str(port[0]) in text and str(port[1]) in text, text)

    def identity():
        connect(0)
        text = checks.guest("nvme id-ctrl /dev/nvme0; nvme id-ns /dev/nvme0n1; nvme list; "
                            "nvme smart-log /dev/nvme0; nvme error-log /dev/nvme0; "
                            "nvme ana-log /dev/nvme0; cat /sys/class/nvme/nvme0/model")
        for part in ("arraybench guest", "62f0a1b2c3d4e5f60000000000000010", NQN):
            wanted(part in text, f"no {part} in {text}")

    def digests():
        connect(0, "--hdr-digest --data-digest")
        checks.guest("make_pattern 16; check_pattern /dev/nvme0n1 64 conv=fsync")
        disconnect()

    def failover():
        connect(0)
        connect(1)
        states = checks.guest("for i in $(seq 50); do "
                              "[ $(ls -d /sys/class/nvme/nvme*/nvme*c*n1 | wc -l) = 2 ] && break; "
                              "sleep 0.1; done; cat /sys/class/nvme/nvme*/nvme*c*n1/ana_state").split()
        wanted(sorted(states) == ["non-optimized", "optimized"], f"ANA states {states}")
        try:
            through_fault(checks, "/dev/nvme0n1", "failover", controller=0, duration="4s",
                          transition="1s")
            states = checks.guest("cat /sys/class/nvme/nvme1/nvme*c*n1/ana_state").split()
            wanted(states == ["optimized"], f"ANA state after the failover: {states}")
        finally:
            checks.array.apply("recover")
            disconnect()

    checks.run("nvme: discovery lists both doors", discovery)
    checks.run("nvme: identify and log pages", identity)
    checks.run("nvme: partition table",
               lambda: checks.guest("check_partitions /dev/nvme0n1 /dev/nvme0n1p1"))
    checks.run("nvme: pattern of 32 MiB",
               lambda: checks.guest("make_pattern 32; check_pattern /dev/nvme0n1 64 conv=fsync"))
    checks.run("nvme: flush and trim", lambda: durable_and_trimmed(checks, "/dev/nvme0n1"))
    checks.run("nvme: disconnect", disconnect)
    checks.run("nvme: digests", digests)
    checks.run("nvme: failover under load", failover)


def iscsi_checks(checks):
    port = [checks.array.ports["iscsi", controller] for controller in range(2)]
    portal = f"{HOST}:{port[0]}"
    node = f"iscsiadm -m node -T {IQN} -p {portal}"
    checks.guest("modprobe iscsi_tcp; modprobe sd_mod; mkdir -p /etc/iscsi/nodes "
                 "/etc/iscsi/send_targets; (iscsid -f > /tmp/iscsid.log 2>&1 &); sleep 2")

    def discovery():
        text = checks.guest(f"iscsiadm -m discovery -t st -p {portal}")
        wanted(f"{portal},1 {IQN}" in text and f"{HOST}:{port[1]},2 {IQN}" in text, text)

    def identity():
        checks.guest(f"{node} --login; wait_for_disk /dev/sda")
        text = checks.guest("sg_inq /dev/sda; cat /sys/block/sda/device/wwid")
        for part in ("ARRBENCH", "GUEST", "62f0a1b2c3d4e5f6000000000000001"):
            wanted(part in text, f"no {part} in {text}")

    def same_volume():
        """What NVMe/TCP wrote stands behind iSCSI, byte for byte."""
        checks.guest(f"nvme connect -t tcp -a {HOST} -s {checks.array.ports['nvme_tcp', 0]} "
                     f"-n {NQN} --nr-io-queues=1; wait_for_disk /dev/nvme0n1; make_pattern 8; "
                     "check_pattern /dev/nvme0n1 16 conv=fsync; nvme disconnect-all; "
                     "dd if=/dev/sda bs=1M skip=16 count=8 iflag=direct 2>/dev/null | cmp - /tmp/pattern")

    def digests():
        checks.guest(f"{node} --logout; "
                     f"{node} -o update -n node.conn[0].iscsi.HeaderDigest -v CRC32C; "
                     f"{node} -o update -n node.conn[0].iscsi.DataDigest -v CRC32C; "
                     f"{node} --login; wait_for_disk /dev/sda; "
                     "iscsiadm -m session -P 2 | grep 'DataDigest: CRC32C'; "
                     "make_pattern 16; check_pattern /dev/sda 64 conv=fsync")

    checks.run("iscsi: discovery lists both doors", discovery)
    checks.run("iscsi: identity", identity)
    checks.run("iscsi: partition table", lambda: checks.guest("check_partitions /dev/sda /dev/sda1"))
    checks.run("iscsi: pattern of 32 MiB",
               lambda: checks.guest("make_pattern 32; check_pattern /dev/sda 64 conv=fsync"))
    checks.run("iscsi: flush and trim", lambda: durable_and_trimmed(checks, "/dev/sda"))
    checks.run("one volume through both protocols", same_volume)
    checks.run("iscsi: digests", digests)
    checks.run("iscsi: sessions dropped under load",
               lambda: through_fault(checks, "/dev/sda", "session_drop", controller=0))
    checks.run("iscsi: logout", lambda: checks.guest(f"{node} --logout"))


def main():
    folder = os.path.join(BUILD, "guest")
    try:
        with EmulatedArray(PROGRAM, folder) as array, Machine(folder) as machine:
            checks = Checks(machine, array)
            only = sys.argv[1:] or ["nvme", "iscsi"]
            if "nvme" in only:
                nvme_checks(checks)
            if "iscsi" in only:
                iscsi_checks(checks)
            return 1 if checks.failed else 0
    except Missing as reason:
        print(f"SKIPPED, nothing was proven: {reason}", file=sys.stderr)
        return 77


if __name__ == "__main__":
    sys.exit(main())
