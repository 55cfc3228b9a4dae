// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/data_watch.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <numeric>
#include <random>

namespace bench::campaign {

namespace {

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
    for (const plan::PlanWorkload& one : plan.workloads) {
        out = std::gcd(out, profiles::write_unit_bytes(one.workload));
    }
    return out;
}

std::uint64_t remembered_bytes(const plan::Plan& plan, const Lab& lab) {
    std::uint64_t out = 0;
    for (const plan::PlanWorkload& one : plan.workloads) {
        out = std::max(out, lab.working_set_bytes(one.workload));
    }
    return out - (out % unit_bytes(plan));
}

profiles::WorkingSet
working_set(const Lab& lab, const ArrayUnderTest& array, const profiles::AnyWorkload& workload) {
    profiles::WorkingSet out;
    out.size_bytes = lab.working_set_bytes(workload);
    out.block_bytes = array.report.geometry.block_bytes;
    return out;
}

} // namespace

DataWatch::DataWatch(const DataPlace& place,
                     std::span<load::Lane> lanes,
                     const profiles::AnyWorkload& workload)
    : array_(place.array) {
    remember(place.plan, place.lab);
    load::VerifySettings settings = load::verify_settings_for(array_.report);
    settings.verify = verify_of(place.plan);
    settings.set = working_set(place.lab, array_, workload);
    lanes_.emplace(*array_.expectation, lanes, workload, settings);
}

DataWatch::DataWatch(const DataPlace& place, load::Lane& lane)
    : array_(place.array)
    , pass_lane_(&lane) {
    remember(place.plan, place.lab);
    integrity::KeeperSettings settings = load::keeper_settings_for(array_.report);
    settings.verify = integrity::Verify::full;
    settings.slots = static_cast<std::uint32_t>(lane.drivers.front()->depth());
    settings.compressible_percent =
        static_cast<std::uint8_t>(std::lround(lane.reduction.compressible_share * 100));
    pass_ = std::make_unique<integrity::Keeper>(*array_.expectation, settings);
    lane.keeper = pass_.get();
}

DataWatch::~DataWatch() {
    if (pass_lane_ != nullptr) {
        pass_lane_->keeper = nullptr;
    }
}

void DataWatch::remember(const plan::Plan& plan, const Lab& lab) {
    // A pass reads what the lanes before it wrote; a load of several lanes starts anew.
    if (array_.expectation && (plan.lanes == 1 || pass_lane_ != nullptr)) {
        return;
    }
    std::random_device device;
    const std::uint64_t high = device();
    array_.expectation = std::make_unique<integrity::Expectation>(
        integrity::ExpectationSettings{.run = high << 32U | device(),
                                       .from_bytes = 0,
                                       .size_bytes = remembered_bytes(plan, lab),
                                       .unit_bytes = unit_bytes(plan),
                                       .lun = array_.report.identity.unique_id});
}

void DataWatch::tell(const std::string& phase, results::RoundRecord& round) const {
    const integrity::FindingLog log = lanes_ ? lanes_->findings() : pass_->findings();
    const integrity::KeeperCounts counts = lanes_ ? lanes_->counts() : pass_->counts();
    for (results::FindingRecord& finding :
         integrity::records_of(log, load::calendar_now(), array_.planned->name)) {
        finding.phase = phase;
        round.findings.push_back(std::move(finding));
    }
    const double sectors_per_unit = static_cast<double>(array_.expectation->settings().unit_bytes) /
                                    static_cast<double>(integrity::sector_bytes);
    round.measures["units_written"] += static_cast<double>(counts.units_written);
    round.measures["units_checked"] +=
        static_cast<double>(counts.sectors_checked) / sectors_per_unit;
    round.measures["units_undecidable"] +=
        static_cast<double>(counts.units_unfenced + counts.units_given_up);
}

std::vector<results::IntegrityRecord> integrity_of(const plan::Plan& plan,
                                                   std::span<const results::RoundRecord> rounds) {
    std::vector<results::IntegrityRecord> out;
    for (const plan::PlanArray& array : plan.arrays) {
        results::IntegrityRecord record;
        record.array = array.name;
        record.verify = integrity::name_of(verify_of(plan));
        record.after = "nothing: the array's cache may have answered";
        bool any = false;
        for (const results::RoundRecord& round : rounds) {
            const auto measure = [&](const char* name) {
                const auto found = round.measures.find(name);
                return found == round.measures.end() ? 0.0 : found->second;
            };
            if (round.array != array.name || round.measures.count("units_checked") == 0) {
                continue;
            }
            any = true;
            record.units_written += static_cast<std::uint64_t>(measure("units_written"));
            record.units_checked += static_cast<std::uint64_t>(measure("units_checked"));
            record.units_undecidable += static_cast<std::uint64_t>(measure("units_undecidable"));
            if (measure("verified_bytes") > 0 && !round.disturbances.empty()) {
                record.after = round.disturbances.back().name;
            }
        }
        if (any && plan.verify != plan::VerifyData::none) {
            record.note = fmt::format("units of {} bytes; a lost write is found if its block is "
                                      "read before it is overwritten and after it has left the "
                                      "array's cache",
                                      unit_bytes(plan));
            out.push_back(std::move(record));
        }
    }
    return out;
}

} // namespace bench::campaign
