// SPDX-License-Identifier: Apache-2.0
#include "bench/egress/beacon.h"

#include <boost/math/special_functions/gamma.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace bench::egress {

namespace {

constexpr std::size_t events_used_max = 1000; // More add nothing but time.
constexpr std::size_t periods_max = 5000;
constexpr double oversampling = 3; // Grid points per independent frequency

struct Periodogram {
    double period_ns = 0;
    double z = 0;
    double p = 1;
};

// Cosines of a turn in steps of 1/4096: an error of 0.0008 at most is nothing beside the noise of
// phases.
constexpr std::size_t turn_steps = 4096;
std::vector<float> make_cosines() {
    std::vector<float> out(turn_steps);
    for (std::size_t i = 0; i < turn_steps; ++i) {
        out[i] = static_cast<float>(
            std::cos(2 * std::numbers::pi * static_cast<double>(i) / turn_steps));
    }
    return out;
}

double power(std::span<const double> since_first_ns, double frequency) {
    static const std::vector<float> cosines = make_cosines();
    double cosine = 0;
    double sine = 0;
    for (const double since : since_first_ns) {
        const double turns = since * frequency;
        const auto step =
            static_cast<std::size_t>((turns - std::floor(turns)) * turn_steps) % turn_steps;
        cosine += static_cast<double>(cosines[step]);
        sine += static_cast<double>(cosines[(step + turn_steps - turn_steps / 4) % turn_steps]);
    }
    return (cosine * cosine + sine * sine) / static_cast<double>(since_first_ns.size());
}

// Each event redrawn within one period to either side has a uniform phase, so this null keeps any
// rate that is slow against the period, and z is exponential under it (with the small-sample term
// of Mardia and Jupp, 6.3.6).
double rayleigh_p(double z, std::size_t events) {
    const auto n = static_cast<double>(events);
    return std::clamp(std::exp(-z) * (1 + (2 * z - z * z) / (4 * n)), std::exp(-z) * 0.25, 1.0);
}

Periodogram
best_period(std::span<const std::int64_t> events, double shortest_ns, double longest_ns) {
    Periodogram best;
    const auto span_ns = static_cast<double>(events.back() - events.front());
    if (longest_ns <= shortest_ns || span_ns <= 0) {
        return best;
    }
    // A beacon that never misses has a period near the mean gap: far shorter ones are harmonics.
    const double shortest =
        std::max(shortest_ns, span_ns / (4.0 * static_cast<double>(events.size())));
    const double from = 1 / longest_ns;
    const double to = 1 / std::min(shortest, longest_ns);
    const double step =
        std::max(1 / (oversampling * span_ns), (to - from) / static_cast<double>(periods_max));
    std::vector<double> since_first_ns;
    for (const std::int64_t event : events) {
        since_first_ns.push_back(static_cast<double>(event - events.front()));
    }
    std::size_t tried = 0;
    double frequency = from;
    while (frequency <= to) {
        ++tried;
        const double z = power(since_first_ns, frequency);
        // A harmonic of the true frequency is as strong: the slower one is meant.
        if (z > best.z * 1.0001) {
            best = {1 / frequency, z, 1};
        }
        frequency += step;
    }
    best.p = std::min(1.0,
                      rayleigh_p(best.z, events.size()) *
                          static_cast<double>(std::max<std::size_t>(tried, 1)));
    return best;
}

// For neighbouring gaps a and b of a Poisson process |a - b| / (a + b) is uniform on 0..1, whatever
// the rate, if that changes slowly; the logarithms of disjoint pairs add up to a gamma variable
// (Shinomoto et al. 2003 on local variation). Bursts are told apart by a silence, so that of a
// Poisson process only what a silence has beyond that is exponential: gaps themselves would look
// regular, the more events the surer.
double regularity_p(std::span<const std::int64_t> silences_ns, std::int64_t burst_gap_ns) {
    double sum = 0;
    std::size_t pairs = 0;
    for (std::size_t i = 0; i + 2 < silences_ns.size(); i += 2) {
        const auto first = static_cast<double>(silences_ns[i + 1] - burst_gap_ns);
        const auto second = static_cast<double>(silences_ns[i + 2] - burst_gap_ns);
        sum -= std::log(std::max(std::abs(first - second) / std::max(first + second, 1.0), 1e-6));
        ++pairs;
    }
    return pairs == 0 ? 1.0 : boost::math::gamma_q(static_cast<double>(pairs), sum);
}

struct Window {
    std::span<const std::int64_t> starts_ns;
    std::span<const std::int64_t> silences_ns;
    std::int64_t burst_gap_ns = 0;

