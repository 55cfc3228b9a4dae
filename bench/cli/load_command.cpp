// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/host_memory.h"
#include "bench/campaign/host_record.h"
#include "bench/campaign/interruption.h"
#include "bench/campaign/lun_lease.h"
#include "bench/campaign/platform_measures.h"
#include "bench/campaign/safety.h"
#include "bench/cli/command.h"
#include "bench/cli/load_answer.h"
#include "bench/cli/load_options.h"
#include "bench/cli/outputs.h"
#include "bench/cli/say.h"
#include "bench/exchange/foreign_run.h"
#include "bench/exchange/merge.h"
#include "bench/load/lane_keepers.h"
#include "bench/load/load_run.h"
#include "bench/load/recording_driver.h"
#include "bench/plan/driver_assembly.h"
#include "drivers/api/errors.h"
#include "drivers/api/monotonic_clock.h"
#include "profiles/random.h"
#include "results/round_end.h"
#include "results/text/human.h"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <memory>

namespace bench::cli {

int load_command(const Arguments& arguments);

namespace {

bool holds_nobodys_data(const plan::Url& url) {
    return url.kind == plan::UrlKind::memory || url.kind == plan::UrlKind::null;
}

profiles::WorkingSet working_set(const LoadRequest& request, const drivers::Geometry& geometry) {
    const std::uint64_t capacity = geometry.block_count * geometry.block_bytes;
    profiles::WorkingSet out{request.offset_bytes, request.size_bytes, geometry.block_bytes};
    if (out.from_bytes % geometry.block_bytes != 0 || out.from_bytes > capacity) {
        throw drivers::UsageError(
            fmt::format("--offset: {} bytes: wanted a multiple of the block of {} bytes within the "
                        "LUN of {} bytes",
                        out.from_bytes,
                        geometry.block_bytes,
                        capacity));
    }
    if (out.size_bytes == 0) {
        out.size_bytes = capacity - out.from_bytes;
    }
    if (out.size_bytes > capacity - out.from_bytes) {
        throw drivers::UsageError(fmt::format("--size: {} bytes from {} on: the LUN has {} bytes",
                                              out.size_bytes,
                                              out.from_bytes,
                                              capacity));
    }
    return out;
}

plan::DriverOptions options_of(const LoadRequest& request) {
    plan::DriverOptions options;
    options.depth = request.depth_per_job;
    options.paths = request.any_paths ? plan::PathsWanted::any : plan::PathsWanted::all;
    return options;
}

// The LUN that was looked at first is the one that every session must lead to.
struct LoadedLun {
    plan::Url url;
    plan::DriverOptions options;
    drivers::LunReport report;
    std::optional<campaign::LunLease> lease; // Of what is written to.
    std::optional<campaign::LunLease> part;  // And of its own part of that.
};

// The parts of one load share the LUN: they say the same and begin at one instant, by which they
// know each other.
std::string lease_token(const LoadRequest& request) {
    if (request.shard.count < 2) {
        return campaign::new_lease_token();
    }
    if (!request.start_at) {
        throw drivers::UsageError("--shard of a load that writes: wanted --start-at beside it, by "
                                  "which its parts know each other");
    }
    return fmt::format("load-{}-{}-{}-{}",
                       request.shard.count,
                       request.start_at->time_since_epoch().count(),
                       request.seed,
                       request.summary);
}

LoadedLun looked_at(const LoadRequest& request, drivers::Clock& clock) {
    LoadedLun out;
    out.url = plan::parse_url(request.url);
    out.options = options_of(request);
    out.report = plan::probe_lun(out.url, out.options, clock);
    out.options.expected = drivers::mark_of(out.report.identity, out.report.geometry);
    if (profiles::writes(request.workload) && !holds_nobodys_data(out.url)) {
        const std::string token = lease_token(request);
        if (request.shard.count > 1) {
            out.part.emplace(*out.options.expected,
                             campaign::new_lease_token(),
                             campaign::lease_part_name(request.shard.index, request.shard.count));
        }
        out.lease.emplace(*out.options.expected, token);
    }
    return out;
}

std::vector<load::Lane>
open_lanes(const LoadRequest& request, const LoadedLun& lun, drivers::Clock& clock) {
    std::vector<load::Lane> lanes(request.jobs);
    for (std::uint32_t i = 0; i < request.jobs; ++i) {
        load::Lane& lane = lanes[i];
        lane.drivers.push_back(plan::open_driver(lun.url, lun.options, clock));
        const auto set = working_set(request, lane.drivers[0]->geometry());
        const profiles::Shard part{request.shard.index * request.jobs + i,
                                   request.shard.count * request.jobs};
        lane.source = profiles::make_source(request.workload, set, request.seed, part);
        lane.access_bytes_max = profiles::largest_access_bytes(request.workload);
        lane.reduction = profiles::reduction_of(request.workload);
        lane.content_seed = profiles::mixed(request.seed) + part.index;
    }
    if (profiles::writes(request.workload) && !holds_nobodys_data(lun.url)) {
        campaign::check_may_write(*lanes[0].drivers[0],
                                  lun.report,
                                  {request.destroy, request.overwrite_data, request.seed});
    }
    return lanes;
}

void print_interval(const results::IntervalRecord& interval) {
    tell("{:>6} {:<5} {:>12} p50 {} p99 {} max {}{}\n",
         results::text::duration(static_cast<double>(interval.from_ns + interval.length_ns)),
         interval.ramp ? "ramp" : interval.phase,
         results::text::per_second(static_cast<double>(interval.completed) * 1e9 /
                                   static_cast<double>(interval.length_ns)),
         results::text::duration(static_cast<double>(interval.response_ns_p50)),
         results::text::duration(static_cast<double>(interval.response_ns_p99)),
         results::text::duration(static_cast<double>(interval.response_ns_max)),
         interval.invalid.empty() ? "" : "  INVALID: " + interval.invalid);
}

// Leaves what the LUN must hold in the file that was named, if one was.
void keep(const integrity::Expectation& expectation, const std::string& path, bool finished) {
    if (!path.empty()) {
        expectation.save(path, finished);
    }
}

// What a load has left: how it went, and with verification what the LUN must hold.
struct Driven {
    results::RoundRecord round;
    std::unique_ptr<integrity::Expectation> expectation;
};

// Runs with the data watched: what is written is stamped, what is read is held against it.
Driven run_verified(std::span<load::Lane> lanes,
                    const LoadRequest& request,
                    const drivers::LunReport& report,
                    const load::LoadSettings& settings,
                    drivers::Clock& clock) {
    const drivers::BlockDriver& driver = *lanes[0].drivers[0];
    const drivers::LunMark lun = drivers::mark_of(driver.identity(), driver.geometry());
    const auto set = working_set(request, driver.geometry());
    Driven out;
    out.expectation = load::make_expectation(request.workload, set, lun);
    load::VerifySettings verify = load::verify_settings_for(report);
    verify.verify = request.verify;
    verify.set = set;
    verify.canary = request.canary;
    {
        const load::LaneKeepers keepers(*out.expectation, lanes, request.workload, verify);
        // Nothing stands in the way any more: instead of an older one, should this end.
        keep(*out.expectation, request.expectation, false);
        results::RoundRecord& round = out.round;
        round = load::run_load(lanes, settings, clock);
        round.findings =
            integrity::records_of(keepers.findings(), load::calendar_now(), request.url);
        const integrity::KeeperCounts counts = keepers.counts();
        round.measures["sectors_stamped"] = static_cast<double>(counts.sectors_stamped);
        round.measures["sectors_checked"] = static_cast<double>(counts.sectors_checked);
        round.measures["sectors_unchecked"] = static_cast<double>(counts.sectors_unchecked);
    }
    return out;
}

// Before anything is driven: the answer would be lost, or stand in the way, after it.
void check_outputs(const LoadRequest& request) {
    check_new_folder("record", request.record);
    check_output_file("write_iolog", request.write_iolog);
    check_output_file("expectation", request.expectation);
}

// 1 a finding, 3 array or I/O, 4 another LUN answered, 6 interrupted, 7 the bench did not offer
// what was asked.
int exit_code(const results::RoundRecord& round) {
    std::uint64_t errors = 0;
    for (const auto& stream : round.streams) {
        errors += stream.failed + stream.timed_out + stream.lost;
    }
    const results::RoundEnd end = results::end_of(round.ended);
    if (end == results::RoundEnd::refused) {
        return 4;
    }
    if (errors > 0 || results::is_by_array(end)) {
        return 3;
    }
    if (end != results::RoundEnd::complete) {
        return 6;
    }
    for (const auto& finding : round.findings) {
        if (finding.severity == "finding") {
            return 1;
        }
    }
    return round.audit.invalid.empty() ? 0 : 7;
}

// All hosts begin at one instant, if they were told one.
void wait_for_start(const LoadRequest& request, drivers::Clock& clock) {
    using namespace std::chrono_literals;
    if (!request.start_at) {
        return;
    }
    if (*request.start_at <= std::chrono::system_clock::now()) {
        throw drivers::UsageError("--start-at: this instant has passed");
    }
    while (!campaign::Interruption::raised()) {
        const auto left = *request.start_at - std::chrono::system_clock::now();
        if (left <= 0ns) {
            return;
        }
        clock.sleep_until(clock.now() + std::min<std::chrono::nanoseconds>(left, 50ms));
    }
}

results::ArrayRecord array_of(const plan::Url& url,
                              const drivers::Geometry& geometry,
                              const drivers::Identity& identity) {
    results::ArrayRecord out;
    out.name = "lun";
    out.emulated = holds_nobodys_data(url);
    out.url = url.text();
    out.vendor = identity.vendor;
    out.product = identity.product;
    out.revision = identity.revision;
    out.serial = identity.serial;
    out.unique_id = identity.unique_id;
    out.capacity_bytes = geometry.block_count * geometry.block_bytes;
    out.block_bytes = geometry.block_bytes;
    return out;
}

// One round as a run, for those who read runs.
results::RunRecord load_run(const LoadRequest& request,
                            results::RoundRecord round,
                            const results::ArrayRecord& array,
                            const Arguments& arguments) {
    results::RunRecord out;
    round.array = array.name;
    round.workload = profiles::workload_name(request.workload);
    round.point = request.summary;
    round.seed = request.seed;
    out.id = std::filesystem::path(request.record).filename().string();
    out.plan_name = "load: " + request.summary;
    out.seed = request.seed;
    out.started_utc_ns = round.started_utc_ns;
    out.finished_utc_ns = round.started_utc_ns + round.ramp_ns + round.duration_ns;
    out.complete = round.ended == "complete";
    out.interrupted = out.complete ? "" : round.ended;
    out.host = campaign::describe_host();
    out.host[exchange::shard_key] =
        fmt::format("{}/{}", request.shard.index + 1, request.shard.count);
    out.command = fmt::format("arraybench load {}", fmt::join(arguments, " "));
    out.arrays.push_back(array);
    out.not_seen.emplace_back("an ad-hoc load: one round, not paired with another; egress was not "
                              "watched");
    out.findings = round.findings;
    out.rounds.push_back(std::move(round));
    return out;
}

// What a recording calls the LUN: a path where fio can open it, else a word for --replay_redirect.
std::string name_for_fio(const plan::Url& url) {
    const bool is_plain = url.path.find_first_of(" \t\n") == std::string::npos;
    return url.kind == plan::UrlKind::block_device && is_plain ? url.path : "lun";
}

// A LUN in memory grows with what is written to it: better refused than ended by the kernel.
void check_memory(const LoadRequest& request, const plan::Url& url) {
    if (url.kind == plan::UrlKind::memory && profiles::writes(request.workload)) {
        const auto touched = static_cast<double>(
            request.size_bytes > 0 ? std::min(request.size_bytes, url.size_bytes) : url.size_bytes);
        const double seconds =
            std::chrono::duration<double>(request.ramp + request.runtime).count();
        campaign::MemoryNeed need;
        need.luns_bytes = campaign::kept_bytes(touched, seconds);
        need.bookkeeping_bytes = need.luns_bytes / profiles::write_unit_bytes(request.workload) *
                                 sizeof(std::uint64_t); // A word for each block's content.
        campaign::check_memory(need, campaign::memory_available_bytes());
    }
}

} // namespace

int load_command(const Arguments& arguments) {
    const auto request = read_load_request(arguments);
    if (!request) {
        return 0;
    }
    const plan::Url url = plan::parse_url(request->url);
    drivers::MonotonicClock clock;
    const campaign::Interruption guard;
    check_outputs(*request);
    check_memory(*request, url);
    const LoadedLun lun = looked_at(*request, clock);
    auto lanes = open_lanes(*request, lun, clock);
    const drivers::Geometry geometry = lanes[0].drivers[0]->geometry();
    const drivers::Identity identity = lanes[0].drivers[0]->identity();
    const results::ArrayRecord lanes_report = array_of(url, geometry, identity);
    // Asked now: a lane whose array stays silent has no drivers any more when it is over.
    const std::vector<std::string> missing_paths = plan::missing_paths(*lanes[0].drivers[0]);

    load::LoadSettings settings;
    settings.ramp = request->ramp;
    settings.duration = request->runtime;
    settings.interval = request->interval;
    const profiles::Offer offer = profiles::offer_of(request->workload);
    settings.offered_per_s = offer.open_loop ? offer.rate_per_s / request->shard.count : 0;
    settings.offers_own_schedule = offer.open_loop && !offer.is_exact;
    settings.limits.ahead_of_others = offer.open_loop || url.kind != plan::UrlKind::block_device;
    settings.keeps_interval_histograms = request->shard.count > 1;
    settings.stop = &campaign::Interruption::flag();
    if (request->progress) {
        settings.on_interval = print_interval;
    }
    load::Recording recording(clock);
    if (!request->write_iolog.empty()) {
        recording.listen_to(lanes);
    }
    wait_for_start(*request, clock);
    Driven driven;
    if (request->verify == integrity::Verify::none) {
        driven.round = load::run_load(lanes, settings, clock);
    } else {
        driven = run_verified(lanes, *request, lun.report, settings, clock);
    }
    campaign::add_platform_measures(request->workload, driven.round);
    const LoadAnswer answer{*request, driven.round, geometry, identity, missing_paths};
    say("{}", request->json ? load_json(answer) : load_text(answer)); // Whatever becomes of files.
    if (driven.expectation) {
        keep(*driven.expectation, request->expectation, true);
    }
    if (!request->write_iolog.empty()) {
        recording.save(request->write_iolog, {name_for_fio(url), request->iolog_version});
    }
    if (!request->record.empty()) {
        exchange::write_run(request->record,
                            load_run(*request, driven.round, lanes_report, arguments));
    }
    if (results::end_of(driven.round.ended) > results::RoundEnd::interrupted) {
        tell_at_last("arraybench: {}: {}\n", url.text(), driven.round.ended);
    }
    return exit_code(driven.round);
}

} // namespace bench::cli
