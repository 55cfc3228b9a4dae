// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "results/run_record.h"

#include <string>
#include <string_view>

// Results that other tools have measured, as runs of this bench: what compare and report accept,
// with everything that is lost said in the record.
namespace bench::exchange {

enum class Tool : std::uint8_t { automatic, fio, vdbench, elbencho };

struct ImportAsk {
    Tool tool = Tool::automatic;
    std::string array = "imported"; // What the LUN is called: runs are compared by it.
};

// fio json or json+, vdbench's flatfile.html, elbencho's CSV; told apart by their first words.
// Throws profiles::FileError, which names file, line or place, and what was wanted.
results::RunRecord import_run(const std::string& path, const ImportAsk& ask);
results::RunRecord
import_text(std::string_view text, const std::string& name, const ImportAsk& ask);

// Each tool's reader fills rounds, host and settings; import_text does the rest.
void import_fio(std::string_view text, const std::string& name, results::RunRecord& out);
void import_vdbench(std::string_view text, const std::string& name, results::RunRecord& out);
void import_elbencho(std::string_view text, const std::string& name, results::RunRecord& out);

// Of reads or writes of which only means are known. False: there were none, nothing is added.
bool add_stream_without_latency(const std::string& name,
                                double count,
                                double bytes,
                                results::RoundRecord& round);

// What a file calls a load, and what it is to be called beside other runs; an empty `from` is the
// only workload there is.
struct Renaming {
    std::string from;
    std::string to;
};

// The points of workloads first, then the workloads. Throws UsageError for a name that is not
// there.
void rename_loads(const std::vector<Renaming>& points,
                  const std::vector<Renaming>& workloads,
                  results::RunRecord& run);

// A folder that report and compare read: rounds, result.json, the reports, a manifest. Throws
// UsageError where something lies already, results::WriteError.
void write_run(const std::string& folder, const results::RunRecord& run);

} // namespace bench::exchange
