// SPDX-License-Identifier: Apache-2.0
// The platform model against its worked example: 5,000 targets, a stationary busy hour, three
// shares kept; everything within 5 %, over as many seeds as the standard error asks for.

#include "profiles/interception/plant.h"
#include "profiles/interception/rates.h"
#include "tests/unit/profiles/platform_run.h"

#include <catch2/catch.hpp>

#include <cmath>
#include <functional>

using namespace profiles::interception;
using namespace std::chrono_literals;
using tests::Counts;
using tests::measure;

namespace {

constexpr double within_share = 0.05;
// So that a mean that is right is found within 5 % but once in a hundred times.
constexpr double error_most = within_share / 2.6;

struct Example { // The worked example as published with the model
    double keep;
    double mean, busy, peak;   // MB/s
    double w1, w2, w3, w4;     // Per second
    double r1, r2, r3, r4, r5; // MB/s
    double write_mb, write_per_s, read_mb, read_per_s;
    double night_read_mb, purge_per_s;
};
const Example examples[] = {
    {1.0,
     61,
     118,
     342,
     512,
     128,
     200,
     3648,
     26.0,
     41.8,
     61,
     66.7,
     247,
     152,
     4490,
     443,
     3730,
     394,
     58},
    {0.3, 20, 40, 107, 192, 128, 200, 1151, 26.0, 41.8, 20, 66.7, 82, 53, 1670, 237, 3420, 131, 19},
    {0.0, 2.7, 6.6, 8, 64, 128, 41, 81, 26.0, 41.8, 2.7, 66.7, 28, 9.7, 314, 165, 3300, 34, 2.6}};

Parameters variant(double keep) {
    Parameters out;
    out.data.keep = keep;
    out.readers.retention_days = keep > 0 ? 730 : 1826;
    return out;
}

auto within(double value) {
    return Approx(value).epsilon(within_share);
}

struct Heard final : PlantHearer {
    double bytes = 0;
    double rows = 0;
    double busiest_bytes = 0; // Of one second.
    void product(const Product& product, Duration at) noexcept override {
        bytes += product.bytes;
        rows += static_cast<double>(product.rows);
        second_ = at / 1s == second_at_ ? second_ + product.bytes : product.bytes;
        second_at_ = at / 1s;
        busiest_bytes = std::max(busiest_bytes, second_);
    }
    void closed(std::uint32_t, Duration) noexcept override {}
    void ticked(Duration) noexcept override {}

private:
    double second_ = 0;
    std::int64_t second_at_ = -1;
};

Heard heard(const Parameters& parameters, std::uint64_t seed, Duration length) {
    Plant plant(parameters, seed, 0, 1);
    Heard out;
    plant.step(length, out);
    return out;
}

// The means of several numbers over seeds, which are added until the relative standard error of
// each is small enough.
struct Means {
    std::vector<double> values;
    double error = 1; // The largest.
    std::uint64_t seeds = 0;
};

Means over_seeds(const std::function<std::vector<double>(std::uint64_t seed)>& one,
                 std::uint64_t seeds_least = 4) {
    constexpr std::uint64_t seeds_most = 2000;
    Means out;
    std::vector<double> squares;
    while (out.seeds < seeds_least || out.error > error_most) {
        REQUIRE(out.seeds < seeds_most);
        const std::vector<double> values = one(++out.seeds);
        out.values.resize(values.size());
        squares.resize(values.size());
        out.error = 0;
        const auto count = static_cast<double>(out.seeds);
        for (std::size_t i = 0; i < values.size(); ++i) { // Welford 1962
            const double from = values[i] - out.values[i];
            out.values[i] += from / count;
            squares[i] += from * (values[i] - out.values[i]);
            const double error = std::sqrt(squares[i] / std::max(1.0, count * (count - 1)));
            out.error = std::max(out.error, out.seeds < 2 ? 1.0 : error / out.values[i]);
        }
    }
    return out;
}

// Calls, messages and records alone; and IP traffic alone, whose tail is so heavy that it takes
// many hours to settle. Both are the plant's, and do not know of each other.
Parameters without_ip(double keep) {
    Parameters out = variant(keep);
    out.data.keep = 0;
    return out;
}
Parameters only_ip(double keep) {
    Parameters out = variant(keep);
    out.voice.calls_per_day = 0;
    out.records.sms_per_day = out.records.locations_per_day = out.records.pdn_events_per_day = 0;
    return out;
}

} // namespace

