// SPDX-License-Identifier: Apache-2.0
#include "profiles/kinds/any_workload.h"

#include "profiles/file_error.h"
#include "profiles/interception/interception_source.h"
#include "profiles/interception/rates.h"
#include "profiles/interception/streams.h"
#include "profiles/strict_json.h"
#include "profiles/workload_file.h"

#include <algorithm>
#include <fmt/format.h>
#include <numeric>

namespace profiles {

using interception::PlatformWorkload;
using interception::VideoWorkload;
using trace::TraceWorkload;

namespace {

template <typename... Answers>
struct Each : Answers... {
    using Answers::operator()...;
};
template <typename... Answers>
Each(Answers...) -> Each<Answers...>;

constexpr std::uint64_t usual_unit_bytes = 4096;

bool changes(AccessOp op) {
    return op == AccessOp::write || op == AccessOp::unmap || op == AccessOp::write_zeroes;
}

std::uint32_t unit_of(const Workload& workload) {
    std::uint64_t out = 0;
    for (const WorkloadStream& stream : workload.streams) {
        for (const BlockShare& block : stream.blocks) {
            out = changes(stream.op) ? std::gcd(out, block.size_bytes) : out;
        }
    }
    return static_cast<std::uint32_t>(
        out == 0 ? usual_unit_bytes
                 : std::max(std::gcd(out, usual_unit_bytes), std::uint64_t{512}));
}

std::vector<std::string> names_of(const Workload& workload) {
    std::vector<std::string> out;
    for (const WorkloadStream& stream : workload.streams) {
        out.push_back(stream.name);
    }
    return out;
}

std::vector<std::string> platform_names() {
    std::vector<std::string> out;
    for (const StreamInfo& stream : interception::platform_streams()) {
        out.push_back(stream.name);
    }
    return out;
}

std::vector<std::string> video_names() {
    std::vector<std::string> out;
    for (const StreamInfo& stream : interception::video_streams()) {
        out.push_back(stream.name);
    }
    return out;
}

std::vector<std::string> names_of(const TraceWorkload& workload) {
    std::vector<std::string> out;
    for (const StreamInfo& stream : workload.outline.streams) {
        out.push_back(stream.name);
    }
    return out;
}

Offer platform_offer(const PlatformWorkload& workload) {
    const auto table = interception::platform_table(workload.parameters);
    return {true, 1, table.read_per_s + table.write_per_s, false};
}

} // namespace

AnyWorkload read_any_workload(const std::string& path, const FilePlace& place) {
    const auto document = JsonDocument::read_file(path, place);
    JsonObject root = document.root().object();
    const auto schema = root.optional("$schema");
    if (schema && schema->is_text() && schema->text() == interception::workload_schema) {
        return interception::read_platform_workload(path, place);
    }
    if (schema && schema->is_text() && schema->text() == interception::video_schema) {
        return interception::read_video_workload(path, place);
    }
    if (schema && schema->is_text() && schema->text() == trace::workload_schema) {
        return trace::read_trace_workload(path, place);
    }
    return read_workload(path, place); // Which says what it wanted instead.
}

const std::string& workload_name(const AnyWorkload& workload) {
    return std::visit([](const auto& one) -> const std::string& { return one.name; }, workload);
}

bool is_platform(const AnyWorkload& workload) {
    return std::holds_alternative<PlatformWorkload>(workload);
}

bool is_trace(const AnyWorkload& workload) {
    return std::holds_alternative<TraceWorkload>(workload);
}

bool is_video(const AnyWorkload& workload) {
    return std::holds_alternative<VideoWorkload>(workload);
}

bool writes(const AnyWorkload& workload) {
    return std::visit(Each{[](const Workload& one) { return writes(one); },
                           [](const PlatformWorkload&) { return true; },
                           [](const VideoWorkload&) { return true; },
                           [](const TraceWorkload& one) {
                               return one.outline.changes;
                           }},
                      workload);
}

std::uint64_t largest_access_bytes(const AnyWorkload& workload) {
    return std::visit(Each{[](const Workload& one) { return largest_access_bytes(one); },
                           [](const PlatformWorkload& one) {
                               return interception::largest_access_bytes(one.parameters);
                           },
                           [](const VideoWorkload& one) {
                               return std::max(one.parameters.block_bytes,
                                               one.parameters.playback_block_bytes);
                           },
                           [](const TraceWorkload& one) {
                               return trace::largest_access_bytes(one);
                           }},
                      workload);
}

std::uint64_t working_set_bytes(const AnyWorkload& workload) {
    return std::visit(Each{[](const Workload& one) { return one.working_set_bytes; },
                           [](const PlatformWorkload&) { return std::uint64_t{0}; },
                           [](const VideoWorkload&) { return std::uint64_t{0}; },
                           [](const TraceWorkload& one) {
                               return one.working_set_bytes;
                           }},
                      workload);
}

std::vector<std::string> stream_names(const AnyWorkload& workload) {
    return std::visit(Each{[](const Workload& one) { return names_of(one); },
                           [](const PlatformWorkload&) { return platform_names(); },
                           [](const VideoWorkload&) { return video_names(); },
                           [](const TraceWorkload& one) {
                               return names_of(one);
                           }},
                      workload);
}

DataReduction reduction_of(const AnyWorkload& workload) {
    return std::visit(Each{[](const Workload& one) { return one.reduction; },
                           [](const PlatformWorkload& one) {
                               DataReduction out;
                               out.compressible_share = one.parameters.storage.compressible_share;
                               return out;
                           },
                           [](const VideoWorkload&) { return DataReduction{}; }, // Compressed.
                           [](const TraceWorkload&) {
                               return DataReduction{};
                           }},
                      workload);
}

std::uint32_t write_unit_bytes(const AnyWorkload& workload) {
    // The platform's file reader lets no block through that is no multiple of 4 KiB.
    return std::visit(
        Each{[](const Workload& one) { return unit_of(one); },
             [](const PlatformWorkload&) { return static_cast<std::uint32_t>(usual_unit_bytes); },
             [](const VideoWorkload&) { return static_cast<std::uint32_t>(usual_unit_bytes); },
             [](const TraceWorkload&) {
                 return std::uint32_t{512};
             }},
        workload);
}

void want_whole_blocks(const AnyWorkload& workload, std::uint32_t block_bytes) {
    if (const auto* synthetic = std::get_if<Workload>(&workload)) {
        want_whole_blocks(*synthetic, block_bytes);
    } else if (usual_unit_bytes % block_bytes != 0) {
        throw FileError(fmt::format("accesses of multiples of {} bytes: wanted a LUN whose block "
                                    "divides them; this one's has {} bytes",
                                    usual_unit_bytes,
                                    block_bytes));
    }
}

Offer offer_of(const AnyWorkload& workload) {
    return std::visit(
        Each{
            [](const Workload& one) {
                const Arrivals& arrivals = one.arrivals;
                const bool open = arrivals.pace != Pace::closed;
                return Offer{open, open ? 1 : arrivals.depth, open ? arrivals.rate_per_s : 0, true};
            },
            [](const PlatformWorkload& one) { return platform_offer(one); },
            [](const VideoWorkload& one) {
                const auto table = interception::video_table(one.parameters);
                return Offer{true, 1, table.read_per_s + table.write_per_s, false};
            },
            [](const TraceWorkload& one) {
                return Offer{true, 1, trace::rate_per_s_of(one), false};
            }},
        workload);
}

std::unique_ptr<Source>
make_source(const AnyWorkload& workload, const WorkingSet& set, std::uint64_t seed, Shard shard) {
    return std::visit(
        Each{[&](const Workload& one) { return make_source(one, set, seed, shard); },
             [&](const PlatformWorkload& one) {
                 return interception::make_interception_source(one.parameters, set, seed, shard);
             },
             [&](const VideoWorkload& one) {
                 return interception::make_video_source(one.parameters, set, seed, shard);
             },
             [&](const TraceWorkload& one) {
                 return trace::make_trace_source(one, set, shard);
             }},
        workload);
}

std::vector<TouchedPart>
touched_parts(const AnyWorkload& workload, const WorkingSet& set, Shard shard) {
    return std::visit(
        Each{[&](const Workload& one) { return touched_parts(one, set, shard); },
             [&](const PlatformWorkload&) {
                 const WorkingSet part = interception::part_of(set, shard);
                 return std::vector<TouchedPart>{{part.from_bytes, part.size_bytes, true}};
             },
             [&](const VideoWorkload&) {
                 const WorkingSet part = interception::part_of(set, shard);
                 return std::vector<TouchedPart>{{part.from_bytes, part.size_bytes, true}};
             },
             [&](const TraceWorkload& one) { // Every lane may reach everything.
                 return std::vector<TouchedPart>{
                     {set.from_bytes, set.size_bytes, one.outline.changes}};
             }},
        workload);
}

} // namespace profiles
