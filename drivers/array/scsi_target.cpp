// SPDX-License-Identifier: Apache-2.0
#include "drivers/array/scsi_target.h"

#include "drivers/array/scsi_call.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace drivers::array {

using wire::scsi::Operation;
using wire::scsi::Sense;
using wire::scsi::SenseKey;
namespace code = wire::scsi::code;

namespace {

constexpr std::size_t nexuses_max = 4096;
constexpr std::size_t attentions_max = 16;

// SPC-5 5.16.2.4 ff.: what a path says that is not active.
std::optional<std::uint16_t> access_refusal(AccessState state) noexcept {
    switch (state) {
    case AccessState::standby:
        return code::standby_state;
    case AccessState::unavailable:
        return code::unavailable_state;
    case AccessState::transitioning:
        return code::state_transition;
    case AccessState::active_optimized:
    case AccessState::active_non_optimized:
        break;
    }
    return std::nullopt;
}

bool hides_attention(Operation operation) noexcept {
    return operation == Operation::inquiry || operation == Operation::report_luns ||
           operation == Operation::request_sense;
}

// Whether the unit's state lets the operation run; if not, the reply is made.
bool may_run(ScsiCall& call, const ScsiOperation& operation) noexcept {
    const NexusId nexus = call.request.nexus;
    Reservations& reservations = call.unit.reservations;
    if (!reservations.is_idle() &&
        ((reservations.blocks_old(nexus) && !operation.ignores_old_reservation) ||
         !reservations.allows(nexus, operation.access))) {
        call.conflict();
        return false;
    }
    if (!operation.in_any_access_state) {
        const AccessState state =
            call.target.core().access_state(call.nexus_name().controller, call.unit.index);
        if (const auto refusal = access_refusal(state)) {
            call.fail(SenseKey::not_ready, *refusal);
            return false;
        }
    }
    if (operation.needs_medium && call.unit.is_stopped) {
        call.fail(SenseKey::not_ready, code::not_ready_stopped);
        return false;
    }
    return true;
}

// SPC-5 6.6.1: a LUN without a unit still answers INQUIRY, REPORT LUNS and REQUEST SENSE.
void answer_for_no_unit(ScsiCall& call) noexcept {
    const auto operation = static_cast<Operation>(wire::load_u8(call.cdb(), 0));
    const std::uint32_t allocation = wire::scsi::parameter_bytes(call.cdb()).value_or(0);
    if (operation == Operation::inquiry && (wire::load_u8(call.cdb(), 1) & 1U) == 0) {
        std::array<std::byte, 36> data{};
        data[0] = std::byte{0x7F}; // No peripheral device can be here.
        data[2] = std::byte{0x06};
        data[3] = std::byte{0x02};
        data[4] = std::byte{31};
        call.give(data, allocation);
    } else if (operation == Operation::request_sense) {
        Sense sense;
        sense.key = SenseKey::illegal_request;
        sense.code = code::unit_not_supported;
        call.give(wire::scsi::encode_fixed_sense(sense).view(), allocation);
    } else {
        call.fail(SenseKey::illegal_request, code::unit_not_supported);
    }
}

} // namespace

ScsiTarget::ScsiTarget(ArrayCore& core, BufferPool& pool)
    : core_(core)
    , pool_(pool)
    , units_(core.lun_count()) {
    for (std::size_t i = 0; i < units_.size(); ++i) {
        units_[i].index = static_cast<std::uint16_t>(i);
    }
}

std::optional<NexusId> ScsiTarget::open_nexus(const NexusName& name) {
    std::size_t found = nexuses_.size();
    for (std::size_t i = 0; i < nexuses_.size(); ++i) {
        if (nexuses_[i].is_known && nexuses_[i].name == name) {
            found = i;
            break;
        }
        if (!nexuses_[i].is_known) {
            found = std::min(found, i);
        }
    }
    if (found == nexuses_.size()) {
        if (nexuses_.size() == nexuses_max) {
            return std::nullopt;
        }
        nexuses_.emplace_back();
    }
    Nexus& nexus = nexuses_[found];
    const auto number = static_cast<NexusId>(found);
    if (!nexus.is_known) {
        nexus.name = name;
        nexus.attentions.assign(units_.size(), {});
    }
    for (const ScsiUnit& unit : units_) {
        raise(number, unit.index, nexus.is_known ? code::nexus_loss : code::power_on_or_reset);
    }
    nexus.is_open = true;
    nexus.is_known = true;
    return number;
}

bool ScsiTarget::is_remembered(NexusId nexus) const noexcept {
    return std::any_of(units_.begin(), units_.end(), [nexus](const ScsiUnit& unit) {
        return unit.reservations.is_registered(nexus);
    });
}

void ScsiTarget::close_nexus(NexusId nexus) noexcept {
    for (ScsiUnit& unit : units_) { // I_T nexus loss (SAM-5 6.3.4)
        unit.reservations.release_old(nexus);
        unit.removal_prevented_by.erase(nexus);
    }
    nexuses_[nexus].is_open = false;
    nexuses_[nexus].is_known = is_remembered(nexus);
}

