// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/wire/nvme_log_page.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace drivers::wire::nvme {

// Finds one group's state in an ANA log page that is read piece by piece: no piece is larger than
// the smallest MDTS allows, and none reaches beyond what the page has been seen to hold, so that a
// controller of a million namespaces and one that is strict about lengths both answer. What fits
// into one piece is read from its start, for targets that pass over the offset (Linux 6.1's does).
class AnaReader {
public:
    struct Piece {
        std::uint64_t offset = 0;
        std::uint32_t bytes = 0; // 0: there is nothing more to read.
    };

    static constexpr std::uint32_t piece_bytes_max = 4096;

    explicit AnaReader(std::uint32_t group = 0) noexcept
        : group_(group) {}

    Piece next() const noexcept;
    void take(std::span<const std::byte> piece) noexcept; // What next() asked for.

    // Empty: the page does not hold the group, or not yet.
    std::optional<AnaState> state() const noexcept { return state_; }

private:
    std::uint32_t group_;
    std::uint64_t offset_ = 0; // 0: the header.
    std::uint32_t groups_left_ = 0;
    std::uint32_t pieces_ = 0;
    std::optional<AnaState> state_;
};

} // namespace drivers::wire::nvme
