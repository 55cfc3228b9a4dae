// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/cli/command.h"
#include "bench/integrity/keeper.h"
#include "profiles/kinds/any_workload.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace bench::cli {

// What `arraybench load` was asked to do, in fio's words where fio has them.
struct LoadRequest {
    std::string url;
    profiles::AnyWorkload workload;
    std::uint32_t jobs = 1;
    std::uint32_t depth_per_job = 1;
    std::uint64_t offset_bytes = 0;
    std::uint64_t size_bytes = 0; // 0 = to the end of the LUN.
    std::chrono::nanoseconds runtime{0};
    std::chrono::nanoseconds ramp{0};
    std::chrono::nanoseconds interval{0};
    std::uint64_t seed = 1;
    std::vector<double> quantiles;
    std::vector<std::string> destroy;
    bool overwrite_data = false;
    bool any_paths = false; // Of several portals, those that answer are enough.
    bool json = false;
    bool progress = false;
    integrity::Verify verify = integrity::Verify::none;
    std::string expectation; // Where to leave what the LUN must hold; empty = nowhere.
    std::optional<integrity::CanaryPlanter> canary; // Plants a token in every sector stamped.
    std::string write_iolog; // Where to leave what was submitted; empty = nowhere.
    std::uint32_t iolog_version = 3;
    profiles::Shard shard; // Which host's part of the load this is.
    std::optional<std::chrono::sys_time<std::chrono::nanoseconds>> start_at;
    std::string record;  // Folder for a run that report, compare and merge read; empty = none.
    std::string summary; // "randread 4 KiB, depth 64"
};

// None: --help was asked for and printed. Throws UsageError, FileError or Boost's option errors.
std::optional<LoadRequest> read_load_request(const Arguments& arguments);

} // namespace bench::cli
