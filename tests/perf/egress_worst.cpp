// SPDX-License-Identifier: Apache-2.0
#include "tests/perf/egress_worst.h"

#include "bench/egress/canary_search.h"
#include "bench/egress/made_frames.h"
#include "tests/perf/hostile_traffic.h"

#include <malloc.h>
#include <time.h> // NOLINT(modernize-deprecated-headers): clock_gettime is POSIX's.

#include <algorithm>
#include <cstdio>
#include <limits>
#include <numeric>
#include <optional>

namespace tests::perf {

using namespace bench::egress;

namespace {

std::int64_t thread_cpu_ns() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

bench::integrity::CanaryKeyFile search_key() {
    bench::integrity::CanaryKeyFile out;
    out.key.fill(std::byte{0x5A});
    return out;
}

profiles::Policy usual_policy() {
    profiles::Policy out;
    out.name = "worst";
    out.array_addresses = {"10.0.0.0/9"};
    profiles::PolicyRule names;
    names.name = "names";
    names.protocol = "udp";
    names.ports = {53};
    names.dns_names = {"*.example"};
    out.rules = {names};
    return out;
}

// An analysis as a live watch has it: canary search, DNS log, cut-outs.
struct Watched {
    Watched()
        : policy(usual_policy())
        , search(search_key())
        , analysis(policy, {.content = &search, .dns_log_max = 1'000'000}) {}

    void take(const std::vector<std::byte>& frame) {
        constexpr std::int64_t apart_ns = 10'000;
        analysis.frame(frame_of(frame, at_ns += apart_ns));
    }

    CompiledPolicy policy;
    CanarySearch search;
    Analysis analysis;
    std::int64_t at_ns = 1'700'000'000'000'000'000;
};

struct Cost {
    double all_ns = std::numeric_limits<double>::max(); // Least of all repeats
    double end_ns = std::numeric_limits<double>::max(); // After the last frame
    double longest_ns = 0;                              // One frame
};

void measure(const Traffic& traffic, Cost& cost) {
    Watched watched;
    const std::int64_t from = thread_cpu_ns();
    for (const auto& frame : traffic) {
        watched.take(frame);
    }
    const std::int64_t taken = thread_cpu_ns();
    watched.analysis.finish();
    watched.search.finish();
    cost.all_ns = std::min(cost.all_ns, static_cast<double>(taken - from));
    cost.end_ns = std::min(cost.end_ns, static_cast<double>(thread_cpu_ns() - taken));
}

// Each frame by itself: of several runs its least, of all frames the most.
double longest_frame_ns(const Traffic& traffic) {
    constexpr int runs = 3;
    std::vector<std::int64_t> least(traffic.size(), std::numeric_limits<std::int64_t>::max());
    for (int run = 0; run < runs; ++run) {
        Watched watched;
        for (std::size_t i = 0; i < traffic.size(); ++i) {
            const std::int64_t from = thread_cpu_ns();
            watched.take(traffic[i]);
            least[i] = std::min(least[i], thread_cpu_ns() - from);
        }
    }
    return static_cast<double>(*std::max_element(least.begin(), least.end()));
}

double bytes_of(const Traffic& traffic) {
    return std::accumulate(traffic.begin(), traffic.end(), 0.0, [](double sum, const auto& frame) {
        return sum + static_cast<double>(frame.size());
    });
}

struct Result {
    double ratio = 0;
    double longest_ns = 0;
    double end_ns = 0;
};

Result hold(const Contest& contest, int repeats) {
    const Traffic hostile = contest.hostile();
    std::vector<std::size_t> frame_bytes;
    for (const auto& frame : hostile) {
        frame_bytes.push_back(frame.size());
    }
    const Traffic honest = contest.honest(frame_bytes);
    Cost worst;
    Cost usual;
    for (int repeat = 0; repeat < repeats; ++repeat) {
        measure(repeat % 2 == 0 ? hostile : honest, repeat % 2 == 0 ? worst : usual);
        measure(repeat % 2 == 0 ? honest : hostile, repeat % 2 == 0 ? usual : worst);
    }
    const double usual_frame = usual.all_ns / static_cast<double>(honest.size());
    const double worst_frame = worst.all_ns / static_cast<double>(hostile.size());
    const double usual_byte = usual.all_ns / bytes_of(honest);
    const double worst_byte = worst.all_ns / bytes_of(hostile);
    Result out;
    out.ratio = std::max(worst_frame / usual_frame, worst_byte / usual_byte);
    out.longest_ns = longest_frame_ns(hostile);
    out.end_ns = worst.end_ns;
    std::printf("%-17s %-42s %6.0f %8.0f %8.0f %8.2f %8.2f %6.2f %8.0f %7.1f%s\n",
                contest.path.c_str(),
                contest.input.c_str(),
                bytes_of(hostile) / static_cast<double>(hostile.size()),
                usual_frame,
                worst_frame,
                usual_byte,
                worst_byte,
                out.ratio,
                out.longest_ns / 1e3,
                out.end_ns / 1e6,
                out.ratio > 3 ? "  ABOVE" : "");
    std::fflush(stdout);
    return out;
}

double load_average() {
    double out = 0;
    std::FILE* file = std::fopen("/proc/loadavg", "r");
    if (file != nullptr) {
        if (std::fscanf(file, "%lf", &out) != 1) {
            out = 0;
        }
        std::fclose(file);
    }
    return out;
}

} // namespace

bool measure_worst(const WorstSettings& settings) {
    // Memory that was touched once is kept: what the kernel takes for new pages depends on the
    // host, and is bounded by the tables.
    ::mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
    ::mallopt(M_MMAP_MAX, 0);
    std::printf("load %.1f; CPU time of the thread, least of %d alternating repeats\n"
                "%-17s %-42s %6s %8s %8s %8s %8s %6s %8s %7s\n",
                load_average(),
                settings.repeats,
                "path",
                "hostile input",
                "B",
                "ns/frame",
                "hostile",
                "ns/B",
                "hostile",
                "ratio",
                "us most",
                "end ms");
    double ratio = 0;
    double longest_ns = 0;
    double end_ns = 0;
    std::vector<Contest> contests;
    for (auto& some : {frame_contests(),
                       order_contests(),
                       name_contests(),
                       content_contests(search_key()),
                       packed_contests()}) {
        contests.insert(contests.end(), some.begin(), some.end());
    }
    for (const Contest& contest : contests) {
        if ((contest.path + ": " + contest.input).find(settings.filter) == std::string::npos) {
            continue;
        }
        const Result result = hold(contest, settings.repeats);
        ratio = std::max(ratio, result.ratio);
        longest_ns = std::max(longest_ns, result.longest_ns);
        end_ns = std::max(end_ns, result.end_ns);
    }
    std::printf(
        "most: %.2f times the honest input (%.1f allowed); one frame holds the live watch for "
        "%.0f us at most; the end of the capture takes %.0f ms; load %.1f\n",
        ratio,
        settings.ratio_max,
        longest_ns / 1e3,
        end_ns / 1e6,
        load_average());
    return ratio <= settings.ratio_max;
}

} // namespace tests::perf
