// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/campaign.h"
#include "bench/campaign/capacity_rounds.h"
#include "bench/campaign/interruption.h"
#include "bench/plan/plan_capacity.h"
#include "results/run_record_file.h"
#include "results/whole_file.h"

#include <fmt/format.h>
#include <optional>

namespace bench::campaign {

// Before anything is measured: the largest platform of the search has room on the working set, and
// the smallest has work for every lane.
void Campaign::check_capacity_fits(const Lab& lab) const {
    for (const plan::CapacityVariant& variant : plan_.capacity->variants) {
        const std::uint32_t hosts = options_.others == nullptr ? 1 : options_.others->share().count;
        const std::uint32_t lanes = plan_.lanes * hosts;
        for (const double targets : {plan_.capacity->from, plan_.capacity->to}) {
            profiles::interception::PlatformWorkload platform = variant.workload;
            platform.parameters = plan::platform_at(variant, targets);
            profiles::WorkingSet set;
            set.size_bytes = lab.working_set_bytes(platform);
            for (std::uint32_t lane = 0; lane < lanes; ++lane) {
                (void)profiles::make_source(platform, set, plan_.seed, {lane, lanes});
            }
        }
    }
}

// Or the one that is done: of another question than this one it is run anew.
results::RoundRecord
Campaign::run_capacity_round(Lab& lab, RoundRunner& runner, const CapacityRound& wanted) {
    const std::string& array = plan_.arrays[wanted.array].name;
    if (is_done(wanted.index, array)) {
        results::RoundRecord name;
        name.index = wanted.index;
        name.array = array;
        const std::string file = results::round_file_name(name);
        results::RoundRecord done =
            results::round_from_text(results::read_file_in(folder_.path(), file), file);
        if (done.workload == wanted.workload && done.point == wanted.point) {
            return done;
        }
    }
    progress_.begin(fmt::format("capacity {}  {}  {}",
                                wanted.workload.substr(wanted.workload.find(' ') + 1),
                                array,
                                wanted.point),
                    wanted.length);
    journal_.note("round started", {{"index", std::to_string(wanted.index)}, {"array", array}});
    if (egress_) {
        egress_->begin_round(array, "load", std::nullopt);
    }
    results::RoundRecord out =
        runner.measure(lab.arrays()[wanted.array], wanted.order, shown_in(""));
    out.index = wanted.index;
    out.block = wanted.block;
    out.workload = wanted.workload;
    out.point = wanted.point;
    out.point_value = wanted.trial.targets;
    if (egress_) {
        egress_->end_round(out);
    }
    keep_round(lab, out);
    return out;
}

void Campaign::run_capacity(Lab& lab, RoundRunner& runner) {
    if (!plan_.capacity || Interruption::raised()) {
        return;
    }
    const auto last = order_spare_rounds(plan_); // Whether they were run or not.
    const auto& before = last.empty() ? order_ : last;
    const auto index = before.empty() ? 0U : before.back().index + 1;
    const auto blocks = before.empty() ? 0U : before.back().block + 1;
    CapacityRounds rounds(plan_, index, blocks);
    const auto run = [&](const CapacityRound& wanted) {
        std::optional<results::RoundRecord> out;
        with_array(plan_.arrays[wanted.array].name,
                   [&] { out = run_capacity_round(lab, runner, wanted); });
        return out;
    };
    const auto tell = [&](const CapacityRound& done, const judge::RoundVote& vote) {
        const char* word = vote.vote == judge::Vote::sustained ? "sustained"
                           : vote.vote == judge::Vote::failed  ? "not sustained"
                                                               : "unclear";
        journal_.note("capacity",
                      {{"array", plan_.arrays[done.array].name},
                       {"workload", done.workload},
                       {"point", done.point},
                       {"word", word},
                       {"reason", vote.reason}});
        progress_.note(fmt::format("{} at {}: {}{}{}",
                                   plan_.arrays[done.array].name,
                                   done.point,
                                   word,
                                   vote.reason.empty() ? "" : ": ",
                                   vote.reason));
    };
    rounds.run(run, tell, [] { return Interruption::raised(); });
}

} // namespace bench::campaign
