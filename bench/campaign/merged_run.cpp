// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/merged_run.h"

#include "bench/campaign/conclusion.h"
#include "bench/campaign/expectation_files.h"
#include "bench/campaign/host_record.h"
#include "bench/campaign/integrity_account.h"
#include "bench/campaign/run_folder.h"
#include "bench/campaign/run_journal.h"
#include "bench/plan/plan_file.h"
#include "results/folder_files.h"
#include "results/manifest.h"
#include "results/round_merge.h"
#include "results/run_record_file.h"
#include "results/sinks.h"
#include "results/whole_file.h"

#include <cstdio>

namespace bench::campaign {

namespace {

// Of parts that were merged before, the files themselves say whose they are.
HostShare share_of(const RunPart& part) {
    unsigned number = 0;
    unsigned count = 0;
    if (std::sscanf(part.shard.c_str(), "%u/%u", &number, &count) != 2 || number == 0) {
        return {};
    }
    return {number - 1, count};
}

} // namespace

bool holds_plan(const std::string& folder) {
    return results::is_there_in(folder, "plan.json");
}

results::RunRecord keep_merged_run(results::RunRecord merged,
                                   const std::vector<RunPart>& parts,
                                   const std::string& out,
                                   drivers::Clock& clock) {
    const RunFolder folder = RunFolder::create(out, plan::read_plan_in(parts.front().folder));
    const std::string& path = folder.path();
    const plan::Plan plan = plan::read_plan_in(path);
    merged.id = folder.id();
    merged.plan_sha256 = folder.plan_sha256();
    {
        RunJournal journal(folder.journal_path(), clock);
        journal.note(
            "run merged",
            {{"plan_sha256", merged.plan_sha256}, {"parts", merged.host[results::shard_key]}});
        for (const results::RoundRecord& round : merged.rounds) {
            results::write_round(path, round);
            journal.note(round.ended == "complete" ? "round finished" : "round not finished",
                         {{"index", std::to_string(round.index)},
                          {"array", round.array},
                          {"ended", round.ended},
                          {"sha256", results::sha256_hex(results::round_text(round))}});
        }
        for (const RunPart& part : parts) {
            copy_expectations(part.folder, share_of(part), path);
        }
        conclude(plan, merged);
        results::write_file_in(path, "host.json", host_text(merged.host));
        results::write_result(path, merged);
        results::write_file_in(path, "integrity.json", integrity_text(plan, merged));
        results::write_file_in(path, "report.html", results::html_report(merged));
        results::write_file_in(path, "report.md", results::markdown_report(merged));
    }
    results::write_manifest(path);
    return merged;
}

} // namespace bench::campaign
