// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace drivers::confine {

// What a process that reads hostile bytes may still do once it is confined.
enum class Confinement : unsigned char {
    computing, // Compute, use memory, read and write what is already open, start threads, end.
    serving,   // Also accept connections at sockets that are already open.
};

// Leaves the calling thread, and every thread it starts, only that (seccomp(2)): it can open no
// file, make no socket, start no program, look at no other process, and make no memory executable;
// what it tries fails with EPERM. For good. False where the kernel knows no such filter; then
// nothing has changed. Throws HostError if it knows them and refuses this one.
bool confine(Confinement what);

} // namespace drivers::confine
