#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The bench's NVMe/TCP and iSCSI drivers against Linux' own targets, nvmet and LIO, in an emulated
machine: the contract every driver keeps, and probe. Exit 77: the machine cannot be had here."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
from guest.initramfs import Missing  # noqa: E402
from guest.machine import Machine  # noqa: E402

PROGRAM = os.environ["ARRAYBENCH"]
BUILD = os.path.dirname(os.path.dirname(os.path.abspath(PROGRAM)))
CONTRACT = os.path.join(BUILD, "tests", "contract")
GUEST = os.path.join(os.path.dirname(os.path.abspath(__file__)), "guest")


def contract(name, url, **settings):
    """The shared contract suite against one LUN; the suite's own exit code decides."""
    environment = dict(os.environ, ARRAYBENCH_CONTRACT_URL=url, **settings)
    done = subprocess.run([CONTRACT, "[foreign]"], env=environment, text=True, timeout=200,
                          capture_output=True, check=False)
    print(f"{name}: {done.stdout.strip().splitlines()[-1] if done.stdout.strip() else 'silent'}",
          flush=True)
    ran = "All tests passed" in done.stdout and "assertion" in done.stdout
    if done.returncode != 0 or not ran:
        print(done.stdout[-6000:], done.stderr[-2000:], sep="\n", flush=True)
        return False
    return True


def probe(name, url, wanted):
    done = subprocess.run([PROGRAM, "probe", url], text=True, timeout=60, capture_output=True,
                          check=False)
    lacking = [text for text in wanted if text not in done.stdout]
    print(f"{name}: exit code {done.returncode}", flush=True)
    if done.returncode != 0 or lacking:
        print(f"lacking {lacking} in:\n{done.stdout}\n{done.stderr}", flush=True)
        return False
    return True


def check(machine):
    with open(os.path.join(GUEST, "targets.sh"), encoding="utf-8") as file:
        ready = machine.must(file.read())
    if "TARGETS READY" not in ready:
        raise AssertionError(f"the targets did not start: {ready}")
    nqn = "nqn.2014-08.org.guest:nvmet"
    nvme = f"nvme+tcp://127.0.0.1:{machine.ports[4420]}"
    iscsi = (f"iscsi://127.0.0.1:{machine.ports[3260]}/"
             "iqn.2003-01.org.linux-iscsi.guest:lio/0")
    results = [
        probe("probe nvmet", f"{nvme}/{nqn}/1", ["GUESTSERIAL0001", "active/optimized", nqn]),
        probe("discover nvmet", nvme, [nqn]),
        contract("contract nvmet", f"{nvme}/{nqn}/1", ARRAYBENCH_CONTRACT_LACKS="compare"),
        contract("contract nvmet, digests", f"{nvme}/{nqn}/1", ARRAYBENCH_CONTRACT_LACKS="compare",
                 ARRAYBENCH_CONTRACT_DIGESTS="1"),
        probe("probe LIO", iscsi, ["guest-lio-disk0"]),
        contract("contract LIO", iscsi, ARRAYBENCH_CONTRACT_LACKS="compare"),
        contract("contract LIO, header digest", iscsi, ARRAYBENCH_CONTRACT_LACKS="compare",
                 ARRAYBENCH_CONTRACT_DIGESTS="1"),
    ]
    return all(results)


def main():
    try:
        with Machine(os.path.join(BUILD, "guest"), forward=(4420, 3260)) as machine:
            if check(machine):
                return 0
            print(machine.run("dmesg | tail -30")[1])
            return 1
    except Missing as reason:
        print(f"SKIPPED, nothing was proven: {reason}", file=sys.stderr)
        return 77


if __name__ == "__main__":
    sys.exit(main())
