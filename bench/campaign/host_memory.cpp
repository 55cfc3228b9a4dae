// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/host_memory.h"

#include "bench/campaign/capacity_question.h"
#include "bench/campaign/integrity_account.h"
#include "bench/campaign/outline.h"
#include "bench/integrity/unsettled.h"
#include "bench/plan/plan_capacity.h"
#include "drivers/api/errors.h"
#include "profiles/interception/rates.h"
#include "results/text/human.h"

#include <algorithm>
#include <fmt/format.h>
#include <fstream>
#include <optional>
#include <string>

namespace bench::campaign {

namespace {

constexpr double taken_in_per_s = 4e9; // No emulated array on loopback is faster.
constexpr double usable_share = 0.9;
constexpr double bytes_per_target = 2048; // Of the model.
constexpr double bytes_per_session = 1024;
constexpr double page_bytes = 4096;
constexpr double unit_state_bytes = 8;
constexpr double side_table_units = 1U << 15U; // Of each lane's keeper.

double seconds_of(drivers::Duration value) {
    return std::chrono::duration<double>(value).count();
}

// Of a LUN of so many bytes the most that any load of the plan may write; 0: none writes.
double touched_bytes(const plan::Plan& plan, std::uint64_t lun_bytes) {
    std::uint64_t out = 0;
    for (const profiles::AnyWorkload& one : plan::all_workloads(plan)) {
        const std::uint64_t asked =
            plan.working_set_bytes > 0 ? plan.working_set_bytes : profiles::working_set_bytes(one);
        if (profiles::writes(one) || plan.preconditioning) {
            out = std::max(out, asked > 0 ? std::min(asked, lun_bytes) : lun_bytes);
        }
    }
    return static_cast<double>(out);
}

// By the rounds beside the search for capacity, preconditioning included.
double rounds_write_bytes(const plan::Plan& plan, std::size_t array, double touched) {
    plan::Plan rounds = plan;
    rounds.capacity.reset();
    double out = 0;
    if (plan.preconditioning) {
        const double limit_s = seconds_of(plan.preconditioning->time_limit);
        out = kept_bytes(touched, limit_s);
        rounds.preconditioning.reset();
    }
    if (rounds.workloads.empty()) {
        return out;
    }
    const Outline outline = outline_of(rounds);
    const Outline::Target& target = outline.targets[array];
    return out + (target.is_bounded ? target.bytes_written
                                    : kept_bytes(touched, seconds_of(outline.duration)));
}

// By the search for capacity on one array, were each round at the most targets that it may try.
double capacity_writes_bytes(const plan::Plan& plan) {
    if (!plan.capacity) {
        return 0;
    }
    double rate = 0;
    for (const plan::CapacityVariant& variant : plan.capacity->variants) {
        const auto table =
            profiles::interception::platform_table(plan::platform_at(variant, plan.capacity->to));
        rate = std::max(rate, table.write_bytes_per_s);
    }
    return rate * seconds_of(capacity_length(plan).most) / static_cast<double>(plan.arrays.size());
}

std::optional<std::uint64_t> lun_bytes_of(const plan::PlanArray& array,
                                          const std::map<std::string, std::uint64_t>& capacities) {
    if (array.description.emulated) {
        return array.description.emulated->volumes[array.lun].size_bytes;
    }
    const auto known = capacities.find(array.name);
    return known == capacities.end() ? std::nullopt : std::optional(known->second);
}

// A unit's state is touched with its page.
double bookkeeping_of(const plan::Plan& plan, double touched, double written) {
    const double units = touched / unit_bytes(plan);
    const double pages =
        std::min(units * unit_state_bytes / page_bytes + 1, written / unit_bytes(plan));
    return pages * page_bytes;
}

double model_bytes(const profiles::interception::Parameters& parameters) {
    const auto busy = profiles::interception::busy_rates(parameters);
    const double sessions =
        busy.erlangs + (parameters.data.keep > 0 ? 1 / parameters.data.session_rate_share : 0);
    return parameters.targets * parameters.scale * bytes_per_target + sessions * bytes_per_session;
}

// What driving one load takes, of the largest: one load runs at a time.
double load_of(const plan::Plan& plan) {
    double buffer_bytes = 0;
    for (const profiles::AnyWorkload& one : plan::all_workloads(plan)) {
        buffer_bytes =
            std::max(buffer_bytes, static_cast<double>(profiles::largest_access_bytes(one)));
    }
    double model = 0;
    if (plan.capacity) {
        for (const plan::CapacityVariant& variant : plan.capacity->variants) {
            model = std::max(model, model_bytes(plan::platform_at(variant, plan.capacity->to)));
        }
    }
    const double keeper =
        side_table_units * (sizeof(integrity::Unsettled) + 2 * sizeof(std::uint32_t));
    return model + plan.lanes * (plan.depth * buffer_bytes + keeper);
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

MemoryNeed memory_needed(const plan::Plan& plan,
                         const std::map<std::string, std::uint64_t>& capacities) {
    MemoryNeed out;
    for (std::size_t i = 0; i < plan.arrays.size(); ++i) {
        const plan::PlanArray& array = plan.arrays[i];
        const auto lun_bytes = lun_bytes_of(array, capacities);
        if (!lun_bytes) {
            continue;
        }
        const double touched = touched_bytes(plan, *lun_bytes);
        const double written = rounds_write_bytes(plan, i, touched) + capacity_writes_bytes(plan);
        out.bookkeeping_bytes += bookkeeping_of(plan, touched, written);
        const bool in_memory = array.description.emulated &&
                               array.description.emulated->volumes[array.lun].file.empty();
        out.luns_bytes += in_memory ? std::min(touched, written) : 0;
    }
    out.load_bytes = load_of(plan);
    return out;
}

void check_memory(const MemoryNeed& need, std::uint64_t available_bytes) {
    const double usable = static_cast<double>(available_bytes) * usable_share;
    if (available_bytes > 0 && need.sum_bytes() > usable) {
        throw drivers::HostError(fmt::format(
            "this run may need {} of memory ({} for emulated LUNs, {} for what their blocks must "
            "hold, {} for driving the load) and this host has {} to spare: wanted a smaller "
            "working "
            "set, lower rates or a larger host",
            results::text::size(need.sum_bytes()),
            results::text::size(need.luns_bytes),
            results::text::size(need.bookkeeping_bytes),
            results::text::size(need.load_bytes),
            results::text::size(usable)));
    }
}

} // namespace bench::campaign
