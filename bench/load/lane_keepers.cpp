// SPDX-License-Identifier: Apache-2.0
#include "bench/load/lane_keepers.h"

#include "bench/integrity/written_lun.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <fmt/format.h>
#include <numeric>
#include <random>

namespace bench::load {

namespace {

using integrity::ByteRange;
using Ranges = std::vector<ByteRange>;

struct Touched {
    std::vector<Ranges> changed; // By lane.
    std::vector<Ranges> read;
};

Touched touched_by_lane(const profiles::AnyWorkload& workload,
                        const profiles::WorkingSet& set,
                        std::size_t lanes) {
    Touched out{std::vector<Ranges>(lanes), std::vector<Ranges>(lanes)};
    for (std::size_t lane = 0; lane < lanes; ++lane) {
        const profiles::Shard shard{static_cast<std::uint32_t>(lane),
                                    static_cast<std::uint32_t>(lanes)};
        for (const auto& part : profiles::touched_parts(workload, set, shard)) {
            (part.is_changed ? out.changed : out.read)[lane].push_back(
                {part.from_bytes, part.size_bytes});
        }
    }
    return out;
}

Ranges all_of(const std::vector<Ranges>& lanes) {
    Ranges out;
    for (const Ranges& lane : lanes) {
        out.insert(out.end(), lane.begin(), lane.end());
    }
    return integrity::joined(out);
}

std::uint64_t total(const Ranges& ranges) {
    return std::accumulate(
        ranges.begin(), ranges.end(), std::uint64_t{0}, [](std::uint64_t sum, const auto& range) {
            return sum + range.size_bytes;
        });
}

// A lane owns what it alone changes, and of what nobody changes what it alone reads.
std::vector<Ranges> owned_by_lane(Touched touched) {
    const Ranges changed = all_of(touched.changed);
    std::vector<Ranges> out = integrity::uncontested(touched.changed);
    for (Ranges& lane : touched.read) {
        lane = integrity::without(lane, changed);
    }
    const std::vector<Ranges> only_read = integrity::uncontested(touched.read);
    for (std::size_t lane = 0; lane < out.size(); ++lane) {
        out[lane].insert(out[lane].end(), only_read[lane].begin(), only_read[lane].end());
    }
    return out;
}

// Whole units of the expectation only: one across a lane's border is nobody's.
Ranges whole_units(const std::vector<Ranges>& lanes, const integrity::ExpectationSettings& set) {
    Ranges out;
    for (const ByteRange& range : all_of(lanes)) {
        const std::uint64_t unit = set.unit_bytes;
        const std::uint64_t from =
            (range.from_bytes - set.from_bytes + unit - 1) / unit * unit + set.from_bytes;
        const std::uint64_t end =
            (range.from_bytes + range.size_bytes - set.from_bytes) / unit * unit + set.from_bytes;
        if (end > from) {
            out.push_back({from, end - from});
        }
    }
    return out;
}

std::uint32_t depth_of(const Lane& lane) {
    return std::accumulate(
        lane.drivers.begin(), lane.drivers.end(), 0U, [](std::uint32_t sum, const auto& driver) {
            return sum + static_cast<std::uint32_t>(driver->depth());
        });
}

} // namespace

integrity::ExpectationSettings new_expectation(const integrity::ByteRange& range,
                                               std::uint32_t write_bytes,
                                               const drivers::LunMark& lun) {
    std::random_device device;
    const std::uint64_t high = device();
    const std::uint32_t unit = std::lcm(write_bytes, std::max(lun.block_bytes, 1U));
    return {.run = high << 32U | device(),
            .from_bytes = range.from_bytes,
            .size_bytes = range.size_bytes - range.size_bytes % unit,
            .unit_bytes = unit,
            .lun = integrity::written_name(lun),
            .block_bytes = lun.block_bytes,
            .block_count = lun.block_count};
}

std::unique_ptr<integrity::Expectation> make_expectation(const profiles::AnyWorkload& workload,
                                                         const profiles::WorkingSet& set,
                                                         const drivers::LunMark& lun) {
    return std::make_unique<integrity::Expectation>(new_expectation(
        {set.from_bytes, set.size_bytes}, profiles::write_unit_bytes(workload), lun));
}

LaneKeepers::LaneKeepers(integrity::Expectation& expectation,
                         std::span<Lane> lanes,
                         const profiles::AnyWorkload& workload,
                         const VerifySettings& settings)
    : lanes_(lanes)
    , settings_(settings)
    , unit_bytes_(expectation.settings().unit_bytes) {
    const std::size_t first = lanes.size() * settings.host; // Of ours among all lanes.
    const Touched touched = touched_by_lane(workload, settings.set, lanes.size() * settings.hosts);
    Ranges all = all_of(touched.changed);
    const Ranges read = all_of(touched.read);
    all.insert(all.end(), read.begin(), read.end());
    unowned_bytes_ = total(integrity::joined(all));
    const std::vector<Ranges> owned = owned_by_lane(touched);
    Ranges followed;
    for (std::size_t lane = 0; lane < lanes.size(); ++lane) {
        const Ranges units = whole_units({owned[first + lane]}, expectation.settings());
        followed.insert(followed.end(), units.begin(), units.end());
    }
    for (const ByteRange& range : integrity::without(all_of(touched.changed), followed)) {
        expectation.forget(range.from_bytes, range.size_bytes);
    }
    for (std::size_t lane = 0; lane < lanes.size(); ++lane) {
        integrity::KeeperSettings keeper;
        keeper.lane = static_cast<std::uint16_t>(first + lane);
        keeper.verify = settings.verify;
        keeper.sample_one_in = settings.sample_one_in;
        keeper.compressible_percent = static_cast<std::uint8_t>(
            std::lround(profiles::reduction_of(workload).compressible_share * 100));
        keeper.slots = std::max(depth_of(lanes[lane]), 1U);
        keeper.ranges = owned[first + lane];
        keeper.unmapped_reads_zero = settings.unmapped_reads_zero;
        keeper.unmap_granularity_bytes = settings.unmap_granularity_bytes;
        keeper.unmap_is_advisory = settings.unmap_is_advisory;
        keeper.canary = settings.canary;
        keepers_.push_back(std::make_unique<integrity::Keeper>(expectation, keeper));
        lanes[lane].keeper = keepers_.back().get();
    }
    for (const Ranges& lane : owned) { // Other hosts' too: they judge theirs.
        unowned_bytes_ -= std::min(unowned_bytes_, total(lane));
    }
}

LaneKeepers::~LaneKeepers() {
    for (Lane& lane : lanes_) {
        lane.keeper = nullptr;
    }
}

integrity::FindingLog LaneKeepers::findings() const {
    integrity::FindingLog out;
    for (const auto& keeper : keepers_) {
        out.merge(keeper->findings());
    }
    return out;
}

integrity::KeeperCounts LaneKeepers::counts() const {
    integrity::KeeperCounts out;
    for (const auto& keeper : keepers_) {
        out.add(keeper->counts());
    }
    return out;
}

results::IntegrityRecord LaneKeepers::record(const std::string& array) const {
    const integrity::KeeperCounts sum = counts();
    results::IntegrityRecord out;
    out.array = array;
    out.verify = integrity::name_of(settings_.verify);
    out.units_written = sum.units_written;
    out.units_checked = sum.sectors_checked * integrity::sector_bytes / unit_bytes_;
    out.units_undecidable = sum.units_unfenced + sum.units_given_up;
    out.after = "the array's cache may have answered";
    out.note = fmt::format("{} sectors of 512 bytes read of which nothing was known; {} bytes are "
                           "touched by several lanes and not judged",
                           sum.sectors_unchecked,
                           unowned_bytes_);
    return out;
}

VerifySettings verify_settings_for(const drivers::LunReport& report) {
    VerifySettings out;
    const integrity::KeeperSettings keeper = keeper_settings_for(report);
    out.unmapped_reads_zero = keeper.unmapped_reads_zero;
    out.unmap_granularity_bytes = keeper.unmap_granularity_bytes;
    out.unmap_is_advisory = keeper.unmap_is_advisory;
    return out;
}

integrity::KeeperSettings keeper_settings_for(const drivers::LunReport& report) {
    integrity::KeeperSettings out;
    out.unmapped_reads_zero = false;
    for (const auto& [name, value] : report.limits) {
        if (name == "unmapped_reads_zero") {
            out.unmapped_reads_zero = value == "yes";
        } else if (name == "unmap_is_advisory") {
            out.unmap_is_advisory = value == "yes";
        } else if (name == "unmap_granularity_blocks") {
            out.unmap_granularity_bytes =
                std::strtoull(value.c_str(), nullptr, 10) * report.geometry.block_bytes;
        }
    }
    return out;
}

integrity::Calendar calendar_now() {
    using std::chrono::nanoseconds;
    const auto utc = std::chrono::system_clock::now().time_since_epoch();
    const auto monotonic = std::chrono::steady_clock::now().time_since_epoch();
    return {std::chrono::duration_cast<nanoseconds>(utc - monotonic).count()};
}

} // namespace bench::load