TEST_CASE("the described table is the worked example within 5 %", "[interception]") {
    for (const Example& example : examples) {
        const PlatformTable table = platform_table(variant(example.keep));
        INFO("keep " << example.keep);
        CHECK(table.ingest_mean_bytes_per_s / 1e6 == within(example.mean));
        CHECK(table.ingest_busy_bytes_per_s / 1e6 == within(example.busy));
        CHECK(table.ingest_peak_bytes_per_s / 1e6 == within(example.peak));
        CHECK(table.write_bytes_per_s / 1e6 == within(example.write_mb));
        CHECK(table.write_per_s == within(example.write_per_s));
        CHECK(table.read_bytes_per_s / 1e6 == within(example.read_mb));
        CHECK(table.read_per_s == within(example.read_per_s));
        const double wanted[] = {example.w1, example.w2, example.w3, example.w4};
        for (std::size_t i = 0; i < 4; ++i) {
            INFO(table.streams[i].id);
            CHECK(table.streams[i].per_s == within(wanted[i]));
        }
        const double wanted_mb[] = {example.r1, example.r2, example.r3, example.r4, example.r5};
        for (std::size_t i = 0; i < 5; ++i) {
            INFO(table.streams[5 + i].id);
            CHECK(table.streams[5 + i].bytes_per_s / 1e6 == within(wanted_mb[i]));
        }
        Parameters night = variant(example.keep);
        night.readers.backup = true;
        night.readers.purge = true;
        const PlatformTable nightly = platform_table(night);
        CHECK((nightly.streams[9].bytes_per_s + nightly.streams[10].bytes_per_s) / 1e6 ==
              within(example.night_read_mb));
        CHECK(nightly.streams[11].per_s == within(example.purge_per_s));
    }
}

namespace {

// How many hours of IP traffic have a standard error as small as is wanted. What stands at once is
// Poisson, so its relative variance is one session's share of the mean; it settles over E[S^2] /
// E[S] of the sessions' lengths S (M/G/infinity). Computed, since so heavy a tail looks harmless in
// most samples of it.
std::uint64_t hours_needed(const Parameters& p) {
    const double rate = session_raw_bytes_per_s(p);
    double first = 0;
    double second = 0;
    for (const auto& [share, month] :
         {std::pair(p.data.mobile_share, p.data.mobile_bytes_per_month),
          std::pair(p.data.fixed_share, p.data.fixed_bytes_per_month)}) {
        const double alpha = p.data.pareto_alpha;
        const double mean = month / (p.data.sessions_per_day * 30);
        const double least = pareto_least(mean, alpha, p.data.pareto_truncation);
        const double truncation = p.data.pareto_truncation;
        first += share * mean;
        second += share * alpha / (2 - alpha) * least * least *
                  (std::pow(truncation, 2 - alpha) - 1) / (1 - std::pow(truncation, -alpha));
    }
    const double variance = p.data.session_rate_share * second / first / rate / 3600;
    return static_cast<std::uint64_t>(std::ceil(variance / (error_most * error_most)));
}

} // namespace

