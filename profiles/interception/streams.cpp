// SPDX-License-Identifier: Apache-2.0
#include "profiles/interception/streams.h"

#include <array>

namespace profiles::interception {

std::span<const StreamInfo> platform_streams() {
    static const std::array<StreamInfo, number(StreamIndex::count)> streams{
        {{"content ingest", "write"},
         {"content flush", "flush"},
         {"journal", "write FUA"},
         {"database log", "write FUA"},
         {"index pages", "write"},
         {"seal", "write FUA"},
         {"playback", "read"},
         {"search reads", "read"},
         {"classification", "read"},
         {"evidence export", "read and verify"},
         {"scrub", "read and verify"},
         {"backup", "read"},
         {"purge", "unmap or overwrite"},
         {"purge check", "read back zeros"},
         {"evacuation", "read"},
         {"arrival", "write"},
         {"arrival check", "read and verify"},
         {"commit delay", "product due until journal durable"},
         {"search", "150 reads, first due to last done"},
         {"playback start", "seek until first block"}}};
    return streams;
}

} // namespace profiles::interception
