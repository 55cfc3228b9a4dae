# SPDX-License-Identifier: Apache-2.0
"""Disks that somebody uses, for real: mounted, swap, under device-mapper, multipath, RAID or another bench. The bench says
who, writes nothing, and writes again as soon as the disk is given back."""

HALF = 16 << 20  # Of the partition, in bytes: so much of it device-mapper and RAID take.
MKFS = "mkfs.ext4 -q -F -E lazy_itable_init=0,lazy_journal_init=0"  # So that nothing is written later, by itself.


class Refusals:
    """`disk` and its first partition, `other`: a second path to the same LUN."""

    def __init__(self, machine, check, disk, other, identity):
        self.machine, self.check, self.disk, self.other, self.identity = machine, check, disk, other, identity
        self.part = disk + "1"

    def load(self, device, *words, identity=None):
        return self.machine.run(f"/bin/arraybench load {device} --rw=randwrite --bs=4k --iodepth=4 --runtime=0.2 "
                                f"--size=4m --progress none --overwrite-data --destroy {identity or self.identity} "
                                f"{' '.join(words)} 2>&1", 240)

    def content(self):
        """Of what the load would have written to."""
        return self.machine.must(f"sync; dd if={self.disk} bs=1M count=8 iflag=direct 2>/dev/null | md5sum")

    def refused(self, what, devices, take, give_back):
        """`devices`: (device, identity it is named by, what must be said of its user)."""
        self.machine.must(take)
        before = self.content()
        for device, identity, words in devices:
            code, said = self.load(device, identity=identity)
            self.check(f"{device}, {what}: refused, and by whom it is used is said",
                       code == 4 and "is in use on this host" in said and words in said, f"exit {code}: {said}")
        self.check(f"{what}: and nothing was written", self.content() == before)
        self.machine.must(give_back)

    def all(self):
        disk, part, name = self.disk.rsplit("/", 1)[-1], self.part, self.identity
        sectors = HALF // 512
        self.machine.must("mkdir -p /mnt; modprobe ext4; modprobe dm-mod; modprobe dm-multipath; modprobe dm-round-robin; "
                          "modprobe raid1; [ -c /dev/mapper/control ]")
        self.machine.must(f"dd if=/dev/zero of={self.disk} bs=1M count=1 oflag=direct 2>/dev/null; "
                          f"blockdev --rereadpt {self.disk}; {MKFS} {self.disk} > /dev/null 2>&1")
        self.refused("mounted", [(self.disk, name, "mounted at /mnt")], f"mount -t ext4 -o noatime {self.disk} /mnt", "umount /mnt")
        self.partitioned()
        self.refused("its partition mounted", [(self.disk, name, f"partition {disk}1 is mounted at /mnt"),
                                               (part, name + "-part1", "mounted at /mnt")],
                     f"{MKFS} {part} > /dev/null 2>&1; mount -t ext4 -o noatime {part} /mnt", "umount /mnt")
        self.refused("mounted in a container's mount namespace",
                     [(part, name + "-part1", "mounted at /mnt in the mount namespace of process")],
                     f"(unshare -m sh -c 'mount -t ext4 -o ro {part} /mnt && echo $$ > /tmp/holder.pid && exec sleep 600' "
                     f"> /dev/null 2>&1 &); {UNTIL.format(test='-s /tmp/holder.pid')}; [ -s /tmp/holder.pid ]", END_HOLDER)
        self.refused("under device-mapper", [(self.disk, name, "held by dm-0 (device-mapper volume)"),
                                             (part, name + "-part1", "held by dm-0 (device-mapper volume)")],
                     f"{DM} create volume --noudevsync --table '0 {sectors} linear {part} 0'",
                     f"{DM} remove --noudevsync volume")
        self.refused("swap", [(part, name + "-part1", "used as swap")],
                     f"mkswap {part} > /dev/null && swapon {part}", f"swapoff {part}")
        self.refused("in RAID", [(self.disk, name, "held by md_bench"), (part, name + "-part1", "held by md_bench")],
                     RAID.format(part=disk + "1", kib=HALF >> 10), "echo clear > /sys/block/md_bench/md/array_state")
        self.refused("loaded by another bench", [(self.disk, name, "opened exclusively by another program")],
                     f"(/bin/arraybench load {self.disk} --rw=randread --bs=4k --rate_iops=1 --runtime=60 --size=4m "
                     f"--progress none --destroy {name} > /tmp/holder 2>&1 & echo $! > /tmp/holder.pid); "
                     f"{UNTIL.format(test='$(ls -l /proc/$(cat /tmp/holder.pid)/fd | grep -c ' + self.disk + ') -gt 0')}",
                     END_HOLDER)
        code, said = self.load(self.disk)
        self.check("given back by all of them, it is written to", code in (0, 7), said)

    def partitioned(self):
        self.machine.must(f"dd if=/dev/zero of={self.disk} bs=1M count=2 oflag=direct 2>/dev/null; "
                          f"printf 'o\\nn\\np\\n1\\n2048\\n+32M\\nw\\n' | fdisk {self.disk} > /dev/null 2>&1; "
                          f"blockdev --rereadpt {self.disk}; sleep 1; [ -b {self.part} ]")

    def multipath(self):
        """Two paths to one LUN below a multipath device: the device is the LUN, its paths are nobody's to write to."""
        paths = " ".join(f"{path} 100" for path in (self.disk, self.other))
        self.partitioned()  # The kernel shows the partitions of paths too.
        self.machine.must(f"{DM} create mpatha --noudevsync --uuid mpath-3{self.identity} --table "
                          f"\"0 $(blockdev --getsz {self.disk}) multipath 0 0 1 1 round-robin 0 2 1 {paths}\"")
        for path, identity in ((self.disk, self.identity), (self.other, self.identity),
                               (self.part, self.identity + "-part1")):
            code, said = self.load(path, identity=identity)
            self.check(f"{path} below multipath is refused", code == 4 and "(device-mapper mpatha)" in said, said)
        code, said = self.load("/dev/mapper/mpatha", "--verify=full")
        self.check("and a verified load runs on the multipath device, by the LUN's own name", code in (0, 7), said)
        self.machine.must(f"{DM} remove --noudevsync mpatha")


UNTIL = "for i in $(seq 200); do [ {test} ] && break; sleep 0.1; done"
END_HOLDER = "kill $(cat /tmp/holder.pid); " + UNTIL.format(test="! -d /proc/$(cat /tmp/holder.pid)") + "; rm /tmp/holder.pid"
DM = "DM_DISABLE_UDEV=1 dmsetup"
# Without mdadm: an array without metadata of its own, through /sys.
RAID = """echo md_bench > /sys/module/md_mod/parameters/new_array && cd /sys/block/md_bench/md &&
echo external:bench > metadata_version && echo raid1 > level && echo 1 > raid_disks && echo {kib} > component_size &&
cat /sys/class/block/{part}/dev > new_dev && echo 0 > dev-{part}/offset && echo {kib} > dev-{part}/size &&
echo 0 > dev-{part}/slot && echo readonly > array_state"""
