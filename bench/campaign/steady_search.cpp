// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/steady_search.h"

#include "bench/campaign/interruption.h"

namespace bench::campaign {

namespace {

// One round's value: completions, or the mean response of all streams where the rate is given.
double value_of(const results::RoundRecord& round, bool open_loop) {
    results::Histogram response_ns;
    std::uint64_t completed = 0;
    for (const results::StreamRecord& stream : round.streams) {
        response_ns.merge(stream.response_ns);
        completed += stream.completed;
    }
    return open_loop ? response_ns.mean_ns() : static_cast<double>(completed);
}

} // namespace

measure::Steadiness until_steady(const plan::Plan& plan,
                                 RoundRunner& runner,
                                 ArrayUnderTest& array,
                                 const RoundRunner::OnInterval& on_interval) {
    LoadOrder order;
    order.pick.as_it_is = true;
    order.workload = picked(plan, order.pick);
    order.seed = plan.seed;
    order.duration = plan.preconditioning->steady_round;
    const bool open_loop = profiles::offer_of(order.workload).open_loop;
    measure::SteadyState state;
    for (bool enough = false; !enough && !Interruption::raised(); ++order.seed) {
        const results::RoundRecord seen = runner.load(array, order, on_interval);
        heed_end(array.planned->name, seen);
        enough = state.add(value_of(seen, open_loop));
    }
    return state.now();
}

} // namespace bench::campaign
