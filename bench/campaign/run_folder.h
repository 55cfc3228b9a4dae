// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/plan/plan.h"
#include "results/run_record.h"

#include <string>

namespace bench::campaign {

// Where a run leaves everything: plan.json and its inputs, journal, rounds, result, manifest.
class RunFolder {
public:
    // A new folder; with an empty `path` results/runs/<UTC time>-<plan>-<short id>. Copies the
    // plan and every file it names, so that the folder stands for itself. Throws UsageError if the
    // folder is not new, WriteError if it cannot be written.
    static RunFolder create(const std::string& path, const plan::Plan& plan);

    // The folder of an earlier run that is to go on.
    static RunFolder open(const std::string& path);

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
