// SPDX-License-Identifier: Apache-2.0
#include "tests/fakes/sample_run.h"

#include "tests/fakes/sample_capacity.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace tests {

using namespace results;

namespace {

constexpr std::int64_t second_ns = 1000000000;
constexpr std::int64_t started_utc_ns = 1795298400 * second_ns;

struct Character { // Of a made-up array.
    const char* name;
    double median_ns;
    double tail; // Larger = longer tail.
    double knee_per_s;
};
constexpr Character steady{"oceanstor-class", 410e3, 0.22, 11000};
constexpr Character quick{"alternative-a", 290e3, 0.31, 8600};

// A little noise that is the same everywhere: no library's distribution, no transcendental's last
// bit.
double wobble(unsigned a, unsigned b) {
    const unsigned mixed = (a * 2654435761U) ^ (b * 40503U + 977U);
    return static_cast<double>((mixed >> 8U) % 1000U) / 1000.0;
}

// Log-logistic, in whole microseconds so that no host's rounding shows.
std::uint64_t latency_ns(const Character& array, double load, double share) {
    const double queue = 1 / std::max(1.04 - load / array.knee_per_s, 0.06);
    const double value = array.median_ns * (0.75 + 0.25 * queue) *
                         std::pow(share / (1 - share), array.tail * (1 + 0.1 * queue));
    return static_cast<std::uint64_t>(value / 1000) * 1000;
}

Histogram histogram(const Character& array, double load, double samples, double scale) {
    Histogram out;
    constexpr int steps = 400;
    for (int i = 0; i < steps; ++i) {
        const double share = (i + 0.5) / steps;
        out.record(static_cast<std::uint64_t>(static_cast<double>(latency_ns(array, load, share)) *
                                              scale / 1000) *
                       1000,
                   static_cast<std::uint64_t>(samples / steps));
    }
    for (double tail = 0.999; tail < 0.99999; tail = 1 - (1 - tail) / 3) {
        out.record(latency_ns(array, load, tail),
                   static_cast<std::uint64_t>(samples * (1 - tail) * 0.6));
    }
    return out;
}

StreamRecord stream(const char* name, const char* operation, double samples) {
    StreamRecord out;
    out.name = name;
    out.operation = operation;
    out.completed = static_cast<std::uint64_t>(samples);
    return out;
}

std::vector<StreamRecord> streams(const Character& array, double load, double achieved) {
    std::vector<StreamRecord> out = {stream("content", "write", achieved * 7),
                                     stream("journal", "write FUA", achieved * 2),
                                     stream("playback", "read", achieved * 1)};
    const double sizes[] = {65536, 4096, 131072};
    const double scales[] = {1.0, 0.7, 1.6};
    for (std::size_t i = 0; i < out.size(); ++i) {
        const auto samples = static_cast<double>(out[i].completed);
        out[i].bytes = out[i].completed * static_cast<std::uint64_t>(sizes[i]);
        out[i].response_ns = histogram(array, load, samples, scales[i]);
        out[i].service_ns = histogram(array, load * 0.5, samples, scales[i]);
        out[i].wait_ns = histogram(array, load, samples, scales[i] * 0.05);
    }
    return out;
}

IntervalRecord interval(const Character& array, double load, double achieved, unsigned second) {
    IntervalRecord out;
    const double noise = wobble(second, static_cast<unsigned>(load));
    out.from_ns = second * second_ns;
    out.length_ns = second_ns;
    out.phase = "load";
    out.ramp = second < 2;
    const double share = (out.ramp ? 0.6 + 0.2 * second : 1.0) * (0.985 + 0.03 * noise);
    out.due = static_cast<std::uint64_t>(load);
    out.completed = static_cast<std::uint64_t>(achieved * share);
    out.submitted = out.completed;
    out.bytes_written = out.completed * 50000;
    out.bytes_read = out.completed * 13000;
    const double grown = 0.85 + 0.4 * noise;
    out.response_ns_p50 = static_cast<std::uint64_t>(
        static_cast<double>(latency_ns(array, load, 0.5)) * (0.95 + 0.1 * noise));
    out.response_ns_p99 =
        static_cast<std::uint64_t>(static_cast<double>(latency_ns(array, load, 0.99)) * grown);
    out.response_ns_max = out.response_ns_p99 * 4;
    out.outstanding_max = 12;
    return out;
}

struct Place {
    std::uint32_t index;
    std::uint32_t block;
};

RoundRecord round_at(const Character& array, double load, Place place, unsigned seconds) {
    RoundRecord out;
    const double achieved = std::min(load * 0.9995, array.knee_per_s * 0.985);
    out.index = place.index;
    out.block = place.block;
    out.array = array.name;
    out.workload = "national, scaled 1:40";
    out.point = fmt::format("{:.0f}/s", load);
    out.point_value = load;
    out.seed = 1000 + place.block;
    out.started_utc_ns = started_utc_ns + place.index * 14 * second_ns;
    out.ramp_ns = 2 * second_ns;
    out.duration_ns = (seconds - 2) * second_ns;
    out.streams = streams(array, load, achieved);
    for (unsigned second = 0; second < seconds; ++second) {
        out.intervals.push_back(interval(array, load, achieved, second));
    }
    out.audit.offered_per_s = load;
    out.audit.achieved_per_s = std::round(achieved * (0.9995 + 0.001 * wobble(place.index, 3)));
    out.audit.scheduled = static_cast<std::uint64_t>(load * (seconds - 2));
    out.audit.submitted = out.audit.scheduled;
    out.audit.completed = static_cast<std::uint64_t>(achieved * (seconds - 2));
    out.audit.slip_ns.record(9000, out.audit.scheduled * 99 / 100);
    out.audit.slip_ns.record(31000, out.audit.scheduled / 100);
    out.audit.lane_cpu_fraction = 0.125 + load / 32000;
    out.audit.host_cpu_fraction = 0.25 + load / 32000;
    out.audit.emulator_lateness_ns_p99 = 4000;
    out.audit.emulator_service_ns_p50 = 180000;
    out.measures = {{"commit_delay_ns_p99", std::round(array.median_ns * 9)}, {"lost_pdus", 0}};
    out.path_completed = {{"CTE0.A.H1", out.audit.completed}};
    out.ended = "complete";
    return out;
}

// Nothing completes from second 10 on, for as long as the array stalls; then a burst.
RoundRecord disturbed(const Character& array, Place place, unsigned stall_s) {
    RoundRecord out = round_at(array, 4000, place, 30);
    out.point = "4000/s with failover";
    out.point_value = 4000.5;
    for (IntervalRecord& one : out.intervals) {
        const auto second = static_cast<unsigned>(one.from_ns / second_ns);
        if (second >= 10 && second < 10 + stall_s) {
            one.phase = "disturb";
            one.completed = second == 10 ? 300 : 0;
            one.response_ns_p50 = one.response_ns_p99 = one.response_ns_max =
                second == 10 ? 800000 : 0;
        } else if (second >= 10 + stall_s && second < 12 + 2 * stall_s) {
            one.phase = "settle";
            one.completed = second == 10 + stall_s ? 7600 : 4300;
            one.response_ns_p99 = stall_s * 1000000000ULL / (second - 9 - stall_s);
            one.response_ns_p50 = one.response_ns_p99 / 2;
        }
    }
    DisturbanceRecord event;
    event.name = "controller A fails over";
    event.at_ns = 10 * second_ns;
    event.first_error_after_ns = 120000000;
    event.stall_ns = stall_s * second_ns - 80000000;
    event.recovered_after_ns = (stall_s * 2 + 1) * second_ns;
    event.late = stall_s * 4000;
    event.lost = stall_s > 3 ? 37 : 0;
    if (event.lost > 0) {
        out.streams[1].errors = {{"NOT READY, 04h/0Ah asymmetric access state transition", 37}};
    }
    event.note = "ALUA: paths of controller B became active/optimized.";
    out.disturbances.push_back(event);
    return out;
}

ArrayRecord array_record(const Character& character, const char* product, const char* serial) {
    ArrayRecord out;
    out.name = character.name;
    out.file = fmt::format("profiles/arrays/{}.json", character.name);
    out.url = "iscsi://127.0.0.1:41234/iqn.2026-01.example:target/1";
    out.transport = "iSCSI";
    out.vendor = "EXAMPLE";
    out.product = product;
    out.revision = "4301";
    out.serial = serial;
    out.unique_id = fmt::format("naa.6{}", serial);
    out.capacity_bytes = 64ULL << 30U;
    out.block_bytes = 512;
    out.ports = {{"CTE0.A.H1", "data", "br-lab0"},
                 {"CTE0.A.MGMT", "management", "br-lab0"},
                 {"CTE0.A.FC0", "FC", ""}};
    out.settings = {{"MaxBurstLength", "262144"},
                    {"ImmediateData", "Yes"},
                    {"HeaderDigest", "CRC32C"},
                    {"queue depth", "64"}};
    return out;
}

VerdictRecord verdict(const char* limit, const Character& array, Outcome outcome, double value) {
    VerdictRecord out;
    out.limit = limit;
    out.array = array.name;
    out.workload = "national, scaled 1:40";
    out.point = "8000/s";
    out.outcome = outcome;
    out.value = value;
    out.unit = "ns";
    return out;
}

void add_verdicts(RunRecord& run) {
    for (const Character* array : {&steady, &quick}) {
        const bool first = array == &steady;
        VerdictRecord one = verdict("journal response P99 at most 5 ms",
                                    *array,
                                    first ? Outcome::pass : Outcome::fail,
                                    first ? 2.84e6 : 6.31e6);
        one.bound = 5e6;
        one.low = one.value * 0.9375;
        one.high = one.value * 1.0625;
        run.verdicts.push_back(one);
        one = verdict("achieved at least 7,900/s", *array, Outcome::pass, first ? 7996 : 7991);
        one.bound = 7900;
        one.unit = "/s";
        run.verdicts.push_back(one);
        one = verdict("stall at failover at most 4 s",
                      *array,
                      first ? Outcome::pass : Outcome::inconclusive,
                      first ? 2.92e9 : 3.92e9);
        one.point = "4000/s with failover";
        one.bound = 4e9;
        one.low = one.value - 0.25e9;
        one.high = one.value + 0.25e9;
        one.reason = first ? "" : "The interval contains the limit after 2 rounds.";
        run.verdicts.push_back(one);
        one = verdict("response P99.999 at most 200 ms", *array, Outcome::not_measured, 0);
        one.bound = 200e6;
        one.reason = "Fewer than 10 samples above the percentile.";
        one.demanded = false;
        run.verdicts.push_back(one);
    }
}

void compare(RunRecord& run, const char* metric, double ratio, double spread, Word word) {
    ComparisonRecord out;
    out.metric = metric;
    out.workload = "national, scaled 1:40";
    out.point = "4000/s";
    out.baseline = steady.name;
    out.candidate = quick.name;
    out.ratio = ratio;
    out.low = ratio * (1 - spread);
    out.high = ratio * (1 + spread);
    out.pairs = 12;
    out.p_value = 0.002;
    out.p_value_holm = 0.008;
    out.word = word;
    out.primary = run.comparisons.size() < 4;
    out.higher_is_better = std::string(metric).starts_with("throughput");
    out.noise_floor = 0.015;
    run.comparisons.push_back(out);
}

void add_findings(RunRecord& run) {
    FindingRecord stale;
    stale.kind = "stale";
    stale.severity = "finding";
    stale.array = quick.name;
    stale.phase = "verify";
    stale.summary = "A write that was acknowledged and flushed came back as the generation before.";
    stale.details = {{"address", "LBA 81,920 (40 MiB)"},
                     {"expected", "generation 7, acknowledged 12:00:41.318 UTC"},
                     {"found", "generation 6, written 12:00:12.004 UTC"},
                     {"first seen", "12:04:02.771 UTC, after a cache-exceeding read"}};
    stale.cutout =
        "00000000  61 72 62 31 00 00 00 07  00 00 00 00 00 01 40 00  |arb1..........@.|\n"
        "00000010  00 00 00 00 00 00 00 06  5e 0c 11 92 aa 10 7b 21  |........^.....{!|";
    stale.at_utc_ns = started_utc_ns + 242 * second_ns;
    run.findings.push_back(stale);

    FindingRecord beacon;
    beacon.area = "egress";
    beacon.kind = "unlisted flow";
    beacon.severity = "finding";
    beacon.array = quick.name;
    beacon.phase = "load";
    beacon.summary = "CTE0.A.MGMT opened TCP connections to 203.0.113.9:443, which no rule allows.";
    beacon.details = {{"bytes", "18,204 in 12 connections"},
                      {"rule", "default deny"},
                      {"Wireshark filter", "ip.addr == 203.0.113.9 && tcp.port == 443"}};
    beacon.at_utc_ns = started_utc_ns + 61 * second_ns;
    run.findings.push_back(beacon);

    FindingRecord note;
    note.kind = "lost without flush";
    note.severity = "note";
    note.array = steady.name;
    note.summary = "128 unflushed writes were lost in a power cut; this is legal.";
    run.findings.push_back(note);
}

void add_coverage(RunRecord& run) {
    for (const Character* array : {&steady, &quick}) {
        const bool first = array == &steady;
        IntegrityRecord integrity;
        integrity.array = array->name;
        integrity.verify = "full";
        integrity.units_written = 1048576;
        integrity.units_checked = 1048448;
        integrity.units_undecidable = first ? 0 : 128;
        integrity.after = "a cache-exceeding read";
        run.integrity.push_back(integrity);
        EgressRecord egress;
        egress.array = array->name;
        egress.captured_by = "br-lab0 (mirror)";
        egress.watched_ns = 412 * second_ns;
        egress.frames = 4812331;
        egress.captured_bytes = 6120443210;
        egress.unlisted_bytes = first ? 0 : 18204;
        egress.undecoded_bytes = 412;
        egress.allowed_bytes =
            egress.captured_bytes - egress.unlisted_bytes - egress.undecoded_bytes;
        egress.unreadable_bytes = 41200;
        egress.smallest_seen = {{"beacon", "period up to 137 s"},
                                {"DNS tunnel", "1,000 bytes in sub-domains"},
                                {"leak that follows load", "41 B/s at power 90 %"}};
        egress.taps = {{{"tap0", "eth3", 8240, 0, 0.0, 0.000448, 0, ""}}};
        run.egress.push_back(egress);

        HeadlineRecord headline;
        headline.name = "Targets sustained";
        headline.array = array->name;
        headline.value = first ? 5000 : 4500;
        headline.low = first ? 4500 : 4000;
        headline.high = first ? 5500 : 5000;
        headline.note =
            first ? "indicative; limited by journal P99" : "indicative; limited by commit delay";
        run.headlines.push_back(headline);
    }
}

} // namespace

