// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiles/file_place.h"
#include "profiles/synthetic_source.h"
#include "profiles/trace/blkparse.h"
#include "profiles/trace/trace.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace profiles::trace {

inline constexpr std::string_view workload_schema = "arraybench/trace/1";

enum class Format : std::uint8_t { automatic, fio_iolog, blkparse };

// How addresses of the trace become addresses of the working set. The devices of a trace stand
// behind one another; every access is widened to whole blocks of the LUN.
enum class Remap : std::uint8_t {
    modulo, // Address modulo size: neighbours stay neighbours.
    scale,  // In proportion: where things lie stays, how near they are does not.
    none    // As it is, and everything must fit.
};

// What is known of a trace without keeping its accesses.
struct Outline {
    std::uint64_t accesses = 0;
    std::uint64_t passed_over = 0;
    Duration length{0}; // First to last instant, as recorded.
    bool timed = true;
    std::uint64_t bytes_read = 0;
    std::uint64_t bytes_written = 0;
    std::uint64_t largest_bytes = 0; // That carry data.
    bool changes = false;
    std::vector<std::uint64_t> device_ends_bytes; // Where each device's last access ends.
    std::vector<StreamInfo> streams;
};

// Somebody's recorded load as a workload: replayed in an open loop at its own instants.
struct TraceWorkload {
    std::string name;
    std::string purpose;
    std::string file; // The trace.
    FilePlace place;  // Where that may be.
    Format format = Format::automatic;
    Event event = Event::queued;
    double speed = 1;      // Twice as fast: 2.
    double rate_per_s = 0; // For traces without instants, which have no pace of their own.
    Remap remap = Remap::modulo;
    bool repeat = false;                   // From the start again when it ends.
    std::uint64_t piece_bytes = 1U << 20U; // Larger accesses are cut.
    std::uint64_t working_set_bytes = 0;   // 0 = the whole LUN.
    Outline outline;
};

// A workload file ("$schema": "arraybench/trace/1"), or a trace itself with everything else as it
// is by default. Reads the trace once, for its outline. Throws FileError.
TraceWorkload read_trace_workload(const std::string& path, const FilePlace& place = {});
TraceWorkload trace_workload_of(const std::string& trace_path);

// The workload as a file's text that names `file` as its trace.
std::string workload_text(const TraceWorkload& workload, const std::string& file);

// The trace named by the workload. Throws FileError.
Trace read_trace(const TraceWorkload& workload);
Outline outline_of(const Trace& trace);

Duration length_of(const TraceWorkload& workload);   // At its speed, one time through.
double rate_per_s_of(const TraceWorkload& workload); // The mean at its speed.
std::uint64_t largest_access_bytes(const TraceWorkload& workload);

// Reads the trace again and keeps the shard's part of it: accesses index, index + count, ... Throws
// FileError when the trace is no longer what the outline says, or does not fit.
std::unique_ptr<Source>
make_trace_source(const TraceWorkload& workload, const WorkingSet& set, Shard shard);

} // namespace profiles::trace
