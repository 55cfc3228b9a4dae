// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "results/run_record.h"

#include <string>
#include <string_view>
#include <vector>

// A run's folder: result.json, and one file per round with its histograms and series. Reading is
// strict: what is missing, unknown, too large or of the wrong type is a RecordError that names file
// and JSON pointer.
namespace results {

inline constexpr int schema_version_known = 1;

// "rounds/007-oceanstor.json"
std::string round_file_name(const RoundRecord& round);

std::string round_text(const RoundRecord& round);
RoundRecord round_from_text(std::string_view text, const std::string& name);

// result.json: everything but the rounds' raw data, of which it carries the summaries.
std::string result_text(const RunRecord& run);
RunRecord result_from_text(std::string_view text, const std::string& name); // Without rounds.

void write_round(const std::string& folder, const RoundRecord& round); // Throws WriteError.
void write_result(const std::string& folder, const RunRecord& run);    // Throws WriteError.

// The run with all its rounds, in order of execution. Throws RecordError, and UnfinishedError for a
// run that was cut off and for a part of a folder.
RunRecord read_run(const std::string& folder);

// The rounds that stand in the folder, whether or not result.json does.
std::vector<RoundRecord> read_rounds(const std::string& folder);

// One sentence for every place where two result.json texts differ: "/verdicts/0/value: ...".
std::vector<std::string> result_differences(const std::string& stored,
                                            const std::string& recomputed);

} // namespace results
