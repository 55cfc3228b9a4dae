// SPDX-License-Identifier: Apache-2.0
// The emulated array's service times against what queueing theory says of its stations.

#include "tests/fakes/array_bench.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>

using drivers::Duration;
using drivers::Op;
using drivers::array::ArraySettings;
using drivers::array::Fault;
using drivers::array::FaultEvent;
using drivers::array::MediumEnd;
using drivers::array::Shape;
using tests::ArrayBench;
using namespace std::chrono_literals;

namespace {

// The mean wait of an M/M/c queue in service times (Erlang C).
double erlang_wait(int servers, double load) {
    double term = 1;
    double sum = 1;
    for (int i = 1; i < servers; ++i) {
        term *= servers * load / i;
        sum += term;
    }
    const double all_busy = term * load / (1 - load);
    return all_busy / (sum + all_busy) / (servers * (1 - load));
}

// Mean response of reads that come at random, so many a second.
double mean_response_us(ArrayBench& bench, double rate_per_s, int count) {
    std::mt19937_64 chance(3);
    std::exponential_distribution<double> gap(rate_per_s);
    std::vector<std::byte> data(4096);
    double at_s = 0;
    double sum = 0;
    const auto begin = bench.now;
    for (int i = 0; i < count; ++i) {
        at_s += gap(chance);
        bench.now = begin + Duration(std::llround(at_s * 1e9));
        const auto result = bench.run(Op::read, (chance() % 8000) * 8, data);
        sum += std::chrono::duration<double, std::micro>(result.ready - bench.now).count();
    }
    bench.now += 10s;
    return sum / count;
}

ArraySettings with_exponential_reads(std::uint32_t processors) {
    auto settings = ArrayBench::settings();
    settings.service.processors = processors;
    settings.service.read = {Shape::exponential, Duration(69315), Duration{0}}; // Mean 100 us.
    return settings;
}

} // namespace

