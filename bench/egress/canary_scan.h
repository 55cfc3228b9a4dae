// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/egress/canary_encoding.h"

#include <cstdint>
#include <vector>

namespace bench::egress {

// A place where a marker seems to begin, in one of the encodings or under a one-byte XOR key.
struct Sighting {
    std::size_t at = 0;
    std::uint16_t encoding = 0; // Index into encodings()
    std::uint8_t xor_key = 0;   // Not zero: raw under this key.
};

// Finds one key's marker in all encodings in one walk (Wu and Manber 1994: four bytes decide how
// far the next look may be), and under every XOR key by the differences of neighbours, which no key
// changes.
class CanaryScan {
public:
    explicit CanaryScan(const integrity::CanaryMarker& marker);

    // Every pattern that begins at or after `from`; `out` is added to.
    void find(Bytes all, std::size_t from, std::vector<Sighting>& out) const;

    const std::vector<Encoding>& encodings() const noexcept { return encodings_; }
    std::size_t pattern_bytes_max() const noexcept { return longest_; }

private:
    static constexpr std::size_t block_bytes = 4;
    static constexpr unsigned table_bits = 15;
    static constexpr std::uint16_t none = 0xFFFF;

    static std::uint32_t value_of(const std::byte* block) noexcept;
    std::size_t slot_of(const std::byte* block) const noexcept;
    void find_patterns(Bytes all, std::size_t from, std::vector<Sighting>& out) const;
    void verify(Bytes all, std::size_t block, std::vector<Sighting>& out) const;
    void find_xor(Bytes all, std::size_t from, std::vector<Sighting>& out) const;
    bool is_xor(const std::byte* at) const noexcept;

    integrity::CanaryMarker marker_;
    std::uint32_t multiplier_; // Of this process alone: nobody knows which blocks share a slot.
    std::vector<Encoding> encodings_;
    std::vector<std::string> patterns_;
    std::vector<std::uint32_t> last_blocks_; // By pattern: the block that ends its window
    std::vector<std::uint8_t> shift_; // By slot: how far the block may still be from a pattern.
    std::vector<std::uint16_t>
        first_;                       // By slot with shift 0: first pattern that ends its window so
    std::vector<std::uint16_t> next_; // By pattern: the next such
    std::size_t window_ = 0;          // Of the shortest pattern
    std::size_t longest_ = 0;
};

} // namespace bench::egress
