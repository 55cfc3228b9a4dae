// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/plan/plan.h"
#include "results/run_record.h"

#include <string>

namespace bench::campaign {

// The journal's word that from here on the arrays are driven.
inline constexpr const char* arrays_used_note = "arrays are driven";

// Where a run leaves everything: plan.json and its inputs, journal, rounds, result, manifest.
class RunFolder {
public:
    // A new folder; with an empty `path` results/runs/<UTC time>-<plan>-<short id>. Copies the
    // plan and every file it names, so that the folder stands for itself. A folder in which an
    // earlier run ended before it did anything to an array counts as new. Throws UsageError if the
    // folder is not new, WriteError if it cannot be written.
    static RunFolder create(const std::string& path, const plan::Plan& plan);

    // The folder of an earlier run that is to go on. Throws UsageError where that is complete, or
    // was started with another plan, RecordError where it holds what no run leaves there; looks and
    // changes nothing.
    static RunFolder open(const std::string& path);

    // Takes away what a run has left there, and the folder with it if nothing else is in it.
    void discard() const;

    const std::string& path() const { return path_; }
    std::string id() const; // The folder's own name.
    std::string plan_path() const { return path_ + "/plan.json"; }
    std::string journal_path() const { return path_ + "/events.ndjson"; }
    std::string plan_sha256() const;

private:
    explicit RunFolder(std::string path)
        : path_(std::move(path)) {}

    std::string path_;
};

} // namespace bench::campaign
