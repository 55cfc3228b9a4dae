// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiles/interception/parameters.h"

#include <string>
#include <vector>

namespace profiles::interception {

// The platform's rates at one instant, computed from the parameters. Per second, for all scaled
// targets.
struct Rates {
    double calls = 0;   // Starts
    double erlangs = 0; // Mean calls at once
    double voice_pdus = 0;
    double voice_bytes = 0; // Content, hashes and signalling of calls
    double sessions = 0;
    double ip_pdus = 0; // Kept
    double ip_bytes = 0;
    double records = 0; // SMS, locations, PDN events
    double iri = 0;     // Records, call events and signalling messages
    double rows = 0;    // Of the index
    double ingest_bytes = 0;
    double closes = 0; // Calls and rotated files
};

// With the given shares of a day's calls and traffic in the hour.
Rates rates_at(const Parameters& parameters, double voice_share, double data_share);
Rates mean_rates(const Parameters& parameters); // Over a day
Rates busy_rates(const Parameters& parameters); // In the stationary busy hour

double mean_hold_s(const VoiceParameters& voice);
double session_raw_bytes_per_s(const Parameters& parameters); // While on
// Smallest volume of a truncated Pareto with this mean.
double pareto_least(double mean, double alpha, double truncation);

// What the calendar shows `now` after the start: hour of the day, and weekday (0 = Monday). A
// time-lapse moves it faster than the clock.
double calendar_hour(const Parameters& parameters, Duration now);
std::uint32_t calendar_weekday(const Parameters& parameters, Duration now);

// Whether the calendar is in the stretch of so many hours from an hour of the day on; in the
// stationary busy hour there is no calendar, and what is on is on throughout.
bool is_in_hours(const Parameters& parameters, Duration now, double from_hour, double hours);

// One line of the table that describes what the array will be asked for.
struct StreamRate {
    std::string id;   // "W1"
    std::string name; // "content ingest"
    std::string operation;
    std::uint64_t block_bytes = 0;
    double per_s = 0;
    double bytes_per_s = 0;
    std::string pattern;
};

struct PlatformTable {
    double ingest_mean_bytes_per_s = 0;
    double ingest_busy_bytes_per_s = 0;
    double ingest_peak_bytes_per_s = 0; // One second
    double bytes_per_day = 0;
    double retained_bytes = 0;
    double voice_pdus_per_s = 0;
    double ip_pdus_per_s = 0;
    double erlangs = 0;
    std::vector<StreamRate> streams;
    double write_bytes_per_s = 0;
    double write_per_s = 0;
    double read_bytes_per_s = 0;
    double read_per_s = 0;
};

// In the busy hour, or at the shares given.
PlatformTable platform_table(const Parameters& parameters);

} // namespace profiles::interception
