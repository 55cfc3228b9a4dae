// SPDX-License-Identifier: Apache-2.0
// A large buffer must not hide a slow array: nothing is lost yet, every commit still comes through,
// and the backlog says it all the same.

#include "profiles/interception/interception_source.h"
#include "profiles/interception/rates.h"
#include "profiles/interception/trend.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <deque>

using namespace profiles::interception;
using namespace std::chrono_literals;
using profiles::Access;

namespace {

// Only what the platform must write: no reader takes of the array's bandwidth.
Parameters writers_only() {
    Parameters out;
    out.targets = 200;
    out.data.keep = 0.3;
    out.data.session_rate_share = 0.01; // A hundred sessions at once: an even ingest.
    out.storage.writers = 4;
    out.storage.buffer_seconds = 120;
    out.readers.analysts = 0;
    out.readers.searches_per_s = 0;
    out.readers.classification = false;
    out.readers.export_evidence = false;
    out.readers.scrub = false;
    return out;
}

// One server, first come first served, that moves so many bytes a second.
std::vector<profiles::Measure>
serve(const Parameters& parameters, double bytes_per_s, Duration length, std::uint64_t seed) {
    const auto source = make_interception_source(parameters, {0, 4ULL << 30U, 512}, seed, {0, 1});
    std::vector<Access> batch(64);
    std::deque<std::pair<Duration, std::uint64_t>> queue;
    Duration free_at{0};
    Duration now{0};
    while (now < length) {
        const Duration next = *source->next_due();
        if (!queue.empty() && queue.front().first <= next) {
            now = queue.front().first;
            source->completed({queue.front().second, profiles::AccessEnd::good, now});
            queue.pop_front();
            continue;
        }
        now = next;
        const std::size_t count = source->take(now, batch);
        for (std::size_t i = 0; i < count; ++i) {
            const double took_s = static_cast<double>(batch[i].size_bytes) / bytes_per_s;
            free_at = std::max(free_at, now) + Duration(static_cast<std::int64_t>(took_s * 1e9));
            queue.emplace_back(free_at, batch[i].id);
        }
    }
    return source->measures();
}

double measure(const std::vector<profiles::Measure>& all, const std::string& name) {
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.name == name; });
    REQUIRE(found != all.end());
    return found->value;
}

constexpr Duration length = 60s;
constexpr double watched_s = 40; // The last two thirds.

double allowed_bytes(const Parameters& parameters) {
    return platform_table(parameters).ingest_peak_bytes_per_s / parameters.storage.commits_per_s;
}

} // namespace

TEST_CASE("a buffer that does not overflow does not hide an array that is too slow",
          "[interception]") {
    const Parameters parameters = writers_only();
    const double offered = platform_table(parameters).write_bytes_per_s;
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        const auto slow = serve(parameters, offered * 0.7, length, seed);
        CHECK(measure(slow, "lost_pdus") == 0);
        const double low = measure(slow, "backlog_trend_low_bytes_per_s");
        CHECK(low > 0);
        CHECK(low * watched_s > allowed_bytes(parameters));
        CHECK(measure(slow, "oldest_waiting_ns_at_most") > 1e9);
    }
}

TEST_CASE("an array that keeps up has a backlog that only breathes", "[interception]") {
    const Parameters parameters = writers_only();
    const double offered = platform_table(parameters).write_bytes_per_s;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        const auto fast = serve(parameters, offered * 3, length, seed);
        CHECK(measure(fast, "lost_pdus") == 0);
        CHECK(measure(fast, "backlog_trend_low_bytes_per_s") * watched_s <
              allowed_bytes(parameters));
        CHECK(measure(fast, "oldest_waiting_ns_at_most") < 1e9);
    }
}

TEST_CASE("readings that come more often make no other trend", "[interception]") {
    std::vector<float> every_second;
    std::vector<float> ten_a_second;
    for (int i = 0; i < 600; ++i) {
        ten_a_second.push_back(static_cast<float>(i * 50 + i % 7));
        if (i % 10 == 0) {
            every_second.push_back(ten_a_second.back());
        }
    }
    CHECK(backlog_trend(ten_a_second, 10).bytes_per_s ==
          Approx(backlog_trend(every_second).bytes_per_s).epsilon(0.02));
}
