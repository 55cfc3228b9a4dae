// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace bench::egress {

inline constexpr std::size_t beacon_events_min = 16; // Half of them in each of two windows

// What a sequence of instants (connection starts, or bursts inside one connection) says about being
// a beacon.
struct BeaconResult {
    std::size_t events = 0;
    bool enough = false;   // At least 8 events in each of two disjoint windows.
    double period_ns = 0;  // Best period of the whole.
    double rayleigh_z = 0; // |sum exp(2 pi i t/T)|^2 / n at that period, Mardia and Jupp,
                           // Directional Statistics, 6.3
    double p_rayleigh = 1; // Corrected for every period tried.
    double p_regular = 1;  // Of gaps as even as these under a locally constant Poisson rate.
    double p = 1; // Both together (Bonferroni over the two); 1 where there is too little data.
    double p_first_half = 1;
    double p_second_half = 1;
    bool same_period = false;     // Both halves show the period, within a tenth.
    double longest_period_ns = 0; // A third of the window: slower ones cannot be excluded.

    bool second_window_agrees() const noexcept {
        return same_period && p_first_half <= 0.05 && p_second_half <= 0.05;
    }
};

// Events that follow a silence; those that came sooner belong to the one before.
struct Bursts {
    std::vector<std::int64_t> starts_ns;
    std::vector<std::int64_t> silences_ns; // Before each of them; the first one's is not known: 0.
};
Bursts bursts_of(std::span<const std::int64_t> events_ns, std::int64_t burst_gap_ns);

// Events closer than `burst_gap_ns` to the one before are one event. `events_ns` ascending;
// `window_ns` is how long was watched. Periods from 2 burst gaps to a third of the window are
// tried.
BeaconResult test_beacon(std::span<const std::int64_t> events_ns,
                         std::int64_t burst_gap_ns,
                         std::int64_t window_ns);

BeaconResult test_bursts(const Bursts& bursts, std::int64_t burst_gap_ns, std::int64_t window_ns);

std::vector<std::int64_t> collapse_bursts(std::span<const std::int64_t> events_ns,
                                          std::int64_t burst_gap_ns);

// The score of RITA version 5 (analysis/beacons.go of activecm/rita): 0.25 x (timestamp + data size
// + duration + histogram scores), connection starts in whole seconds. It ranks; it does not decide:
// it has no null model. 0 with fewer than 4 distinct starts.
double rita_score(std::span<const std::int64_t> starts_ns,
                  std::span<const std::uint64_t> bytes,
                  std::int64_t window_from_ns,
                  std::int64_t window_to_ns);

} // namespace bench::egress
