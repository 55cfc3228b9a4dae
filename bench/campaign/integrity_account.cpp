// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/integrity_account.h"

#include <algorithm>
#include <fmt/format.h>
#include <numeric>

namespace bench::campaign {

namespace {

// Over the array's rounds.
double sum_of(std::span<const results::RoundRecord> rounds,
              const std::string& array,
              const char* measure) {
    double out = 0;
    for (const results::RoundRecord& round : rounds) {
        const auto found = round.measures.find(measure);
        out += round.array == array && found != round.measures.end() ? found->second : 0;
    }
    return out;
}

bool any_round(std::span<const results::RoundRecord> rounds, const std::string& array) {
    return std::any_of(rounds.begin(), rounds.end(), [&](const results::RoundRecord& round) {
        return round.array == array && round.measures.count("units_checked") > 0;
    });
}

// What the weakest of its verifications came after.
std::string weakest_after(std::span<const results::RoundRecord> rounds, const std::string& array) {
    std::string out;
    for (const results::RoundRecord& round : rounds) {
        if (round.array == array && round.verified_after &&
            (out.empty() || round.verified_after->starts_with("nothing"))) {
            out = *round.verified_after;
        }
    }
    return out.empty() ? "nothing: only reads of the load itself were checked, and the array's "
                         "cache may have answered"
                       : out;
}

double duplicate_share(const plan::Plan& plan) {
    double out = 0;
    for (const profiles::AnyWorkload& one : plan::all_workloads(plan)) {
        out = std::max(out, profiles::reduction_of(one).duplicate_share);
    }
    return out;
}

} // namespace

integrity::Verify verify_of(const plan::Plan& plan) {
    switch (plan.verify) {
    case plan::VerifyData::none:
        return integrity::Verify::none;
    case plan::VerifyData::sample:
        return integrity::Verify::sample;
    case plan::VerifyData::full:
        break;
    }
    return integrity::Verify::full;
}

std::uint32_t unit_bytes(const plan::Plan& plan) {
    std::uint32_t out = 0;
    for (const profiles::AnyWorkload& one : plan::all_workloads(plan)) {
        out = std::gcd(out, profiles::write_unit_bytes(one));
    }
    return out;
}

std::vector<std::string> not_detected(const plan::Plan& plan,
                                      std::span<const results::RoundRecord> rounds,
                                      const std::string& array) {
    std::vector<std::string> out;
    out.emplace_back("a lost write whose block was written again before it was read");
    if (plan.verify == plan::VerifyData::sample) {
        out.emplace_back("whatever stood in the reads of the load that were not sampled");
    }
    if (sum_of(rounds, array, "verified_bytes") == 0) {
        out.emplace_back("lost writes in blocks that the load did not read again: nothing was read "
                         "back at the end");
    }
    if (const std::string after = weakest_after(rounds, array);
        after.find("may have answered") != std::string::npos ||
        after.find("passed the cache by") != std::string::npos) {
        out.push_back("lost writes that only the array's cache still knew: " + after);
    }
    if (const double share = duplicate_share(plan); share > 0) {
        out.push_back(fmt::format(
            "stale or misdirected copies of the same duplicate content: {:.0f} % of the chunks "
            "written are duplicates, which carry no stamp and are checked by content alone",
            share * 100));
    }
    if (const double units = sum_of(rounds, array, "units_unchecked"); units >= 1) {
        out.push_back(
            fmt::format("anything in {:.0f} units read of which nothing was known", units));
    }
    if (const double units = sum_of(rounds, array, "units_undecidable"); units >= 1) {
        out.push_back(fmt::format("anything in {:.0f} units whose last write has no known outcome "
                                  "or was lost sight of",
                                  units));
    }
    if (const double bytes = sum_of(rounds, array, "bytes_of_several_lanes"); bytes > 0) {
        out.push_back(fmt::format("anything in {:.0f} bytes that several lanes write: their order "
                                  "is known to nobody",
                                  bytes));
    }
    return out;
}

std::vector<results::IntegrityRecord> integrity_of(const plan::Plan& plan,
                                                   std::span<const results::RoundRecord> rounds) {
    std::vector<results::IntegrityRecord> out;
    for (const plan::PlanArray& array : plan.arrays) {
        if (plan.verify == plan::VerifyData::none || !any_round(rounds, array.name)) {
            continue;
        }
        const auto sum = [&](const char* measure) {
            return static_cast<std::uint64_t>(sum_of(rounds, array.name, measure));
        };
        results::IntegrityRecord record;
        record.array = array.name;
        record.verify = integrity::name_of(verify_of(plan));
        record.units_written = sum("units_written");
        record.units_checked = sum("units_checked");
        record.units_undecidable = sum("units_undecidable");
        record.after = weakest_after(rounds, array.name);
        record.note = fmt::format("Units of {} bytes. Would not have been seen:", unit_bytes(plan));
        const char* between = " ";
        for (const std::string& sentence : not_detected(plan, rounds, array.name)) {
            record.note += between + sentence;
            between = "; ";
        }
        record.note += ".";
        out.push_back(std::move(record));
    }
    return out;
}

} // namespace bench::campaign
