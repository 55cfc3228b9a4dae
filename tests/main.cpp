// SPDX-License-Identifier: Apache-2.0
#define CATCH_CONFIG_RUNNER
#include "tests/fakes/scratch_folder.h"

#include <catch2/catch.hpp>

#include <cstdlib>

int main(int count, char** words) {
    // Tests that run beside each other give their arrays the same identities.
    const tests::ScratchFolder leases;
    ::setenv("ARRAYBENCH_LEASES", leases.path().c_str(), 0);
    return Catch::Session().run(count, words);
}
