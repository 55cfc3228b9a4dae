// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/block_driver.h"

#include <sys/stat.h>
#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

namespace drivers::block_device {

// Where the kernel tells about its block devices; a test puts a tree of its own here.
struct KernelView {
    std::string sys = "/sys";
    std::string proc = "/proc";
};

// The first line of a file below /sys or /proc without blanks at its ends; empty if there is none.
std::string first_line(const std::string& path);

// The device's own folder below /sys, its links resolved; empty if the kernel lists none.
std::string device_folder(dev_t device, const KernelView& view);

// Who uses the device, its partitions, its disk or what is stacked on them: a mount, swap,
// device-mapper, RAID. Empty = nobody that the kernel tells this process of.
std::string device_user(dev_t device, const KernelView& view);

// Where another mount namespace, a container's say, has mounted the device; empty = in none that
// this process may look into.
std::string mount_elsewhere(dev_t device, const KernelView& view);

// Who uses a regular file as a device: swap or a loop device. Empty = nobody.
std::string file_user(const std::string& path, const struct stat& file, const KernelView& view);

// Who the device says it is: SCSI and NVMe designators as the kernel read them from the device
// (VPD pages 80h and 83h, Identify), device-mapper's own name, or the file behind a loop device.
// A partition is not its disk: its number stands behind the disk's unique id.
Identity device_identity(dev_t device, const KernelView& view);

// A file by its file system, inode and birth: a file made anew is another one.
Identity file_identity(const std::string& path, const struct stat& file);

// What the kernel's queue allows and does: schedulers, limits, cache.
std::vector<std::pair<std::string, std::string>> queue_limits(dev_t device, const KernelView& view);

// A SCSI or device-mapper name as arrays say it: "naa.6001..", "36001.." and "mpath-36001.." alike
// become the bare hexadecimal digits; anything else stays as it is.
std::string bare_unique_id(std::string name);

} // namespace drivers::block_device
