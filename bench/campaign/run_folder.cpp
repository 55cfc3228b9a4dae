// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/run_folder.h"

#include "bench/plan/plan_file.h"
#include "drivers/api/errors.h"
#include "results/record_error.h"
#include "results/run_state.h"
#include "results/whole_file.h"

#include <array>
#include <ctime>
#include <filesystem>
#include <fmt/format.h>
#include <map>
#include <random>

namespace bench::campaign {

namespace fs = std::filesystem;

namespace {

std::string default_path(const plan::Plan& plan) {
    std::array<char, 32> stamp{};
    const std::time_t now = std::time(nullptr);
    std::tm utc{};
    ::gmtime_r(&now, &utc);
    (void)std::strftime(stamp.data(), stamp.size(), "%Y%m%dT%H%M%SZ", &utc);
    constexpr unsigned short_id_mask = 0xFFFFU;
    return fmt::format("results/runs/{}-{}-{:04x}",
                       stamp.data(),
                       plan.name,
                       std::random_device{}() & short_id_mask);
}

void make_folder(const fs::path& path) {
    std::error_code error;
    fs::create_directories(path, error);
    if (error) {
        throw results::WriteError(
            fmt::format("{}: cannot be made: {}", path.string(), error.message()));
    }
}

// Copies a named file into the folder once and notes under which name.
void take_in(const fs::path& folder,
             const std::string& file,
             const std::string& inside,
             std::map<std::string, std::string>& taken) {
    constexpr std::uint64_t input_bytes_max = 16ULL << 20U;
    if (taken.try_emplace(file, inside).second) {
        results::write_whole_file((folder / inside).string(),
                                  results::read_whole_file(file, input_bytes_max));
    }
}

// A trace and a workload file that names the copy.
void take_in_trace(const fs::path& folder,
                   const plan::PlanWorkload& workload,
                   const profiles::trace::TraceWorkload& trace,
                   std::map<std::string, std::string>& taken) {
    const std::string inside = fmt::format("inputs/workload-{}.json", workload.name);
    if (!taken.try_emplace(workload.file, inside).second) {
        return;
    }
    const std::string copy = fmt::format("trace-{}.txt", workload.name);
    std::error_code error;
    fs::copy_file(trace.file, folder / "inputs" / copy, error);
    if (error) {
        throw results::WriteError(
            fmt::format("{}: cannot be copied into the run: {}", trace.file, error.message()));
    }
    results::write_whole_file((folder / inside).string(),
                              profiles::trace::workload_text(trace, copy));
}

} // namespace

RunFolder RunFolder::create(const std::string& path, const plan::Plan& plan) {
    const fs::path folder = fs::absolute(path.empty() ? default_path(plan) : path);
    std::error_code error;
    if (fs::exists(folder, error) && !fs::is_empty(folder, error)) {
        throw drivers::UsageError(fmt::format(
            "{}: is not empty; a run wants a new folder (or --resume)", folder.string()));
    }
    make_folder(folder / "inputs");
    make_folder(folder / "rounds");
    std::map<std::string, std::string> taken;
    for (const plan::PlanArray& array : plan.arrays) {
        take_in(folder, array.file, fmt::format("inputs/array-{}.json", array.name), taken);
    }
    for (const plan::PlanWorkload& workload : plan.workloads) {
        const std::string inside = fmt::format("inputs/workload-{}.json", workload.name);
        if (const auto* trace = std::get_if<profiles::trace::TraceWorkload>(&workload.workload)) {
            take_in_trace(folder, workload, *trace, taken);
        } else {
            take_in(folder, workload.file, inside, taken);
        }
    }
    if (plan.egress) {
        for (const auto& [array, policy] : plan.egress->policies) {
            take_in(folder, policy.file, fmt::format("inputs/policy-{}.json", array), taken);
        }
    }
    if (plan.capacity) {
        for (const plan::CapacityVariant& variant : plan.capacity->variants) {
            take_in(
                folder, variant.file, fmt::format("inputs/platform-{}.json", variant.name), taken);
        }
    }
    RunFolder out(folder.string());
    results::write_whole_file(out.plan_path(), plan::plan_text(plan, taken));
    return out;
}

RunFolder RunFolder::open(const std::string& path) {
    const results::RunLook look = results::look_at_run(path);
    if (look.state == results::RunState::none) {
        throw drivers::UsageError(look.sentence);
    }
    RunFolder out(fs::absolute(path).lexically_normal().string());
    // Without a journal it has not begun; its plan was written last of all that it needs.
    const bool may_go_on =
        fs::exists(out.plan_path()) &&
        (fs::exists(out.journal_path()) || look.state == results::RunState::unfinished);
    if (!may_go_on) {
        throw drivers::UsageError(
            look.sentence.empty()
                ? fmt::format("{}: there is no plan in it: it was imported or driven without one, "
                              "and cannot go on",
                              path)
                : look.sentence);
    }
    return out;
}

std::string RunFolder::id() const {
    const fs::path path(path_);
    return (path.has_filename() ? path : path.parent_path()).filename().string();
}

std::string RunFolder::plan_sha256() const {
    return results::sha256_hex(results::read_whole_file(plan_path()));
}

} // namespace bench::campaign
