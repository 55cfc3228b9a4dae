// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiles/file_place.h"
#include "profiles/interception/rates.h"
#include "profiles/source.h"
#include "profiles/synthetic_source.h"

#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace profiles::interception {

inline constexpr std::string_view video_schema = "arraybench/video-evidence/1";

// Interception rooms keep their cameras too: many streams of constant rate that append for ever,
// and a few people who watch for long.
struct VideoParameters {
    double cameras = 1000;
    double scale = 1;                           // Cameras and viewers alike.
    double camera_bytes_per_s = 500'000;        // 4 Mbit/s (assumed: 1080p, H.265)
    std::uint64_t block_bytes = 512U << 10U;    // Collected before it is written
    double buffer_seconds = 10;                 // Of one camera; what does not fit is lost
    Duration segment = std::chrono::minutes(1); // A file closes: one index page with FUA
    std::uint64_t index_block_bytes = 4U << 10U;
    double viewers = 20;
    double playback_speed = 1; // Times real time
    std::uint64_t playback_block_bytes = 1U << 20U;
    Duration playback_length = std::chrono::minutes(10); // Then the viewer looks elsewhere
    double retained_share = 1; // Of each camera's zone holds pictures before the start
};

struct VideoWorkload {
    std::string name;
    std::string purpose;
    VideoParameters parameters;
};

// A workload file of this kind. Throws FileError.
VideoWorkload read_video_workload(const std::string& path, const FilePlace& place = {});
VideoWorkload parse_video_workload(std::string_view text, const std::string& name);

enum class VideoStream : std::uint16_t { record, index, playback, playback_start, count };
std::span<const StreamInfo> video_streams();

// What will be asked of the array, in the table of the platform.
PlatformTable video_table(const VideoParameters& parameters);
std::uint32_t camera_count(const VideoParameters& parameters); // Scaled, at least one.

// Cameras and viewers are divided among shards; each camera has a circular zone of its own. Throws
// FileError when the working set is too small, or there are more shards than cameras.
std::unique_ptr<Source> make_video_source(const VideoParameters& parameters,
                                          const WorkingSet& set,
                                          std::uint64_t seed,
                                          Shard shard);

} // namespace profiles::interception
