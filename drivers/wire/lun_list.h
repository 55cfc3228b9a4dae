// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/wire/big_endian.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

// Which LUNs a target has: REPORT LUNS (SPC-5 6.35) and the forms of a LUN field (SAM-5 4.7).
namespace drivers::wire::scsi {

constexpr std::uint16_t report_luns_field = 0xC101; // The REPORT LUNS well known logical unit.

struct LunList {
    std::vector<std::uint64_t> fields; // Eight bytes each, as far as they were given.
    std::uint64_t count = 0;           // As many as there are said to be.
};
std::optional<LunList> parse_lun_list(Bytes bytes); // Nothing: too short to be one.

enum class LunForm : std::uint8_t {
    peripheral,
    flat,
    logical_unit,
    extended_flat,
    well_known,
    other
};

struct LunAddress {
    LunForm form = LunForm::other;
    std::uint32_t number = 0; // Of the LUN; well known: which.
    bool is_single_level = true;
};
LunAddress parse_lun_address(std::uint64_t field) noexcept;

// The number by which a URL names it: peripheral or flat space addressing, one level.
std::optional<std::uint16_t> plain_lun(std::uint64_t field) noexcept;

std::string lun_field_text(std::uint64_t field); // "5", "0xc101 (well known: REPORT LUNS)", ...

const char* device_type_name(std::uint8_t type) noexcept; // "disk", "tape", ...

} // namespace drivers::wire::scsi
