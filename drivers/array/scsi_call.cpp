// SPDX-License-Identifier: Apache-2.0
#include "drivers/array/scsi_call.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace drivers::array {

using wire::scsi::Sense;
using wire::scsi::SenseKey;
using wire::scsi::Status;
namespace code = wire::scsi::code;

void ScsiCall::fail(const Sense& sense) noexcept {
    const bool too_wide =
        sense.information && *sense.information > std::numeric_limits<std::uint32_t>::max();
    reply.status = Status::check_condition;
    reply.sense = unit.descriptor_sense || too_wide ? wire::scsi::encode_descriptor_sense(sense)
                                                    : wire::scsi::encode_fixed_sense(sense);
    reply.data_in_bytes = 0;
}

void ScsiCall::fail(SenseKey key, std::uint16_t sense_code) noexcept {
    Sense sense;
    sense.key = key;
    sense.code = sense_code;
    fail(sense);
}

void ScsiCall::fail_cdb_field(std::uint16_t byte) noexcept {
    Sense sense;
    sense.key = SenseKey::illegal_request;
    sense.code = code::invalid_field_in_cdb;
    sense.field = byte;
    fail(sense);
}

void ScsiCall::fail_parameter(std::uint16_t byte) noexcept {
    Sense sense;
    sense.key = SenseKey::illegal_request;
    sense.code = code::invalid_field_in_parameters;
    sense.field = byte;
    sense.field_in_data = true;
    fail(sense);
}

void ScsiCall::give(wire::Bytes data, std::uint64_t allocation_bytes) noexcept {
    reply.wanted_bytes = std::min<std::uint64_t>(data.size(), allocation_bytes);
    reply.data_in_bytes = std::min<std::uint64_t>(reply.wanted_bytes, request.expected_bytes);
    if (reply.data_in_bytes == 0) {
        return;
    }
    reply.data_in = target.pool().take(reply.data_in_bytes);
    if (!reply.data_in) {
        reply.data_in_bytes = 0;
        reply.status = Status::task_set_full;
        return;
    }
    std::memcpy(reply.data_in.bytes().data(), data.data(), reply.data_in_bytes);
}

MediumCommand ScsiCall::medium_command(Op op) const noexcept {
    MediumCommand command;
    command.op = op;
    command.lun = unit.index;
    command.controller = nexus_name().controller;
    return command;
}

bool ScsiCall::ask(const MediumCommand& command) noexcept {
    const MediumResult result = target.core().execute(command, now);
    reply.ready = std::max(reply.ready, result.ready);
    Sense sense;
    switch (result.end) {
    case MediumEnd::good:
        return true;
    case MediumEnd::miscompare:
        sense.key = SenseKey::miscompare;
        sense.code = code::miscompare_during_verify;
        sense.information = result.at_byte;
        break;
    case MediumEnd::medium_error:
        sense.key = SenseKey::medium_error;
        sense.code = code::unrecovered_read_error;
        sense.information = result.at_lba;
        break;
    case MediumEnd::busy:
        reply.status = Status::task_set_full;
        return false;
    case MediumEnd::in_transition:
        sense.key = SenseKey::not_ready;
        sense.code = code::state_transition;
        break;
    case MediumEnd::not_accessible:
        sense.key = SenseKey::not_ready;
        sense.code = code::unavailable_state;
        break;
    case MediumEnd::out_of_space:
        sense.key = SenseKey::data_protect;
        sense.code = code::space_allocation_failed;
        break;
    case MediumEnd::write_protected:
        sense.key = SenseKey::data_protect;
        sense.code = code::write_protected;
        break;
    case MediumEnd::drop_session:
        reply.drops_session = true;
        return false;
    case MediumEnd::silent:
        reply.is_silent = true;
        return false;
    }
    fail(sense);
    return false;
}

} // namespace drivers::array
