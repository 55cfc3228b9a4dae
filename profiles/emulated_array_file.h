// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "profiles/array_description.h"
#include "profiles/strict_json.h"

namespace profiles {

// Parts of an array file; each throws FileError.
EmulatedArrayDescription read_emulated(JsonObject section, const ArrayDescription& array);
EmulatedService read_service(JsonObject section, EmulatedCache& cache);
EmulatedChap read_chap(JsonObject section);

// The V5 generation speaks iSCSI and FC to hosts; NVMe came with Dorado and what followed.
bool speaks_no_nvme(const ArrayDescription& array);
constexpr const char* no_nvme_reason =
    "an iSCSI path: an OceanStor V5 speaks iSCSI and FC to hosts, not NVMe (Dorado and newer do)";

} // namespace profiles
