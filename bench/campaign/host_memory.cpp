// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/host_memory.h"

#include "bench/campaign/outline.h"
#include "drivers/api/errors.h"
#include "results/text/human.h"

#include <algorithm>
#include <fmt/format.h>
#include <fstream>
#include <string>

namespace bench::campaign {

namespace {

constexpr double taken_in_per_s = 4e9; // No emulated array on loopback is faster.
constexpr double usable_share = 0.9;

std::uint64_t touched_bytes(const plan::Plan& plan, const profiles::EmulatedVolume& volume) {
    std::uint64_t out = 0;
    for (const plan::PlanWorkload& one : plan.workloads) {
        const std::uint64_t asked = plan.working_set_bytes > 0
                                        ? plan.working_set_bytes
                                        : profiles::working_set_bytes(one.workload);
        if (profiles::writes(one.workload) || plan.preconditioning) {
            out = std::max(out, asked > 0 ? std::min(asked, volume.size_bytes) : volume.size_bytes);
        }
    }
    return out;
}

double seconds_of(drivers::Duration value) {
    return std::chrono::duration<double>(value).count();
}

} // namespace

std::uint64_t memory_available_bytes() {
    std::ifstream in("/proc/meminfo");
    for (std::string name; in >> name;) {
        std::uint64_t kibibytes = 0;
        if (name == "MemAvailable:" && in >> kibibytes) {
            return kibibytes * 1024;
        }
    }
    return 0;
}

double kept_bytes(double touched_bytes, double seconds) {
    return std::min(touched_bytes, seconds * taken_in_per_s);
}

double memory_needed_bytes(const plan::Plan& plan) {
    const Outline outline = outline_of(plan);
    double out = 0;
    for (std::size_t i = 0; i < plan.arrays.size(); ++i) {
        const plan::PlanArray& array = plan.arrays[i];
        if (!array.description.emulated) {
            continue;
        }
        const auto& volume = array.description.emulated->volumes[array.lun];
        if (!volume.file.empty()) {
            continue;
        }
        const Outline::Target& target = outline.targets[i];
        const auto touched = static_cast<double>(touched_bytes(plan, volume));
        out += target.is_bounded ? std::min(touched, target.bytes_written)
                                 : kept_bytes(touched, seconds_of(outline.duration));
    }
    return out;
}

void check_memory(double needed_bytes, std::uint64_t available_bytes) {
    const double usable = static_cast<double>(available_bytes) * usable_share;
    if (available_bytes > 0 && needed_bytes > usable) {
        throw drivers::HostError(fmt::format(
            "the emulated LUNs may need {} of memory and this host has {} to spare: wanted a "
            "smaller working set, lower rates or a larger host",
            results::text::size(needed_bytes),
            results::text::size(usable)));
    }
}

} // namespace bench::campaign
