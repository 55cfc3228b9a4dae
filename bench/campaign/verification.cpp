// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/verification.h"

#include "bench/campaign/conclusion.h"
#include "bench/campaign/integrity_account.h"
#include "bench/plan/plan_file.h"
#include "drivers/api/errors.h"
#include "profiles/file_error.h"
#include "results/folder_files.h"
#include "results/journal_file.h"
#include "results/manifest.h"
#include "results/metric.h"
#include "results/part_file.h"
#include "results/record_error.h"
#include "results/run_record_file.h"
#include "results/run_state.h"
#include "results/whole_file.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>

namespace bench::campaign {

namespace {

// The last that the journal says of each round.
std::map<std::string, std::string> journalled_rounds(const results::Journal& journal) {
    std::map<std::string, std::string> out;
    for (const results::JournalEntry& entry : journal.entries) {
        if (entry.kind == "round finished" || entry.kind == "round not finished") {
            const auto index = entry.fields.find("index");
            const auto hash = entry.fields.find("sha256");
            if (index == entry.fields.end() || hash == entry.fields.end()) {
                throw results::RecordError(
                    fmt::format("events.ndjson line {}: \"{}\" names no round and no hash",
                                entry.number + 1,
                                entry.kind));
            }
            out[index->second] = hash->second;
        }
    }
    return out;
}

void check_manifest(const std::string& folder, Verification& out) {
    const auto problems = results::manifest_problems(folder);
    out.problems.insert(out.problems.end(), problems.begin(), problems.end());
    out.checked.emplace_back("every file against SHA256SUMS");
    for (const results::FolderEntry& entry : results::entries_below(folder)) {
        if (entry.kind == results::EntryKind::regular_file && results::is_part_name(entry.name)) {
            out.checked.push_back(
                fmt::format("{}: left by a writer that was killed; nothing reads it", entry.name));
        }
    }
}

void check_journal(const std::string& folder,
                   const std::vector<results::RoundRecord>& rounds,
                   Verification& out) {
    const auto journal = results::read_journal(folder + "/events.ndjson");
    if (journal.torn) {
        out.problems.emplace_back("events.ndjson: its last line is torn: the run was cut off");
    }
    auto journalled = journalled_rounds(journal);
    for (const results::RoundRecord& round : rounds) {
        const auto found = journalled.find(std::to_string(round.index));
        const std::string name = results::round_file_name(round);
        if (found == journalled.end()) {
            out.problems.push_back(fmt::format("{}: the journal knows no such round", name));
            continue;
        }
        if (results::sha256_of_file_in(folder, name) != found->second) {
            out.problems.push_back(fmt::format("{}: not what the journal saw written", name));
        }
        journalled.erase(found);
    }
    for (const auto& [index, hash] : journalled) {
        out.problems.push_back(fmt::format("rounds: round {} of the journal is missing", index));
    }
    out.checked.push_back(fmt::format("the hash chain of {} journal entries, {} rounds in it",
                                      journal.entries.size(),
                                      rounds.size()));
}

void check_plan(const std::string& folder, const results::RunRecord& run, Verification& out) {
    const std::string hash = results::sha256_of_file_in(folder, "plan.json");
    if (hash != run.plan_sha256) {
        out.problems.emplace_back("plan.json: not the plan that result.json was made with");
    }
}

void check_numbers(const std::string& folder, results::RunRecord run, Verification& out) {
    const std::string stored = results::read_file_in(folder, "result.json");
    const plan::Plan plan = plan::read_plan_in(folder);
    conclude(plan, run);
    if (results::is_there_in(folder,
                             "integrity.json")) { // One that is missing the manifest misses.
        if (results::read_file_in(folder, "integrity.json") != integrity_text(plan, run)) {
            out.problems.emplace_back("integrity.json: not what the rounds say");
        }
        out.checked.emplace_back("integrity.json, drawn again from the rounds");
    }
    for (const std::string& difference :
         results::result_differences(stored, results::result_text(run))) {
        out.problems.push_back("result.json: " + difference);
    }
    out.checked.push_back(fmt::format("{} verdicts, {} comparisons and every summary of "
                                      "result.json, recomputed from {} rounds",
                                      run.verdicts.size(),
                                      run.comparisons.size(),
                                      run.rounds.size()));
}

// "0 of 3 rounds: interrupted"
std::string what_is_missing(const results::RunLook& look, const results::RunRecord& run) {
    std::string out = look.rounds_planned == 0
                          ? fmt::format("{} rounds", look.rounds_done)
                          : fmt::format("{} of {} rounds", look.rounds_done, look.rounds_planned);
    return out + (run.interrupted.empty() ? "" : ": " + run.interrupted);
}

// Nothing was concluded in such a folder that could be concluded again.
bool is_import(const std::string& folder, const results::RunRecord& run) {
    return !results::is_there_in(folder, "plan.json") &&
           !results::is_there_in(folder, "events.ndjson") && !run.rounds.empty() &&
           std::all_of(run.rounds.begin(), run.rounds.end(), &results::is_imported);
}

} // namespace

Verification verify_run(const std::string& folder) {
    const results::RunLook look = results::look_at_run(folder);
    if (look.state == results::RunState::none) {
        throw results::RecordError(look.sentence);
    }
    if (look.state == results::RunState::unfinished) {
        throw results::UnfinishedError(look.sentence);
    }
    if (!look.has_manifest) {
        throw results::UnfinishedError(fmt::format(
            "{}: SHA256SUMS is missing: the run was cut off as it ended, or the folder was copied "
            "in part; copy the whole folder again: without it nothing can be verified",
            folder));
    }
    Verification out;
    try {
        check_manifest(folder, out);
        const results::RunRecord run = results::read_run(folder);
        if (is_import(folder, run)) {
            out.checked.emplace_back("no plan and no journal: another tool measured it");
            return out;
        }
        out.unfinished = run.complete ? "" : what_is_missing(look, run);
        check_journal(folder, run.rounds, out);
        check_plan(folder, run, out);
        check_numbers(folder, run, out);
    } catch (const results::RecordError& error) { // Whoever made its hashes: no run left this.
        out.problems.emplace_back(error.what());
    } catch (const profiles::FileError& error) { // The plan and what it took in.
        out.problems.emplace_back(error.what());
    } catch (const drivers::UsageError& error) {
        out.problems.emplace_back(error.what());
    } catch (const results::UnfinishedError& error) {
        out.problems.emplace_back(error.what()); // What the manifest has is not all here.
    }
    return out;
}

} // namespace bench::campaign
