// SPDX-License-Identifier: Apache-2.0
// Readiness, sense, start and stop, and the reservations of old (SPC-5 6.34, 6.52; SPC-2 7.16 ff.).
#include "drivers/array/scsi_call.h"

namespace drivers::array {

using wire::scsi::Sense;
using wire::scsi::SenseKey;
namespace code = wire::scsi::code;

namespace handlers {

void test_unit_ready(ScsiCall& /*call*/) {} // What stops a unit has been looked at already.

void request_sense(ScsiCall& call) {
    Sense sense;
    if (const auto attention = call.target.take_attention(call.request.nexus, call.unit.index)) {
        sense.key = SenseKey::unit_attention;
        sense.code = *attention;
    } else if (call.unit.is_stopped) {
        sense.key = SenseKey::not_ready;
        sense.code = code::not_ready_stopped;
    }
    const bool descriptor = (wire::load_u8(call.cdb(), 1) & 1U) != 0;
    const auto bytes = descriptor ? wire::scsi::encode_descriptor_sense(sense)
                                  : wire::scsi::encode_fixed_sense(sense);
    call.give(bytes.view(), wire::load_u8(call.cdb(), 4));
}

void start_stop_unit(ScsiCall& call) {
    const std::uint8_t flags = wire::load_u8(call.cdb(), 4);
    const unsigned power_condition = flags >> 4U;
    const bool ejects = (flags & 0x02U) != 0;
    if (power_condition != 0) {
        return; // Idle and standby of a unit without motors change nothing.
    }
    if (ejects) { // Nothing here is removable.
        call.fail_cdb_field(4);
        return;
    }
    call.unit.is_stopped = (flags & 0x01U) == 0;
}

void prevent_allow(ScsiCall& call) {
    if ((wire::load_u8(call.cdb(), 4) & 1U) != 0) {
        call.unit.removal_prevented_by.insert(call.request.nexus);
    } else {
        call.unit.removal_prevented_by.erase(call.request.nexus);
    }
}

void reserve_old(ScsiCall& call) {
    Reservations& reservations = call.unit.reservations;
    if (!reservations.registrations().empty() ||
        reservations.reserve_old(call.request.nexus) != ReservationEnd::good) {
        call.conflict();
    }
}

void release_old(ScsiCall& call) {
    if (!call.unit.reservations.registrations().empty()) {
        call.conflict();
        return;
    }
    call.unit.reservations.release_old(call.request.nexus);
}

} // namespace handlers
} // namespace drivers::array
