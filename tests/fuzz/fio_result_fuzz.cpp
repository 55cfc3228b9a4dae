// SPDX-License-Identifier: Apache-2.0
#include "bench/plan/fio_assembly.h"
#include "drivers/fio/fio_result.h"
#include "drivers/fio/fio_terse.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace {

void check(const drivers::fio::Result& result) {
    for (const auto& stream : bench::plan::fio_streams(result)) {
        if (stream.service_ns.max_ns() < stream.service_ns.min_ns()) {
            std::abort();
        }
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(data, data + size);
    try {
        for (const drivers::fio::Result& result : drivers::fio::parse_results(text)) {
            check(result);
        }
    } catch (const drivers::fio::ResultError&) { // Said so, and where.
    }
    try {
        check(drivers::fio::parse_terse(text));
    } catch (const drivers::fio::ResultError&) { // The same.
    }
    return 0;
}
