// SPDX-License-Identifier: Apache-2.0
#include "bench/hosts/launch.h"

#include <array>
#include <cstdlib>
#include <string_view>

namespace bench::hosts {

namespace {

std::string_view told(const char* name) {
    const char* value = std::getenv(name); // NOLINT(concurrency-mt-unsafe): before any thread.
    return value == nullptr ? std::string_view() : value;
}

// A launcher is known by the first; of how many it started one tells the second.
struct Sign {
    const char* by;
    const char* count;
};

// The innermost first: mpirun within a job of Slurm counts its own processes.
constexpr std::array<Sign, 5> signs{{{"OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_SIZE"},
                                     {"PMIX_RANK", "SLURM_STEP_NUM_TASKS"},
                                     {"PMI_RANK", "PMI_SIZE"},
                                     {"PMI_SIZE", "PMI_SIZE"},
                                     {"MPI_LOCALNRANKS", "MPI_LOCALNRANKS"}}};

} // namespace

Launch how_launched() {
    for (const Sign& sign : signs) {
        if (!told(sign.by).empty()) {
            return told(sign.count) == "1" ? Launch::alone : Launch::led;
        }
    }
    // A job's own script and shell have no step.
    const std::string_view tasks = told("SLURM_STEP_NUM_TASKS");
    const bool has_company = !told("SLURM_STEP_ID").empty() && !tasks.empty() && tasks != "1";
    return has_company ? Launch::strangers : Launch::alone;
}

} // namespace bench::hosts
