// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/verify_phase.h"

#include "bench/campaign/data_watch.h"
#include "bench/campaign/interruption.h"
#include "bench/integrity/read_back.h"
#include "bench/load/load_run.h"
#include "drivers/api/driver_end.h"
#include "drivers/api/errors.h"

#include <algorithm>
#include <fmt/format.h>

namespace bench::campaign {

namespace {

constexpr std::size_t read_depth = 16;

// The round's last disturbance after which a cache holds nothing that was there before.
std::string cache_emptied_by(const results::RoundRecord& round) {
    std::string out;
    for (const results::DisturbanceRecord& one : round.disturbances) {
        if (one.name == "power_cut" || one.name == "failover") {
            out = "the round's " + one.name;
        }
    }
    return out;
}

} // namespace

std::optional<std::uint64_t> cache_bytes_of(const profiles::ArrayDescription& described) {
    if (!described.emulated) {
        return described.real->cache_bytes;
    }
    const profiles::EmulatedCache& cache = described.emulated->cache;
    return cache.read_bytes + cache.write_bytes + (cache.is_volatile ? cache.volatile_bytes : 0);
}

void verify_phase(ArrayUnderTest& array,
                  const VerifyOrder& order,
                  drivers::Clock& clock,
                  results::RoundRecord& round) {
    const plan::PlanPhase& phase = order.phase;
    if (!array.expectation) {
        throw drivers::UsageError(fmt::format(
            "{}: nothing was written or read with verification on", array.planned->name));
    }
    const auto known = cache_bytes_of(array.planned->description);
    integrity::ReadBackSettings settings;
    settings.preceded_by = cache_emptied_by(round);
    if (settings.preceded_by.empty()) {
        settings.cache_bytes = phase.cache_bytes.value_or(known.value_or(0));
    }
    if (settings.preceded_by.empty() && settings.cache_bytes == 0 && known == 0U) {
        settings.preceded_by = "nothing: this emulated array has no cache that could have answered";
    }
    settings.only_known = order.only_own;
    settings.thin = array.report.thin;
    settings.time_limit = phase.duration;
    settings.stop = &Interruption::flag();
    settings.keeper = load::keeper_settings_for(array.report);
    const integrity::ReadBackResult done =
        integrity::read_back(array.open(read_depth, clock), *array.expectation, settings, clock);
    tell_findings(done.findings, array, "verify", round);
    tell_counts(done.counts, array, round);
    round.measures["verified_bytes"] += static_cast<double>(done.bytes_read);
    round.verified_after = done.after;
    if (drivers::forbids_writing(done.end) || done.end == drivers::DriverEnd::broke_protocol) {
        round.ended = load::ended_text(done.end, done.end_reason);
    } else if (Interruption::raised()) {
        round.ended = "interrupted";
    } else if (done.bytes_failed > 0) {
        (void)array.open(1, clock); // Says so if something else answers there by now.
        throw drivers::ArrayError(fmt::format(
            "{}: {} bytes could not be read back", array.planned->name, done.bytes_failed));
    } else if (!done.complete) {
        *round.verified_after += "; out of time: not all was read back";
    }
}

} // namespace bench::campaign
