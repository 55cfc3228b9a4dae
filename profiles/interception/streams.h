// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiles/source.h"

#include <span>

namespace profiles::interception {

// The platform's streams in the order of streams(): accesses first, then the delays that span
// several of them.
enum class StreamIndex : std::uint16_t {
    content,
    flush,
    journal,
    database_log,
    index_page,
    seal,
    playback,
    search_read,
    classification,
    evidence,
    scrub,
    backup,
    purge,
    purge_check,
    evacuation,
    arrival,
    arrival_check,
    commit_delay,
    search,
    playback_start,
    count
};

std::span<const StreamInfo> platform_streams();

constexpr std::uint16_t number(StreamIndex stream) noexcept {
    return static_cast<std::uint16_t>(stream);
}

} // namespace profiles::interception
