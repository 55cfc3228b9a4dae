// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/capacity_points.h"
#include "bench/campaign/capacity_question.h"
#include "bench/plan/plan_capacity.h"
#include "profiles/interception/rates.h"
#include "profiles/units.h"

#include <algorithm>
#include <fmt/format.h>

namespace bench::campaign {

using profiles::interception::Parameters;
using profiles::interception::Rates;
using results::CapacityRecord;
using results::HeadlineRecord;

namespace {

std::map<std::string, std::string> assumptions_of(const Parameters& p) {
    const auto yes = [](bool flag) {
        return flag ? "yes" : "no";
    };
    return {
        {"answered calls per target and day", fmt::format("{:g}", p.voice.calls_per_day)},
        {"holding time, median", fmt::format("{:g} s", p.voice.hold_median_s)},
        {"IP traffic kept", fmt::format("{:g} %", p.data.keep * 100)},
        {"mobile targets",
         fmt::format("{:g} % at {:g} GB a month",
                     p.data.mobile_share * 100,
                     p.data.mobile_bytes_per_month / 1e9)},
        {"fixed-line targets",
         fmt::format("{:g} % at {:g} GB a month",
                     p.data.fixed_share * 100,
                     p.data.fixed_bytes_per_month / 1e9)},
        {"writers",
         fmt::format("{:g}, {:g} commits/s each", p.storage.writers, p.storage.commits_per_s)},
        {"mediation buffer", fmt::format("{:g} s of the busy hour", p.storage.buffer_seconds)},
        {"analysts", fmt::format("{:g}", p.readers.analysts)},
        {"searches",
         fmt::format("{:g}/s of {} reads", p.readers.searches_per_s, p.readers.reads_per_search)},
        {"retention", fmt::format("{:g} days", p.readers.retention_days)},
        {"classification", yes(p.readers.classification)},
        {"evidence export", yes(p.readers.export_evidence)},
        {"scrub",
         p.readers.scrub ? fmt::format("the whole set in {:g} days", p.readers.scrub_days) : "no"},
        {"backup", yes(p.readers.backup)},
        {"purge", yes(p.readers.purge)}};
}

results::PlatformRecord
record_of(const std::string& name, const std::string& purpose, Parameters parameters) {
    results::PlatformRecord out;
    parameters.scale = 1; // The platform as its file sizes it; rounds say their own targets.
    out.workload = name;
    out.purpose = purpose;
    out.targets = parameters.targets;
    out.start_hour = parameters.stationary ? -1 : parameters.start_hour;
    out.busy_bytes_per_s = profiles::interception::busy_rates(parameters).ingest_bytes;
    out.mean_bytes_per_s = profiles::interception::mean_rates(parameters).ingest_bytes;
    for (std::size_t hour = 0; hour < profiles::interception::voice_hours.size(); ++hour) {
        const Rates rates =
            profiles::interception::rates_at(parameters,
                                             profiles::interception::voice_hours.at(hour),
                                             profiles::interception::data_hours.at(hour));
        out.voice_bytes_per_s.push_back(rates.voice_bytes);
        out.data_bytes_per_s.push_back(rates.ingest_bytes - rates.voice_bytes);
    }
    out.assumptions = assumptions_of(parameters);
    return out;
}

std::string note_of(const CapacityRecord& one) {
    std::string out = one.indicative ? "indicative" : "";
    const auto add = [&](const std::string& text) {
        out += (out.empty() ? "" : ", ") + text;
    };
    if (one.low && one.high) {
        add(fmt::format("{:.0f} held{}, {:.0f} did not",
                        *one.low,
                        one.indicative ? "" : " in every round",
                        *one.high));
    }
    if (one.ended_by == "plan") {
        add("the most that the plan offers");
    } else if (one.ended_by == "bench") {
        add("this bench could not offer more");
    } else if (!one.limited_by.empty()) {
        add("limited by " + one.limited_by);
    }
    return out;
}

HeadlineRecord headline_of(const CapacityRecord& one) {
    HeadlineRecord out;
    out.name = "Targets sustained";
    out.array = one.array;
    out.value = one.targets;
    out.low = one.interval_low;
    out.high = one.interval_high;
    out.confidence = one.confidence.value_or(out.confidence);
    out.higher_is_better = true;
    out.note = note_of(one);
    return out;
}

void add_demand(const plan::PlanCapacity& capacity,
                const CapacityRecord& one,
                results::RunRecord& run) {
    results::VerdictRecord verdict;
    verdict.limit = fmt::format("at least {:.0f} targets sustained", *capacity.at_least);
    verdict.array = one.array;
    verdict.workload = one.workload;
    verdict.point = "capacity";
    verdict.bound = *capacity.at_least;
    verdict.value = one.targets;
    verdict.low = one.interval_low;
    verdict.high = one.interval_high;
    verdict.reason = one.reason;
    if (one.measured) { // By bisection the whole interval passes or fails.
        const bool passes = one.interval_low.value_or(one.targets) >= verdict.bound;
        const bool fails = one.interval_high.value_or(one.targets) < verdict.bound;
        const bool may_be_more = one.ended_by != "array";
        verdict.outcome = passes                  ? results::Outcome::pass
                          : fails && !may_be_more ? results::Outcome::fail
                                                  : results::Outcome::inconclusive;
    }
    run.verdicts.push_back(std::move(verdict));
}

} // namespace

std::vector<results::PlatformRecord> platforms_of(const plan::Plan& plan) {
    std::vector<results::PlatformRecord> out;
    for (const plan::PlanWorkload& one : plan.workloads) {
        if (const auto* platform =
                std::get_if<profiles::interception::PlatformWorkload>(&one.workload)) {
            out.push_back(record_of(one.name, platform->purpose, platform->parameters));
        }
    }
    if (plan.capacity) {
        const plan::CapacityVariant& base = plan.capacity->variants.front();
        const bool told =
            std::any_of(plan.workloads.begin(),
                        plan.workloads.end(),
                        [&](const plan::PlanWorkload& one) { return one.file == base.file; });
        if (!told) {
            out.push_back(record_of(base.name, base.workload.purpose, base.workload.parameters));
        }
    }
    return out;
}

void conclude_capacity(const plan::Plan& plan, results::RunRecord& run) {
    run.platforms = platforms_of(plan);
    run.capacity.clear();
    run.headlines.clear();
    if (!plan.capacity) {
        return;
    }
    judge::CapacityBook book(capacity_question(plan));
    for (const results::RoundRecord& round : run.rounds) {
        (void)book.tell(round);
    }
    run.capacity = book.records();
    for (CapacityRecord& one : run.capacity) {
        tell_points(run.rounds, one);
    }
    std::vector<HeadlineRecord> prices;
    for (const CapacityRecord& one : run.capacity) {
        if (one.is_base && one.measured) {
            run.headlines.push_back(headline_of(one));
        }
        if (one.is_base && one.price_per_target) {
            HeadlineRecord price;
            price.name = "Price per target sustained";
            price.array = one.array;
            price.value = *one.price_per_target;
            price.unit = one.currency;
            price.higher_is_better = false;
            price.note = one.indicative ? "indicative" : "";
            prices.push_back(std::move(price));
        }
        if (one.is_base && plan.capacity->at_least) {
            add_demand(*plan.capacity, one, run);
        }
    }
    run.headlines.insert(run.headlines.end(), prices.begin(), prices.end());
}

} // namespace bench::campaign
