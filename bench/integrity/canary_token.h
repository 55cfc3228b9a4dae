// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/integrity/sip_hash.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace bench::integrity {

// A secret of one run: who holds it can make tokens and tell his own from any other bytes.
using CanaryKey = std::array<std::byte, 32>;

// A token says of the 512 bytes it stands in where they belong. Little-endian:
//   0..15 marker: the same in all tokens of a key, and not to be guessed without it
//   16..23 address on the LUN in bytes | 24..27 LUN | 28..29 phase | 30..31 arm
//   32..39 SipHash-2-4 of bytes 0..31 under the secret of (LUN, phase, arm)
inline constexpr std::size_t canary_token_bytes = 40;
inline constexpr std::size_t canary_marker_bytes = 16;
using CanaryToken = std::array<std::byte, canary_token_bytes>;
using CanaryMarker = std::array<std::byte, canary_marker_bytes>;

struct CanaryPlace {
    std::uint64_t address_bytes = 0;
    std::uint32_t lun = 0;
    std::uint16_t phase = 0;
    std::uint16_t arm = 0;

    bool operator==(const CanaryPlace&) const = default;
};

// Of letters, digits and bytes above 127 only, and without '+' and '/' in base64 at any alignment:
// encoders that differ in what they escape agree on how they write it.
CanaryMarker canary_marker(const CanaryKey& key);

using CanarySecret = SipSecret;
CanarySecret canary_secret(const CanaryKey& key, const CanaryPlace& place);

// Makes the tokens of one LUN, phase and arm. Writing neither allocates nor throws.
class CanaryPlanter {
public:
    CanaryPlanter(const CanaryKey& key, const CanaryPlace& place);
    CanaryToken token(std::uint64_t address_bytes) const noexcept;

private:
    CanarySecret secret_;
    CanaryToken blank_{};
};

// What a token says, whoever made it; and whether who made it holds the secret.
CanaryPlace canary_place(const CanaryToken& token) noexcept;
bool is_authentic(const CanarySecret& secret, const CanaryToken& token) noexcept;

// Reads a token that begins with the key's marker; nothing unless it is authentic.
std::optional<CanaryPlace> read_canary(const CanaryKey& key, const CanaryToken& token);

} // namespace bench::integrity
