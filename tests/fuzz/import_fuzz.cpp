// SPDX-License-Identifier: Apache-2.0
#include "bench/exchange/foreign_run.h"
#include "profiles/file_error.h"
#include "results/run_record_file.h"
#include "results/sinks.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

// Input: a result of fio, vdbench or elbencho. What is taken in can be written, read and reported.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(data, data + size);
    try {
        const results::RunRecord run = bench::exchange::import_text(text, "old", {});
        for (const results::RoundRecord& round : run.rounds) {
            const std::string written = results::round_text(round);
            if (results::round_text(results::round_from_text(written, "round")) != written) {
                std::abort();
            }
        }
        (void)results::markdown_report(run);
    } catch (const profiles::FileError&) {
        return 0; // Said so, and where.
    }
    return 0;
}
