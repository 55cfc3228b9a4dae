// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/integrity/stamp.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace bench::campaign {

// What stands in a block lease: whose it is, and a number that its holder raises as long as it
// lives. Held by nobody is a block of zeros.
struct LeaseNote {
    std::string token;
    std::string who;
    std::uint64_t beat = 0;

    bool operator==(const LeaseNote&) const = default;
};
void write_lease_note(const LeaseNote& note, std::span<std::byte> block);
std::optional<LeaseNote> read_lease_note(integrity::Sector sector); // None: it is none.

} // namespace bench::campaign
