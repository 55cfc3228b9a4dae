// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/live_bed.h"

#include "bench/campaign/campaign.h"
#include "bench/campaign/scratch_space.h"
#include "bench/plan/plan_file.h"
#include "drivers/api/errors.h"
#include "results/whole_file.h"

#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <system_error>

namespace bench::campaign {

namespace fs = std::filesystem;

namespace {

std::string portals_text(const LiveRun& what) {
    std::string out;
    for (std::uint32_t i = 0; i < what.controllers; ++i) {
        out += fmt::format(R"({}{{"transport": "{}", "controller": {},
            "name": "{}.2026-01.org.arraybench:self-test", "group_tag": {}}})",
                           i == 0 ? "" : ", ",
                           what.transport,
                           i,
                           what.transport == "nvme_tcp" ? "nqn" : "iqn",
                           i + 1);
    }
    return out;
}

std::string array_text(const LiveRun& what) {
    return fmt::format(
        R"({{"$schema": "arraybench/array/v1", "name": "self-test", "identity": {{
            "vendor": "ARRBENCH", "product": "SELFTEST", "revision": "0001", "serial": "SELF0001",
            "nvme_model": "arraybench self-test"}}, "emulated": {{"seed": 20, "controllers": {},
            "access": "symmetric", "volumes": [{{"name": "lun0", "size": "{}",
            "serial": "SELF0000", "unique_id": "62f0a1b2c3d4e5f600000000000000ff", "owner": 0{}}}],
            "portals": [{}]{}{}}}}})",
        what.controllers,
        what.lun_size,
        what.backing_file.empty() ? "" : fmt::format(R"(, "file": "{}")", what.backing_file),
        portals_text(what),
        what.service.empty() ? "" : R"(, "service": )",
        what.service);
}

std::string phases_text(const LiveRun& what) {
    if (what.disturbances.empty() && !what.reads_back) {
        return fmt::format(R"("duration": "{}")", what.phase_length);
    }
    std::string out =
        fmt::format(R"("phases": [{{"phase": "load", "duration": "{}"}})", what.phase_length);
    for (const std::string& disturbance : what.disturbances) {
        out += fmt::format(R"(, {{"phase": "disturb", "duration": "{}", "disturbance": {}}})",
                           what.phase_length,
                           disturbance);
    }
    out += fmt::format(R"(, {{"phase": "settle", "duration": "{}"}})", what.phase_length);
    return out + (what.reads_back
                      ? fmt::format(R"(, {{"phase": "verify", "duration": "60s", "cache": "{}"}}])",
                                    what.verify_cache)
                      : "]");
}

std::string plan_text(const LiveRun& what) {
    return fmt::format(
        R"({{"$schema": "arraybench/plan/1", "type": "compare", "seed": 7, "arrays": [
            {{"name": "array", "file": "array.json", "transport": "{}"{}}}],
            "workloads": [{{"file": "workload.json"}}], "load_points": ["{}"], "rounds": {},
            "working_set": "{}", "ramp": "100ms", "interval": "100ms", "depth": {},
            "verify": "full", {}{}}})",
        what.transport,
        what.controllers > 1 ? R"(, "paths": "all")" : "",
        what.rate,
        what.rounds,
        what.working_set.empty() ? what.lun_size : what.working_set,
        what.depth,
        what.reads_back && what.writes_first
            ? R"("preconditioning": {"passes": 1, "time_limit": "60s"}, )"
            : "",
        phases_text(what));
}

} // namespace

results::RunRecord run_live(const LiveRun& what, drivers::Clock& clock) {
    const ScratchSpace folder("self-test");
    results::write_whole_file(folder / "array.json", array_text(what));
    results::write_whole_file(folder / "workload.json",
                              R"({"$schema": "arraybench/workload/1", "purpose": "self-test", )" +
                                  what.workload + "}");
    results::write_whole_file(folder / "plan.json", plan_text(what));
    const plan::Plan asked = plan::read_plan(folder / "plan.json");
    const RunFolder run = RunFolder::create(folder / "run", asked);
    CampaignOptions options;
    options.proves_itself = false; // It is being proved.
    return run_campaign(plan::read_plan(run.plan_path()), run, options, clock);
}

std::vector<int> own_children() {
    std::vector<int> out;
    std::error_code error;
    for (const auto& task : fs::directory_iterator("/proc/self/task", error)) {
        std::ifstream in(task.path() / "children");
        for (int child = 0; in >> child;) {
            out.push_back(child);
        }
    }
    return out;
}

} // namespace bench::campaign
