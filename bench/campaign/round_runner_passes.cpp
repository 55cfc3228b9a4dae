// SPDX-License-Identifier: Apache-2.0
// Passes over the LUN outside the loads: what a load finds there.
#include "bench/campaign/data_watch.h"
#include "bench/campaign/interruption.h"
#include "bench/campaign/round_runner.h"
#include "drivers/api/errors.h"

#include <algorithm>
#include <fmt/format.h>
#include <numeric>

namespace bench::campaign {

using namespace std::chrono_literals;

results::RoundRecord RoundRunner::run_pass(ArrayUnderTest& array,
                                           PassSettings settings,
                                           drivers::Duration time_limit,
                                           const OnInterval& on_interval) {
    std::atomic<bool> finished{false};
    settings.finished = &finished;
    const std::uint32_t most = array.report.geometry.transfer_bytes_max;
    if (most != 0) {
        settings.piece_bytes = std::min(settings.piece_bytes, most);
    }
    std::vector<load::Lane> lanes(1);
    lanes[0].drivers.push_back(array.open(std::max(settings.depth, 1U), clock_));
    lanes[0].source = std::make_unique<PassSource>(settings);
    lanes[0].access_bytes_max = settings.piece_bytes;
    lanes[0].reduction =
        profiles::reduction_of(plan::all_workloads(plan_).front()); // Data as the load brings it.
    const DataWatch data({plan_, lab_, array}, lanes[0]);
    load::LoadSettings load_settings;
    load_settings.duration = time_limit;
    load_settings.interval = 100ms;
    load_settings.stop = &finished;
    load_settings.on_interval = [&](const results::IntervalRecord& interval) {
        if (Interruption::raised()) {
            finished = true;
        }
        if (on_interval) {
            on_interval(interval);
        }
    };
    results::RoundRecord out = load::run_load(lanes, load_settings, clock_);
    data.tell("precondition", out);
    heed_end(array.planned->name, out);
    const auto& source = static_cast<const PassSource&>(*lanes[0].source);
    if (source.failed() > 0 || lanes[0].drivers.empty()) {
        throw drivers::ArrayError(fmt::format("{}: {} of the accesses of preconditioning failed",
                                              array.planned->name,
                                              source.failed()));
    }
    return out;
}

std::uint64_t RoundRunner::precondition(ArrayUnderTest& array, const OnInterval& on_interval) {
    if (others_ != nullptr) {
        others_->announce_precondition(array);
    }
    std::uint64_t size_bytes = 0;
    for (const profiles::AnyWorkload& one : plan::all_workloads(plan_)) {
        size_bytes = std::max(size_bytes, lab_.working_set_bytes(one));
    }
    const HostShare own = share();
    PassSettings settings;
    const auto edge = [&](std::uint64_t part) { // Between two hosts' parts, or at the end.
        const std::uint64_t block = std::max(array.report.geometry.block_bytes, 1U);
        if (part >= own.count) {
            return size_bytes - size_bytes % block;
        }
        const std::uint64_t at = size_bytes / own.count * part;
        return at - at % (own.count > 1 ? std::lcm(settings.piece_bytes, block) : block);
    };
    const integrity::ByteRange part{edge(own.index), edge(own.index + 1) - edge(own.index)};
    if (part.size_bytes > 0) {
        settings.stretches = {part};
    }
    settings.passes = plan_.preconditioning->passes;
    const results::RoundRecord done =
        run_pass(array, settings, plan_.preconditioning->time_limit, on_interval);
    if (own.count > 1 && array.expectation) { // Others wrote the rest.
        const std::uint64_t end = part.from_bytes + part.size_bytes;
        array.expectation->forget(0, part.from_bytes);
        array.expectation->forget(end, size_bytes - std::min(size_bytes, end));
    }
    const std::uint64_t bytes = done.streams.empty() ? 0 : done.streams.front().bytes;
    return bytes + (others_ != nullptr ? others_->gather_preconditioned() : 0);
}

// What purge has emptied counts as retained again in the next round, whose store begins anew: what
// is played back, exported or backed up there must have been written.
void RoundRunner::refill(ArrayUnderTest& array,
                         const profiles::AnyWorkload& workload,
                         const OnInterval& on_interval) {
    const bool keeps = std::holds_alternative<profiles::interception::PlatformWorkload>(workload) ||
                       std::holds_alternative<profiles::interception::VideoWorkload>(workload);
    if (!keeps || !plan_.preconditioning || !array.expectation) {
        return;
    }
    PassSettings settings;
    settings.stretches = array.expectation->emptied();
    if (settings.stretches.empty()) {
        return;
    }
    const results::RoundRecord done =
        run_pass(array, settings, plan_.preconditioning->time_limit, on_interval);
    const std::uint64_t bytes = done.streams.empty() ? 0 : done.streams.front().bytes;
    journal_.note("refilled what was purged",
                  {{"array", array.planned->name}, {"bytes", std::to_string(bytes)}});
}

} // namespace bench::campaign
