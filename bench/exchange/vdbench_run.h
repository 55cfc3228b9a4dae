// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/exchange/text_table.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace bench::exchange::vdbench {

// What one line says of reads and writes.
struct Rates {
    double reads_per_s = 0;
    double writes_per_s = 0;
    double read_bytes_per_s = 0;
    double written_bytes_per_s = 0;
    double others_per_s = 0; // Opens, closes and the like.

    double per_s() const { return reads_per_s + writes_per_s; }
    double bytes_per_s() const { return read_bytes_per_s + written_bytes_per_s; }
};

struct Interval {
    std::uint64_t number = 0;
    std::optional<double> tod_s; // Of the day, at its end.
    std::int64_t instant_ns = 0;
    Rates rates;
    std::optional<double> resp_ms;
    double resp_max_ms = 0;
};

// One run definition (RD=) until its average line.
struct Definition {
    std::string name;
    std::string asked; // "8 threads, 4096 bytes"
    double reqrate = 0;
    std::vector<Interval> intervals;
    bool is_over = false; // Its average has been read ...
    Rates mean;
    std::uint64_t mean_from = 0; // ... which is over these intervals.
    std::uint64_t mean_to = 0;
    std::optional<double> mean_resp_ms;
    std::map<std::string, double> measures;
    std::vector<std::string> doubts; // Of single lines.

    bool has_mean() const { return is_over && mean_from <= mean_to && mean_to > 0; }
};

// Of every interval, in whole seconds: all of a run are equally long, and their lines come a little
// late. 1 where the lines do not tell.
double interval_s(const Definition& run);

// Columns of one line that cannot be true together: a sentence for each, which names both. Digits
// that were not printed are none.
std::vector<std::string> contradictions(const TextTable& row);

// Why the file does not prove what this run was: what is missing, and lines that contradict each
// other.
std::vector<std::string> doubts(const Definition& run);

} // namespace bench::exchange::vdbench
