// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/errors.h"
#include "drivers/api/lun_report.h"
#include "drivers/iscsi/control.h"
#include "drivers/wire/lun_pages.h"

#include <optional>

namespace drivers::iscsi {

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

struct AskLimits {
    Duration answer_within{0}; // All questions together, waiting for "ready" apart.
    Duration ready_within{0};  // How long "not ready" and "busy" are put up with.
};

// Asks one question after the other and waits for the answers. What passes by itself is waited for.
class Asker {
public:
    Asker(Session& session, Control& control, const Clock& clock, const AskLimits& limits);

    // False: the LUN does not support it. Throws ArrayError when the session ends, the time is
    // over, or the LUN is not ready for too long.
    bool ask(const Cdb& cdb);
    void drain(); // Until no unit attention is left; INQUIRY reports none.

    const Control& control() const noexcept { return control_; }
    std::uint32_t doubt() const noexcept { return doubt_; } // What cast it since drain(); 0 = none.
    bool is_over() const noexcept { return clock_.now() >= ready_by_; } // No more patience.

private:
    Session& session_;
    Control& control_;
    const Clock& clock_;
    Duration answer_within_;
    std::optional<SessionWait> wait_; // Begins anew when the LUN has put a question off.
    TimePoint ready_by_;
    int attentions_ = 0; // In all.
    std::uint32_t doubt_ = 0;
};

struct NoSuchLun : ArrayError {
    using ArrayError::ArrayError;
};

// All at one time: what changes meanwhile is asked again. Throws NoSuchLun; ArrayError too where it
// is no disk.
LunFacts ask_facts(Session& session, Control& control, const Clock& clock, const AskLimits& limits);
void check_block_size(const LunFacts& facts); // Throws ArrayError for one that no driver takes.

LunReport report_of(const LunFacts& facts, const Session& session, const std::string& portal);
Access access_of(const LunFacts& facts) noexcept;

} // namespace drivers::iscsi
