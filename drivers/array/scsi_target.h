// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/array/array_core.h"
#include "drivers/array/buffer_pool.h"
#include "drivers/array/reservations.h"
#include "drivers/wire/scsi_sense.h"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace drivers::array {

struct NexusName { // SPC-5 7.6.4: an iSCSI initiator port, and the controller it talks to.
    std::string initiator;
    std::uint64_t isid = 0; // 48 bits
    std::uint16_t controller = 0;
    bool operator==(const NexusName&) const = default;
};

struct ScsiRequest {
    wire::Bytes cdb;                  // 16 bytes.
    std::optional<std::uint16_t> lun; // Nothing: a LUN field that no unit can have.
    NexusId nexus = 0;
    std::uint64_t expected_bytes = 0; // What the initiator said it would send or take.
    std::span<std::byte> data_out{};  // What it sent, no more than the command wants.
};

struct ScsiReply {
    wire::scsi::Status status = wire::scsi::Status::good;
    wire::scsi::SenseBytes sense{};
    Buffer data_in{};
    std::size_t data_in_bytes = 0;  // Valid in `data_in`; never more than were expected.
    std::uint64_t wanted_bytes = 0; // What the command moves by its CDB; the rest is residual.
    TimePoint ready{};
    bool is_silent = false; // Never answer.
    bool drops_session = false;
};

// State of one logical unit that every portal shares.
struct ScsiUnit {
    std::uint16_t index = 0;
    Reservations reservations{};
    std::set<NexusId> removal_prevented_by{};
    bool software_write_protect = false; // SWP
    bool descriptor_sense = false;       // D_SENSE
    bool is_stopped = false;
};

// The volumes of an ArrayCore as SCSI logical units, shared by all of an array's iSCSI portals: a
// command goes in with its data and comes out with status, sense and data, never an exception.
class ScsiTarget {
public:
    ScsiTarget(ArrayCore& core, BufferPool& pool);
    ScsiTarget(const ScsiTarget&) = delete;
    ScsiTarget& operator=(const ScsiTarget&) = delete;

    // The same port name gets the same number for as long as anything remembers it; nothing if
    // too many are remembered.
    std::optional<NexusId> open_nexus(const NexusName& name);
    void close_nexus(NexusId nexus) noexcept;

    // How much data a command wants from the initiator, by its CDB; 0 for none or an unknown one.
    std::uint64_t data_out_bytes(const ScsiRequest& request) const noexcept;
    void execute(const ScsiRequest& request, ScsiReply& reply, TimePoint now) noexcept;

    void reset_unit(std::uint16_t lun, std::uint16_t sense_code) noexcept;
    void reset_all(std::uint16_t sense_code) noexcept;
    void power_cut() noexcept;
    // Owed to every initiator but one (its own number, or nobody for all).
    void raise_for_others(std::uint16_t lun, NexusId except, std::uint16_t sense_code) noexcept;
    void raise_for_all(std::uint16_t sense_code) noexcept;
    // Owed to every initiator that talks to this controller.
    void raise_at(std::uint16_t controller, std::uint16_t lun, std::uint16_t sense_code) noexcept;
    void publish_news(ScsiUnit& unit) noexcept;

    // Initiators whose commands a PREEMPT AND ABORT wants gone since the last call.
    std::vector<std::pair<NexusId, std::uint16_t>> take_aborts() noexcept;
    void ask_abort(NexusId nexus, std::uint16_t lun) { aborts_.emplace_back(nexus, lun); }

    ArrayCore& core() noexcept { return core_; }
    BufferPool& pool() noexcept { return pool_; }
    ScsiUnit& unit(std::uint16_t index) noexcept { return units_[index]; }
    std::size_t unit_count() const noexcept { return units_.size(); }
    const NexusName& nexus_name(NexusId nexus) const noexcept { return nexuses_[nexus].name; }
    std::optional<std::uint16_t> take_attention(NexusId nexus, std::uint16_t lun) noexcept;

    static constexpr NexusId nobody = 0xFFFFFFFFU;

private:
    struct Nexus {
        NexusName name;
        bool is_open = false;
        bool is_known = false;
        std::vector<std::vector<std::uint16_t>> attentions; // By LUN, oldest first.
    };
    void raise(NexusId nexus, std::uint16_t lun, std::uint16_t sense_code) noexcept;
    bool is_remembered(NexusId nexus) const noexcept;

    ArrayCore& core_;
    BufferPool& pool_;
    std::vector<ScsiUnit> units_;
    std::vector<Nexus> nexuses_;
    std::vector<std::pair<NexusId, std::uint16_t>> aborts_;
};

} // namespace drivers::array
