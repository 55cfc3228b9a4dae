// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bench::campaign {

// What a child that read foreign bytes hands to the process that may write files.
struct Handover {
    int exit_code = 0;
    std::string text;                                         // For standard output.
    std::vector<std::pair<std::string, std::string>> files{}; // Path and content.
};

std::string handover_bytes(const Handover& handover);

// The child may have been taken over by what it read: throws HostError for what is no handover, or
// names a path that is not among `paths` nor below `folder` (empty: no folder).
Handover handover_from(std::string_view bytes,
                       const std::vector<std::string>& paths,
                       const std::string& folder);

} // namespace bench::campaign
