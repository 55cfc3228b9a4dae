// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/clock.h"
#include "profiles/policy.h"

#include <cstdint>
#include <string>
#include <vector>

namespace bench::campaign {

// What a policy declares and nothing else, spoken for a while, and what was alarmed of it. Beside
// it what the stated rates let one expect at most.
struct QuietRow {
    std::string policy;
    std::size_t seeds = 0;
    std::uint64_t frames = 0;
    std::size_t hypotheses = 0;           // Of the family of beacons, over all seeds
    std::size_t periodic = 0;             // Of them with a period that was found, rightly
    std::size_t groups = 0;               // Of the sham stimulus: nothing answers it
    std::vector<std::string> alarms;      // Findings, which certainty forbids
    std::vector<std::string> false_notes; // Periods of what has none
    std::vector<std::string> sham_answers;
    double notes_expected = 0; // At most, at the false discovery rate
    double sham_expected = 0;

    // No finding; and of what chance may bring, no more than it does once in ten thousand.
    bool is_right() const;
};

struct QuietSettings {
    drivers::Duration lasts{std::chrono::hours(24 * 7)};
    std::size_t seeds = 1;
    bool stray_frame = false; // One frame that no policy declares: then there must be an alarm.
};

QuietRow quiet_row(const profiles::Policy& policy, const QuietSettings& settings);
std::vector<QuietRow> quiet_rows(const QuietSettings& settings); // Of every shipped policy.

std::string quiet_text(const std::vector<QuietRow>& rows, const QuietSettings& settings);

} // namespace bench::campaign
