// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/disturber.h"

#include "bench/campaign/hook_command.h"
#include "drivers/api/errors.h"

#include <fmt/format.h>

namespace bench::campaign {

namespace {

drivers::TimePoint steady_now() {
    return std::chrono::time_point_cast<drivers::Duration>(std::chrono::steady_clock::now());
}

Disturbed by_hook(const profiles::Hook& hook,
                  const plan::Disturbance& disturbance,
                  const std::atomic<bool>& stop) {
    const auto limit = hook.time_limit.count() > 0
                           ? std::min(hook.time_limit, disturbance.time_limit)
                           : disturbance.time_limit;
    Disturbed out;
    const HookResult result = run_hook(hook.command, limit, stop);
    out.at = steady_now();
    out.note = result.output;
    if (result.timed_out || result.exit_status != 0) {
        throw drivers::ArrayError(
            fmt::format("hook \"{}\" ({}): {}; it printed: {}",
                        disturbance.name,
                        hook.command.front(),
                        result.timed_out ? std::string("ended, it took too long")
                                         : fmt::format("exit status {}", result.exit_status),
                        result.output));
    }
    return out;
}

Disturbed by_hand(const profiles::RealArrayDescription& real,
                  const plan::Disturbance& disturbance,
                  const std::atomic<bool>& stop) {
    const auto hook = real.hooks.find(disturbance.name);
    if (hook != real.hooks.end()) {
        return by_hook(hook->second, disturbance, stop);
    }
    const auto prompt = real.prompts.find(disturbance.name);
    if (prompt == real.prompts.end()) {
        throw drivers::UsageError(fmt::format(
            "disturbance \"{}\": the array's file has neither a hook nor a prompt for it",
            disturbance.name));
    }
    Disturbed out;
    out.note = ask_person(prompt->second, disturbance.time_limit, stop);
    out.at = steady_now();
    return out;
}

} // namespace

Disturbed disturb(ArrayUnderTest& array,
                  const plan::Disturbance& disturbance,
                  RunJournal& journal,
                  const std::atomic<bool>& stop) {
    journal.note("disturbance begins",
                 {{"array", array.planned->name},
                  {"name", disturbance.name},
                  {"parameters", disturbance.parameters}});
    Disturbed out;
    const bool cuts_power = disturbance.name == "power_cut" && array.expectation;
    if (cuts_power) {
        array.expectation->announce_power_cut();
    }
    if (array.child) {
        out.at = array.child->apply({disturbance.name, disturbance.parameters});
    } else {
        out = by_hand(*array.planned->description.real, disturbance, stop);
    }
    if (cuts_power) {
        array.expectation->power_cut_done();
    }
    journal.note("disturbance done",
                 {{"array", array.planned->name},
                  {"name", disturbance.name},
                  {"at_monotonic_ns", std::to_string(out.at.time_since_epoch().count())},
                  {"note", out.note}});
    return out;
}

} // namespace bench::campaign
