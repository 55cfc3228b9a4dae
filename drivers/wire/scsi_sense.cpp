// SPDX-License-Identifier: Apache-2.0
#include "drivers/wire/scsi_sense.h"

#include <algorithm>
#include <limits>

namespace drivers::wire::scsi {
namespace {

constexpr std::uint8_t fixed_current = 0x70;
constexpr std::uint8_t fixed_deferred = 0x71;
constexpr std::uint8_t descriptor_current = 0x72;
constexpr std::uint8_t descriptor_deferred = 0x73;

// SPC-5 table 36: SKSV, C/D, no bit pointer, field pointer.
void store_field_pointer(MutableBytes to, std::size_t at, const Sense& sense) noexcept {
    store_u8(to, at, sense.field_in_data ? 0x80U : 0xC0U);
    store_be16(to, at + 1, *sense.field);
}

void load_field_pointer(Bytes from, std::size_t at, Sense& sense) noexcept {
    if ((load_u8(from, at) & 0x80U) != 0) {
        sense.field = load_be16(from, at + 1);
        sense.field_in_data = (load_u8(from, at) & 0x40U) == 0;
    }
}

std::optional<Sense> parse_fixed(Bytes bytes) noexcept {
    if (bytes.size() < 8) {
        return std::nullopt;
    }
    Sense sense;
    sense.key = static_cast<SenseKey>(load_u8(bytes, 2) & 0x0FU);
    if ((load_u8(bytes, 0) & 0x80U) != 0) {
        sense.information = load_be32(bytes, 3);
    }
    const Bytes all = bytes.first(std::min(bytes.size(), std::size_t{8} + load_u8(bytes, 7)));
    if (all.size() >= 14) {
        sense.code = load_be16(all, 12);
    }
    if (all.size() >= 18) {
        load_field_pointer(all, 15, sense);
    }
    return sense;
}

std::optional<Sense> parse_descriptors(Bytes bytes) noexcept {
    if (bytes.size() < 8) {
        return std::nullopt;
    }
    Sense sense;
    sense.key = static_cast<SenseKey>(load_u8(bytes, 1) & 0x0FU);
    sense.code = load_be16(bytes, 2);
    Bytes rest = bytes.subspan(8, std::min<std::size_t>(bytes.size() - 8, load_u8(bytes, 7)));
    while (rest.size() >= 2) {
        const std::size_t length = std::size_t{load_u8(rest, 1)} + 2;
        if (length > rest.size()) {
            break;
        }
        if (load_u8(rest, 0) == 0x00 && length >= 12) {
            sense.information = load_be64(rest, 4);
        } else if (load_u8(rest, 0) == 0x02 && length >= 8) {
            load_field_pointer(rest, 4, sense);
        }
        rest = rest.subspan(length);
    }
    return sense;
}

} // namespace

SenseBytes encode_fixed_sense(const Sense& sense) noexcept {
    SenseBytes out;
    out.count = fixed_sense_bytes;
    store_u8(out.bytes, 0, fixed_current);
    store_u8(out.bytes, 2, static_cast<std::uint8_t>(sense.key));
    if (sense.information && *sense.information <= std::numeric_limits<std::uint32_t>::max()) {
        store_u8(out.bytes, 0, 0x80U | fixed_current); // VALID
        store_be32(out.bytes, 3, *sense.information);
    }
    store_u8(out.bytes, 7, fixed_sense_bytes - 8);
    store_be16(out.bytes, 12, sense.code);
    if (sense.field) {
        store_field_pointer(out.bytes, 15, sense);
    }
    return out;
}

SenseBytes encode_descriptor_sense(const Sense& sense) noexcept {
    SenseBytes out;
    out.count = 8;
    store_u8(out.bytes, 0, descriptor_current);
    store_u8(out.bytes, 1, static_cast<std::uint8_t>(sense.key));
    store_be16(out.bytes, 2, sense.code);
    if (sense.information) { // SPC-5 4.4.2.2: type 0, length 10, VALID
        store_u8(out.bytes, out.count + 1, 10);
        store_u8(out.bytes, out.count + 2, 0x80);
        store_be64(out.bytes, out.count + 4, *sense.information);
        out.count += 12;
    }
    if (sense.field) { // SPC-5 4.4.2.4: type 2, length 6
        store_u8(out.bytes, out.count, 0x02);
        store_u8(out.bytes, out.count + 1, 6);
        store_field_pointer(out.bytes, out.count + 4, sense);
        out.count += 8;
    }
    store_u8(out.bytes, 7, out.count - 8);
    return out;
}

std::optional<Sense> parse_sense(Bytes bytes) noexcept {
    if (bytes.empty()) {
        return std::nullopt;
    }
    switch (load_u8(bytes, 0) & 0x7FU) {
    case fixed_current:
    case fixed_deferred:
        return parse_fixed(bytes);
    case descriptor_current:
    case descriptor_deferred:
        return parse_descriptors(bytes);
    default:
        return std::nullopt;
    }
}

} // namespace drivers::wire::scsi
