// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/block_device/kernel_view.h"
#include "drivers/wire/big_endian.h"

#include <optional>
#include <string>
#include <vector>

namespace drivers::block_device {

// What a device says of itself when it is asked now, past what the kernel remembers of it.
struct AskedIdentity {
    std::string serial;
    std::vector<std::string> unique_ids; // Every designator of the LUN, the best first.
};

// By SG_IO (INQUIRY, VPD 80h and 83h) or NVMe's Identify. None: it is no such device, or this user
// may not ask.
std::optional<AskedIdentity> asked_identity(int fd);

// VPD 83h: every designator of the LUN itself, in hexadecimal, the best first.
std::vector<std::string> lun_designators(wire::Bytes page);

// Whether asking makes sense: a disk or a multipath of disks, not a part or a composition of some.
bool is_askable(dev_t device, const KernelView& view);

// What the kernel remembers, filled up with what the device says. Throws HostError if they speak of
// two LUNs: it was mapped anew behind the kernel's back.
Identity agreed_identity(Identity remembered, const AskedIdentity& asked, const std::string& path);

} // namespace drivers::block_device
