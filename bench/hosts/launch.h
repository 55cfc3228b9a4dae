// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace bench::hosts {

// Whether this process has company, as its environment tells.
enum class Launch : std::uint8_t {
    alone,
    led,       // One of several that an MPI launcher (mpirun, Slurm's srun, PBS) can introduce.
    strangers, // One of several that Slurm started with no way to learn of each other.
};

// Call before there are any threads.
Launch how_launched();

} // namespace bench::hosts
