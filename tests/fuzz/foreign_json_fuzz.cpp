// SPDX-License-Identifier: Apache-2.0
#include "drivers/wire/foreign_json_file.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdlib>

using drivers::wire::parse_foreign_json;
using nlohmann::json;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr drivers::wire::JsonLimits limits{.bytes_max = 4096, .depth_max = 8, .values_max = 64};

struct Extent {
    std::size_t depth = 0;
    std::size_t values = 0;
};

void measure(const json& value, std::size_t depth, Extent& extent) {
    ++extent.values;
    extent.depth = std::max(extent.depth, value.is_structured() ? depth + 1 : depth);
    if (value.is_structured()) {
        for (const json& one : value) {
            measure(one, depth + 1, extent);
        }
    }
}

} // namespace

// Input: a text. What is taken keeps the limits and says the same when it is written and read
// again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(data, data + size);
    json taken;
    try {
        taken = parse_foreign_json(text, limits);
    } catch (const drivers::wire::JsonError&) {
        return 0;
    }
    Extent extent;
    measure(taken, 0, extent);
    if (size > limits.bytes_max || extent.depth > limits.depth_max ||
        extent.values > limits.values_max) {
        std::abort();
    }
    const std::string written = taken.dump();
    if (parse_foreign_json(written).dump() != written) {
        std::abort();
    }
    return 0;
}
