// SPDX-License-Identifier: Apache-2.0
// What content, stamping and checking cost on one core: GB/s, and nanoseconds at 4 KiB.
#include "bench/integrity/keeper.h"
#include "bench/integrity/stamp.h"
#include "bench/load/unstamped_content.h"

#include <chrono>
#include <cstdio>
#include <ctime>
#include <vector>

using namespace bench::integrity;

namespace {

constexpr std::size_t buffer_bytes = 64U << 10U; // Stays in the core's own cache.
constexpr int rounds = 20'000;

// Of this process: what others take from the core does not count.
double cpu_s() {
    return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

template <typename Work>
void print_speed(const char* what, const Work& work) {
    const double from = cpu_s();
    for (int i = 0; i < rounds; ++i) {
        work(static_cast<std::uint64_t>(i));
    }
    const double bytes = static_cast<double>(buffer_bytes) * rounds;
    std::printf("%-34s %6.2f GB/s\n", what, bytes / (cpu_s() - from) / 1e9);
}

template <typename Work>
void print_cost(const char* what, const Work& work) {
    constexpr int times = 300'000;
    const double from = cpu_s();
    for (int i = 0; i < times; ++i) {
        work(static_cast<std::uint64_t>(i % 1000) * 4096);
    }
    std::printf("%-34s %6.0f ns\n", what, (cpu_s() - from) * 1e9 / times);
}

} // namespace

int main() {
    std::vector<std::byte> data(buffer_bytes);
    Stamp stamp{.run = 1, .address_bytes = 0, .generation = 1, .issued_ns = 5, .lane = 1};
    bool right = true;
    print_speed("stamp, incompressible", [&](std::uint64_t i) {
        stamp.generation = i;
        write_stamps(data, stamp);
    });
    print_speed("check", [&](std::uint64_t) { right = holds_stamps(data, stamp) && right; });
    stamp.compressible_percent = 50;
    print_speed("stamp, half compressible", [&](std::uint64_t i) {
        stamp.generation = i;
        write_stamps(data, stamp);
    });
    print_speed("duplicate contents", [&](std::uint64_t i) {
        write_dictionary(data, {.seed = 1, .entry = static_cast<std::uint32_t>(i % 1000)});
    });

    bench::load::UnstampedContent content(0.32, 1);
    print_speed("content without stamps", [&](std::uint64_t) { content.fill(data); });
    print_cost("4 KiB of content without stamps",
               [&](std::uint64_t) { content.fill(std::span(data).first(4096)); });

    Expectation expectation({.run = 1, .size_bytes = 4096 * 1000});
    Keeper keeper(expectation, {});
    const auto run = [&](profiles::AccessOp op, std::uint64_t offset) {
        profiles::Access access;
        access.op = op;
        access.offset_bytes = offset;
        access.size_bytes = 4096;
        const auto piece = std::span(data).first(4096);
        keeper.begin(0, access, piece, drivers::TimePoint(std::chrono::seconds(1)));
        keeper.end(0, 0, {});
    };
    print_cost("4 KiB write through a keeper",
               [&](std::uint64_t at) { run(profiles::AccessOp::write, at); });
    run(profiles::AccessOp::write, 0); // What the buffer now holds is right for address 0 only.
    print_cost("4 KiB read through a keeper",
               [&](std::uint64_t) { run(profiles::AccessOp::read, 0); });
    right = right && keeper.findings().accusations() == 0;
    std::printf("%s\n", right ? "all right" : "WRONG CONTENT");
    return right ? 0 : 1;
}
