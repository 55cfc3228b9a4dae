// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <set>
#include <string>

namespace drivers::confine {

// What the kernel lets a privileged process do beyond its own files (capabilities(7)), as far as
// this program ever needs it.
enum class Privilege : std::uint8_t {
    capture,   // CAP_NET_RAW: live taps, frames of its own on an interface.
    networks,  // CAP_NET_ADMIN, CAP_SYS_ADMIN: namespaces, mirrors and bridges of a laboratory.
    real_time, // CAP_SYS_NICE: lanes that run before what else the host does.
    raw_disks, // CAP_SYS_RAWIO, CAP_SYS_ADMIN: asking disks who they are.
    any_file,  // CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_CHOWN: files of other users.
};

// Gives up every privilege but these, for good: for every thread that the calling one starts from
// here on, and for every program they start. Other threads keep theirs: call it before there are
// any. Nothing happens in a process that has none. Throws HostError if the kernel refuses.
void keep_only(const std::set<Privilege>& kept);

// "cap_net_raw cap_sys_nice", of the calling thread; empty = none.
std::string privileges_held();

// No core dump and no debugger of the same user: both would hold secrets (PR_SET_DUMPABLE).
void hide_memory() noexcept;

} // namespace drivers::confine
