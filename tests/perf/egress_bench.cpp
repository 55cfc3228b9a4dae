// SPDX-License-Identifier: Apache-2.0
// What the egress analysis costs on one core.
//   egress_bench               the canary search: GB/s over bytes as they are met
//   egress_bench worst [TEXT]  hostile inputs beside honest ones, in a table; only paths and inputs
//   whose
//                              names hold TEXT. Exit code 1: one costs more than three times the
//                              honest.
// The honest input is random but valid, its frames as long as the hostile ones: datagrams of flows
// that come again, segments in order, datagrams in two fragments, padded queries for 1000 names and
// answers with as many addresses as fit, ordinary ClientHellos and random data behind them, lines
// of random words, gzip streams of those, sectors with a token in each, echoes of pairs that come
// again. CPU time of the thread, without what a run does after its last frame ("end ms": what
// waited for its share of unpacking, bounded for the whole). "us most" is the longest that one
// frame took: the least of three runs for each frame, the most of all frames.
#include "bench/egress/canary_view.h"
#include "tests/perf/egress_worst.h"

#include <cstdio>
#include <ctime>
#include <string>
#include <vector>

using namespace bench::egress;

namespace {

constexpr std::size_t buffer_bytes = 64U << 20U;

double cpu_s() {
    return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

std::uint64_t next(std::uint64_t& state) {
    state ^= state << 13U;
    state ^= state >> 7U;
    return state ^= state << 17U;
}

void measure(const char* what, const std::string& data, std::size_t piece_bytes) {
    CanaryTools tools(bench::integrity::CanaryKey{});
    CanaryView view(tools, 0, tools.outermost, true);
    std::size_t hits = 0;
    const Bytes bytes = std::as_bytes(std::span(data));
    const double from = cpu_s();
    for (std::size_t at = 0; at < bytes.size(); at += piece_bytes) {
        view.take(bytes.subspan(at, std::min(piece_bytes, bytes.size() - at)),
                  [&](const CanaryHit&) { ++hits; });
    }
    view.end([&](const CanaryHit&) { ++hits; });
    std::printf("canary search, %-28s %6.2f GB/s  (%zu hits, %llu B unpacked)\n",
                what,
                static_cast<double>(bytes.size()) / (cpu_s() - from) / 1e9,
                hits,
                static_cast<unsigned long long>(tools.budget.unpacked_bytes()));
}

} // namespace

int main(int count, char** arguments) {
    const std::string command = count > 1 ? arguments[1] : "";
    if (command == "worst" && count <= 3) {
        tests::perf::WorstSettings settings;
        settings.filter = count > 2 ? arguments[2] : "";
        return tests::perf::measure_worst(settings) ? 0 : 1;
    }
    if (count > 1) {
        std::fputs("usage: egress_bench [worst [TEXT]]\n", stderr);
        return 2;
    }
    std::uint64_t state = 88172645463325252ULL;
    std::string random(buffer_bytes, '\0');
    std::string base64 = random;
    std::string text;
    constexpr std::string_view letters =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (std::size_t i = 0; i < buffer_bytes; ++i) {
        const std::uint64_t value = next(state);
        random[i] = static_cast<char>(value >> 32U);
        base64[i] = letters[value >> 40U & 63U];
    }
    while (text.size() < buffer_bytes) {
        text += "<134>Nov 22 02:10:01 array-a controller: volume " +
                std::to_string(next(state) % 999) + " latency nominal, write cache enabled\n";
    }
    measure("random, pieces of 1448", random, 1448);
    measure("random, pieces of 64 KiB", random, 65536);
    measure("base64, pieces of 1448", base64, 1448);
    measure("log lines, pieces of 1448", text, 1448);
    measure("zeros, pieces of 64 KiB", std::string(buffer_bytes, '\0'), 65536);
    return 0;
}
