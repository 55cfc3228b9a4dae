#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What goes wrong on an array comes through the nbdkit plugin as NBD's own errors, to qemu-io, qemu-img, nbdcopy and fio:
blocks that cannot be read, a LUN that takes no writes, a pool without space, and an array that is gone."""
import os
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
from emulated_array import arraybench, need, run  # noqa: E402
from guest.array import IQN, NQN, EmulatedArray  # noqa: E402
from nbd_clients_peer import PLUGIN, Nbdkit, check, problems, qemu_io  # noqa: E402

UNIQUE_ID = "62f0a1b2c3d4e5f6000000000000001"
BAD_LBA = 4096  # At 2 MiB.


def small_pool_and_a_protected_lun(description):
    emulated = description["emulated"]
    emulated["pool"] = "8MiB"
    for volume in emulated["volumes"]:
        volume["thin"] = True
    emulated["volumes"].append({**emulated["volumes"][1], "name": "lun2", "serial": "GUEST0002",
                                "unique_id": UNIQUE_ID + "2", "write_protected": True})


def named(lun):
    return f"destroy={UNIQUE_ID}{lun}"


def unreadable(folder, array, what, url):
    with Nbdkit(folder, f"url={url(0)}", named(0), "overwrite-data=true") as server:
        qemu_io(server, "write -P 3 2M 64k")
        array.apply("medium_error", lun=0, lba=BAD_LBA, block_count=8)
        code, said = qemu_io(server, "read -P 3 2052k 4k", "read 2M 4k")
        check(f"{what}: a block that cannot be read is an I/O error, the one beside it is not",
              said.count("Input/output error") == 1 and said.count("read 4096/4096") == 1, f"{code}: {said}")
    copy = os.path.join(folder, "copy")
    for client in (["nbdcopy", "URI", copy], ["qemu-img", "convert", "-f", "raw", "-O", "raw", "URI", copy],
                   ["fio", "--name=nbd", "--ioengine=nbd", "--uri=URI", "--rw=read", "--bs=4k", "--offset=2m",
                    "--size=64k", "--output-format=terse"]):
        # Debian's nbdkit 1.32 itself ends by an assertion when a client breaks off amid its requests: a server for each.
        with Nbdkit(folder, f"url={url(0)}") as server:
            code, said = run([word.replace("URI", server.uri()) for word in client], timeout=60)
            check(f"{what}: {client[0]} does not pass over it", code not in (0, 124) and "Input/output error" in said,
                  f"{code}: {said}")
    with Nbdkit(folder, f"url={url(0)}", named(0), "overwrite-data=true") as server:
        code, said = qemu_io(server, "write -P 4 2M 4k", "read -P 4 2M 4k")
        check(f"{what}: written again it reads again", code == 0 and "failed" not in said.lower(), f"{code}: {said}")


def protected(folder, what, url):
    with Nbdkit(folder, f"url={url(2)}", named(2)) as server:
        said = server.refused()
        check(f"{what}: a write-protected LUN is not served for writing, whoever is named",
              said and "is write-protected" in said, said)
    with Nbdkit(folder, f"url={url(2)}") as server:
        code, said = run(["qemu-io", "-r", "-f", "raw", "-c", "read -P 0 0 4k", server.uri()])
        check(f"{what}: and is read", code == 0 and "4096/4096" in said, f"{code}: {said}")


def full(folder, what, url):
    with Nbdkit(folder, f"url={url(1)}", named(1), "overwrite-data=true") as server:
        code, said = qemu_io(server, *[f"write -P 7 {at}M 1M" for at in range(16)])
        check(f"{what}: a pool that is full says so", "No space left on device" in said and "wrote 1048576" in said, said)
        code, said = qemu_io(server, "discard 0 16M", "write -P 7 1M 1M", "read -P 7 1M 1M", "discard 0 16M")
        check(f"{what}: and takes writes again when space was given back", code == 0 and "failed" not in said.lower(), said)


def gone(folder, array, what, url):
    with Nbdkit(folder, f"url={url(0)}", "timeout=2s") as server:
        fio = subprocess.Popen(["fio", "--name=nbd", "--ioengine=nbd", f"--uri={server.uri()}", "--rw=randread", "--bs=4k",
                                "--size=64m", "--rate_iops=100", "--time_based", "--runtime=600"],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                               start_new_session=True)
        deadline = time.monotonic() + 20
        before = array.counts()["commands"]
        while array.counts()["commands"] < before + 50 and time.monotonic() < deadline:
            time.sleep(0.05)
        array.process.kill()
        array.process.wait()
        begun = time.monotonic()
        try:
            said = fio.communicate(timeout=30)[0]
        except subprocess.TimeoutExpired:
            os.killpg(fio.pid, signal.SIGKILL)  # Its jobs too.
            said = fio.communicate()[0] + "(waited for ever)"
        check(f"{what}: of an array that is gone a client hears an I/O error, after {time.monotonic() - begun:.1f} s",
              fio.returncode != 0 and "Input/output error" in said, said)
        code, said = run(["nbdinfo", server.uri()], timeout=60)
        check(f"{what}: and a new one is not let in", code not in (0, 124), f"{code}: {said}")


def main():
    need("nbdkit", "nbdinfo", "nbdcopy", "qemu-io", "qemu-img", "fio")
    if not os.path.exists(PLUGIN):
        print(f"skipped: no plugin at {PLUGIN} (Debian package nbdkit-plugin-dev)")
        return 77
    with tempfile.TemporaryDirectory(prefix="arraybench-nbd-") as folder:
        for what in ("iSCSI", "NVMe/TCP"):
            with EmulatedArray(arraybench(), folder, small_pool_and_a_protected_lun) as array:
                def url(lun, array=array, what=what):
                    return f"iscsi://127.0.0.1:{array.ports['iscsi', 0]}/{IQN}/{lun}" if what == "iSCSI" else \
                        f"nvme+tcp://127.0.0.1:{array.ports['nvme_tcp', 0]}/{NQN}/{lun + 1}"
                unreadable(folder, array, what, url)
                protected(folder, what, url)
                full(folder, what, url)
                gone(folder, array, what, url)
    for problem in problems:
        print("\n" + problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
