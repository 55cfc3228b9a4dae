// SPDX-License-Identifier: Apache-2.0
#include "profiles/workload_file.h"

#include "profiles/strict_json.h"

#include <filesystem>
#include <set>

namespace profiles {

namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t block_bytes_max = 64ULL << 20U;
constexpr std::uint64_t set_bytes_max = 1ULL << 52U;

std::vector<BlockShare> read_blocks(const JsonValue& value) {
    if (value.is_text()) {
        return {{value.size_bytes(512, block_bytes_max), 1}};
    }
    std::vector<BlockShare> out;
    for (const auto& item : value.items()) {
        auto object = item.object();
        BlockShare block;
        block.size_bytes = object.required("size").size_bytes(512, block_bytes_max);
        block.share = object.required("share").fraction();
        object.finish();
        if (block.size_bytes % 512 != 0) {
            item.fail("a size that is a multiple of 512 bytes");
        }
        out.push_back(block);
    }
    double total = 0;
    for (const auto& block : out) {
        total += block.share;
    }
    if (!(total > 0)) {
        value.fail("at least one block size with a share above zero");
    }
    return out;
}

void read_region(const JsonValue& value, Locality& out) {
    auto object = value.object();
    out.region_from = object.required("from").fraction();
    out.region_to = object.required("to").fraction();
    object.finish();
    if (!(out.region_from < out.region_to)) {
        value.fail(R"(a "from" below its "to")");
    }
}

Locality read_locality(const JsonValue& value) {
    static const std::vector<std::pair<std::string_view, Spot>> spots{
        {"uniform", Spot::uniform},
        {"zipf", Spot::zipf},
        {"sequential", Spot::sequential},
        {"hot spot", Spot::hot_spot},
        {"append", Spot::append}};
    Locality out;
    if (value.is_text()) {
        out.spot = value.choice(spots);
        return out;
    }
    auto object = value.object();
    out.spot = object.required("kind").choice(spots);
    if (out.spot == Spot::zipf) {
        out.zipf_theta = object.required("theta").number(0.01, 10);
    } else if (out.spot == Spot::hot_spot) {
        out.hot_space = object.required("space").fraction();
        out.hot_accesses = object.required("accesses").fraction();
    } else if (out.spot == Spot::append) {
        out.zones = static_cast<std::uint32_t>(object.required("zones").whole(1, 65536));
    }
    if (const auto region = object.optional("region")) {
        read_region(*region, out);
    }
    object.finish();
    return out;
}

WorkloadStream read_stream(const JsonValue& value) {
    auto object = value.object();
    WorkloadStream out;
    out.name = object.required("name").text();
    out.op = object.required("operation")
                 .choice<AccessOp>({{"read", AccessOp::read},
                                    {"write", AccessOp::write},
                                    {"flush", AccessOp::flush},
                                    {"unmap", AccessOp::unmap},
                                    {"write zeroes", AccessOp::write_zeroes}});
    out.share = object.required("share").fraction();
    if (out.op != AccessOp::flush) {
        out.blocks = read_blocks(object.required("block"));
        out.locality = read_locality(object.required("locality"));
    }
    if (const auto fua = object.optional("fua")) {
        out.fua_share = fua->fraction();
    }
    object.finish();
    if (out.name.empty() || out.name.size() > 64) {
        value.fail("a stream name of 1 to 64 characters");
    }
    return out;
}

std::vector<WorkloadStream> read_streams(const JsonValue& value) {
    std::vector<WorkloadStream> out;
    std::set<std::string> names{"flush"};
    double total = 0;
    for (const auto& item : value.items()) {
        out.push_back(read_stream(item));
        total += out.back().share;
        if (!names.insert(out.back().name).second) {
            item.fail(R"(a stream name of its own ("flush" is taken by the flush cadence))");
        }
    }
    if (out.empty() || out.size() > 64 || !(total > 0)) {
        value.fail("1 to 64 streams, one at least with a share above zero");
    }
    return out;
}

Arrivals read_arrivals(const JsonValue& value) {
    auto object = value.object();
    Arrivals out;
    out.pace = object.required("kind").choice<Pace>({{"closed", Pace::closed},
                                                     {"fixed", Pace::fixed},
                                                     {"poisson", Pace::poisson},
                                                     {"bursts", Pace::bursts}});
    if (out.pace == Pace::closed) {
        out.depth = static_cast<std::uint32_t>(object.required("depth").whole(1, 65536));
    } else {
        out.rate_per_s = object.required("rate").rate_per_s(0.001, 1e8);
    }
    if (out.pace == Pace::bursts) {
        out.on = object.required("on").duration(1us, 24h);
        out.off = object.required("off").duration(0ns, 24h);
    }
    object.finish();
    return out;
}

FlushCadence read_flush(const JsonValue& value) {
    auto object = value.object();
    FlushCadence out;
    if (const auto count = object.optional("every_writes")) {
        out.every_writes = count->whole(1, 1ULL << 32U);
    }
    if (const auto every = object.optional("every")) {
        out.every = every->duration(1us, 24h);
    }
    object.finish();
    return out;
}

DataReduction read_reduction(const JsonValue& value) {
    auto object = value.object();
    DataReduction out;
    if (const auto share = object.optional("compressible")) {
        out.compressible_share = share->fraction();
    }
    if (const auto share = object.optional("duplicate")) {
        out.duplicate_share = share->fraction();
    }
    if (const auto count = object.optional("dictionary")) {
        out.dictionary = static_cast<std::uint32_t>(count->whole(1, 1U << 20U));
    }
    object.finish();
    return out;
}

Workload read_document(const JsonDocument& document, std::string name) {
    auto object = document.root_object("arraybench/workload/1");
    Workload out;
    out.name = std::move(name);
    out.purpose = object.required("purpose").text();
    out.streams = read_streams(object.required("streams"));
    out.arrivals = read_arrivals(object.required("arrivals"));
    if (const auto flush = object.optional("flush")) {
        out.flush = read_flush(*flush);
    }
    if (const auto reduction = object.optional("data_reduction")) {
        out.reduction = read_reduction(*reduction);
    }
    if (const auto set = object.optional("working_set")) {
        out.working_set_bytes = set->size_bytes(1U << 16U, set_bytes_max);
    }
    if (const auto ramp = object.optional("ramp")) {
        out.ramp = ramp->duration(0ns, 24h);
    }
    object.finish();
    return out;
}

} // namespace

Workload read_workload(const std::string& path, const FilePlace& place) {
    return read_document(JsonDocument::read_file(path, place), std::filesystem::path(path).stem());
}

Workload parse_workload(std::string_view text, const std::string& name) {
    return read_document(JsonDocument::parse(text, name), name);
}

} // namespace profiles
