// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiles/file_place.h"
#include "profiles/interception/interception_file.h"
#include "profiles/interception/video.h"
#include "profiles/source.h"
#include "profiles/synthetic_source.h"
#include "profiles/trace/trace_workload.h"
#include "profiles/workload.h"

#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace profiles {

// A workload of any kind, and what everybody who drives, stamps or plans one asks of it. A new kind
// is one more alternative and one more answer to each of these questions.
using AnyWorkload = std::variant<Workload,
                                 interception::PlatformWorkload,
                                 trace::TraceWorkload,
                                 interception::VideoWorkload>;

// Reads the kind that the file's "$schema" names. Throws FileError.
AnyWorkload read_any_workload(const std::string& path, const FilePlace& place = {});

const std::string& workload_name(const AnyWorkload& workload);
bool is_platform(const AnyWorkload& workload);
bool is_trace(const AnyWorkload& workload);
bool is_video(const AnyWorkload& workload);
bool writes(const AnyWorkload& workload);
std::uint64_t largest_access_bytes(const AnyWorkload& workload); // That carries data.
std::uint64_t working_set_bytes(const AnyWorkload& workload);    // 0 = the whole LUN.
std::vector<std::string> stream_names(const AnyWorkload& workload);
DataReduction reduction_of(const AnyWorkload& workload);

// The largest unit of which every write is a multiple; 512 bytes at least.
std::uint32_t write_unit_bytes(const AnyWorkload& workload);

// Throws FileError where its accesses cannot be whole blocks of a LUN. Those of a trace are
// widened.
void want_whole_blocks(const AnyWorkload& workload, std::uint32_t block_bytes);

// How accesses come: in a closed loop so many at once, or whatever the array does.
struct Offer {
    bool open_loop = false;
    std::uint32_t depth = 1; // Closed loop.
    double rate_per_s = 0;   // Open loop: the mean, as far as it is known beforehand.
    bool is_exact = true;    // False: only the source's own schedule knows the rate.
};
Offer offer_of(const AnyWorkload& workload);

std::unique_ptr<Source>
make_source(const AnyWorkload& workload, const WorkingSet& set, std::uint64_t seed, Shard shard);
std::vector<TouchedPart>
touched_parts(const AnyWorkload& workload, const WorkingSet& set, Shard shard);

} // namespace profiles
