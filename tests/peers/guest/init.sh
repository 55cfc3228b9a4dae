#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# First process of the emulated machine: network, then a shell on TCP port 2222 for the test.
/bin/busybox --install -s /bin 2>/dev/null
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/shm /dev/pts
mount -t tmpfs shm /dev/shm
mount -t tmpfs tmp /tmp
for module in virtio_rng virtio_pci virtio_net configfs crc32c_generic; do modprobe $module; done
mount -t configfs configfs /sys/kernel/config
ifconfig lo 127.0.0.1 up
ifconfig eth0 10.0.2.15 netmask 255.255.255.0 up
route add default gw 10.0.2.2
nc -ll -p 2222 -e /bin/sh &
echo "GUEST READY"
while :; do sleep 3600; done
