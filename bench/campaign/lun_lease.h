// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/lun_mark.h"

#include <cstdint>
#include <string>

namespace bench::campaign {

// Holds a LUN for one run among all of this host, whoever started them: a locked file, named by
// what the LUN is known by, in a folder that every user can reach. The kernel lets go of it when
// the process ends, however that ends. The parts of one run (its ranks, shards, tools) share it:
// they know its token, each holds it for itself, and it is free when the last of them has ended.
class LunLease {
public:
    // Throws SafetyError, naming the holder, where another run has the LUN; HostError where there
    // is no place for the file. A LUN that says nothing of who it is has no lease. With `part`
    // ("1-of-4") it is that part of a run that is held, beside the LUN itself.
    LunLease(const drivers::LunMark& lun, const std::string& token, const std::string& part = "");
    ~LunLease();
    LunLease(LunLease&& other) noexcept;
    LunLease& operator=(LunLease&&) = delete;
    LunLease(const LunLease&) = delete;
    LunLease& operator=(const LunLease&) = delete;

private:
    int fd_ = -1; // None for a LUN that is known by nothing.
};

// A part's name, of its index from 0 on: "1-of-4".
std::string lease_part_name(std::uint32_t index, std::uint32_t count);

// Who holds it, for whoever is refused: process, user, host, since when.
std::string lease_holder();

// As no other run has it.
std::string new_lease_token();

// Where the files are: ARRAYBENCH_LEASES, or the first of /run/lock, /dev/shm and /tmp that every
// user may write to, and there "arraybench".
std::string lease_folder();

} // namespace bench::campaign
