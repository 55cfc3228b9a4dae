// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiles/interception/interception_source.h"
#include "profiles/interception/streams.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

// The whole platform on an owned clock, without I/O.
namespace tests {

using profiles::Access;
using profiles::interception::Duration;
using profiles::interception::Parameters;

struct Counts {
    std::map<std::uint16_t, double> per_s;
    std::map<std::uint16_t, double> bytes_per_s;
    std::vector<profiles::Measure> measures;
    std::vector<profiles::Delay> delays;
    std::vector<profiles::Loss> losses;
};

// Runs the whole platform on an owned clock; every access completes `service` after it was due.
inline Counts
run(const Parameters& parameters, std::uint64_t seed, Duration length, Duration service) {
    const profiles::WorkingSet set{0, 64ULL << 30U, 512};
    const auto source =
        profiles::interception::make_interception_source(parameters, set, seed, {0, 1});
    std::vector<Access> batch(64);
    std::vector<std::pair<Duration, std::uint64_t>> in_flight; // Heap, earliest first
    const auto later = [](const auto& left, const auto& right) {
        return left.first > right.first;
    };
    std::vector<profiles::Delay> delays(64);
    Counts out;
    Duration now{0};
    while (now < length) {
        const Duration next = *source->next_due();
        const bool complete = !in_flight.empty() && in_flight.front().first <= next;
        now = complete ? in_flight.front().first : next;
        if (complete) {
            std::pop_heap(in_flight.begin(), in_flight.end(), later);
            source->completed({in_flight.back().second, profiles::AccessEnd::good, now});
            in_flight.pop_back();
        } else {
            for (std::size_t count = source->take(now, batch); count > 0; count = 0) {
                for (std::size_t i = 0; i < count; ++i) {
                    out.per_s[batch[i].stream] += 1;
                    out.bytes_per_s[batch[i].stream] += static_cast<double>(batch[i].size_bytes);
                    in_flight.emplace_back(now + service, batch[i].id);
                    std::push_heap(in_flight.begin(), in_flight.end(), later);
                }
            }
        }
        for (std::size_t count = source->take_delays(delays); count > 0;
             count = source->take_delays(delays)) {
            out.delays.insert(out.delays.end(),
                              delays.begin(),
                              delays.begin() + static_cast<std::ptrdiff_t>(count));
        }
    }
    const double seconds = std::chrono::duration<double>(length).count();
    for (auto& [stream, value] : out.per_s) {
        value /= seconds;
        out.bytes_per_s[stream] /= seconds;
    }
    out.measures = source->measures();
    out.losses = source->losses();
    return out;
}

inline double measure(const Counts& counts, const std::string& name) {
    for (const auto& entry : counts.measures) {
        if (entry.name == name) {
            return entry.value;
        }
    }
    FAIL("no measure " << name);
    return 0;
}

} // namespace tests
