// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/clock.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace drivers::fio {

// One [section] of a job file: a stream of accesses of one kind, or reads and writes of one mix.
struct Job {
    std::string name;
    std::string mode;          // fio's "rw": read, randwrite, randrw, trim ...
    double read_percent = 100; // For a mix.
    std::vector<std::pair<std::uint64_t, double>> read_blocks; // Size and percent.
    std::vector<std::pair<std::uint64_t, double>> write_blocks;
    std::string distribution; // fio's "random_distribution"; empty = uniform.
    std::uint64_t offset_bytes = 0;
    std::uint64_t size_bytes = 0;
    std::uint32_t depth = 1;
    double rate_per_s = 0; // Of one of `copies`; 0 = closed loop.
    bool poisson = false;
    std::uint32_t copies = 1;          // Equal jobs that share the load; seeds differ.
    std::uint64_t copy_step_bytes = 0; // Each copy has a region of its own.
    Duration burst_on{0};
    Duration burst_off{0};
    bool synchronous_writes = false;      // Every write with O_DSYNC.
    std::uint64_t fsync_every_writes = 0; // Only without a rate: see `flushes`.
    double compressible_percent = 0;
    double duplicate_percent = 0;
};

// What fio is asked to do, where, and what of the asking it cannot do.
struct JobFile {
    std::string filename; // A file or device for io_uring ...
    std::string nbd_uri;  // ... or an NBD server; exactly one of the two.
    bool direct = true;
    Duration runtime{0};
    Duration ramp{0};
    std::uint64_t seed = 1;
    std::vector<Job> jobs;
    std::vector<std::string> notes; // What differs from what was asked; comments of the file.
};

// The file as fio 3.33 and newer read it. Throws UsageError for a path that fio cannot be told.
std::string job_text(const JobFile& file);

// Whether fio is told to flush. With a rate it is not: fio 3.33 and many after it then look the
// flush up among reads, writes and trims, beyond the ends of those arrays, and crash or go astray.
bool flushes(const Job& job);

// How many times faster than asked fio's Poisson process really is at this rate of one job: it
// counts gaps in whole microseconds, and so got = 1e6 (e^(1/k) - 1) with k = floor(1e6 / rate).
double poisson_overshoot(double rate_per_s);

// Into how many equal jobs a Poisson rate is to be split so that none overshoots by more than
// 0.5 %; 0 = more than 256, fio cannot do it.
std::uint32_t poisson_jobs(double rate_per_s);

} // namespace drivers::fio
