// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/campaign/egress_matrix.h"
#include "bench/campaign/egress_quiet.h"
#include "bench/campaign/self_test.h"

#include <string>
#include <vector>

namespace bench::campaign {

// What leaves an array against who looks: detection by leak rate, and weeks in which nothing is to
// be found.
struct EgressProof {
    LeakMatrix matrix;
    QuietSettings quiet_settings;
    std::vector<QuietRow> quiet;
};

// Brief within seconds; full for many minutes.
EgressProof prove_egress(MatrixForm form);

std::vector<SelfTestRow> egress_rows(const EgressProof& proof); // A row an actor and a policy

std::string egress_proof_text(const EgressProof& proof);

// The self-test as JSON, with the proof's own numbers beside the rows.
std::string self_test_json(const std::vector<SelfTestRow>& rows, const EgressProof& proof);

} // namespace bench::campaign
