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
    networks,  // CAP_NET_ADMIN, CAP_SYS_ADMIN, CAP_NET_BIND_SERVICE: a laboratory of namespaces.
    real_time, // CAP_SYS_NICE: lanes that run before what else the host does.
    raw_disks, // CAP_SYS_RAWIO, CAP_SYS_ADMIN, CAP_IPC_LOCK: disks of this host, asked and driven.
    any_file,  // CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_CHOWN: files of other users.
};

// What programs that are started later may have: no more than this process, or, where a user names
// programs of his own, hooks say, all that his account gives them.
enum class Heirs : bool { as_confined, as_the_user };

// Gives up every privilege but these, for good: for every thread that the calling one starts from
// here on. Other threads keep theirs: call it before there are any. Nothing happens in a process
// that has none. Throws HostError if the kernel refuses.
void keep_only(const std::set<Privilege>& kept, Heirs heirs = Heirs::as_confined);

// "cap_net_raw cap_sys_nice", of the calling thread; empty = none.
std::string privileges_held();

// No core dump and no debugger of the same user: both would hold secrets (PR_SET_DUMPABLE).
void hide_memory() noexcept;

} // namespace drivers::confine
