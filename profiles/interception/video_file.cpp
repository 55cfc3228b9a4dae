// SPDX-License-Identifier: Apache-2.0
#include "profiles/interception/video.h"
#include "profiles/strict_json.h"

#include <filesystem>

namespace profiles::interception {

namespace {

using namespace std::chrono_literals;

void put_number(JsonObject& in, const char* key, double& value, double least, double most) {
    if (const auto written = in.optional(key)) {
        value = written->number(least, most);
    }
}

void put_block(JsonObject& in, const char* key, std::uint64_t& value) {
    if (const auto written = in.optional(key)) {
        value = written->size_bytes(4096, 4U << 20U);
        if (value % 4096 != 0) {
            written->fail("a multiple of 4KiB");
        }
    }
}

void put_time(JsonObject& in, const char* key, Duration& value) {
    if (const auto written = in.optional(key)) {
        value = written->duration(1s, 24h);
    }
}

VideoWorkload read(const JsonDocument& document, std::string name) {
    JsonObject in = document.root_object(video_schema);
    VideoWorkload out;
    out.name = std::move(name);
    out.purpose = in.required("purpose").text();
    VideoParameters& p = out.parameters;
    put_number(in, "cameras", p.cameras, 1, 1e6);
    put_number(in, "scale", p.scale, 0.0001, 4);
    if (const auto rate = in.optional("bytes_per_second")) {
        p.camera_bytes_per_s = static_cast<double>(rate->size_bytes(1000, 1U << 30U));
    }
    put_block(in, "block", p.block_bytes);
    if (const auto buffer = in.optional("buffer")) {
        p.buffer_seconds = std::chrono::duration<double>(buffer->duration(100ms, 24h)).count();
    }
    put_time(in, "segment", p.segment);
    put_number(in, "viewers", p.viewers, 0, 1e6);
    put_number(in, "playback_speed", p.playback_speed, 0.1, 64);
    put_block(in, "playback_block", p.playback_block_bytes);
    put_time(in, "playback_length", p.playback_length);
    if (const auto share = in.optional("retained_share")) {
        p.retained_share = share->fraction();
    }
    in.finish();
    return out;
}

} // namespace

VideoWorkload read_video_workload(const std::string& path, const FilePlace& place) {
    return read(JsonDocument::read_file(path, place), std::filesystem::path(path).stem());
}

VideoWorkload parse_video_workload(std::string_view text, const std::string& name) {
    return read(JsonDocument::parse(text, name), name);
}

} // namespace profiles::interception
