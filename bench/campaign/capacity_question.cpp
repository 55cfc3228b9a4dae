// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/capacity_question.h"

#include "bench/plan/plan_capacity.h"
#include "profiles/interception/rates.h"

#include <algorithm>
#include <cmath>

namespace bench::campaign {

using profiles::interception::Parameters;

namespace {

constexpr double climb_factor = 1.6; // Per step, until something fails.
constexpr std::uint64_t samples_above_exact = 10;
constexpr std::uint64_t samples_above_indicative = 1;

// What the array does beside the platform's own reading and writing, for whoever asks what limited
// it: "failover, scrub and backup".
std::string done_beside(const plan::CapacityVariant& variant, const Parameters& parameters) {
    std::vector<std::string> names;
    for (const plan::PlanPhase& phase : variant.phases) {
        if (phase.disturbance) {
            names.push_back(phase.disturbance->name);
        }
    }
    for (const auto& [name, on] : {std::pair("scrub", parameters.readers.scrub),
                                   std::pair("backup", parameters.readers.backup),
                                   std::pair("purge", parameters.readers.purge),
                                   std::pair("evacuation", parameters.readers.evacuation),
                                   std::pair("arrival", parameters.readers.arrival)}) {
        if (on) {
            names.emplace_back(name);
        }
    }
    std::string out;
    for (std::size_t i = 0; i < names.size(); ++i) {
        out += (i == 0 ? "" : i + 1 == names.size() ? " and " : ", ") + names[i];
    }
    return out;
}

judge::SustainedTerms terms_of(const plan::PlanCapacity& capacity,
                               const plan::CapacityVariant& variant) {
    judge::SustainedTerms out;
    for (const plan::PlanLimit& limit : variant.limits) {
        out.limits.push_back({plan::limit_text(limit),
                              limit.metric,
                              "",
                              "",
                              limit.at_most,
                              limit.bound,
                              limit.demanded});
    }
    const Parameters most = plan::platform_at(variant, capacity.to);
    out.buffer_s = most.storage.buffer_seconds;
    out.growth_allowed_bytes_per_target =
        profiles::interception::platform_table(most).ingest_peak_bytes_per_s /
        most.storage.commits_per_s / capacity.to;
    out.during = done_beside(variant, most);
    out.samples_above_min = capacity.bisect ? samples_above_exact : samples_above_indicative;
    return out;
}

// Rounds of one array's search, were its knee at rung `knee` (so many held).
std::uint64_t rounds_for(const judge::SearchSettings& settings, std::size_t knee) {
    judge::CapacitySearch search(settings);
    std::uint64_t out = 0;
    while (const auto targets = search.next()) {
        const bool holds = knee > 0 && *targets <= settings.rungs[knee - 1];
        search.tell(*targets, holds ? judge::Vote::sustained : judge::Vote::failed);
        ++out;
    }
    return out;
}

} // namespace

judge::CapacityQuestion capacity_question(const plan::Plan& plan) {
    const plan::PlanCapacity& capacity = *plan.capacity;
    judge::CapacityQuestion out;
    for (const plan::PlanArray& array : plan.arrays) {
        judge::CapacityQuestion::Array one{array.name, std::nullopt, ""};
        if (array.description.price) {
            one.price = array.description.price->amount;
            one.currency = array.description.price->currency;
        }
        out.arrays.push_back(std::move(one));
    }
    for (const plan::CapacityVariant& variant : capacity.variants) {
        out.variants.push_back(
            {variant.name, plan::capacity_workload_name(variant), terms_of(capacity, variant)});
    }
    out.search.rungs = judge::rungs_between(capacity.from, capacity.to, capacity.resolution);
    out.search.bisect = capacity.bisect;
    out.search.rounds = capacity.rounds;
    out.search.stride =
        std::max<std::size_t>(1,
                              static_cast<std::size_t>(std::lround(
                                  std::log(climb_factor) / std::log1p(capacity.resolution))));
    out.resolution = capacity.resolution;
    return out;
}

CapacityLength capacity_length(const plan::Plan& plan) {
    CapacityLength out;
    if (!plan.capacity) {
        return out;
    }
    const plan::PlanCapacity& capacity = *plan.capacity;
    const judge::CapacityQuestion question = capacity_question(plan);
    const auto arrays = static_cast<std::int64_t>(plan.arrays.size());
    for (std::size_t variant = 0; variant < capacity.variants.size(); ++variant) {
        std::vector<std::uint64_t> lengths;
        for (std::size_t knee = 0; knee <= question.search.rungs.size(); ++knee) {
            judge::SearchSettings settings = question.search;
            if (variant > 0 && knee > 0) { // It costs some, and begins where the platform ended.
                settings.start = settings.rungs[std::min(knee, settings.rungs.size() - 1)];
            }
            lengths.push_back(rounds_for(settings, knee));
        }
        std::sort(lengths.begin(), lengths.end());
        const auto likely = static_cast<std::int64_t>(lengths[lengths.size() / 2]) * arrays;
        const auto most = static_cast<std::int64_t>(lengths.back()) * arrays;
        drivers::Duration one = capacity.ramp + capacity.variants[variant].duration;
        const auto& phases = capacity.variants[variant].phases;
        if (!phases.empty() && phases.back().kind == plan::PhaseKind::verify) {
            one += phases.back().duration;
        }
        out.rounds_likely += static_cast<std::uint64_t>(likely);
        out.rounds_most += static_cast<std::uint64_t>(most);
        out.likely += one * likely;
        out.most += one * most;
    }
    return out;
}

} // namespace bench::campaign