TEST_CASE("response rises with load as the M/M/c queue says, towards a knee", "[array]") {
    const std::uint32_t servers = GENERATE(1U, 4U);
    for (const double load : {0.2, 0.5, 0.8, 0.9}) {
        ArrayBench bench(with_exponential_reads(servers));
        const double capacity_per_s = servers * 1e6 / 100;
        const double predicted = 100 * (1 + erlang_wait(static_cast<int>(servers), load));
        const double seen = mean_response_us(bench, capacity_per_s * load, 200'000);
        INFO("servers " << servers << ", load " << load << ": seen " << seen << " us, predicted "
                        << predicted);
        CHECK(seen == Approx(predicted).epsilon(load > 0.85 ? 0.15 : 0.06));
    }
}

TEST_CASE("beyond its capacity an array's queue grows without end", "[array]") {
    ArrayBench bench(with_exponential_reads(4));
    const double early = mean_response_us(bench, 48'000, 10'000);
    ArrayBench again(with_exponential_reads(4));
    const double late = mean_response_us(again, 48'000, 100'000);
    CHECK(late > 5 * early);
}

TEST_CASE("a lognormal service time has the median and the P99 it was given", "[array]") {
    auto settings = ArrayBench::settings();
    settings.service.processors = 256;
    settings.service.read = {Shape::lognormal, 120us, 400us};
    ArrayBench bench(settings);
    std::vector<Duration> times;
    std::vector<std::byte> data(4096);
    for (int i = 0; i < 100'000; ++i) {
        bench.now += 1ms;
        times.push_back(bench.run(Op::read, 0, data).ready - bench.now);
    }
    std::sort(times.begin(), times.end());
    CHECK(times[50'000].count() == Approx(120'000).epsilon(0.02));
    CHECK(times[99'000].count() == Approx(400'000).epsilon(0.04));
}

TEST_CASE("writes are quick until the cache is full, then as slow as its destaging", "[array]") {
    auto settings = ArrayBench::settings();
    settings.service.write = {Shape::fixed, 100us, Duration{0}};
    settings.service.write_cache_bytes = 8U << 20U;
    settings.service.destage_bytes_per_s = 100'000'000;
    ArrayBench bench(settings);
    std::vector<std::byte> data(65536);
    // Written at 200 MB/s: the cache gains 100 MB/s and is full after 84 ms.
    const Duration gap(327'680);
    Duration before{0};
    Duration after{0};
    for (int i = 0; i < 2000; ++i) {
        bench.now += gap;
        const Duration response = bench.run(Op::write, 0, data).ready - bench.now;
        (i < 240 ? before : after) = response;
        if (i < 240) {
            REQUIRE(response == 100us);
        }
    }
    CHECK(before == 100us);
    // 2000 x 64 KiB at 100 MB/s are 1.31 s of destaging, less a cacheful, less the time gone by.
    CHECK(std::chrono::duration<double>(after).count() ==
          Approx(1.3107 - 0.0839 - 0.6554).epsilon(0.05));
    bench.now += 2s; // It drains.
    CHECK(bench.run(Op::write, 0, data).ready - bench.now == 100us);
}

TEST_CASE("what was read lately comes from the cache, all else from media", "[array]") {
    auto settings = ArrayBench::settings();
    settings.service.read = {Shape::fixed, 50us, Duration{0}};
    settings.service.media_servers = 8;
    settings.service.media_read = {Shape::fixed, 2ms, Duration{0}};
    settings.service.read_cache_bytes = 4U << 20U;
    ArrayBench bench(settings);
    std::vector<std::byte> data(4096);
    const auto read = [&](std::uint64_t lba) {
        bench.now += 10ms;
        return bench.run(Op::read, lba, data).ready - bench.now;
    };
    CHECK(read(0) == 2050us);
    CHECK(read(8) == 50us); // The same granule.
    for (std::uint64_t lba = 128; lba < ArrayBench::blocks; lba += 128) {
        read(lba); // 32 MiB go through a cache of 4.
    }
    CHECK(read(0) == 2050us);
    bench.now += 10ms;
    bench.run(Op::write, 128, data); // Written is cached.
    CHECK(read(128) == 50us);
}

TEST_CASE("allocation, incompressible data and the other controller's path cost what they cost",
          "[array]") {
    auto settings = ArrayBench::settings();
    settings.service.write = {Shape::fixed, 100us, Duration{0}};
    settings.service.thin_allocation = 60us;
    settings.service.compression = 10us;
    settings.service.forwarding = 150us;
    ArrayBench bench(settings);
    std::vector<std::byte> data(65536, std::byte{0});
    const auto write = [&](std::uint64_t lba) {
        bench.now += 10ms;
        return std::chrono::duration<double, std::micro>(bench.run(Op::write, lba, data).ready -
                                                         bench.now)
            .count();
    };
    CHECK(write(0) == 160);
    CHECK(write(0) == 100);
    bench.controller = 1;
    CHECK(write(0) == 250);
    bench.controller = 0;
    std::mt19937_64 chance(1);
    const auto noise = [&chance] {
        return static_cast<std::byte>(chance());
    };
    std::generate(data.begin() + 32768, data.end(), noise);
    CHECK(write(0) == Approx(100 + 640 * 0.55).epsilon(0.15)); // Half of it is noise.
    std::generate(data.begin(), data.end(), noise);
    CHECK(write(0) == Approx(740).epsilon(0.1));
}

TEST_CASE("a full queue says busy until something is answered", "[array]") {
    auto settings = ArrayBench::settings();
    settings.service.processors = 1;
    settings.service.read = {Shape::fixed, 1ms, Duration{0}};
    settings.service.queue_limit = 4;
    ArrayBench bench(settings);
    std::vector<std::byte> data(512);
    for (int i = 0; i < 4; ++i) {
        CHECK(bench.run(Op::read, 0, data).end == MediumEnd::good);
    }
    CHECK(bench.run(Op::read, 0, data).end == MediumEnd::busy);
    bench.controller = 1; // Another controller, another queue.
    CHECK(bench.run(Op::read, 0, data).end == MediumEnd::good);
    bench.controller = 0;
    bench.now += 1ms;
    CHECK(bench.run(Op::read, 0, data).end == MediumEnd::good);
    CHECK(bench.run(Op::read, 0, data).end == MediumEnd::busy);
    CHECK(bench.done(Fault::queue_full) == 2);
}

TEST_CASE("a slow tail is seen at P99.9 and not at P99", "[array]") {
    ArrayBench bench(with_exponential_reads(64));
    FaultEvent event;
    event.fault = Fault::slow_tail;
    event.rate = 0.002;
    event.extra = 50ms;
    CHECK(bench.apply(event).empty());
    std::vector<Duration> times;
    std::vector<std::byte> data(512);
    for (int i = 0; i < 100'000; ++i) {
        bench.now += 1ms;
        times.push_back(bench.run(Op::read, 0, data).ready - bench.now);
    }
    std::sort(times.begin(), times.end());
    CHECK(times[99'000] < 1ms);
    CHECK(times[99'900] > 50ms);
    CHECK(static_cast<std::uint64_t>(std::count_if(times.begin(), times.end(), [](Duration t) {
              return t > 50ms;
          })) == bench.done(Fault::slow_tail));
}

TEST_CASE("a slow path slows its controller for its time and no other", "[array]") {
    auto settings = ArrayBench::settings();
    settings.service.read = {Shape::fixed, 100us, Duration{0}};
    ArrayBench bench(settings);
    FaultEvent event;
    event.fault = Fault::slow_path;
    event.controller = 1;
    event.factor = 3;
    event.extra = 1ms;
    event.duration = 5s;
    CHECK(bench.apply(event).empty());
    std::vector<std::byte> data(512);
    CHECK(bench.run(Op::read, 0, data).ready - bench.now == 100us);
    bench.controller = 1;
    CHECK(bench.run(Op::read, 0, data).ready - bench.now == 1300us);
    CHECK(bench.done(Fault::slow_path) == 1);
    bench.now += 5s;
    CHECK(bench.run(Op::read, 0, data).ready - bench.now == 100us);
}
