// SPDX-License-Identifier: Apache-2.0
// The launcher's side of a program that was built on a host without MPI: compiled and run in every
// build, so that it cannot rot where everybody has MPI.
#include "bench/hosts/mpi.h"
#include "drivers/api/errors.h"

#include <catch2/catch.hpp>

#include <array>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

using Catch::Contains;

namespace {

// What a launcher puts into the environment, for the length of a test and nothing else of the kind.
class Launched {
public:
    explicit Launched(std::vector<std::pair<std::string, std::string>> words)
        : words_(std::move(words)) {
        for (const char* name : {"OMPI_COMM_WORLD_SIZE",
                                 "PMIX_RANK",
                                 "PMI_RANK",
                                 "PMI_SIZE",
                                 "MPI_LOCALNRANKS",
                                 "SLURM_NTASKS"}) {
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
    std::vector<std::pair<std::string, std::string>> words_;
};

std::string refusal() {
    try {
        (void)bench::hosts::introduced_by_mpi();
    } catch (const drivers::UsageError& error) {
        return error.what();
    }
    return "";
}

} // namespace

TEST_CASE("a program without MPI says so under a launcher, and what to do instead", "[hosts]") {
    CHECK_FALSE(bench::hosts::knows_mpi());
    const Launched launched({{"OMPI_COMM_WORLD_SIZE", "4"}, {"PMIX_RANK", "2"}});
    CHECK(bench::hosts::is_launched_by_mpi());
    CHECK_THAT(refusal(), Contains("knows no MPI"));
    CHECK_THAT(refusal(), Contains("libopenmpi-dev"));
    CHECK_THAT(refusal(), Contains("--shard") && Contains("merge"));
}

TEST_CASE("one process of a launcher is one host, with MPI or without", "[hosts]") {
    {
        const Launched none({});
        CHECK_FALSE(bench::hosts::is_launched_by_mpi());
    }
    using Words = std::vector<std::pair<std::string, std::string>>;
    const std::array<Words, 3> single{Words{{"OMPI_COMM_WORLD_SIZE", "1"}, {"PMIX_RANK", "0"}},
                                      Words{{"PMI_RANK", "0"}, {"PMI_SIZE", "1"}},
                                      Words{{"PMIX_RANK", "0"}, {"SLURM_NTASKS", "1"}}};
    for (const Words& words : single) {
        const Launched launched(words);
        CHECK_FALSE(bench::hosts::is_launched_by_mpi());
    }
    const Launched several({{"PMIX_RANK", "0"}, {"SLURM_NTASKS", "2"}});
    CHECK(bench::hosts::is_launched_by_mpi());
}
