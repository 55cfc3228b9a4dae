#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""nbdinfo, nbdcopy, qemu-io and fio reach emulated iSCSI LUNs, NVMe/TCP namespaces and files through the nbdkit plugin."""
import json
import os
import subprocess
import sys
import time

from emulated_array import EmulatedArray, arraybench, need, run

PLUGIN = os.environ.get("ARRAYBENCH_NBDKIT_PLUGIN",
                        os.path.join(os.path.dirname(os.path.abspath(arraybench())), "nbdkit-arraybench-plugin.so"))
PLAIN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../profiles/arrays/plain.json")
problems = []


def check(what, holds, detail=""):
    print(("ok    " if holds else "WRONG ") + what, flush=True)
    if not holds:
        problems.append(f"{what}\n{detail}")


class Nbdkit:
    """nbdkit with the plugin on a socket of its own, for the length of a with block."""

    def __init__(self, folder, *words):
        self.socket = os.path.join(folder, "nbd.sock")
        self.words = words

    def __enter__(self):
        if os.path.exists(self.socket):
            os.unlink(self.socket)
        self.process = subprocess.Popen(["nbdkit", "--foreground", "--exit-with-parent", "--unix", self.socket, PLUGIN,
                                         *self.words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True)
        deadline = time.monotonic() + 30
        while not os.path.exists(self.socket) and self.process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        return self

    def refused(self):
        """What it said, if it ended at once."""
        try:
            return self.process.communicate(timeout=20)[0] if self.process.wait(20) != 0 else None
        except subprocess.TimeoutExpired:
            return None

    def uri(self):
        return f"nbd+unix:///?socket={self.socket}"

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                problems.append("nbdkit did not end when told to")


def identity(url):
    code, said = run([arraybench(), "probe", url, "--format", "json"])
    report = json.loads(said[said.index("{"):]) if code == 0 else {}
    found = report.get("identity", report)
    return found.get("unique_id") or found.get("serial")


def qemu_io(server, *commands):
    words = ["qemu-io", "-f", "raw"]
    for command in commands:
        words += ["-c", command]
    return run([*words, server.uri()])


def read_only(folder, what, url):
    with Nbdkit(folder, f"url={url}") as server:
        code, said = run(["nbdinfo", "--json", server.uri()])
        export = json.loads(said)["exports"][0] if code == 0 else {}
        check(f"{what}: nbdinfo sees a read-only export", export.get("is_read_only") is True, said)
        check(f"{what}: and its size", export.get("export-size", 0) >= 64 << 20, said)
        code, said = qemu_io(server, "write -P 7 0 4k")
        # qemu-io wants to write and is not let in; a reader is.
        check(f"{what}: qemu-io may not write to it", "read-only" in said or "denied" in said.lower(), said)
        code, said = run(["qemu-io", "-r", "-f", "raw", "-c", "read 0 64k", server.uri()])
        check(f"{what}: and may read", code == 0 and "65536" in said, said)
    with Nbdkit(folder, f"url={url}", "destroy=0123456789abcdef") as server:
        said = server.refused()
        check(f"{what}: another LUN's name is refused", said and "not named as one to write to" in said, said)


def writing(folder, what, url):
    image, back = os.path.join(folder, "image"), os.path.join(folder, "back")
    with open(image, "wb") as out:
        for i in range(16 << 4):
            out.write(os.urandom(65536) if i % 3 else bytes(65536))
    with Nbdkit(folder, f"url={url}", f"destroy={identity(url)}") as server:
        code, said = run(["nbdcopy", image, server.uri()], timeout=120)
        check(f"{what}: nbdcopy writes an image", code == 0, said)
        code, said = run(["nbdcopy", server.uri(), back], timeout=240) if what == "file" else \
            run(["qemu-img", "dd", "-f", "raw", "-O", "raw", "bs=1M", "count=16", f"if={server.uri()}", f"of={back}"],
                timeout=240)
        size = os.path.getsize(image)
        with open(image, "rb") as sent, open(back, "rb") as got:
            check(f"{what}: and it is read back the same", code == 0 and sent.read() == got.read(size), said)
        code, said = qemu_io(server, "write -P 0x5a 1M 64k", "flush", "read -P 0x5a 1M 64k", "write -z 1M 32k",
                             "read -P 0 1M 32k", "read -P 0x5a 1056k 32k", "discard 1056k 32k",
                             "write -f -P 0x11 8k 4k", "read -P 0x11 8k 4k", "read 8193 100")
        check(f"{what}: qemu-io writes, zeroes, discards, forces and reads", code == 0 and "failed" not in said.lower(),
              said)
        code, said = qemu_io(server, "read -P 0x5b 8k 4k")
        check(f"{what}: and sees when a pattern is not there", "verification failed" in said.lower(), said)
        code, said = run(["fio", "--name=nbd", "--ioengine=nbd", f"--uri={server.uri()}", "--rw=randrw", "--bs=4k",
                          "--iodepth=16", "--size=16m", "--number_ios=2000", "--verify=crc32c", "--verify_state_save=0",
                          "--output-format=json"],
                         timeout=120)
        job = json.loads(said[said.index("{"):])["jobs"][0] if "{" in said else {}
        check(f"{what}: fio writes and verifies through it", code == 0 and job.get("error") == 0 and
              job["write"]["total_ios"] > 0 and job["read"]["total_ios"] > 0, said[-500:])
    if what != "file":
        return  # The samples of so large a LUN would hardly meet what was written.
    with Nbdkit(folder, f"url={url}", f"destroy={identity(url)}") as server:
        said = server.refused()
        check(f"{what}: what now holds data is not served for writing again", said and "not written to" in said, said)
    with Nbdkit(folder, f"url={url}", f"destroy={identity(url)}", "overwrite-data=true") as server:
        code, said = qemu_io(server, "read 0 4k")
        check(f"{what}: unless that is wanted", code == 0, said)


def fio_job(folder, url):
    workload = os.path.join(os.path.dirname(PLAIN), "../workloads/random-read-4k.json")
    code, said = run([arraybench(), "fio-job", workload, url, "--run", "--runtime=1s", "--depth=8", "--size=64MiB",
                      "--format", "json"], timeout=120)
    answer = json.loads(said[said.index("{"):]) if "{" in said else {}
    stream = answer.get("streams", [{}])[0]
    check("fio-job runs fio against an iSCSI LUN by itself", code == 0 and stream.get("completed", 0) > 0 and
          any("nbdkit" in note for note in answer.get("notes", [])), said)
    check("and its bins hold every access", sum(count for _, count in stream.get("service_ns", {}).get("bins", [])) ==
          stream.get("completed"), said[-300:])


def main():
    need("nbdkit", "nbdinfo", "nbdcopy", "qemu-io", "qemu-img", "fio")
    if not os.path.exists(PLUGIN):
        print(f"skipped: no plugin at {PLUGIN} (Debian package nbdkit-plugin-dev)")
        return 77
    with EmulatedArray(file=PLAIN) as array:
        path = os.path.join(array.folder, "lun.img")
        with open(path, "wb") as out:
            out.truncate(64 << 20)
        for what, url in (("iSCSI", array.url()), ("NVMe/TCP", array.nvme_url(lun=1)), ("file", "file:" + path)):
            read_only(array.folder, what, url)
            writing(array.folder, what, url)
        with Nbdkit(array.folder, "url=nonsense") as server:
            said = server.refused()
            check("a bad URL ends nbdkit at once", said and "wanted iscsi://" in said, said)
        with Nbdkit(array.folder, "url=iscsi://127.0.0.1:1/iqn.2026-01.org.example:none/0") as server:
            said = server.refused()
            check("an array that is not there does too", said and "127.0.0.1:1" in said, said)
        fio_job(array.folder, array.url())
    for problem in problems:
        print("\n" + problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
