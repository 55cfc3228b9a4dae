// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/hosts/fellowship.h"

#include <memory>

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
Introduced introduced_by_mpi();

} // namespace bench::hosts
