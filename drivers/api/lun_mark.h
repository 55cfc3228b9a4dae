// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/block_driver.h"

#include <string>

namespace drivers {

// By what a LUN is known again on every connection, before a command that could write goes out.
struct LunMark {
    std::string unique_id; // NAA, EUI-64, NGUID or UUID; decides where there is one.
    std::string serial;    // Decides only where there is no unique id.
    std::uint32_t block_bytes = 0;
    std::uint64_t block_count = 0;
};

inline LunMark mark_of(const Identity& identity, const Geometry& geometry) {
    return {identity.unique_id, identity.serial, geometry.block_bytes, geometry.block_count};
}

// For people: who a LUN is.
inline std::string text_of(const LunMark& mark) {
    std::string out = !mark.unique_id.empty() ? "LUN " + mark.unique_id
                      : !mark.serial.empty()  ? "LUN with serial " + mark.serial
                                              : "LUN without an identity";
    return out + " of " + std::to_string(mark.block_count) + " blocks of " +
           std::to_string(mark.block_bytes) + " bytes";
}

// Serials are compared only where neither has a unique id: one that lost or gained its unique id
// is another LUN.
inline bool is_same_lun(const LunMark& expected, const LunMark& seen) {
    const bool same_name = expected.unique_id.empty() && seen.unique_id.empty()
                               ? expected.serial == seen.serial
                               : expected.unique_id == seen.unique_id;
    return same_name && expected.block_bytes == seen.block_bytes &&
           expected.block_count == seen.block_count;
}

// The sentence of every refusal for this reason: both are named.
inline std::string another_lun_text(const LunMark& expected, const LunMark& seen) {
    return "another LUN answers: wanted " + text_of(expected) + ", found " + text_of(seen);
}

} // namespace drivers
