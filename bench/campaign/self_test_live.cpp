// SPDX-License-Identifier: Apache-2.0
// Rows through real sockets: whole campaigns against emulated arrays in child processes.
#include "bench/campaign/live_bed.h"
#include "bench/campaign/scratch_space.h"
#include "bench/campaign/self_test.h"
#include "drivers/api/monotonic_clock.h"

#include <algorithm>
#include <csignal>
#include <functional>
#include <stdexcept>
#include <stop_token>
#include <thread>

namespace bench::campaign {

using namespace std::chrono_literals;

namespace {

constexpr int attempts_most = 3; // A host that was busy elsewhere says nothing of the bench.

// Small writes that are forced to stable media, reads between them.
constexpr const char* forced = R"("streams": [
    {"name": "read", "operation": "read", "share": 0.5, "block": "4KiB", "locality": "uniform"},
    {"name": "write", "operation": "write", "share": 0.5, "block": "4KiB", "fua": 1,
     "locality": "uniform"}],
    "arrivals": {"kind": "poisson", "rate": "400/s"}, "flush": {"every_writes": 10})";

// Flushed once or twice, so that something is known to be durable, and not at the end.
constexpr const char* unforced = R"("streams": [
    {"name": "write", "operation": "write", "share": 1, "block": "4KiB", "locality": "uniform"}],
    "arrivals": {"kind": "poisson", "rate": "400/s"}, "flush": {"every_writes": 130})";

constexpr const char* unmapping = R"("streams": [
    {"name": "write", "operation": "write", "share": 0.95, "block": "4KiB", "locality": "uniform"},
    {"name": "unmap", "operation": "unmap", "share": 0.05, "block": "64KiB",
     "locality": "uniform"}],
    "arrivals": {"kind": "poisson", "rate": "400/s"})";

constexpr const char* reads = R"("streams": [
    {"name": "read", "operation": "read", "share": 1, "block": "4KiB", "locality": "uniform"}],
    "arrivals": {"kind": "poisson", "rate": "500/s"})";

constexpr const char* volatile_cache = R"({"cache": {"volatile": true}})";
constexpr const char* even_service = R"({"processors": 256, "read": "3ms"})";

// Real time, until told otherwise: costs more to look at, or jumps once.
class FlawedClock final : public drivers::Clock {
public:
    drivers::TimePoint now() const noexcept override {
        const drivers::TimePoint real = real_.now();
        while (real_.now() - real < costs_) {
        }
        return real_.now() + (real >= jumps_at_ ? jumps_by_ : 0ns);
    }
    void sleep_until(drivers::TimePoint due) override {
        real_.sleep_until(real_.now() >= jumps_at_ ? due - jumps_by_ : due);
    }
    void cost(drivers::Duration each) { costs_ = each; }
    void jump(drivers::Duration after, drivers::Duration by) {
        jumps_at_ = real_.now() + after;
        jumps_by_ = by;
    }

private:
    drivers::MonotonicClock real_;
    drivers::Duration costs_{0};
    drivers::TimePoint jumps_at_ = drivers::TimePoint::max();
    drivers::Duration jumps_by_{0};
};

std::set<std::string> said_of_data(const results::RunRecord& run) {
    std::set<std::string> out;
    for (const results::RoundRecord& round : run.rounds) {
        for (const results::FindingRecord& finding : round.findings) {
            out.insert(finding.kind);
        }
    }
    return out;
}

const results::RunRecord& whole(const results::RunRecord& run) {
    if (!run.complete || run.rounds.empty()) {
        throw std::runtime_error("the campaign did not end: " + run.interrupted);
    }
    return run;
}

SelfTestRow data_row(const std::string& name, std::set<std::string> expected, const LiveRun& what) {
    SelfTestRow out{what.transport + ": " + name, std::move(expected), {}, {}};
    try {
        drivers::MonotonicClock clock;
        out.found = said_of_data(whole(run_live(what, clock)));
    } catch (const std::exception& error) {
        out.problem = error.what();
    }
    return out;
}

