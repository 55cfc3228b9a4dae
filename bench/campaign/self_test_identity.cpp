// SPDX-License-Identifier: Apache-2.0
// Rows of another LUN in a LUN's place: the run ends, both are named, and nothing is written there.
#include "bench/campaign/live_bed.h"
#include "bench/campaign/round_runner.h"
#include "bench/campaign/self_test.h"
#include "drivers/api/monotonic_clock.h"
#include "results/round_end.h"

#include <stdexcept>

namespace bench::campaign {

namespace {

constexpr const char* writes = R"("streams": [
    {"name": "read", "operation": "read", "share": 0.5, "block": "4KiB", "locality": "uniform"},
    {"name": "write", "operation": "write", "share": 0.5, "block": "4KiB", "locality": "uniform"}],
    "arrivals": {"kind": "poisson", "rate": "400/s"})";

constexpr const char* own_id = "62f0a1b2c3d4e5f600000000000000ff";
constexpr const char* other_id = "62f0a1b2c3d4e5f6000000000000ff00"; // As lun_swap makes it.

std::set<std::string> said_of_identity(const results::RunRecord& run) {
    std::set<std::string> out;
    const std::string& why = run.interrupted;
    if (results::end_of(why) == results::RoundEnd::refused) {
        const bool names_both =
            why.find(own_id) != std::string::npos && why.find(other_id) != std::string::npos;
        out.insert(names_both ? "another LUN, both named" : "refused, without saying which LUNs");
    } else if (!run.complete) {
        throw std::runtime_error("the campaign did not end: " + why);
    }
    for (const results::RoundRecord& round : run.rounds) {
        if (round.measures.count(writes_to_another_lun) > 0) {
            out.insert("written to another LUN");
        }
        for (const results::FindingRecord& finding : round.findings) {
            out.insert(finding.kind);
        }
    }
    return out;
}

SelfTestRow row(const std::string& name, std::set<std::string> expected, const LiveRun& what) {
    SelfTestRow out{what.transport + ": " + name, std::move(expected), {}, {}};
    try {
        drivers::MonotonicClock clock;
        out.found = said_of_identity(run_live(what, clock));
    } catch (const std::exception& error) {
        out.problem = error.what();
    }
    return out;
}

} // namespace

std::vector<SelfTestRow> self_test_identity(const std::string& transport) {
    const std::set<std::string> refused{"another LUN, both named"};
    LiveRun one;
    one.transport = transport;
    one.workload = writes;
    one.rounds = 2; // A later one must not begin.
    one.reads_back = false;
    std::vector<SelfTestRow> out;
    const auto swapped = [&](const char* name, const std::string& parameters, LiveRun what) {
        what.disturbances = {R"({"name": "lun_swap", "parameters": )" + parameters + "}"};
        out.push_back(row(name, refused, what));
    };
    swapped("another LUN after a dropped session", R"({"notice": "drop"})", one);
    LiveRun told = one;
    told.depth = 1; // What was sent before the array told cannot be called back.
    swapped("another LUN, told by an attention", R"({"notice": "attention"})", told);
    LiveRun several = one;
    several.controllers = 2;
    swapped("another LUN by one path of two", R"({"notice": "drop", "controller": 1})", several);
    LiveRun honest = one;
    honest.disturbances = {R"({"name": "session_drop", "parameters": {}})"};
    out.push_back(row("none, a session dropped and taken up again", {}, honest));
    return out;
}

} // namespace bench::campaign
