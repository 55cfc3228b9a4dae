// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/plan/fio_assembly.h"
#include "bench/plan/fio_target.h"

#include <string>
#include <vector>

namespace bench::cli {

// What `arraybench fio-job --run` has to say, for people and for programs.
struct FioAnswer {
    std::string url;
    std::string workload;
    std::string version;
    bool rated = false; // Then fio's latency is not what a user of the array would have felt.
    std::vector<std::string> notes;
    std::vector<plan::FioStream> streams;
};

FioAnswer run_fio(const profiles::Workload& workload,
                  const plan::FioAsk& ask,
                  const plan::FioPlace& place,
                  drivers::Clock& clock);

std::string fio_text(const FioAnswer& answer);
std::string fio_json(const FioAnswer& answer); // "$schema": "arraybench/fio/1"

} // namespace bench::cli
