// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/hosts/fellowship.h"

#include <string>

namespace bench::hosts {

// Whether this build knows MPI.
bool knows_mpi();

// Who the launcher says this is, and sockets to the others. MPI introduces the hosts and is then
// left: a process of MPI cannot outlive a lost one, and a run is to end cleanly when a host is
// lost. Throws HostError, UsageError (several processes, but no MPI in this build).
struct Introduced {
    Fellowship::Self self;
    std::vector<Companion> companions;
};
// `meet_on`: the interface or address on which the leader waits for the others; empty = all.
Introduced introduced_by_mpi(const std::string& meet_on);

} // namespace bench::hosts
