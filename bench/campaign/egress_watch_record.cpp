// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/egress_watch_record.h"

#include "bench/egress/sinks.h"
#include "drivers/lab/address_plan.h"
#include "results/folder_files.h"
#include "results/whole_file.h"

#include <algorithm>
#include <fmt/format.h>

namespace bench::campaign {

std::string captured_by(const plan::Plan& plan, const std::string& array, bool in_laboratory) {
    for (std::size_t i = 0; i < plan.arrays.size(); ++i) {
        if (plan.arrays[i].name == array && plan.arrays[i].description.emulated) {
            return in_laboratory ? "laboratory mirror " + drivers::lab::place_of_array(i, 1).mirror
                                 : "";
        }
    }
    return "interfaces that its file names";
}

EgressFolder::EgressFolder(const std::string& run_folder)
    : path_(run_folder)
    , name_("egress") {
    for (int part = 2; results::is_there_in(path_, name_); ++part) {
        name_ = fmt::format("egress-{}", part);
    }
    results::make_folder_in(path_, name_);
}

void EgressFolder::record(const WatchAccount& account, bool is_judged, results::RunRecord& run) {
    const std::string folder = name_ + "/" + account.records[0].array;
    results::make_folder_in(path_, folder);
    for (const auto& [name, content] : account.files) {
        results::write_file_in(path_, folder + "/" + name, content);
    }
    for (const results::FindingRecord& finding : account.findings) {
        run.findings.push_back(finding);
        results::FindingRecord& one = run.findings.back();
        one.severity = is_judged ? one.severity : "note";
        one.cutout = one.cutout.empty() ? "" : folder + "/" + one.cutout;
    }
    run.egress.insert(run.egress.end(), account.records.begin(), account.records.end());
}

void EgressFolder::write_outside(const drivers::lab::SinkLog& log) {
    std::string out = "utc\tservice\tfrom\tto\tbytes\tsaid\n";
    for (const drivers::lab::SinkEntry& entry : log.entries()) {
        out += fmt::format("{}\t{}\t{}\t{}\t{}\t{}\n",
                           egress::utc_text(entry.at_utc_ns),
                           entry.service,
                           entry.from,
                           entry.to,
                           entry.bytes,
                           entry.said);
    }
    if (log.left_out() > 0) {
        out += fmt::format("# {} more were not kept\n", log.left_out());
    }
    results::write_file_in(path_, name_ + "/outside.tsv", out);
}

void record_ports(const plan::Plan& plan, bool in_laboratory, results::RunRecord& run) {
    for (results::ArrayRecord& array : run.arrays) {
        if (!array.emulated) {
            continue; // As its file says.
        }
        const std::string tap = captured_by(plan, array.name, in_laboratory);
        for (results::PortRecord& port : array.ports) {
            // An emulated array has no ports of other kinds, whatever its model has.
            port.watched_by = port.kind == "data" || port.kind == "management" ? tap : "";
        }
    }
}

std::vector<results::VerdictRecord> judge_egress(const plan::Plan& plan,
                                                 const results::RunRecord& run) {
    std::vector<results::VerdictRecord> out;
    if (!plan.egress || !plan.egress->demand_silence) {
        return out;
    }
    for (const plan::PlanArray& array : plan.arrays) {
        results::VerdictRecord verdict;
        verdict.limit = "egress: nothing undeclared";
        verdict.array = array.name;
        verdict.value = static_cast<double>(std::count_if(
            run.findings.begin(), run.findings.end(), [&](const results::FindingRecord& one) {
                return one.area == "egress" && one.array == array.name && one.severity == "finding";
            }));
        const auto whole = std::find_if(
            run.egress.begin(), run.egress.end(), [&](const results::EgressRecord& one) {
                return one.array == array.name && one.phase.empty();
            });
        if (whole == run.egress.end()) {
            verdict.reason = "nothing was captured";
        } else {
            verdict.reason = whole->not_measured;
        }
        for (const profiles::PortDescription& port : array.description.ports) {
            if (array.description.real && port.watched_by.empty()) {
                verdict.reason +=
                    (verdict.reason.empty() ? "" : "; ") + port.name + ": not watched";
            }
        }
        verdict.outcome = verdict.value > 0        ? results::Outcome::fail
                          : verdict.reason.empty() ? results::Outcome::pass
                                                   : results::Outcome::not_measured;
        out.push_back(verdict);
    }
    return out;
}

} // namespace bench::campaign
