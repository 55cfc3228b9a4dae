// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/handover.h"
#include "drivers/api/errors.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

// Input: what a child that was taken over hands to its parent. No file is named that was not asked
// for, and what is taken says the same when it is written again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string bytes(data, data + size);
    const std::string asked = "/o/one";
    const std::string folder = "/o/f";
    try {
        const auto taken = bench::campaign::handover_from(bytes, {asked}, folder);
        for (const auto& [path, content] : taken.files) {
            const bool is_below = path.starts_with(folder + "/") && path.size() > folder.size() + 1;
            const std::string leaf = is_below ? path.substr(folder.size() + 1) : "";
            if (path != asked &&
                (!is_below || leaf == "." || leaf == ".." || leaf.find('/') != std::string::npos ||
                 leaf.find('\0') != std::string::npos)) {
                std::abort();
            }
        }
        if (taken.exit_code < 0 || taken.exit_code > 7 ||
            bench::campaign::handover_bytes(taken) != bytes) {
            std::abort();
        }
    } catch (const drivers::HostError&) {
        return 0;
    }
    return 0;
}
