// SPDX-License-Identifier: Apache-2.0
// Who reads what, in which order, and whose reads must be right.
#include "profiles/interception/rates.h"
#include "profiles/interception/streams.h"
#include "tests/unit/profiles/platform_run.h"

#include <catch2/catch.hpp>

#include <set>

using namespace profiles::interception;
using namespace std::chrono_literals;

namespace {

using profiles::AccessOp;

constexpr profiles::WorkingSet one_gib{0, 1ULL << 30U, 512};

// Every access of a platform whose array answers at once, in the order of taking.
std::vector<profiles::Access> accesses(const Parameters& parameters, Duration length) {
    const auto source = make_interception_source(parameters, one_gib, 5, {0, 1});
    std::vector<profiles::Access> batch(64);
    std::vector<profiles::Access> out;
    for (Duration now{0}; now < length; now = std::max(now + 1us, *source->next_due())) {
        const std::size_t count = source->take(now, batch);
        for (std::size_t i = 0; i < count; ++i) {
            out.push_back(batch[i]);
            source->completed({batch[i].id, profiles::AccessEnd::good, now});
        }
    }
    return out;
}

std::set<bool> verified(const std::vector<profiles::Access>& all, StreamIndex stream) {
    std::set<bool> out;
    for (const profiles::Access& access : all) {
        if (access.stream == number(stream)) {
            out.insert(access.verify);
        }
    }
    return out;
}

Parameters small() {
    Parameters out;
    out.scale = 0.02;
    out.stationary = true;
    return out;
}

} // namespace

TEST_CASE("what goes to court, a scrub and the check of a purge are read with verification",
          "[interception]") {
    Parameters parameters = small();
    parameters.readers.purge = true;
    const auto all = accesses(parameters, 20s);
    CHECK(verified(all, StreamIndex::evidence) == std::set{true});
    CHECK(verified(all, StreamIndex::scrub) == std::set{true});
    CHECK(verified(all, StreamIndex::purge_check) == std::set{true});
    CHECK(verified(all, StreamIndex::playback) == std::set{false}); // By the plan's sampling only.
    CHECK(verified(all, StreamIndex::classification) == std::set{false});
}

TEST_CASE("a purge is checked where it has just freed", "[interception]") {
    Parameters parameters = small();
    parameters.readers.purge = true;
    const auto all = accesses(parameters, 20s);
    std::size_t checks = 0;
    const profiles::Access* freed = nullptr;
    for (const profiles::Access& access : all) {
        if (access.stream == number(StreamIndex::purge)) {
            CHECK(access.op == AccessOp::unmap);
            freed = &access;
        } else if (access.stream == number(StreamIndex::purge_check)) {
            REQUIRE(freed != nullptr);
            CHECK(access.op == AccessOp::read);
            CHECK(access.offset_bytes >= freed->offset_bytes);
            CHECK(access.offset_bytes + access.size_bytes <=
                  freed->offset_bytes + freed->size_bytes);
            ++checks;
        }
    }
    CHECK(checks > 3);
}

TEST_CASE("an evacuation moves the oldest first, all that is retained, each block once",
          "[interception]") {
    Parameters parameters = small();
    parameters.readers.evacuation = true;
    parameters.readers.evacuation_depth = 1;
    std::vector<std::uint64_t> offsets;
    for (const profiles::Access& access : accesses(parameters, 2ms)) {
        if (access.stream == number(StreamIndex::evacuation)) {
            offsets.push_back(access.offset_bytes);
        }
    }
    REQUIRE(offsets.size() > 500);
    // What is there from the beginning lies in the order of its age.
    const auto pass_end = std::is_sorted_until(offsets.begin(), offsets.end());
    const auto pass = static_cast<std::size_t>(pass_end - offsets.begin());
    CHECK(pass > 500); // 60 % of 1 GiB less what journals, log and index take.
    CHECK(std::set(offsets.begin(), pass_end).size() == pass);
    if (pass_end != offsets.end()) {
        CHECK(*pass_end == offsets.front()); // Round and round.
    }
}

TEST_CASE("a signature weighs on the ingest once in so many hashes", "[interception]") {
    Parameters none = small();
    none.records.signature_bytes = 0;
    Parameters every_15 = small();
    Parameters every_hash = small();
    every_hash.records.signature_every_hashes = 1;
    const double without = busy_rates(none).ingest_bytes;
    const double usual = busy_rates(every_15).ingest_bytes - without;
    const double dense = busy_rates(every_hash).ingest_bytes - without;
    CHECK(usual > 0);
    CHECK(dense / usual == Approx(every_15.records.signature_every_hashes));
}
