// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/data_watch.h"

#include "bench/campaign/integrity_account.h"

#include <algorithm>
#include <cmath>

namespace bench::campaign {

namespace {

std::uint64_t remembered_bytes(const plan::Plan& plan, const Lab& lab) {
    std::uint64_t out = 0;
    for (const profiles::AnyWorkload& one : plan::all_workloads(plan)) {
        out = std::max(out, lab.working_set_bytes(one));
    }
    return out;
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
    settings.canary = array_.canary;
    settings.host = place.share.index;
    settings.hosts = place.share.count;
    lanes_.emplace(*array_.expectation, lanes, workload, settings);
}

DataWatch::DataWatch(const DataPlace& place, load::Lane& lane)
    : array_(place.array)
    , pass_lane_(&lane) {
    remember(place.plan, place.lab);
    integrity::KeeperSettings settings = load::keeper_settings_for(array_.report);
    settings.verify = integrity::Verify::full;
    settings.canary = array_.canary;
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
    if (array_.expectation) {
        return;
    }
    array_.expectation = std::make_unique<integrity::Expectation>(
        load::new_expectation({0, remembered_bytes(plan, lab)}, unit_bytes(plan), array_.mark()));
}

void tell_findings(const integrity::FindingLog& log,
                   const ArrayUnderTest& array,
                   const std::string& phase,
                   results::RoundRecord& round) {
    for (results::FindingRecord& finding :
         integrity::records_of(log, load::calendar_now(), array.planned->name)) {
        finding.phase = phase;
        round.findings.push_back(std::move(finding));
    }
}

void tell_counts(const integrity::KeeperCounts& counts,
                 const ArrayUnderTest& array,
                 results::RoundRecord& round) {
    const double sectors_per_unit = static_cast<double>(array.expectation->settings().unit_bytes) /
                                    static_cast<double>(integrity::sector_bytes);
    round.measures["units_written"] += static_cast<double>(counts.units_written);
    round.measures["units_checked"] +=
        static_cast<double>(counts.sectors_checked) / sectors_per_unit;
    round.measures["units_unchecked"] +=
        static_cast<double>(counts.sectors_unchecked) / sectors_per_unit;
    round.measures["units_undecidable"] +=
        static_cast<double>(counts.units_unfenced + counts.units_given_up);
}

void DataWatch::tell(const std::string& phase, results::RoundRecord& round) const {
    tell_findings(lanes_ ? lanes_->findings() : pass_->findings(), array_, phase, round);
    tell_counts(lanes_ ? lanes_->counts() : pass_->counts(), array_, round);
    if (lanes_ && lanes_->unowned_bytes() > 0) {
        round.measures["bytes_of_several_lanes"] = static_cast<double>(lanes_->unowned_bytes());
    }
}

} // namespace bench::campaign
