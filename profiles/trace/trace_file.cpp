// SPDX-License-Identifier: Apache-2.0
#include "profiles/strict_json.h"
#include "profiles/trace/trace_workload.h"
#include "profiles/units.h"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <fmt/format.h>

namespace profiles::trace {

namespace {

namespace fs = std::filesystem;

const std::vector<std::pair<std::string_view, Format>> formats{{"automatic", Format::automatic},
                                                               {"fio iolog", Format::fio_iolog},
                                                               {"blkparse", Format::blkparse}};
const std::vector<std::pair<std::string_view, Event>> events{{"queued", Event::queued},
                                                             {"issued", Event::issued}};
const std::vector<std::pair<std::string_view, Remap>> remaps{
    {"modulo", Remap::modulo}, {"scale", Remap::scale}, {"none", Remap::none}};

template <typename Enum>
std::string name_of(Enum value, const std::vector<std::pair<std::string_view, Enum>>& names) {
    for (const auto& [name, one] : names) {
        if (one == value) {
            return std::string(name);
        }
    }
    return "";
}

void read_settings(JsonObject& in, TraceWorkload& out) {
    if (const auto format = in.optional("format")) {
        out.format = format->choice<Format>(formats);
    }
    if (const auto event = in.optional("event")) {
        out.event = event->choice<Event>(events);
    }
    if (const auto speed = in.optional("speed")) {
        out.speed = speed->number(0.001, 1000);
    }
    if (const auto rate = in.optional("rate")) {
        out.rate_per_s = rate->rate_per_s(0.001, 1e8);
    }
    if (const auto remap = in.optional("remap")) {
        out.remap = remap->choice<Remap>(remaps);
    }
    if (const auto repeat = in.optional("repeat")) {
        out.repeat = repeat->flag();
    }
    if (const auto piece = in.optional("piece")) {
        out.piece_bytes = piece->size_bytes(4096, 64U << 20U);
        if (out.piece_bytes % 4096 != 0) {
            piece->fail("a multiple of 4KiB");
        }
    }
    if (const auto set = in.optional("working_set")) {
        out.working_set_bytes = set->size_bytes(1U << 16U, 1ULL << 52U);
    }
}

} // namespace

TraceWorkload read_trace_workload(const std::string& path, const FilePlace& place) {
    const auto document = JsonDocument::read_file(path, place);
    JsonObject in = document.root_object(workload_schema);
    TraceWorkload out;
    out.name = fs::path(path).stem();
    out.purpose = in.required("purpose").text();
    const JsonValue file = in.required("file");
    out.file = (fs::absolute(path).parent_path() / file.text()).lexically_normal().string();
    if (!place.holds(out.file)) {
        file.fail("a file of the run's own, below inputs");
    }
    out.place = place;
    read_settings(in, out);
    in.finish();
    out.outline = outline_of(read_trace(out));
    if (!out.outline.timed && out.rate_per_s <= 0) {
        file.fail(R"(a trace with instants, or a "rate" beside one without)");
    }
    return out;
}

std::string workload_text(const TraceWorkload& workload, const std::string& file) {
    nlohmann::ordered_json out;
    out["$schema"] = workload_schema;
    out["purpose"] = workload.purpose;
    out["file"] = file;
    out["format"] = name_of(workload.format, formats);
    out["event"] = name_of(workload.event, events);
    out["speed"] = workload.speed;
    if (workload.rate_per_s > 0) {
        out["rate"] = fmt::format("{}/s", workload.rate_per_s);
    }
    out["remap"] = name_of(workload.remap, remaps);
    out["repeat"] = workload.repeat;
    out["piece"] = size_text(workload.piece_bytes);
    if (workload.working_set_bytes > 0) {
        out["working_set"] = size_text(workload.working_set_bytes);
    }
    return out.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

} // namespace profiles::trace
