# SPDX-License-Identifier: Apache-2.0
# Inside the machine: what every kind of disk has to go through.

wait_for_disk() { # device
    for i in $(seq 100); do
        [ -b $1 ] && return 0
        sleep 0.1
    done
    echo "no $1"
    return 1
}

make_pattern() {
    dd if=/dev/urandom of=/tmp/pattern bs=1M count=$1 2>/dev/null
}

# Writes /tmp/pattern at a MiB, durable if told so, and reads it back over the wire.
check_pattern() { # device, MiB offset, conv
    dd if=/tmp/pattern of=$1 bs=256k seek=$(($2 * 4)) oflag=direct $3 2>/dev/null || return 1
    count=$(($(stat -c %s /tmp/pattern) / 262144))
    wanted=$(sha256sum < /tmp/pattern)
    got=$(dd if=$1 bs=256k skip=$(($2 * 4)) count=$count iflag=direct 2>/dev/null | sha256sum)
    [ "$wanted" = "$got" ] || { echo "$1: read back other data"; return 1; }
}

# A partition table, written, seen by the kernel, and read back from the disk.
check_partitions() { # device, partition
    printf 'o\nn\np\n1\n2048\n+32M\nw\n' | fdisk $1 > /dev/null 2>&1
    blockdev --rereadpt $1
    wait_for_disk $2 || return 1
    magic=$(dd if=$1 bs=512 count=1 iflag=direct 2>/dev/null | tail -c 2 | hexdump -e '1/1 "%02x"')
    [ "$magic" = 55aa ] || { echo "$1: no partition table: $magic"; return 1; }
    [ $(blockdev --getsize64 $2) = 33554432 ] || { echo "$2: wrong size"; return 1; }
}

# Trimmed ranges read as zeroes, what is around them stays.
check_trim() { # device, MiB offset, MiB length
    blkdiscard -o $(($2 * 1048576)) -l $(($3 * 1048576)) $1 || return 1
    zero=$(dd if=/dev/zero bs=1M count=$3 2>/dev/null | sha256sum)
    got=$(dd if=$1 bs=1M skip=$2 count=$3 iflag=direct 2>/dev/null | sha256sum)
    [ "$zero" = "$got" ] || { echo "$1: trimmed blocks do not read as zeroes"; return 1; }
}

# Writes and reads one MiB after another until told to stop; each must come back.
start_load() { # device
    rm -f /tmp/stop /tmp/load.failed /tmp/load.ended
    echo 0 > /tmp/load.count
    (
        n=0
        while [ ! -e /tmp/stop ]; do
            dd if=/dev/urandom of=/tmp/piece bs=1M count=1 2>/dev/null
            dd if=/tmp/piece of=$1 bs=64k seek=$((64 * 16 + n % 16 * 16)) oflag=direct 2>/tmp/load.error ||
                { echo write > /tmp/load.failed; break; }
            a=$(sha256sum < /tmp/piece)
            b=$(dd if=$1 bs=64k skip=$((64 * 16 + n % 16 * 16)) count=16 iflag=direct 2>/tmp/load.error | sha256sum)
            [ "$a" = "$b" ] || { echo differs > /tmp/load.failed; break; }
            n=$((n + 1))
            echo $n > /tmp/load.next
            mv /tmp/load.next /tmp/load.count
        done
        touch /tmp/load.ended
    ) > /dev/null 2>&1 &
}

load_count() {
    [ ! -e /tmp/load.failed ] || { cat /tmp/load.failed /tmp/load.error; return 1; }
    cat /tmp/load.count
}

stop_load() {
    touch /tmp/stop
    for i in $(seq 300); do
        [ -e /tmp/load.ended ] && break
        sleep 0.1
    done
    [ -e /tmp/load.ended ] || { echo "the load hangs"; return 1; }
    rm -f /tmp/load.ended
    load_count
}