// What one run left on the LUN shows where a write of the next one was lost.
SelfTestRow foreign_row(const std::string& transport, LiveRun what) {
    SelfTestRow out{transport + ": another run's data under a lost write", {"foreign run"}, {}, {}};
    try {
        const ScratchSpace folder("self-test");
        drivers::MonotonicClock clock;
        what.backing_file = folder / "lun0";
        what.lun_size = "64MiB"; // Few blocks are written twice.
        LiveRun earlier = what;
        earlier.disturbances.clear();
        what.writes_first = false;
        out.found = said_of_data(whole(run_live(earlier, clock)));
        out.found.merge(said_of_data(whole(run_live(what, clock))));
    } catch (const std::exception& error) {
        out.problem = error.what();
    }
    return out;
}

// `act` may flaw the clock and returns what is to go on beside the campaign until it is stopped.
using Beside = std::function<void(const std::stop_token& over)>;
using Act = std::function<Beside(FlawedClock&)>;

std::set<std::string> said_once(const LiveRun& what, const Act& act) {
    FlawedClock clock;
    const Beside beside = act(clock);
    std::jthread meanwhile; // Asked to stop and waited for at the end, however that comes.
    if (beside) {
        meanwhile = std::jthread(beside);
    }
    const results::RunRecord run = run_live(what, clock);
    meanwhile.request_stop();
    std::set<std::string> out = said_of_data(run);
    for (const results::RoundRecord& round : whole(run).rounds) {
        out.merge(said_of_time(round));
    }
    return out;
}

SelfTestRow time_row(const std::string& name,
                     std::set<std::string> expected,
                     const LiveRun& what,
                     const Act& act) {
    SelfTestRow out{what.transport + ": " + name, std::move(expected), {}, {}};
    try {
        for (int attempt = 0; attempt < attempts_most && !out.is_right(); ++attempt) {
            out.found = said_once(what, act);
        }
    } catch (const std::exception& error) {
        out.problem = error.what();
    }
    return out;
}

Beside nothing(FlawedClock& /*clock*/) {
    return {};
}

// Stops the emulated array and lets it go on, again and again: it answers later than it means to.
void starve_children(const std::stop_token& over) {
    while (!over.stop_requested()) {
        const std::vector<int> children = own_children();
        for (const int child : children) {
            ::kill(child, SIGSTOP);
        }
        std::this_thread::sleep_for(20ms);
        for (const int child : children) {
            ::kill(child, SIGCONT);
        }
        std::this_thread::sleep_for(60ms);
    }
}

std::string event(const std::string& name, const std::string& parameters) {
    return R"({"name": ")" + name + R"(", "parameters": )" + parameters + "}";
}

LiveRun with(const std::string& transport, const char* workload, std::vector<std::string> events) {
    LiveRun out;
    out.transport = transport;
    out.workload = workload;
    out.disturbances = std::move(events);
    return out;
}

