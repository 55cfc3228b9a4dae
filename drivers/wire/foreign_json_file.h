// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <stdexcept>
#include <string_view>

namespace drivers::wire {

// What JSON from outside may hold at most. The defaults fit what people write by hand.
struct JsonLimits {
    std::size_t bytes_max = std::size_t{16} << 20U;
    std::size_t depth_max = 32; // Arrays and objects within each other.
    std::size_t values_max = 1'000'000;
};

// What this program or another one wrote: long, but no deeper than it has to be.
inline constexpr JsonLimits json_of_programs{
    .bytes_max = std::size_t{1} << 30U, .depth_max = 64, .values_max = 100'000'000};

// The text is no JSON, or no JSON that is taken: says why, and where in it.
struct JsonError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// The one way by which JSON that somebody else may have written comes in: files, lines of logs,
// what other hosts and tools say. Bottomless nesting, endless lists and a key that stands twice in
// one object (of which readers choose one or the other) are refused. Throws JsonError.
nlohmann::json parse_foreign_json(std::string_view text, const JsonLimits& limits = {});

} // namespace drivers::wire