std::uint64_t ScsiTarget::data_out_bytes(const ScsiRequest& request) const noexcept {
    if (!request.lun || *request.lun >= units_.size()) {
        return 0;
    }
    const std::uint64_t block_bytes = core_.lun(*request.lun).geometry.block_bytes;
    if (const auto range = wire::scsi::parse_block_cdb(request.cdb)) {
        switch (range->action) {
        case wire::scsi::BlockAction::write:
        case wire::scsi::BlockAction::write_and_verify:
        case wire::scsi::BlockAction::write_atomic:
        case wire::scsi::BlockAction::orwrite:
            return range->block_count * block_bytes;
        case wire::scsi::BlockAction::compare_and_write:
            return 2 * range->block_count * block_bytes;
        case wire::scsi::BlockAction::verify:
            return range->byte_check == 1   ? range->block_count * block_bytes
                   : range->byte_check == 3 ? block_bytes
                                            : 0;
        case wire::scsi::BlockAction::write_same:
            return range->no_data_out ? 0 : block_bytes;
        default:
            return 0;
        }
    }
    switch (static_cast<Operation>(wire::load_u8(request.cdb, 0))) {
    case Operation::mode_select_6:
    case Operation::mode_select_10:
    case Operation::unmap:
    case Operation::persistent_reserve_out:
    case Operation::extended_copy:
    case Operation::maintenance_out:
        return wire::scsi::parameter_bytes(request.cdb).value_or(0);
    default:
        return 0;
    }
}

void ScsiTarget::execute(const ScsiRequest& request, ScsiReply& reply, TimePoint now) noexcept {
    reply.ready = now;
    reply.wanted_bytes = data_out_bytes(request);
    const bool has_unit = request.lun && *request.lun < units_.size();
    ScsiCall call{*this, units_[has_unit ? *request.lun : 0], request, reply, now};
    const auto operation_code = static_cast<Operation>(wire::load_u8(request.cdb, 0));
    if (!has_unit && operation_code != Operation::report_luns) {
        answer_for_no_unit(call);
        return;
    }
    if (has_unit && !hides_attention(operation_code)) {
        if (const auto attention = take_attention(request.nexus, *request.lun)) {
            call.fail(SenseKey::unit_attention, *attention);
            return;
        }
    }
    bool invalid_action = false;
    const ScsiOperation* operation = find_operation(request.cdb, invalid_action);
    if (operation == nullptr) {
        if (invalid_action) {
            call.fail_cdb_field(1);
        } else {
            call.fail(SenseKey::illegal_request, code::invalid_operation_code);
        }
        return;
    }
    if (may_run(call, *operation)) {
        operation->handler(call);
    }
}

std::optional<std::uint16_t> ScsiTarget::take_attention(NexusId nexus, std::uint16_t lun) noexcept {
    auto& attentions = nexuses_[nexus].attentions[lun];
    if (attentions.empty()) {
        return std::nullopt;
    }
    const std::uint16_t first = attentions.front();
    attentions.erase(attentions.begin());
    return first;
}

void ScsiTarget::raise(NexusId nexus, std::uint16_t lun, std::uint16_t sense_code) noexcept {
    auto& attentions = nexuses_[nexus].attentions[lun];
    if (attentions.size() < attentions_max &&
        std::find(attentions.begin(), attentions.end(), sense_code) == attentions.end()) {
        attentions.push_back(sense_code);
    }
}

void ScsiTarget::raise_for_others(std::uint16_t lun,
                                  NexusId except,
                                  std::uint16_t sense_code) noexcept {
    for (NexusId nexus = 0; nexus < nexuses_.size(); ++nexus) {
        if (nexuses_[nexus].is_known && nexus != except) {
            raise(nexus, lun, sense_code);
        }
    }
}

void ScsiTarget::raise_for_all(std::uint16_t sense_code) noexcept {
    for (const ScsiUnit& unit : units_) {
        raise_for_others(unit.index, nobody, sense_code);
    }
}

void ScsiTarget::raise_at(std::uint16_t controller,
                          std::uint16_t lun,
                          std::uint16_t sense_code) noexcept {
    for (NexusId nexus = 0; nexus < nexuses_.size(); ++nexus) {
        if (nexuses_[nexus].is_known && nexuses_[nexus].name.controller == controller) {
            raise(nexus, lun, sense_code);
        }
    }
}

void ScsiTarget::publish_news(ScsiUnit& unit) noexcept {
    const ReservationNews news = unit.reservations.take_news();
    for (const NexusId nexus : news.registrations_preempted) {
        raise(nexus, unit.index, code::registrations_preempted);
    }
    for (const NexusId nexus : news.reservations_preempted) {
        raise(nexus, unit.index, code::reservations_preempted);
    }
    for (const NexusId nexus : news.reservations_released) {
        raise(nexus, unit.index, code::reservations_released);
    }
}

void ScsiTarget::reset_unit(std::uint16_t lun, std::uint16_t sense_code) noexcept {
    ScsiUnit& unit = units_[lun];
    unit.reservations.end_old();
    unit.removal_prevented_by.clear();
    unit.software_write_protect = false;
    unit.descriptor_sense = false;
    raise_for_others(lun, nobody, sense_code);
}

void ScsiTarget::reset_all(std::uint16_t sense_code) noexcept {
    for (const ScsiUnit& unit : units_) {
        reset_unit(unit.index, sense_code);
    }
}

void ScsiTarget::power_cut() noexcept {
    for (ScsiUnit& unit : units_) {
        unit.reservations.power_cut();
        unit.is_stopped = false;
    }
    reset_all(code::power_on_or_reset);
}

std::vector<std::pair<NexusId, std::uint16_t>> ScsiTarget::take_aborts() noexcept {
    return std::exchange(aborts_, {});
}

} // namespace drivers::array
