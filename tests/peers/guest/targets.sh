# SPDX-License-Identifier: Apache-2.0
# Inside the machine: memory-backed volumes behind the kernel's own targets, LIO and nvmet.
set -e
modprobe null_blk nr_devices=0
make_volume() {
    volume=/sys/kernel/config/nullb/$1
    mkdir $volume
    echo 128 > $volume/size
    echo 1 > $volume/memory_backed
    echo 512 > $volume/blocksize
    echo 1 > $volume/discard
    echo 16 > $volume/cache_size # A volatile cache: only then does LIO take FUA and SYNC CACHE.
    echo 0 > $volume/completion_nsec
    echo 0 > $volume/irqmode
    echo 2 > $volume/queue_mode
    echo 1 > $volume/power
}
make_volume nullb0
make_volume nullb1

modprobe target_core_mod
modprobe target_core_iblock
modprobe iscsi_target_mod
target=/sys/kernel/config/target
mkdir -p $target/core/iblock_0/disk0
echo udev_path=/dev/nullb0 > $target/core/iblock_0/disk0/control
echo 1 > $target/core/iblock_0/disk0/enable
echo 1 > $target/core/iblock_0/disk0/attrib/emulate_tpu
echo 1 > $target/core/iblock_0/disk0/attrib/emulate_tpws
echo 16 > $target/core/iblock_0/disk0/attrib/max_unmap_block_desc_count
echo guest-lio-disk0 > $target/core/iblock_0/disk0/wwn/vpd_unit_serial
group=$target/iscsi/iqn.2003-01.org.linux-iscsi.guest:lio/tpgt_1
mkdir $target/iscsi
mkdir $target/iscsi/iqn.2003-01.org.linux-iscsi.guest:lio
mkdir $group
mkdir $group/np/10.0.2.15:3260
mkdir $group/lun/lun_0
ln -s $target/core/iblock_0/disk0 $group/lun/lun_0/link
echo 0 > $group/attrib/authentication
echo 1 > $group/attrib/generate_node_acls
echo 1 > $group/attrib/cache_dynamic_acls
echo 0 > $group/attrib/demo_mode_write_protect
echo 128 > $group/attrib/default_cmdsn_depth
echo 1 > $group/enable

modprobe nvmet
modprobe nvmet-tcp
nvmet=/sys/kernel/config/nvmet
subsystem=$nvmet/subsystems/nqn.2014-08.org.guest:nvmet
mkdir $subsystem
echo 1 > $subsystem/attr_allow_any_host
echo GUESTSERIAL0001 > $subsystem/attr_serial
mkdir $subsystem/namespaces/1
echo -n /dev/nullb1 > $subsystem/namespaces/1/device_path
echo 1 > $subsystem/namespaces/1/enable
mkdir $nvmet/ports/1
echo ipv4 > $nvmet/ports/1/addr_adrfam
echo tcp > $nvmet/ports/1/addr_trtype
echo 10.0.2.15 > $nvmet/ports/1/addr_traddr
echo 4420 > $nvmet/ports/1/addr_trsvcid
ln -s $subsystem $nvmet/ports/1/subsystems/
echo TARGETS READY
