// SPDX-License-Identifier: Apache-2.0
#include "drivers/wire/iscsi_pdu.h"

namespace drivers::wire::iscsi {

BasicHeader make_header(Opcode opcode, std::uint8_t flags, std::uint32_t task_tag) noexcept {
    BasicHeader header;
    header.set_byte(0, static_cast<std::uint8_t>(opcode));
    header.set_byte(1, flags);
    header.set(Word::initiator_task_tag, task_tag);
    return header;
}

PduExtent extent_of(const BasicHeader& header, Digests digests) noexcept {
    PduExtent extent;
    extent.ahs = header.ahs_bytes();
    extent.header_digest = digests.header ? digest_bytes : 0;
    extent.data = header.data_bytes();
    extent.padding = padding_for(extent.data);
    extent.data_digest = digests.data && extent.data > 0 ? digest_bytes : 0;
    return extent;
}

std::optional<AdditionalHeaders> parse_additional_headers(Bytes ahs) noexcept {
    constexpr std::uint8_t extended_cdb_type = 1;
    constexpr std::uint8_t bidirectional_type = 2;
    AdditionalHeaders found;
    while (!ahs.empty()) {
        if (ahs.size() < 4) {
            return std::nullopt;
        }
        // AHSLength counts from the type-specific byte on: the segment is 3 bytes longer, padded.
        const std::size_t length = std::size_t{load_be16(ahs, 0)} + 3;
        const std::size_t padded = length + padding_for(length);
        if (length < 4 || padded > ahs.size()) {
            return std::nullopt;
        }
        const std::uint8_t type = load_u8(ahs, 2) & 0x3FU;
        if (type == extended_cdb_type) {
            found.extended_cdb = ahs.subspan(4, length - 4);
        } else if (type == bidirectional_type && length == 8) {
            found.bidirectional_read_bytes = load_be32(ahs, 4);
        } else {
            return std::nullopt;
        }
        ahs = ahs.subspan(padded);
    }
    return found;
}

std::optional<std::uint16_t> lun_index(std::uint64_t lun) noexcept {
    const auto first_level = static_cast<std::uint16_t>(lun >> 48U);
    if ((lun & 0xFFFFFFFFFFFFULL) != 0) {
        return std::nullopt; // Deeper levels name no unit here.
    }
    const unsigned method = first_level >> 14U;
    if (method == 0 && first_level <= 0xFFU) {
        return first_level;
    }
    if (method == 1) {
        return static_cast<std::uint16_t>(first_level & 0x3FFFU);
    }
    return std::nullopt;
}

std::uint64_t lun_field(std::uint16_t index) noexcept {
    const std::uint64_t level = index <= 0xFFU ? index : 0x4000U | (index & 0x3FFFU);
    return level << 48U;
}

} // namespace drivers::wire::iscsi