TEST_CASE("the plant's busy hour brings the table's ingest, rows and busiest second",
          "[interception]") {
    const Means voice = over_seeds([](std::uint64_t seed) {
        const Heard hour = heard(without_ip(0), seed, 3600s);
        return std::vector{hour.bytes / 3600e6, hour.rows / 3600};
    });
    CHECK(voice.values[0] == within(examples[2].busy));
    CHECK(voice.values[1] == within(examples[2].w4 / 2));
    for (const Example& example : {examples[0], examples[1]}) {
        const std::uint64_t hours = hours_needed(variant(example.keep));
        CHECK(hours > 50);
        const Means ip = over_seeds(
            [&](std::uint64_t seed) {
                const Heard hour = heard(only_ip(example.keep), seed, 3600s);
                return std::vector{hour.bytes / 3600e6, hour.rows / 3600, hour.busiest_bytes / 1e6};
            },
            hours);
        INFO("keep " << example.keep << ", " << ip.seeds << " hours, standard error " << ip.error);
        CHECK(voice.values[0] + ip.values[0] == within(example.busy));
        CHECK(voice.values[1] + ip.values[1] == within(example.w4 / 2));
        CHECK(voice.values[0] + ip.values[2] == within(example.peak));
    }
}

TEST_CASE("every stream of the source runs at the table's rate", "[interception]") {
    for (const Example& example : examples) {
        constexpr Duration length = 60s;
        Parameters parameters = variant(example.keep);
        parameters.storage.checkpoint_every = 5s; // So that a minute holds many.
        parameters.readers.backup = true;
        const double busy = example.busy * 1e6;
        const Means means = over_seeds([&](std::uint64_t seed) {
            const Counts counts = tests::run(parameters, seed, length, 200us);
            CHECK(measure(counts, "lost_pdus") == 0);
            // What this minute brought; the hour's mean is another test's.
            const Heard brought = heard(parameters, seed, length);
            const double ingest = brought.bytes / 60;
            const double rows = brought.rows / 60;
            // Pages leave at checkpoints: those of the last five seconds are still to come.
            const double indexed = heard(parameters, seed, length - 5s).rows / 60;
            const auto bytes = [&](StreamIndex stream) {
                return counts.bytes_per_s.at(number(stream)) / 1e6;
            };
            const auto per_s = [&](StreamIndex stream) {
                return counts.per_s.at(number(stream));
            };
            return std::vector{per_s(StreamIndex::content) + (busy - ingest) / (256 << 10),
                               bytes(StreamIndex::content) * busy / ingest,
                               per_s(StreamIndex::journal),
                               per_s(StreamIndex::database_log) + std::min(200.0, example.w4 / 2) -
                                   std::min(200.0, rows),
                               per_s(StreamIndex::index_page) * example.w4 / 2 / indexed,
                               bytes(StreamIndex::playback),
                               bytes(StreamIndex::search_read),
                               bytes(StreamIndex::classification),
                               bytes(StreamIndex::evidence),
                               bytes(StreamIndex::scrub),
                               bytes(StreamIndex::scrub) + bytes(StreamIndex::backup)};
        });
        const double wanted[] = {example.w1,
                                 example.busy,
                                 example.w2,
                                 example.w3,
                                 example.w4,
                                 example.r1,
                                 example.r2,
                                 example.r3,
                                 example.r4,
                                 example.r5,
                                 example.night_read_mb};
        for (std::size_t i = 0; i < means.values.size(); ++i) {
            INFO("keep " << example.keep << ", stream " << i << ", " << means.seeds
                         << " minutes, standard error " << means.error);
            CHECK(means.values[i] == within(wanted[i]));
        }
    }
}

TEST_CASE("purge frees as much a second as a day's ingest in its hours", "[interception]") {
    for (const Example& example : examples) {
        Parameters parameters = variant(example.keep);
        parameters.readers.purge = true;
        parameters.readers.searches_per_s = 0; // Readers beside it cost only time here.
        const Means means = over_seeds([&](std::uint64_t seed) {
            const Counts counts = tests::run(parameters, seed, 60s, 200us);
            return std::vector{counts.per_s.at(number(StreamIndex::purge))};
        });
        INFO("keep " << example.keep);
        CHECK(means.values[0] == within(example.purge_per_s));
    }
}
