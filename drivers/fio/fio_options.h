// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/fio/fio_result.h"

#include <cstdint>
#include <optional>
#include <string>

// What a job was told, read from the options that its result repeats.
namespace drivers::fio {

// The job's own, else the file's for all jobs; empty: neither has it.
std::string option_of(const JobResult& job, const Result& result, const char* name);

// Whether an option was given with a value other than 0; one given without any is not repeated.
bool is_told(const JobResult& job, const Result& result, const char* name);

struct Sizes {
    std::uint64_t least_bytes = 4096; // As fio takes where nothing is said.
    std::uint64_t most_bytes = 4096;
};

// Whether its numbers can be those of one copy of one job. Of jobs reported together (fio does not
// repeat the option) only the last one's options are told; their times are added up.
bool is_alone(const JobResult& job);

// Between which sizes all its accesses lie, in whichever direction. None: that cannot be told, as
// of jobs reported together or of a replayed log.
std::optional<Sizes> sizes_of(const JobResult& job, const Result& result);

// How many accesses one copy has outstanding at most, by its options.
std::uint64_t depth_of(const JobResult& job, const Result& result);

// "10", "500ms" or "2m", in milliseconds; 0 = it is no time.
double milliseconds_of(const std::string& text);

} // namespace drivers::fio
