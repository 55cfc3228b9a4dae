// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/array/actor/actor_settings.h"

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace bench::campaign {

// One unlawful actor at one rate, over the matrix's time and seeds. The same schedule is held
// against the array's own declaration, under which all that is not listed is found, and against
// rules that allow everything, so that only the detectors are left to speak.
struct LeakCell {
    double asked_bytes_per_s = 0;       // Of payload, before encoding
    double leaked_bytes_per_s = 0;      // The seeds' mean
    std::uint64_t messages = 0;         // Of all seeds
    std::set<std::string> by_policy;    // Kinds of findings about the actor
    std::set<std::string> by_detectors; // The same, notes marked as such
    std::size_t found_by_policy = 0;    // In so many seeds
    std::size_t found_by_detectors = 0;
    bool promised = false; // As much as the row's detector is said to see
};

struct LeakRow {
    std::string actor;    // "canary_leak as base64"
    std::string detector; // Which of them must see it from the promised rate on
    double promised_bytes_per_s = 0;
    std::vector<LeakCell> cells;        // The highest rate first
    std::set<std::string> false_alarms; // Findings that blame lawful flows

    // The least that was found in every seed, as were all higher rates; 0 = nothing was.
    double smallest_by_policy(std::size_t seeds) const;
    double smallest_by_detectors(std::size_t seeds) const;
    // Whatever was promised was found; what is below it may be found or not. Silent cells stay so.
    bool is_right(std::size_t seeds) const;
};

struct LeakMatrix {
    drivers::Duration watched{0};
    std::size_t seeds = 1;
    std::vector<LeakRow> rows;

    bool is_right() const;
};

enum class MatrixForm : std::uint8_t {
    brief, // Every kind of actor, five rates, one seed
    full   // Every encoding and carrier, seven rates, five seeds
};

LeakMatrix leak_matrix(MatrixForm form);

// One actor's row at these rates; `detector` and its promise as in LeakRow.
struct LeakQuestion {
    drivers::array::ActorSettings actor;
    std::string name;
    std::string detector;
    double promised_bytes_per_s = 0;
    std::vector<double> rates_bytes_per_s; // Highest first
};
LeakRow leak_row(const LeakQuestion& question, drivers::Duration watched, std::size_t seeds);

std::string leak_matrix_text(const LeakMatrix& matrix);

} // namespace bench::campaign
