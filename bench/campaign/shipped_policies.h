// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

namespace bench::campaign {

// A policy of profiles/policies/ as it was when this program was built.
struct ShippedPolicy {
    std::string_view name; // Of its file, without ".json"
    std::string_view text;
};

const std::vector<ShippedPolicy>& shipped_policies();

} // namespace bench::campaign
