// SPDX-License-Identifier: Apache-2.0
// The launcher's side of a program that was built on a host without MPI: compiled and run in every
// build, so that it cannot rot where everybody has MPI.
#include "bench/hosts/launch.h"
#include "bench/hosts/mpi.h"
#include "drivers/api/errors.h"

#include <catch2/catch.hpp>

#include <array>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

using bench::hosts::how_launched;
using bench::hosts::Launch;
using Catch::Contains;

namespace {

using Words = std::vector<std::pair<std::string, std::string>>;

// What a launcher puts into the environment, for the length of a test and nothing else of the kind.
class Launched {
public:
    explicit Launched(Words words)
        : words_(std::move(words)) {
        for (const char* name : {"OMPI_COMM_WORLD_SIZE",
                                 "PMIX_RANK",
                                 "PMI_RANK",
                                 "PMI_SIZE",
                                 "MPI_LOCALNRANKS",
                                 "SLURM_NTASKS",
                                 "SLURM_STEP_ID",
                                 "SLURM_STEP_NUM_TASKS"}) {
            ::unsetenv(name);
        }
        for (const auto& [name, value] : words_) {
            ::setenv(name.c_str(), value.c_str(), 1);
        }
    }
    ~Launched() {
        for (const auto& [name, value] : words_) {
            ::unsetenv(name.c_str());
        }
    }
    Launched(const Launched&) = delete;
    Launched& operator=(const Launched&) = delete;

private:
    Words words_;
};

std::string refusal() {
    try {
        (void)bench::hosts::introduced_by_mpi("");
    } catch (const drivers::UsageError& error) {
        return error.what();
    }
    return "";
}

} // namespace

TEST_CASE("a program without MPI says so under a launcher, and what to do instead", "[hosts]") {
    CHECK_FALSE(bench::hosts::knows_mpi());
    const Launched launched({{"OMPI_COMM_WORLD_SIZE", "4"}, {"PMIX_RANK", "2"}});
    CHECK(how_launched() == Launch::led);
    CHECK_THAT(refusal(), Contains("knows no MPI"));
    CHECK_THAT(refusal(), Contains("libopenmpi-dev"));
    CHECK_THAT(refusal(), Contains("--shard") && Contains("merge"));
}

TEST_CASE("one process of a launcher is one host, with MPI or without", "[hosts]") {
    {
        const Launched none({});
        CHECK(how_launched() == Launch::alone);
    }
    const std::array<Words, 5> single{
        Words{{"OMPI_COMM_WORLD_SIZE", "1"}, {"PMIX_RANK", "0"}},
        Words{{"PMI_RANK", "0"}, {"PMI_SIZE", "1"}},
        Words{{"PMIX_RANK", "0"}, {"SLURM_STEP_ID", "0"}, {"SLURM_STEP_NUM_TASKS", "1"}},
        Words{{"SLURM_STEP_ID", "0"}, {"SLURM_STEP_NUM_TASKS", "1"}, {"SLURM_NTASKS", "1"}},
        Words{{"SLURM_JOB_ID", "7"}, {"SLURM_NTASKS", "4"}}}; // A job's own script.
    for (const Words& words : single) {
        const Launched launched(words);
        CHECK(how_launched() == Launch::alone);
    }
}

TEST_CASE("several processes are known whoever started them", "[hosts]") {
    const std::array<Words, 4> several{
        Words{{"PMIX_RANK", "0"}, {"SLURM_STEP_ID", "0"}, {"SLURM_STEP_NUM_TASKS", "2"}},
        Words{{"PMIX_RANK", "0"}},
        Words{{"PMI_RANK", "0"}, {"PMI_SIZE", "4"}},
        // mpirun within a job of Slurm that has one task.
        Words{{"OMPI_COMM_WORLD_SIZE", "4"},
              {"SLURM_NTASKS", "1"},
              {"SLURM_STEP_ID", "0"},
              {"SLURM_STEP_NUM_TASKS", "1"}}};
    for (const Words& words : several) {
        const Launched launched(words);
        CHECK(how_launched() == Launch::led);
    }
}

TEST_CASE("processes that Slurm starts without MPI are strangers to each other", "[hosts]") {
    const Launched launched(
        {{"SLURM_STEP_ID", "0"}, {"SLURM_STEP_NUM_TASKS", "4"}, {"SLURM_PROCID", "2"}});
    CHECK(how_launched() == Launch::strangers);
}