RunRecord sample_run() {
    RunRecord run;
    run.id = "20261122T120000Z-demo-7f3a";
    run.plan_name = "demo";
    run.plan_purpose = "Can alternative A take over from the OceanStor class for national "
                       "interception storage?";
    run.plan_sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    run.seed = 20261122;
    run.started_utc_ns = started_utc_ns;
    run.finished_utc_ns = started_utc_ns + 412 * second_ns;
    run.complete = true;
    run.host = {{"kernel", "6.1.0-18-amd64"},
                {"CPU", "2 x Example 2.4 GHz"},
                {"memory", "8 GiB"},
                {"clock source", "tsc"},
                {"arraybench", "0.1.0"},
                {"libiscsi", "1.19.0"}};
    run.command = "arraybench run profiles/plans/demo.json --seed 20261122";
    run.arrays = {array_record(steady, "XSG1", "00e0fc1000000001"),
                  array_record(quick, "ALT-A", "0a98000000000042")};
    run.arrays[1].settings["MaxBurstLength"] = "1048576";
    run.arrays[1].settings["write cache"] = "volatile";
    std::uint32_t index = 0;
    for (const double load : {2000., 4000., 8000., 10000.}) {
        for (std::uint32_t block = 0; block < 2; ++block) {
            run.rounds.push_back(round_at(block == 0 ? steady : quick, load, {index++, block}, 12));
            run.rounds.push_back(round_at(block == 0 ? quick : steady, load, {index++, block}, 12));
        }
    }
    run.rounds[9].audit.invalid = {"slip P99 1.9 ms is above 100 us: the generator was late"};
    run.rounds[9].audit.slip_ns.record(1900000, 2000);
    run.rounds.push_back(disturbed(steady, {index++, 2}, 3));
    run.rounds.push_back(disturbed(quick, {index++, 2}, 4));
    add_verdicts(run);
    compare(run, "response P50", 0.75, 0.03125, Word::better);
    compare(run, "response P99", 1.25, 0.0625, Word::worse);
    compare(run, "throughput", 1.0, 0.0078125, Word::equivalent);
    compare(run, "response P99.9", 1.0625, 0.1875, Word::inconclusive);
    compare(run, "CPU per access", 1.03125, 0.015625, Word::equivalent);
    add_findings(run);
    add_coverage(run);
    add_sample_capacity(run);
    run.not_seen = {"Beacons with a period longer than 137 s.",
                    "Anything sent through ports that were not watched.",
                    "The inside of 41,200 bytes that were allowed but encrypted.",
                    "Losses in duplicate chunks, which carry no stamp."};
    run.self_test = {{"stale write", "found"}, {"2 s freeze", "found"}, {"honest array", "silent"}};
    run.exit_code = 1;
    return run;
}

} // namespace tests
