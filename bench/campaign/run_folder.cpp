// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/run_folder.h"

#include "bench/plan/plan_file.h"
#include "drivers/api/errors.h"
#include "results/folder_files.h"
#include "results/journal_file.h"
#include "results/record_error.h"
#include "results/run_state.h"
#include "results/whole_file.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <filesystem>
#include <fmt/format.h>
#include <map>
#include <random>
#include <vector>

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
             const profiles::FilePlace& place,
             const std::string& file,
             const std::string& inside,
             std::map<std::string, std::string>& taken) {
    constexpr std::uint64_t most = 16ULL << 20U;
    if (taken.try_emplace(file, inside).second) {
        const std::string text =
            place.is_anywhere() ? results::read_whole_file(file, most)
                                : results::read_file_in(place.folder(), place.name_of(file), most);
        results::write_file_in(folder.string(), inside, text);
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
    const profiles::FilePlace& place = trace.place;
    const fs::path source = place.is_anywhere() // Whoever starts the run may name a link.
                                ? fs::canonical(trace.file)
                                : fs::path(place.folder()) / place.name_of(trace.file);
    const std::string top = place.is_anywhere() ? source.parent_path().string() : place.folder();
    results::copy_file_in(
        top, source.lexically_relative(top).string(), folder.string(), "inputs/" + copy);
    results::write_file_in(folder.string(), inside, profiles::trace::workload_text(trace, copy));
}

// What stands in a run's folder before a load or a preconditioning has begun.
constexpr std::array left_by_runs{"plan.json",
                                  "events.ndjson",
                                  "host.json",
                                  "result.json",
                                  "integrity.json",
                                  "report.html",
                                  "report.md",
                                  "canary-key.json",
                                  "SHA256SUMS",
                                  "inputs",
                                  "rounds"};

bool is_left_by_runs(const std::string& name) { // What was watched stands in "egress", "egress-2".
    return std::find(left_by_runs.begin(), left_by_runs.end(), name) != left_by_runs.end() ||
           name == "egress" || name.starts_with("egress-");
}

// An earlier run ended there before it did anything to an array, and nothing else is in it.
bool is_barren(const fs::path& folder) {
    const std::string journal = (folder / "events.ndjson").string();
    if (!results::is_there_in(folder.string(), "plan.json") ||
        !results::is_there_in(folder.string(), "events.ndjson") ||
        results::is_being_written(journal)) {
        return false;
    }
    for (const auto& entry : fs::directory_iterator(folder)) {
        if (!is_left_by_runs(entry.path().filename().string())) {
            return false;
        }
    }
    try {
        const auto entries = results::read_journal(journal).entries;
        return std::none_of(entries.begin(),
                            entries.end(),
                            [](const auto& entry) { return entry.kind == arrays_used_note; }) &&
               fs::is_empty(folder / "rounds");
    } catch (const std::runtime_error&) { // Whatever it is, it is not that.
        return false;
    }
}

// Before it is opened for writing: a finished run is never touched.
void check_goes_on(const RunFolder& folder) {
    if (!results::is_there_in(folder.path(), "events.ndjson")) {
        return; // Killed before its first entry.
    }
    for (const results::JournalEntry& entry :
         results::read_journal(folder.journal_path()).entries) {
        if (entry.kind == "run started" && entry.field("plan_sha256") != folder.plan_sha256()) {
            throw drivers::UsageError(fmt::format(
                "{}: plan.json is not the one this run was started with", folder.path()));
        }
        if (entry.kind == "run ended" && entry.field("complete") == "yes") {
            throw drivers::UsageError(fmt::format("{}: is complete already", folder.path()));
        }
    }
}

} // namespace

RunFolder RunFolder::create(const std::string& path, const plan::Plan& plan) {
    const fs::path folder = fs::absolute(path.empty() ? default_path(plan) : path);
    std::error_code error;
    if (fs::exists(folder, error) && !fs::is_empty(folder, error)) {
        if (is_barren(folder)) {
            RunFolder(folder.string()).discard();
            return create(path, plan);
        }
        throw drivers::UsageError(fmt::format(
            "{}: is not empty; a run wants a new folder (or --resume)", folder.string()));
    }
    make_folder(folder);
    results::make_folder_in(folder.string(), "inputs");
    results::make_folder_in(folder.string(), "rounds");
    std::map<std::string, std::string> taken;
    for (const plan::PlanArray& array : plan.arrays) {
        take_in(
            folder, plan.files, array.file, fmt::format("inputs/array-{}.json", array.name), taken);
    }
    for (const plan::PlanWorkload& workload : plan.workloads) {
        const std::string inside = fmt::format("inputs/workload-{}.json", workload.name);
        if (const auto* trace = std::get_if<profiles::trace::TraceWorkload>(&workload.workload)) {
            take_in_trace(folder, workload, *trace, taken);
        } else {
            take_in(folder, plan.files, workload.file, inside, taken);
        }
    }
    if (plan.egress) {
        for (const auto& [array, policy] : plan.egress->policies) {
            take_in(folder,
                    plan.files,
                    policy.file,
                    fmt::format("inputs/policy-{}.json", array),
                    taken);
        }
    }
    if (plan.capacity) {
        for (const plan::CapacityVariant& variant : plan.capacity->variants) {
            take_in(folder,
                    plan.files,
                    variant.file,
                    fmt::format("inputs/platform-{}.json", variant.name),
                    taken);
        }
    }
    RunFolder out(folder.string());
    results::write_file_in(out.path(), "plan.json", plan::plan_text(plan, taken));
    return out;
}

RunFolder RunFolder::open(const std::string& path) {
    const results::RunLook look = results::look_at_run(path);
    if (look.state == results::RunState::none) {
        throw drivers::UsageError(look.sentence);
    }
    RunFolder out(fs::absolute(path).lexically_normal().string());
    // Without a journal it has not begun; its plan was written last of all that it needs.
    const bool may_go_on = results::is_there_in(out.path(), "plan.json") &&
                           (results::is_there_in(out.path(), "events.ndjson") ||
                            look.state == results::RunState::unfinished);
    if (!may_go_on) {
        throw drivers::UsageError(
            look.sentence.empty()
                ? fmt::format("{}: there is no plan in it: it was imported or driven without one, "
                              "and cannot go on",
                              path)
                : look.sentence);
    }
    results::check_goes_on_in(out.path());
    check_goes_on(out);
    return out;
}

void RunFolder::discard() const {
    std::error_code ignored;
    std::vector<fs::path> left;
    for (const auto& entry : fs::directory_iterator(path_, ignored)) {
        if (is_left_by_runs(entry.path().filename().string())) {
            left.push_back(entry.path());
        }
    }
    for (const fs::path& path : left) {
        fs::remove_all(path, ignored); // Of a link the link.
    }
    fs::remove(path_, ignored);
}

std::string RunFolder::id() const {
    const fs::path path(path_);
    return (path.has_filename() ? path : path.parent_path()).filename().string();
}

std::string RunFolder::plan_sha256() const {
    return results::sha256_of_file_in(path_, "plan.json");
}

} // namespace bench::campaign
