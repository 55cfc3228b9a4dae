// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/plan/plan.h"
#include "drivers/api/clock.h"

#include <optional>
#include <string>
#include <vector>

namespace bench::campaign {

// What a run of a plan would do, without touching anything.
struct Outline {
    struct Target {
        std::string array;
        std::string transport;
        bool emulated = true;
        std::string identity; // What would be written to; empty = nothing is.
        std::uint64_t rounds = 0;
        double bytes_written = 0; // At the asked rates, preconditioning included.
        double bytes_read = 0;
        bool is_bounded = true; // False: closed loops do as much as the array lets them.
        std::vector<std::string> not_watched; // Ports.
    };
    std::vector<Target> targets;
    std::uint64_t rounds = 0;
    drivers::Duration duration{0};        // At least.
    drivers::Duration spare_duration{0};  // At most, on top.
    drivers::Duration capacity_likely{0}; // Of the search for capacity: where the knee lies ...
    drivers::Duration capacity_most{0};   // ... decides; at most, unless rounds must be repeated.
    std::uint64_t capacity_rounds_most = 0;
    std::vector<std::string> remarks;
};

Outline outline_of(const plan::Plan& plan);
std::string outline_text(const plan::Plan& plan, const Outline& outline);
// How long it will take, a line for whoever has just started it.
std::string length_text(const plan::Plan& plan, const Outline& outline);
std::string outline_json(const plan::Plan& plan, const Outline& outline);

} // namespace bench::campaign
