// SPDX-License-Identifier: Apache-2.0
#include "drivers/wire/nvme_ana_reader.h"

#include "drivers/wire/little_endian.h"

#include <algorithm>

namespace drivers::wire::nvme {

namespace {

// NVM Express Base 2.0, 5.16.1.13: the header, then per group a descriptor and its namespaces.
constexpr std::uint32_t header_bytes = 16;
constexpr std::uint32_t group_bytes = 32;
constexpr std::uint32_t pieces_max = 4096; // A page of more pieces is not believed.

} // namespace

AnaReader::Piece AnaReader::next() const noexcept {
    if (offset_ == 0) {
        return {0, header_bytes};
    }
    if (state_ || groups_left_ == 0 || pieces_ >= pieces_max) {
        return {};
    }
    // At least so much is left: every group that is still to come has a descriptor.
    const std::uint64_t left = std::uint64_t{group_bytes} * groups_left_;
    if (offset_ + left <= piece_bytes_max) { // From the start: some targets know no offsets.
        return {0, static_cast<std::uint32_t>(offset_ + left)};
    }
    return {offset_, static_cast<std::uint32_t>(std::min<std::uint64_t>(left, piece_bytes_max))};
}

void AnaReader::take(std::span<const std::byte> piece) noexcept {
    const bool is_from_start = next().offset == 0;
    ++pieces_;
    if (offset_ == 0) {
        groups_left_ = get_le<std::uint16_t>(piece, 8);
        offset_ = header_bytes;
        return;
    }
    piece = piece.subspan(is_from_start ? std::min<std::uint64_t>(offset_, piece.size()) : 0);
    std::uint64_t at = 0;
    while (groups_left_ > 0 && at + group_bytes <= piece.size()) {
        const auto group = piece.subspan(static_cast<std::size_t>(at), group_bytes);
        if (get_le<std::uint32_t>(group, 0) == group_) {
            state_ = static_cast<AnaState>(get_le<std::uint8_t>(group, 16) & 0xFU);
            return;
        }
        at += group_bytes + std::uint64_t{4} * get_le<std::uint32_t>(group, 4);
        --groups_left_;
    }
    offset_ += at;
}

} // namespace drivers::wire::nvme
