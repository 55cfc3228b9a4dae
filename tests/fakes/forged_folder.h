// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/campaign/run_comparison.h"
#include "bench/campaign/run_folder.h"
#include "bench/campaign/verification.h"
#include "drivers/api/errors.h"
#include "profiles/file_error.h"
#include "results/record_error.h"
#include "results/run_record_file.h"
#include "results/sinks.h"

#include <functional>
#include <string>

// What every reader of a run's folder makes of one that somebody altered.
namespace tests {

// What the program ends with; "" for what it has a word and an exit code for.
inline std::string fault_of(const std::function<void()>& act) {
    try {
        act();
    } catch (const results::RecordError&) {
    } catch (const results::UnfinishedError&) {
    } catch (const results::WriteError&) {
    } catch (const profiles::FileError&) {
    } catch (const drivers::UsageError&) {
    } catch (const drivers::SafetyError&) {
    } catch (const drivers::HostError&) {
    } catch (const std::exception& error) {
        return error.what();
    }
    return "";
}

// Every command that reads a run.
inline std::string fault_in(const std::string& run, bool& is_verified) {
    std::string out =
        fault_of([&] { is_verified = bench::campaign::verify_run(run).problems.empty(); });
    out += fault_of([&] {
        const results::RunRecord read = results::read_run(run);
        for (const auto& sink : {&results::html_report,
                                 &results::markdown_report,
                                 &results::junit_report,
                                 &results::openmetrics,
                                 &results::json_summary,
                                 &results::fio_report}) {
            out += sink(read).empty() ? "an empty report" : "";
        }
        (void)results::csv_tables(read);
        using results::Quantity;
        (void)bench::campaign::compare_runs({read, read},
                                            {{{"", Quantity::response, "p99", ""}, 0.1, true}});
    });
    return out + fault_of([&] { (void)bench::campaign::RunFolder::open(run); });
}

} // namespace tests
