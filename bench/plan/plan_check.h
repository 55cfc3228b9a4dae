// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/plan/plan.h"
#include "profiles/strict_json.h"

// What must fit together in a plan. Each throws profiles::FileError at the place given.
namespace bench::plan {

// "iscsi", "nvme_tcp" or "block_device": the way that the URL of a real array leads to its LUN.
std::string transport_of(std::string_view url);

// The array speaks the transport asked for, has the LUN, and real ones name what is written to.
void check_array(const PlanArray& array, const profiles::JsonValue& at);

// Targets for platforms, rates, depths and knees for everything else.
void check_point(const Plan& plan, const LoadPoint& point, const profiles::JsonValue& at);

void check_phases(const Plan& plan, const profiles::JsonValue& at);

// The first undisturbed, verification last.
void check_phase_order(const std::vector<PlanPhase>& phases, const profiles::JsonValue& at);

[[noreturn]] void fail_stream(const std::string& stream,
                              const std::vector<std::string>& known,
                              const profiles::JsonValue& at);

// The streams, workloads and load points that a limit names exist.
void check_names(const Plan& plan, const PlanLimit& limit, const profiles::JsonValue& at);
void check_stream(const Plan& plan, const results::Metric& metric, const profiles::JsonValue& at);

} // namespace bench::plan
