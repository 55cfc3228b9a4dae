// SPDX-License-Identifier: Apache-2.0
#include "bench/load/load_run.h"

#include "bench/load/interval_series.h"
#include "bench/measure/host_cpu.h"
#include "bench/measure/offered_load.h"
#include "drivers/api/errors.h"
#include "results/put_off.h"
#include "results/round_end.h"

#include <algorithm>
#include <chrono>
#include <fmt/format.h>
#include <map>
#include <thread>
#include <tuple>

namespace bench::load {

namespace {

using LaneThreads = std::vector<std::unique_ptr<LaneThread>>;

void check_lanes(std::span<Lane> lanes, const LoadSettings& settings) {
    if (settings.duration.count() <= 0 || settings.interval.count() <= 0) {
        throw drivers::UsageError("a load needs a duration and an interval above zero");
    }
    for (const Lane& lane : lanes) {
        for (const auto& driver : lane.drivers) {
            const std::uint32_t most = driver->geometry().transfer_bytes_max;
            if (most != 0 && lane.access_bytes_max > most) {
                throw drivers::UsageError(
                    fmt::format("block size {}: this LUN takes at most {} bytes in one request",
                                lane.access_bytes_max,
                                most));
            }
        }
    }
}

// Waits for the lanes' news, reports intervals and reads the CPU counters at the window's ends.
class Coordinator {
public:
    Coordinator(LaneThreads& lanes, IntervalSeries& series)
        : lanes_(lanes)
        , series_(series) {}

    void run(std::atomic<std::uint32_t>& progress, const std::atomic<std::uint32_t>& ended) {
        for (std::uint32_t seen = 0;;) {
            const bool all_ended = ended.load(std::memory_order_acquire) == lanes_.size();
            read_cpu();
            series_.collect();
            if (all_ended) {
                return;
            }
            const std::uint32_t now = progress.load(std::memory_order_acquire);
            if (now == seen) {
                progress.wait(seen, std::memory_order_acquire);
            }
            seen = now;
        }
    }

    const measure::CpuUse& from() const { return from_; }
    const measure::CpuUse& to() const { return to_; }

private:
    void read_cpu() {
        if (!begun_ && lanes_.front()->is_in_window()) {
            begun_ = true;
            from_ = measure::CpuUse::now();
        }
        if (!over_ && lanes_.front()->is_past_window()) {
            over_ = true;
            to_ = measure::CpuUse::now();
        }
    }

