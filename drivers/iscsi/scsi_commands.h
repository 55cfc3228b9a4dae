// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/block_driver.h"
#include "drivers/iscsi/command.h"

#include <vector>

// Command descriptor blocks as this initiator sends them (SBC-4 section 5, SPC-5 section 6).
namespace drivers::iscsi {

Cdb read_cdb(const BlockRange& range, bool force_unit_access) noexcept;
Cdb write_cdb(const BlockRange& range, bool force_unit_access) noexcept;
Cdb verify_cdb(const BlockRange& range) noexcept; // BYTCHK=1: the data sent is compared.
Cdb synchronize_cache_cdb(const BlockRange& range) noexcept;
Cdb write_same_cdb(const BlockRange& range, bool unmap) noexcept;
Cdb unmap_cdb(std::size_t parameter_bytes) noexcept;

Cdb test_unit_ready_cdb() noexcept;
Cdb inquiry_cdb(std::uint16_t allocation) noexcept;
Cdb vital_page_cdb(std::uint8_t page, std::uint16_t allocation) noexcept;
Cdb read_capacity_cdb(std::uint32_t allocation) noexcept;
Cdb read_capacity_10_cdb() noexcept;
Cdb report_luns_cdb(std::uint8_t select, std::uint32_t allocation) noexcept;
Cdb mode_sense_cdb(std::uint8_t page, std::uint16_t allocation) noexcept;
Cdb report_port_groups_cdb(std::uint32_t allocation) noexcept;
Cdb read_reservation_cdb(std::uint16_t allocation) noexcept;

// The parameter list of UNMAP (SBC-4 5.35.2); a range above 32 bits takes several descriptors.
// False: more than one command can carry.
bool unmap_parameters(std::span<const BlockRange> ranges, std::vector<std::byte>& out);

} // namespace drivers::iscsi
