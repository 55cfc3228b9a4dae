// SPDX-License-Identifier: Apache-2.0
#include "bench/plan/fio_assembly.h"
#include "drivers/fio/fio_result.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(data, data + size);
    try {
        for (const auto& stream : bench::plan::fio_streams(drivers::fio::parse_result(text))) {
            if (stream.service_ns.max_ns() < stream.service_ns.min_ns()) {
                std::abort();
            }
        }
    } catch (const drivers::fio::ResultError&) {
        return 0; // Said so, and where.
    }
    return 0;
}