    LaneThreads& lanes_;
    IntervalSeries& series_;
    measure::CpuUse from_;
    measure::CpuUse to_;
    bool begun_ = false;
    bool over_ = false;
};

void add_streams(const LaneThreads& threads, std::span<Lane> lanes, results::RoundRecord& out) {
    for (const auto& info : lanes.front().source->streams()) {
        out.streams.emplace_back();
        out.streams.back().name = info.name;
        out.streams.back().operation = info.operation;
    }
    for (const auto& thread : threads) {
        const auto tallies = thread->recorder().streams();
        for (std::size_t i = 0; i < tallies.size() && i < out.streams.size(); ++i) {
            tallies[i].add_to(out.streams[i]);
        }
    }
}

void add_audit(const LaneThreads& threads,
               const LoadSettings& settings,
               const Coordinator& coordinator,
               results::RoundRecord& out) {
    results::AuditRecord& audit = out.audit;
    std::uint64_t completed_in_window = 0;
    for (const auto& thread : threads) {
        const measure::Recorder& recorder = thread->recorder();
        audit.scheduled += recorder.scheduled();
        audit.submitted += recorder.submitted_in_window();
        audit.slip_ns.merge(recorder.slip_ns());
        audit.lane_cpu_fraction = std::max(audit.lane_cpu_fraction, thread->cpu_fraction());
        completed_in_window += recorder.completed_in_window();
    }
    results::Histogram response_ns;
    for (const auto& stream : out.streams) {
        audit.completed += stream.completed;
        response_ns.merge(stream.response_ns);
    }
    audit.offered_per_s = settings.offered_per_s;
    if (out.duration_ns > 0) {
        const double seconds = static_cast<double>(out.duration_ns) * 1e-9;
        audit.achieved_per_s = static_cast<double>(completed_in_window) / seconds;
        if (settings.offers_own_schedule) {
            audit.offered_per_s = static_cast<double>(audit.scheduled) / seconds;
        }
    }
    audit.host_cpu_fraction = measure::host_fraction(coordinator.from(), coordinator.to());
    if (completed_in_window > 0) {
        audit.cpu_s_per_million = (coordinator.to().process_s - coordinator.from().process_s) *
                                  1e6 / static_cast<double>(completed_in_window);
    }
    measure::judge_offered_load(audit, response_ns);
}

void add_held_back(const LaneThreads& threads, results::RoundRecord& out) {
    HeldBack sum;
    for (const auto& thread : threads) {
        const HeldBack& one = thread->held_back();
        sum.writes += one.writes;
        sum.never_sent += one.never_sent;
        sum.longest = std::max(sum.longest, one.longest);
    }
    if (sum.writes > 0) {
        out.measures["writes_held_back"] = static_cast<double>(sum.writes);
        out.measures["writes_held_back_never_sent"] = static_cast<double>(sum.never_sent);
        out.measures["writes_held_back_ns_max"] = static_cast<double>(sum.longest.count());
    }
}

// What the array asked to come again with, and how long one access waited for that.
void add_put_off(std::span<const Lane> lanes, results::RoundRecord& out) {
    drivers::PutOff sum;
    for (const Lane& lane : lanes) {
        for (const auto& driver : lane.drivers) {
            const drivers::PutOff one = driver->put_off();
            sum.attentions += one.attentions;
            sum.times += one.times;
            sum.longest = std::max(sum.longest, one.longest);
        }
    }
    if (sum.attentions + sum.times > 0) {
        out.measures[results::put_off_attentions] = static_cast<double>(sum.attentions);
        out.measures[results::put_off_times] = static_cast<double>(sum.times);
        out.measures[results::put_off_longest] = static_cast<double>(sum.longest.count());
    }
}

double longest_put_off_s(std::span<const Lane> lanes) {
    drivers::Duration out{0};
    for (const Lane& lane : lanes) {
        for (const auto& driver : lane.drivers) {
            out = std::max(out, driver->put_off().longest);
        }
    }
    return std::chrono::duration<double>(out).count();
}

std::string_view words_for(drivers::DriverEnd end) {
    switch (end) {
    case drivers::DriverEnd::another_lun:
    case drivers::DriverEnd::less_secure:
        return results::refused_words;
    case drivers::DriverEnd::broke_protocol:
        return results::broke_protocol_words;
    case drivers::DriverEnd::none:
    case drivers::DriverEnd::lost:
        break;
    }
    return results::array_lost_words;
}

} // namespace

std::string ended_text(drivers::DriverEnd end, std::string_view reason) {
    return results::end_text(words_for(end), reason);
}

namespace {

// Why the array itself ended the load, by the worst that any driver says, also one that was asked
// for nothing any more; empty = it did not.
std::string array_ending(std::span<const Lane> lanes) {
    std::string out;
    for (const Lane& lane : lanes) {
        for (const auto& driver : lane.drivers) {
            if (driver->ended() == drivers::DriverEnd::none) {
                continue;
            }
            std::string text = ended_text(driver->ended(), driver->end_reason());
            if (out.empty() || results::end_of(text) > results::end_of(out)) {
                out = std::move(text);
            }
        }
    }
    return out;
}

std::string
ending(const LaneThreads& threads, std::span<const Lane> lanes, const LoadSettings& settings) {
    if (std::string by_array = array_ending(lanes); !by_array.empty()) {
        return by_array;
    }
    std::size_t unanswered = 0;
    std::size_t put_off = 0; // Of them: the array answers, and asks to come again.
    bool interrupted = false;
    for (const auto& thread : threads) {
        unanswered += thread->unanswered();
        put_off += thread->was_put_off() ? thread->unanswered() : 0;
        interrupted = interrupted || thread->end() == LaneEnd::interrupted;
    }
    if (unanswered > 0 && put_off == unanswered) {
        return fmt::format("not ready for {:.3g} s: {} requests still put off {} s after the end",
                           longest_put_off_s(lanes),
                           unanswered,
                           std::chrono::duration<double>(settings.limits.drain).count());
    }
    if (unanswered > 0) {
        return fmt::format("array lost: {} requests unanswered {} s after the end",
                           unanswered,
                           std::chrono::duration<double>(settings.limits.drain).count());
    }
    return interrupted ? "interrupted" : std::string(results::complete_words);
}

// Who lost most, of each kind; the sums stand among the measures.
void add_losses(std::span<const Lane> lanes, results::RoundRecord& out) {
    constexpr std::size_t told_most = 20;
    std::map<std::string, std::vector<results::LossRecord>> kinds;
    for (const Lane& lane : lanes) {
        for (const profiles::Loss& one : lane.source->losses()) {
            kinds[one.kind].push_back({one.kind, one.number, one.units, one.seconds});
        }
    }
    for (auto& [kind, list] : kinds) {
        std::sort(list.begin(), list.end(), [](const auto& left, const auto& right) {
            return std::tie(right.units, right.seconds, left.number) <
                   std::tie(left.units, left.seconds, right.number);
        });
        list.resize(std::min(list.size(), told_most));
        if (!out.losses) {
            out.losses.emplace();
        }
        out.losses->insert(out.losses->end(), list.begin(), list.end());
    }
}

// Staying awake for long is for lanes that leave a processor to the rest of the host: an emulated
// array needs one too.
LaneLimits limits_here(LaneLimits limits, std::size_t lanes) {
    constexpr drivers::Duration crowded = std::chrono::microseconds(50);
    if (lanes >= std::thread::hardware_concurrency()) {
        limits.spin_max = std::min(limits.spin_max, crowded);
    }
    return limits;
}

void run_threads(LaneThreads& threads, const LoadSettings& settings, Coordinator& coordinator) {
    std::atomic<std::uint32_t> progress{0};
    std::atomic<std::uint32_t> ended{0};
    std::atomic<bool> array_ended{false};
    std::vector<std::jthread> running;
    for (auto& thread : threads) {
        running.emplace_back([&thread, &settings, &array_ended, &progress, &ended] {
            thread->run({settings.stop, array_ended}, progress);
            ended.fetch_add(1, std::memory_order_release);
            progress.fetch_add(1, std::memory_order_release);
            progress.notify_all();
        });
    }
    coordinator.run(progress, ended);
}

drivers::TimePoint starting_instant(const LoadSettings& settings, drivers::Clock& clock) {
    constexpr drivers::Duration head_start = std::chrono::milliseconds(2);
    const drivers::TimePoint asked = settings.start ? settings.start() : drivers::TimePoint{};
    const drivers::TimePoint out = std::max(asked, clock.now() + head_start);
    if (settings.started) {
        settings.started(out);
    }
    return out;
}

drivers::TimePoint last_answer(const LaneThreads& threads) {
    drivers::TimePoint out = threads.front()->ended_at();
    for (const auto& thread : threads) {
        out = std::max(out, thread->ended_at());
    }
    return out;
}

} // namespace

results::RoundRecord
run_load(std::span<Lane> lanes, const LoadSettings& settings, drivers::Clock& clock) {
    check_lanes(lanes, settings);
    results::RoundRecord out;
    measure::Window window;
    window.interval = settings.interval;
    window.epoch = clock.now();
    window.from = window.epoch + settings.ramp;
    window.until = window.from + settings.duration;
    LaneThreads threads;
    const LaneLimits limits = limits_here(settings.limits, lanes.size());
    for (Lane& lane : lanes) {
        threads.push_back(std::make_unique<LaneThread>(lane, clock, window, limits));
    }
    const drivers::TimePoint epoch = starting_instant(settings, clock);
    out.started_utc_ns =
        std::chrono::nanoseconds(std::chrono::system_clock::now().time_since_epoch()).count() +
        (epoch - clock.now()).count();
    for (auto& thread : threads) {
        thread->start_at(epoch);
    }
    IntervalSeries series(threads, threads.front()->recorder().window(), settings);
    Coordinator coordinator(threads, series);
    run_threads(threads, settings, coordinator);
    out.done_ns = (last_answer(threads) - epoch).count();

    const measure::Window& measured = threads.front()->recorder().window(); // Cut by a stop.
    out.ramp_ns = settings.ramp.count();
    out.duration_ns = std::max<std::int64_t>((measured.until - measured.from).count(), 0);
    add_streams(threads, lanes, out);
    add_audit(threads, settings, coordinator, out);
    for (const Lane& lane : lanes) {
        for (const profiles::Measure& measure : lane.source->measures()) {
            double& sum = out.measures[measure.name];
            const bool is_worst =
                measure.name.ends_with("_at_most"); // Of the lanes, not their sum.
            sum = is_worst ? std::max(sum, measure.value) : sum + measure.value;
        }
    }
    add_losses(lanes, out);
    add_held_back(threads, out);
    out.intervals = series.finish();
    add_put_off(lanes, out);
    out.ended = ending(threads, lanes, settings);
    for (std::size_t i = 0; i < threads.size(); ++i) {
        if (threads[i]->unanswered() > 0) {
            lanes[i].drivers.clear();
        }
    }
    return out;
}

} // namespace bench::load
