// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/iscsi/session.h"
#include "drivers/wire/big_endian.h"
#include "drivers/wire/scsi_advice.h"

#include <cstdint>
#include <vector>

namespace drivers::iscsi {

inline constexpr std::uint16_t control_bytes = 4096;
inline constexpr int unit_attentions_max = 16;      // More in a row than any array has reasons for.
inline constexpr int opening_attentions_max = 1024; // While a LUN is opened, bounded by time too.

// One command at a time besides the load: who are you, how do your ports stand. Must outlive the
// session it was last used with.
class Control {
public:
    explicit Control(std::size_t answer_bytes_max = control_bytes);

    bool idle() const noexcept { return !busy_; }
    void begin(Session& session, const Cdb& cdb) noexcept; // Reads up to what `bytes()` holds.
    void drop() noexcept { busy_ = false; }                // Its session is gone.
    bool good() const noexcept { return !busy_ && sent_ && command_.scsi_status == 0; }
    wire::scsi::Advice advice() const noexcept {
        return wire::scsi::advice_of(command_.scsi_status, command_.sense);
    }
    bool unit_attention() const noexcept { return advice() == wire::scsi::Advice::again; }
    std::uint32_t sense() const noexcept { return command_.sense; }
    // As a completion has it: the sense, or the status where none came; 0 = good.
    std::uint32_t end() const noexcept {
        return command_.sense != 0 ? command_.sense
                                   : static_cast<std::uint32_t>(command_.scsi_status) << 24U;
    }
    wire::Bytes bytes() const noexcept { // As many as came, where the array says so.
        return wire::Bytes(buffer_).first(buffer_.size() - command_.missing_bytes);
    }

private:
    static void answered(Command& command) noexcept;

    Command command_;
    std::vector<std::byte> buffer_;
    bool busy_ = false;
    bool sent_ = false;
};

} // namespace drivers::iscsi
