// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/campaign.h"
#include "bench/campaign/interruption.h"
#include "bench/campaign/steady_search.h"
#include "profiles/units.h"

#include <fmt/format.h>

namespace bench::campaign {

using namespace std::chrono_literals;

void Campaign::precondition(Lab& lab, RoundRunner& runner) {
    if (!plan_.preconditioning) {
        return;
    }
    for (ArrayUnderTest& array : lab.arrays()) {
        if (Interruption::raised()) {
            return;
        }
        with_array(array.planned->name, [&] { precondition(lab, runner, array); });
    }
}

void Campaign::precondition(Lab& lab, RoundRunner& runner, ArrayUnderTest& array) {
    progress_.begin(fmt::format("preconditioning {}", array.planned->name), 3s);
    if (egress_) {
        egress_->begin_round(array.planned->name, "precondition", std::nullopt);
    }
    const std::uint64_t bytes =
        runner.precondition(array, [&](const results::IntervalRecord&) { progress_.now(""); });
    std::string state = fmt::format("{} written", profiles::size_text(bytes));
    if (plan_.preconditioning->steady_round.count() > 0 && !plan_.workloads.empty()) {
        const auto found = until_steady(
            plan_, runner, array, [&](const results::IntervalRecord&) { progress_.now(""); });
        state += "; " + found.text();
    }
    progress_.end();
    record_.arrays[static_cast<std::size_t>(&array - lab.arrays().data())]
        .settings["preconditioning"] = state;
    journal_.note(
        "preconditioned",
        {{"array", array.planned->name}, {"bytes", std::to_string(bytes)}, {"state", state}});
}

} // namespace bench::campaign
