// SPDX-License-Identifier: Apache-2.0
#include "drivers/wire/lun_list.h"

#include <algorithm>
#include <fmt/format.h>

namespace drivers::wire::scsi {

std::optional<LunList> parse_lun_list(Bytes bytes) {
    constexpr std::size_t header = 8;
    constexpr std::size_t entry = 8;
    if (bytes.size() < header) {
        return std::nullopt;
    }
    LunList out;
    out.count = load_be32(bytes, 0) / entry;
    const std::size_t given = (bytes.size() - header) / entry;
    for (std::size_t i = 0; i < std::min<std::uint64_t>(out.count, given); ++i) {
        out.fields.push_back(load_be64(bytes, header + i * entry));
    }
    return out;
}

LunAddress parse_lun_address(std::uint64_t field) noexcept {
    const auto byte = [field](unsigned at) {
        return static_cast<std::uint32_t>(field >> (56U - 8U * at) & 0xffU);
    };
    LunAddress out;
    out.is_single_level = (field & 0x0000ffffffffffffULL) == 0;
    switch (byte(0) >> 6U) {
    case 0: // Another bus than the first leads to another level.
        out.form = LunForm::peripheral;
        out.number = byte(1);
        out.is_single_level = out.is_single_level && byte(0) == 0;
        return out;
    case 1:
        out.form = LunForm::flat;
        out.number = (byte(0) & 0x3fU) << 8U | byte(1);
        return out;
    case 2:
        out.form = LunForm::logical_unit;
        out.number = byte(1) & 0x1fU;
        out.is_single_level = false;
        return out;
    default:
        break;
    }
    if (byte(0) == 0xC1) { // Length 0, method 1.
        out.form = LunForm::well_known;
        out.number = byte(1);
    } else if (byte(0) == 0xD2) { // Length 1, method 2.
        out.form = LunForm::extended_flat;
        out.number = byte(1) << 16U | byte(2) << 8U | byte(3);
        out.is_single_level = (field & 0xffffffffULL) == 0;
    }
    return out;
}

std::optional<std::uint16_t> plain_lun(std::uint64_t field) noexcept {
    const LunAddress address = parse_lun_address(field);
    const bool plain = address.form == LunForm::peripheral || address.form == LunForm::flat;
    return plain && address.is_single_level
               ? std::optional(static_cast<std::uint16_t>(address.number))
               : std::nullopt;
}

std::string lun_field_text(std::uint64_t field) {
    if (const auto number = plain_lun(field)) {
        return fmt::format("{}", *number);
    }
    const LunAddress address = parse_lun_address(field);
    if (address.form == LunForm::well_known && address.is_single_level) {
        constexpr const char* names[] = {"",
                                         "REPORT LUNS",
                                         "ACCESS CONTROLS",
                                         "TARGET LOG PAGES",
                                         "SECURITY PROTOCOL",
                                         "MANAGEMENT PROTOCOL",
                                         "TARGET COMMANDS"};
        const char* const name = address.number > 0 && address.number < std::size(names)
                                     ? names[address.number]
                                     : "unknown";
        return fmt::format("0x{:04x} (well known: {})", field >> 48U, name);
    }
    if (address.form == LunForm::extended_flat && address.is_single_level) {
        return fmt::format("0x{:08x} (extended flat: {})", field >> 32U, address.number);
    }
    return fmt::format("0x{:016x} (in several levels)", field);
}

const char* device_type_name(std::uint8_t type) noexcept { // SPC-5 table 150
    switch (type) {
    case 0x00:
        return "a disk";
    case 0x01:
        return "a tape";
    case 0x03:
        return "a processor device";
    case 0x05:
        return "a CD or DVD drive";
    case 0x08:
        return "a media changer";
    case 0x0c:
        return "an array controller";
    case 0x0d:
        return "an enclosure";
    case 0x0e:
        return "a simplified disk";
    case 0x14:
        return "a host managed zoned disk";
    case 0x1e:
        return "a well known logical unit";
    case 0x1f:
        return "no device";
    default:
        return "a device of another type";
    }
}

} // namespace drivers::wire::scsi
