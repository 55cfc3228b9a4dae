# SPDX-License-Identifier: Apache-2.0
"""A file system on a LUN that the kernel reaches by NBD alone, through nbdkit and the project's plugin."""
import os
import shutil
import subprocess
import time

from .array import HOST, IQN
from .initramfs import Missing
from .machine import free_port


class NbdServer:
    """nbdkit with the plugin on a port of loopback, in front of one LUN of the array."""

    def __init__(self, plugin, array, lun, identity):
        if not shutil.which("nbdkit") or not os.path.exists(plugin):
            raise Missing("nbdkit or the project's plugin for it is not there")
        self.port = free_port()
        self.process = subprocess.Popen(
            ["nbdkit", "--foreground", "--exit-with-parent", "--ipaddr", "127.0.0.1", "--port", str(self.port), plugin,
             f"url=iscsi://127.0.0.1:{array.ports['iscsi', 0]}/{IQN}/{lun}", f"destroy={identity}"],
            stdin=subprocess.DEVNULL)
        time.sleep(0.5)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)


def mounted_over_nbd(machine, array, plugin, check, lun, identity, same_lun):
    """`same_lun`: the same LUN as a disk of the guest's own iSCSI initiator, an independent witness of what lies there."""
    with NbdServer(plugin, array, lun, identity) as server:
        connect = f"nbd-client {HOST} {server.port} /dev/nbd0 -block-size 4096 > /dev/null 2>&1 && " \
                  "[ $(blockdev --getsize64 /dev/nbd0) -gt 0 ]"
        machine.must(f"modprobe ext4; modprobe nbd nbds_max=1; mkdir -p /mnt; {connect}")
        code, said = machine.run("mkfs.ext4 -q -F /dev/nbd0 2>&1 && mount -t ext4 /dev/nbd0 /mnt", 120)
        check("a file system is made and mounted over NBD", code == 0, said)
        machine.must("mkdir /mnt/a && for i in 1 2 3 4; do dd if=/dev/urandom of=/mnt/a/$i bs=1M count=2 2>/dev/null; done; "
                     "cp -r /mnt/a /mnt/b && rm /mnt/b/2 && ln /mnt/a/1 /mnt/c && fsync /mnt/a/4 2>/dev/null; sync", 120)
        kept = machine.must("cd /mnt && sha256sum a/* b/* c")
        machine.must("umount /mnt")
        code, said = machine.run("e2fsck -fn /dev/nbd0 2>&1", 120)
        check("unmounted, it is sound", code == 0, said)
        machine.must(f"nbd-client -d /dev/nbd0 > /dev/null 2>&1; sleep 1; {connect}")
        code, said = machine.run("mount -t ext4 -o ro /dev/nbd0 /mnt && cd /mnt && sha256sum a/* b/* c", 120)
        check("mounted again over a new connection, its files are the same", code == 0 and said == kept, said)
        machine.must("umount /mnt; nbd-client -d /dev/nbd0 > /dev/null 2>&1")
    machine.must(f"blockdev --flushbufs {same_lun}")
    code, said = machine.run(f"e2fsck -fn {same_lun} 2>&1 && mount -t ext4 -o ro {same_lun} /mnt && cd /mnt && "
                             "sha256sum a/* b/* c", 120)
    check("and so they are on the LUN itself, by the kernel's own iSCSI", code == 0 and said.endswith(kept), said)
    machine.run("cd /; umount /mnt")
