// SPDX-License-Identifier: Apache-2.0
#include "drivers/iscsi/control.h"

#include <algorithm>

namespace drivers::iscsi {

Control::Control(std::size_t answer_bytes_max)
    : buffer_(answer_bytes_max) {
    command_.owner = this;
    command_.on_answer = &Control::answered;
}

void Control::begin(Session& session, const Cdb& cdb) noexcept {
    // The group code tells the length of a CDB, SPC-5 4.2.5.1.
    const auto group = std::to_integer<unsigned>(cdb[0]) >> 5U;
    command_.cdb = cdb;
    command_.cdb_bytes = group == 0 ? 6 : group <= 2 ? 10 : group == 5 ? 12 : 16;
    const bool reads = std::to_integer<unsigned>(cdb[0]) != 0x00; // All but TEST UNIT READY.
    command_.direction = reads ? Direction::in : Direction::none;
    std::fill(buffer_.begin(), buffer_.end(), std::byte{0});
    command_.data = reads ? std::span<std::byte>(buffer_) : std::span<std::byte>{};
    sent_ = session.send(command_);
    busy_ = sent_;
}

void Control::answered(Command& command) noexcept {
    static_cast<Control*>(command.owner)->busy_ = false;
}

} // namespace drivers::iscsi