void add_data_rows(const std::string& transport, std::vector<SelfTestRow>& out) {
    const auto bad_writes = [&](const char* fault, std::set<std::string> expected) {
        out.push_back(data_row(
            fault, std::move(expected), with(transport, forced, {event(fault, R"({"next": 3})")})));
    };
    LiveRun honest = with(transport, forced, {event("power_cut", R"({"transition": "50ms"})")});
    honest.service = volatile_cache;
    out.push_back(data_row("none, with flushes, forced writes and a power cut", {}, honest));
    bad_writes("lost_write", {"stale"});
    bad_writes("misdirected_write", {"misdirected", "stale"});
    bad_writes("torn_write", {"torn"});
    bad_writes("zeroed_write", {"zeroed"});
    bad_writes("silent_corruption", {"corrupted"});
    out.push_back(data_row(
        "bit_rot", {"corrupted"}, with(transport, forced, {event("bit_rot", R"({"rate": 40})")})));
    LiveRun liar = with(
        transport,
        forced,
        {event("acknowledged_then_lost", "{}"), event("power_cut", R"({"transition": "50ms"})")});
    liar.service = volatile_cache;
    out.push_back(data_row("acknowledged_then_lost", {"lost after power cut"}, liar));
    LiveRun unflushed =
        with(transport, unforced, {event("power_cut", R"({"transition": "50ms"})")});
    unflushed.service = volatile_cache;
    out.push_back(
        data_row("none, a power cut some writes after a flush", {"unflushed loss"}, unflushed));
    LiveRun reordering =
        with(transport,
             unforced,
             {event("reorder_across_flush", R"({"next": 100})"), // An honest flush mends it.
              event("power_cut", R"({"transition": "50ms"})")});
    reordering.service = volatile_cache;
    reordering.phase_length = "800ms"; // Two flushes in each phase.
    reordering.lun_size = "256MiB";    // What is lost is not overwritten before it is read.
    out.push_back(
        data_row("reorder_across_flush", {"lost after power cut", "unflushed loss"}, reordering));
    LiveRun cached =
        with(transport, forced, {event("lost_write", R"({"next": 3, "cached_bytes": 67108864})")});
    cached.lun_size = "96MiB";
    cached.working_set = "16MiB"; // And room beside it for a read that exceeds the cache.
    out.push_back(data_row("lost_write that the cache hides, read at once", {}, cached));
    cached.verify_cache = "64MiB";
    out.push_back(data_row("lost_write that the cache hides, read later", {"stale"}, cached));
    out.push_back(
        foreign_row(transport, with(transport, forced, {event("lost_write", R"({"next": 1})")})));
    if (transport == "iscsi") { // Over NVMe deallocating is a hint that may be ignored.
        out.push_back(data_row("none, with unmaps", {}, with(transport, unmapping, {})));
        out.push_back(
            data_row("unmap_keeps_data",
                     {"unmapped but not zero"},
                     with(transport, unmapping, {event("unmap_keeps_data", R"({"next": 3})")})));
    }
}

void add_time_rows(const std::string& transport, std::vector<SelfTestRow>& out) {
    LiveRun even = with(transport, reads, {});
    even.service = even_service;
    even.rate = "500/s";
    even.phase_length = "4s";
    even.reads_back = false;
    out.push_back(time_row("none, under an even load", {}, even, nothing));
    LiveRun frozen = even;
    frozen.rate = "250/s";
    frozen.phase_length = "2500ms";
    frozen.disturbances = {event("stall", R"({"duration": "2s"})")};
    out.push_back(time_row("stall of 2 s", {"freeze in P99"}, frozen, nothing));
    LiveRun tail = even;
    tail.service = even_service;
    tail.phase_length = "1500ms";
    tail.disturbances = {event("slow_tail", R"({"share": 0.004, "extra": "200ms"})")};
    out.push_back(time_row("slow_tail of 0.4 %", {"slow tail from P99.9"}, tail, nothing));
    LiveRun short_one = even;
    short_one.phase_length = "2s";
    out.push_back(time_row("overloaded generator",
                           {"generator overloaded"},
                           short_one,
                           [](FlawedClock& clock) -> Beside {
                               clock.cost(100us); // At each look.
                               return {};
                           }));
    out.push_back(time_row(
        "overloaded emulator", {"emulator overloaded"}, short_one, [](FlawedClock&) -> Beside {
            return starve_children;
        }));
    LiveRun stepped = even;
    stepped.rate = "250/s"; // The step makes a second's accesses due at once: too few to overload
                            // the emulator too.
    stepped.phase_length = "6s";
    out.push_back(time_row("clock step of 1 s",
                           {"clock or host stood still", "generator overloaded"},
                           stepped,
                           [](FlawedClock& clock) -> Beside {
                               clock.jump(3s, 1s);
                               return {};
                           }));
}

} // namespace

std::vector<SelfTestRow> self_test_live(LiveForm form) {
    std::vector<SelfTestRow> out;
    const auto add_all = [&out](const std::string& transport) {
        add_data_rows(transport, out);
        for (SelfTestRow& row : self_test_identity(transport)) {
            out.push_back(std::move(row));
        }
    };
    add_all("iscsi");
    if (form == LiveForm::brief) {
        return out;
    }
    add_all("nvme_tcp");
    add_time_rows("iscsi", out);
    add_time_rows("nvme_tcp", out);
    return out;
}

} // namespace bench::campaign