    Window part(std::size_t from, std::size_t count) const {
        return {starts_ns.subspan(from, count), silences_ns.subspan(from, count), burst_gap_ns};
    }
    double longest_ns() const {
        return static_cast<double>(starts_ns.back() - starts_ns.front()) / 3;
    }
};

struct WindowResult {
    Periodogram rayleigh;
    double regular = 1;
    double p = 1;
    double period_ns = 0;
};

double median_gap(std::span<const std::int64_t> events) {
    std::vector<std::int64_t> gaps;
    for (std::size_t i = 1; i < events.size(); ++i) {
        gaps.push_back(events[i] - events[i - 1]);
    }
    std::nth_element(
        gaps.begin(), gaps.begin() + static_cast<std::ptrdiff_t>(gaps.size() / 2), gaps.end());
    return static_cast<double>(gaps[gaps.size() / 2]);
}

WindowResult test_window(const Window& window) {
    WindowResult out;
    out.rayleigh = best_period(
        window.starts_ns, 2.0 * static_cast<double>(window.burst_gap_ns), window.longest_ns());
    out.regular = regularity_p(window.silences_ns, window.burst_gap_ns);
    out.p = std::min(1.0, 2 * std::min(out.rayleigh.p, out.regular));
    // Even gaps tell the period themselves; with missing events only the periodogram does.
    out.period_ns =
        out.regular <= out.rayleigh.p ? median_gap(window.starts_ns) : out.rayleigh.period_ns;
    return out;
}

} // namespace

Bursts bursts_of(std::span<const std::int64_t> events_ns, std::int64_t burst_gap_ns) {
    Bursts out;
    std::int64_t last = 0;
    for (const std::int64_t event : events_ns) {
        if (out.starts_ns.empty() || event - last > burst_gap_ns) {
            out.silences_ns.push_back(out.starts_ns.empty() ? 0 : event - last);
            out.starts_ns.push_back(event);
        }
        last = event;
    }
    return out;
}

std::vector<std::int64_t> collapse_bursts(std::span<const std::int64_t> events_ns,
                                          std::int64_t burst_gap_ns) {
    return bursts_of(events_ns, burst_gap_ns).starts_ns;
}

BeaconResult test_beacon(std::span<const std::int64_t> events_ns,
                         std::int64_t burst_gap_ns,
                         std::int64_t window_ns) {
    return test_bursts(bursts_of(events_ns, burst_gap_ns), burst_gap_ns, window_ns);
}

BeaconResult test_bursts(const Bursts& bursts, std::int64_t burst_gap_ns, std::int64_t window_ns) {
    BeaconResult out;
    out.events = bursts.starts_ns.size();
    out.longest_period_ns = static_cast<double>(window_ns) / 3;
    const std::size_t used = std::min(out.events, events_used_max);
    const std::size_t half = used / 2;
    out.enough = half >= beacon_events_min / 2;
    if (!out.enough) {
        return out;
    }
    const Window all = Window{bursts.starts_ns, bursts.silences_ns, burst_gap_ns}.part(0, used);
    const WindowResult whole = test_window(all);
    const WindowResult first = test_window(all.part(0, half));
    const WindowResult second = test_window(all.part(half, used - half));
    out.period_ns = whole.period_ns;
    out.rayleigh_z = whole.rayleigh.z;
    out.p_rayleigh = whole.rayleigh.p;
    out.p_regular = whole.regular;
    out.p = whole.p;
    out.p_first_half = first.p;
    out.p_second_half = second.p;
    out.same_period = first.period_ns > 0 &&
                      std::abs(first.period_ns - second.period_ns) <= 0.1 * first.period_ns;
    return out;
}

} // namespace bench::egress
