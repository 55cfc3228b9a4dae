// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/wire/big_endian.h"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace drivers::wire::iscsi {

// CHAP algorithm numbers as IANA lists them for PPP (RFC 7143 section 12.1.3).
enum class ChapAlgorithm : std::uint8_t { md5 = 5, sha1 = 6, sha256 = 7 };

// The first of a list such as "7,5" that is known here.
std::optional<ChapAlgorithm> choose_chap_algorithm(std::string_view offered) noexcept;

// One side's challenge: an identifier and random bytes as long as the digest.
struct ChapChallenge {
    std::uint8_t identifier = 0;
    std::vector<std::byte> bytes;
};
ChapChallenge
make_chap_challenge(ChapAlgorithm algorithm); // Throws runtime_error without randomness.

// Digest of identifier, secret and challenge (RFC 1994 section 4.1).
std::vector<std::byte>
chap_response(ChapAlgorithm algorithm, const ChapChallenge& challenge, std::string_view secret);

// In time that does not depend on where they differ.
bool is_same_secretly(Bytes a, Bytes b) noexcept;

} // namespace drivers::wire::iscsi
