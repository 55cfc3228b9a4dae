// SPDX-License-Identifier: Apache-2.0
// What generating the platform's load costs, without stamping and I/O: CPU time for each second of
// the platform's time, and memory. Every access is answered a millisecond after it was due.

#include "profiles/interception/interception_source.h"
#include "profiles/interception/plant.h"

#include <malloc.h>
#include <time.h>

#include <cstdio>
#include <cstdlib>
#include <deque>
#include <vector>

using namespace profiles;
using namespace profiles::interception;
using namespace std::chrono_literals;

namespace {

double cpu_s() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

double heap_bytes() {
    const auto info = ::mallinfo2();
    return static_cast<double>(info.uordblks) + static_cast<double>(info.hblkhd);
}

struct Cost {
    double cpu_s = 0;
    std::uint64_t accesses = 0;
};

Cost generate(Source& source, Duration from, Duration until) {
    std::vector<Access> batch(64);
    std::vector<Delay> delays(64);
    std::deque<std::pair<Duration, std::uint64_t>> in_flight; // Due in order, so done in order.
    Cost out;
    const double begun = cpu_s();
    for (Duration now = from; now < until;) {
        const Duration next = *source.next_due();
        if (!in_flight.empty() && in_flight.front().first <= next) {
            now = in_flight.front().first;
            source.completed({in_flight.front().second, AccessEnd::good, now});
            in_flight.pop_front();
            continue;
        }
        now = next;
        const std::size_t count = source.take(now, batch);
        for (std::size_t i = 0; i < count; ++i) {
            in_flight.emplace_back(now + 1ms, batch[i].id);
        }
        out.accesses += count;
        while (source.take_delays(delays) > 0) {
        }
    }
    while (!in_flight.empty()) {
        source.completed({in_flight.front().second, AccessEnd::good, until});
        in_flight.pop_front();
    }
    out.cpu_s = cpu_s() - begun;
    return out;
}

} // namespace

int main(int argc, char** argv) {
    const int seconds = argc > 1 ? std::atoi(argv[1]) : 60;
    if (seconds < 1) {
        std::fprintf(stderr, "usage: platform_bench [SECONDS OF THE PLATFORM'S TIME]\n");
        return 2;
    }
    Parameters parameters;
    parameters.targets = 20'000;
    const WorkingSet set{0, 64ULL << 30U, 4096};

    double before = heap_bytes();
    const auto plant = std::make_unique<Plant>(parameters, 1, 0, 1);
    const double plant_bytes = heap_bytes() - before;
    const auto active = static_cast<double>(plant->calls() + plant->sessions());

    before = heap_bytes();
    const auto source = make_interception_source(parameters, set, 1, {0, 1});
    generate(*source, 0s, 10s); // Until rings and heaps have grown.
    const double all_bytes = heap_bytes() - before;
    const Cost cost = generate(*source, 10s, 10s + std::chrono::seconds(seconds));
    const double share = cost.cpu_s / seconds;
    std::printf("{\"targets\": %.0f, \"seconds\": %d, \"accesses\": %llu, \"cpu_share\": %.4f, "
                "\"active_sessions\": %.0f, \"plant_bytes\": %.0f, \"all_bytes\": %.0f, "
                "\"bytes_per_target\": %.0f, \"bytes_per_active_session\": %.0f}\n",
                parameters.targets,
                seconds,
                static_cast<unsigned long long>(cost.accesses),
                share,
                active,
                plant_bytes,
                all_bytes,
                all_bytes / parameters.targets,
                active > 0 ? plant_bytes / active : 0);
    return 0;
}
