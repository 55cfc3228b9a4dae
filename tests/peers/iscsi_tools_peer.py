#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""libiscsi's tools and QEMU's block driver against the emulated array: they find it, read it and copy through it."""
import os
import re
import sys

from emulated_array import IQN, EmulatedArray, arraybench, describe, need, run

problems = []


def check(what, holds, detail=""):
    print(("ok    " if holds else "WRONG ") + what, flush=True)
    if not holds:
        problems.append(f"{what}\n{detail}")


def discovery(array):
    code, said = run(["iscsi-ls", "-s", f"iscsi://{array.address()}"])
    check("iscsi-ls finds both portals", code == 0 and said.count(f"Target:{IQN}") == 2, said)
    check("iscsi-ls names both addresses", all(array.address(i) + f",{i + 1}" in said for i in (0, 1)), said)
    check("iscsi-ls sees two LUNs behind each", said.count("Lun:0") == 2 and said.count("Lun:1") == 2, said)


def identity(array):
    code, said = run(["iscsi-inq", array.url()])
    check("iscsi-inq reads the identity", code == 0 and "Vendor:ARRBENCH" in said and "Product:PEER" in said, said)
    code, said = run(["iscsi-inq", "-e", "1", "-c", "128", array.url(lun=1)])
    check("iscsi-inq reads the serial of LUN 1", code == 0 and "PEER0001" in said, said)
    code, said = run(["iscsi-inq", "-e", "1", "-c", "176", array.url()])
    check("iscsi-inq reads the block limits", code == 0 and re.search(r"maximum unmap lba count:1048576", said, re.I), said)
    code, said = run(["iscsi-inq", array.url().replace(IQN, IQN + "x")])
    check("another target's name is refused", code != 0, said)


def reading(array):
    code, said = run(["iscsi-perf", "-m", "32", "-b", "8", "-r", "-t", "1", array.url()])
    rates = [int(rate) for rate in re.findall(r"iops average (\d+)", said)]
    check("iscsi-perf reads for a second", code == 0 and rates and rates[-1] > 0, said[-500:])


def copying(array):
    image, back = (os.path.join(array.folder, name) for name in ("image", "back"))
    size = 24 * 1024 * 1024
    with open(image, "wb") as out:
        for i in range(size // 65536):
            out.write(os.urandom(65536) if i % 3 else bytes(65536))
    url = array.url()
    code, said = run(["qemu-img", "convert", "-n", "-f", "raw", "-O", "raw", image, url], timeout=120)
    check("qemu-img writes an image onto the LUN", code == 0, said)
    code, said = run(["qemu-img", "dd", "-f", "raw", "-O", "raw", "bs=1M", f"count={size >> 20}", f"if={url}", f"of={back}"],
                     timeout=120)
    check("qemu-img reads it back", code == 0, said)
    with open(image, "rb") as a, open(back, "rb") as b:
        check("byte for byte", a.read() == b.read())
    code, said = run(["qemu-img", "compare", "-f", "raw", "-F", "raw", image, url], timeout=120)
    check("qemu-img compare agrees, the rest of the LUN being zeros", code == 0, said)
    code, said = run(["qemu-io", "-f", "raw", "-c", "write -P 0x5a 1M 64k", url])
    code, said = run(["qemu-img", "compare", "-f", "raw", "-F", "raw", image, url], timeout=120)
    check("qemu-img compare notices 64 KiB changed", code == 1, said)
    code, said = run(["qemu-io", "-f", "raw", "-c", "write -P 1 0 4k", array.url(lun=1)])
    check("a write to the protected LUN fails", code != 0, said)


def proving():
    os.environ.update(PEER_SECRET="a-secret-of-16-b", PEER_MUTUAL="the-array-proves")
    chap = {"user": "lab", "secret": {"environment": "PEER_SECRET"},
            "mutual_user": "array", "mutual_secret": {"environment": "PEER_MUTUAL"}}
    with EmulatedArray(describe(chap=chap)) as array:
        bare = array.url()
        code, said = run(["iscsi-inq", bare])
        check("without CHAP nobody gets in", code != 0, said)
        for secret, proof, fits in (("a-secret-of-16-b", "", True),
                                    ("another-secret-x", "", False),
                                    ("a-secret-of-16-b", "?target_user=array&target_password=the-array-proves", True),
                                    ("a-secret-of-16-b", "?target_user=array&target_password=somebody-else-xx", False)):
            code, said = run(["iscsi-inq", bare.replace("iscsi://", f"iscsi://lab%{secret}@") + proof])
            check(f"CHAP {secret} {proof or 'one way'}: {'in' if fits else 'out'}", (code == 0) == fits, said)


def main():
    need("iscsi-ls", "iscsi-inq", "iscsi-perf", "qemu-img", "qemu-io")
    _, formats = run(["qemu-img", "info", "iscsi://127.0.0.1:1/iqn.none/0"])
    if "Unknown protocol" in formats:
        print("skipped: qemu-img has no iSCSI (package qemu-block-extra)")
        return 77
    print("with", arraybench())
    with EmulatedArray() as array:
        for step in (discovery, identity, reading, copying):
            step(array)
    check("the array ended by itself when told", array.end_code == 0, array.last_output)
    proving()
    for problem in problems:
        print("PROBLEM", problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
