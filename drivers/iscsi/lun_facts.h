// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/lun_report.h"
#include "drivers/iscsi/session.h"
#include "drivers/wire/lun_pages.h"

#include <array>

namespace drivers::iscsi {

// One command at a time besides the load: who are you, how do your ports stand. Must outlive the
// session it was last used with.
class Control {
public:
    Control();

    bool idle() const noexcept { return !busy_; }
    void begin(Session& session, const Cdb& cdb) noexcept; // Reads up to what `bytes()` holds.
    void drop() noexcept { busy_ = false; }                // Its session is gone.
    bool good() const noexcept { return !busy_ && sent_ && command_.scsi_status == 0; }
    bool unit_attention() const noexcept { return command_.sense >> 16U == 0x06; }
    std::uint32_t sense() const noexcept { return command_.sense; }
    wire::Bytes bytes() const noexcept { return buffer_; }

private:
    static void answered(Command& command) noexcept;

    Command command_;
    std::array<std::byte, 4096> buffer_{};
    bool busy_ = false;
    bool sent_ = false;
};

inline constexpr std::uint16_t control_bytes = 4096;

// Everything a LUN says of itself; what it does not support stays at its default.
struct LunFacts {
    wire::scsi::InquiryData inquiry;
    std::string serial;
    wire::scsi::DeviceIds ids;
    wire::scsi::BlockLimits limits;
    wire::scsi::Provisioning provisioning;
    wire::scsi::Capacity capacity;
    wire::scsi::CacheMode cache;
    std::vector<wire::scsi::PortGroup> groups;
    std::string reserved_by;

    Identity identity() const;
    Geometry geometry() const;
    const wire::scsi::PortGroup*
    own_group() const; // Of the port that was asked through; null = no ALUA.
};

// Asks one question and waits. False: the LUN does not support it. Throws ArrayError when the
// session ends, `at_most` passes, or the LUN is not ready.
bool ask(Session& session, Control& control, const Cdb& cdb, const SessionWait& wait);

// Throws ArrayError too when there is no such LUN, or it is no disk.
LunFacts ask_facts(Session& session, Control& control, const Clock& clock, Duration at_most);

LunReport report_of(const LunFacts& facts, const Session& session, const std::string& portal);
Access access_of(const LunFacts& facts) noexcept;

} // namespace drivers::iscsi
