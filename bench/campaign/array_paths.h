// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/campaign/lab.h"
#include "bench/load/pump.h"
#include "results/run_record.h"

#include <map>
#include <span>
#include <string>
#include <vector>

namespace bench::campaign {

// The ways to a LUN that the plan takes, of the asked transport, one portal each: a description
// lists the preferred one first. Throws ArrayError if there are not enough.
std::vector<plan::Url> chosen_paths(const std::vector<std::string>& urls,
                                    const plan::PlanArray& planned);

// What the bench, its own initiator, does as host towards this array. With "uniform" the same to
// every array; with "recommended" what the array's file recommends, as far as it means something
// here. `said` takes each setting and whether it took effect.
plan::DriverOptions host_options(const plan::Plan& plan,
                                 const plan::PlanArray& planned,
                                 std::map<std::string, std::string>& said);

// The URLs that a plan without "paths" leaves aside are named among the host settings. Throws
// SafetyError if one that answers leads to another LUN: nobody knows then which one was meant.
void check_unused_urls(ArrayUnderTest& array, drivers::Clock& clock);

// Paths and host settings into the report.
void describe_paths(const ArrayUnderTest& array, results::ArrayRecord& record);

// How many accesses each portal carried, into the round.
void count_paths(const ArrayUnderTest& array,
                 std::span<const load::Lane> lanes,
                 results::RoundRecord& round);

} // namespace bench::campaign
