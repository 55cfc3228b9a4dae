// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/soak.h"

#include "bench/campaign/live_bed.h"
#include "drivers/api/errors.h"
#include "drivers/api/monotonic_clock.h"

#include <unistd.h>

#include <algorithm>
#include <fmt/format.h>
#include <fstream>
#include <stop_token>
#include <thread>

namespace bench::campaign {

using namespace std::chrono_literals;

namespace {

constexpr const char* mixed = R"("streams": [
    {"name": "read", "operation": "read", "share": 0.6, "block": "8KiB", "locality": "uniform"},
    {"name": "write", "operation": "write", "share": 0.4, "block": "8KiB", "fua": 0.2,
     "locality": "uniform"}],
    "arrivals": {"kind": "poisson", "rate": "2000/s"}, "flush": {"every_writes": 50})";
constexpr std::uint64_t rounds_most = 1000;

// 0: the process is gone.
std::uint64_t rss_bytes(const std::string& process) {
    std::ifstream in("/proc/" + process + "/statm");
    std::uint64_t pages = 0;
    std::uint64_t resident = 0;
    return in >> pages >> resident ? resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE))
                                   : 0;
}

std::uint64_t median_of(const std::vector<std::uint64_t>& all, std::size_t from, std::size_t to) {
    if (from >= to) {
        return 0;
    }
    std::vector<std::uint64_t> part(all.begin() + static_cast<std::ptrdiff_t>(from),
                                    all.begin() + static_cast<std::ptrdiff_t>(to));
    const auto middle = part.begin() + static_cast<std::ptrdiff_t>(part.size() / 2);
    std::nth_element(part.begin(), middle, part.end());
    return *middle;
}

} // namespace

std::uint64_t SoakCurve::early_bytes() const {
    return median_of(rss_bytes, rss_bytes.size() / 4, rss_bytes.size() / 2);
}

std::uint64_t SoakCurve::late_bytes() const {
    return median_of(rss_bytes, rss_bytes.size() * 3 / 4, rss_bytes.size());
}

bool SoakCurve::grows() const {
    constexpr std::uint64_t noise_bytes = 2U << 20U;
    const std::size_t size = rss_bytes.size();
    const std::uint64_t middle_bytes = median_of(rss_bytes, size / 2, size * 3 / 4);
    const std::uint64_t step_bytes = std::max(early_bytes() / 50, noise_bytes);
    return middle_bytes > early_bytes() + step_bytes && late_bytes() > middle_bytes + step_bytes;
}

std::vector<SoakCurve> run_soak(drivers::Duration length) {
    std::vector<SoakCurve> out{{"bench", {}}, {"emulated array", {}}};
    const auto rounds =
        std::clamp<std::uint64_t>(static_cast<std::uint64_t>(length / 2s), 1, rounds_most);
    LiveRun what;
    what.workload = mixed;
    what.rate = "2000/s";
    what.rounds = static_cast<std::uint32_t>(rounds);
    what.phase_length =
        fmt::format("{}ms", std::max<std::int64_t>(length / 1ms / what.rounds, 200));
    what.reads_back = false;
    std::jthread watch([&](const std::stop_token& over) {
        const drivers::Duration every = std::min<drivers::Duration>(1s, length / 40);
        while (!over.stop_requested()) {
            for (const int child : own_children()) {
                const std::uint64_t child_bytes = rss_bytes(std::to_string(child));
                const std::uint64_t own_bytes = rss_bytes("self");
                if (child_bytes > 0 && own_bytes > 0) {
                    out[0].rss_bytes.push_back(own_bytes);
                    out[1].rss_bytes.push_back(child_bytes);
                }
            }
            std::this_thread::sleep_for(every);
        }
    });
    drivers::MonotonicClock clock;
    const results::RunRecord run = run_live(what, clock);
    watch.request_stop();
    watch.join();
    for (const results::RoundRecord& round : run.rounds) {
        if (!round.findings.empty()) {
            throw drivers::ArrayError("soak: data was found wrong on an honest array");
        }
    }
    if (!run.complete) {
        throw drivers::ArrayError("soak: " + run.interrupted);
    }
    return out;
}

std::string soak_text(const std::vector<SoakCurve>& curves) {
    constexpr double mib = 1U << 20U;
    std::string out;
    for (const SoakCurve& curve : curves) {
        out += fmt::format("{:<16} {:>7.1f} MiB early, {:>7.1f} MiB late, {} samples: {}\n",
                           curve.process,
                           static_cast<double>(curve.early_bytes()) / mib,
                           static_cast<double>(curve.late_bytes()) / mib,
                           curve.rss_bytes.size(),
                           curve.grows() ? "GROWS" : "does not grow");
    }
    return out;
}

} // namespace bench::campaign
