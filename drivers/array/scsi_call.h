// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/array/scsi_target.h"
#include "drivers/wire/scsi_cdb.h"

#include <array>

namespace drivers::array {

// One command under execution: what its handler may look at and answer with.
struct ScsiCall {
    ScsiTarget& target;
    ScsiUnit& unit;
    const ScsiRequest& request;
    ScsiReply& reply;
    TimePoint now;

    const LunInfo& info() const noexcept {
        return target.core().lun_at(nexus_name().controller, unit.index);
    }
    const NexusName& nexus_name() const noexcept { return target.nexus_name(request.nexus); }
    wire::Bytes cdb() const noexcept { return request.cdb; }

    void fail(const wire::scsi::Sense& sense) noexcept;
    void fail(wire::scsi::SenseKey key, std::uint16_t code) noexcept;
    void fail_cdb_field(std::uint16_t byte) noexcept;
    void fail_parameter(std::uint16_t byte) noexcept;
    void conflict() noexcept { reply.status = wire::scsi::Status::reservation_conflict; }

    // Answers with data, cut to the allocation length and to what the initiator expects.
    void give(wire::Bytes data, std::uint64_t allocation_bytes) noexcept;

    // Asks the array; on anything but good the reply is already made. `answer_later` keeps the
    // latest `ready` of several questions.
    bool ask(const MediumCommand& command) noexcept;
    MediumCommand medium_command(Op op) const noexcept;
};

using ScsiHandler = void (*)(ScsiCall&);

// One command or service action that the units know: how it is described to an initiator that asks
// (SPC-5 6.35) and what is checked before its handler runs.
struct ScsiOperation {
    wire::scsi::Operation operation;
    int service_action = -1; // -1: has none.
    AccessKind access = AccessKind::none;
    bool in_any_access_state = false; // Answers where the path is not active (SPC-5 5.16.2.5).
    bool ignores_old_reservation = false;
    bool needs_medium = false; // Fails while the unit is stopped.
    ScsiHandler handler = nullptr;
    std::array<std::uint8_t, 16> usage{}; // CDB usage data: bits the unit looks at.
};

std::span<const ScsiOperation> scsi_operations() noexcept;
// Where the command has service actions and this one is unknown, `invalid_action` is set.
const ScsiOperation* find_operation(wire::Bytes cdb, bool& invalid_action) noexcept;

namespace handlers {
void test_unit_ready(ScsiCall& call);
void request_sense(ScsiCall& call);
void inquiry(ScsiCall& call);
void mode_sense(ScsiCall& call);
void mode_select(ScsiCall& call);
void reserve_old(ScsiCall& call);
void release_old(ScsiCall& call);
void start_stop_unit(ScsiCall& call);
void prevent_allow(ScsiCall& call);
void read_capacity_10(ScsiCall& call);
void read_capacity_16(ScsiCall& call);
void get_lba_status(ScsiCall& call);
void report_luns(ScsiCall& call);
void report_target_port_groups(ScsiCall& call);
void report_supported_operations(ScsiCall& call);
void read_defect_data_10(ScsiCall& call);
void read_defect_data_12(ScsiCall& call);
void read(ScsiCall& call);
void write(ScsiCall& call);
void verify(ScsiCall& call);
void prefetch(ScsiCall& call);
void synchronize_cache(ScsiCall& call);
void compare_and_write(ScsiCall& call);
void orwrite(ScsiCall& call);
void write_same(ScsiCall& call);
void unmap(ScsiCall& call);
void persistent_reserve_in(ScsiCall& call);
void persistent_reserve_out(ScsiCall& call);
} // namespace handlers

// Limits that the units state in VPD page 0xB0 and hold to.
inline constexpr std::uint64_t transfer_bytes_max = std::uint64_t{8} << 20U;
inline constexpr std::uint64_t compare_and_write_blocks_max = 255;
inline constexpr std::uint64_t unmap_blocks_max = std::uint64_t{1} << 20U;
inline constexpr std::uint32_t unmap_ranges_max = 256;
inline constexpr std::uint64_t write_same_blocks_max = 32768;
inline constexpr std::uint64_t atomic_bytes_max = std::uint64_t{1} << 17U;

} // namespace drivers::array
