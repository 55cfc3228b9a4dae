// SPDX-License-Identifier: Apache-2.0
// PERSISTENT RESERVE IN and OUT (SPC-5 6.15 and 6.16).
#include "drivers/array/scsi_call.h"

#include <algorithm>
#include <string_view>
#include <vector>

namespace drivers::array {

using wire::Bytes;
using wire::scsi::SenseKey;
namespace code = wire::scsi::code;

namespace {

enum class InAction : std::uint8_t {
    read_keys,
    read_reservation,
    report_capabilities,
    full_status
};
enum class OutAction : std::uint8_t {
    register_key,
    reserve,
    release,
    clear,
    preempt,
    preempt_and_abort,
    register_ignoring
};

using Data = std::vector<std::byte>;

std::uint8_t scope_and_type(const Reservations& reservations) noexcept {
    return reservations.type() ? static_cast<std::uint8_t>(*reservations.type()) : 0;
}

Data read_keys(const Reservations& reservations) {
    Data data(8);
    for (const auto& [nexus, key] : reservations.registrations()) {
        data.resize(data.size() + 8);
        wire::store_be64(data, data.size() - 8, key);
    }
    wire::store_be32(data, 4, data.size() - 8);
    return data;
}

Data read_reservation(const Reservations& reservations) {
    Data data(reservations.type() ? 24 : 8);
    if (reservations.type()) {
        wire::store_be32(data, 4, 16);
        wire::store_be64(data, 8, reservations.holder_key());
        wire::store_u8(data, 21, scope_and_type(reservations));
    }
    return data;
}

Data report_capabilities() {
    Data data(8);
    wire::store_be16(data, 0, 8);
    wire::store_u8(data, 2, 0x00); // No APTPL, no specified initiator ports, no all target ports.
    wire::store_u8(data, 3, 0x80); // TMV: the type mask is valid; APTPL is not active.
    wire::store_be16(data, 4, 0xEA01); // every type
    return data;
}

// iSCSI TransportID with the session's part (SPC-5 7.6.4.5), padded to four bytes.
Data transport_id(const NexusName& name) {
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string text = name.initiator + ",i,0x";
    for (unsigned shift = 48; shift > 0; shift -= 4) {
        text += digits[name.isid >> (shift - 4) & 0xFU];
    }
    text.resize((text.size() / 4 + 1) * 4, '\0');
    Data data(4);
    wire::store_u8(data, 0, 0x45); // initiator port, iSCSI
    wire::store_be16(data, 2, text.size());
    for (const char c : text) {
        data.push_back(static_cast<std::byte>(c));
    }
    return data;
}

Data full_status(const ScsiCall& call) {
    const Reservations& reservations = call.unit.reservations;
    Data data(8);
    for (const auto& [nexus, key] : reservations.registrations()) {
        const std::size_t at = data.size();
        const NexusName& name = call.target.nexus_name(nexus);
        const Data id = transport_id(name);
        data.resize(at + 24);
        wire::store_be64(data, at, key);
        if (reservations.is_holder(nexus)) {
            wire::store_u8(data, at + 12, 0x01); // R_HOLDER
            wire::store_u8(data, at + 13, scope_and_type(reservations));
        }
        wire::store_be16(data, at + 18, name.controller + 1U);
        wire::store_be32(data, at + 20, id.size());
        data.insert(data.end(), id.begin(), id.end());
    }
    wire::store_be32(data, 4, data.size() - 8);
    return data;
}

struct OutParameters {
    OutAction action{};
    std::uint8_t type = 0;
    std::uint64_t key = 0;
    std::uint64_t action_key = 0;
};

std::optional<OutParameters> parse_out(ScsiCall& call) {
    constexpr std::size_t list_bytes = 24;
    const Bytes list = call.request.data_out;
    const std::uint8_t scope_type = wire::load_u8(call.cdb(), 2);
    OutParameters out;
    out.action = static_cast<OutAction>(wire::load_u8(call.cdb(), 1) & 0x1FU);
    out.type = scope_type & 0x0FU;
    if (wire::load_be32(call.cdb(), 5) != list_bytes || list.size() != list_bytes) {
        call.fail(SenseKey::illegal_request, code::parameter_list_length_error);
        return std::nullopt;
    }
    const bool takes_type = out.action == OutAction::reserve || out.action == OutAction::release ||
                            out.action == OutAction::preempt ||
                            out.action == OutAction::preempt_and_abort;
    if (takes_type && (scope_type >> 4U != 0 || !is_reservation_type(out.type))) {
        call.fail_cdb_field(2);
        return std::nullopt;
    }
    const bool registers =
        out.action == OutAction::register_key || out.action == OutAction::register_ignoring;
    // SPEC_I_PT, ALL_TG_PT and APTPL are reported as unsupported.
    if ((wire::load_u8(list, 20) & (registers ? 0x0DU : 0x08U)) != 0) {
        call.fail_parameter(20);
        return std::nullopt;
    }
    out.key = wire::load_be64(list, 0);
    out.action_key = wire::load_be64(list, 8);
    return out;
}

// Commands of the preempted are to be aborted by whoever holds them.
void ask_aborts(ScsiCall& call, std::uint64_t victim_key) {
    for (const auto& [nexus, key] : call.unit.reservations.registrations()) {
        const bool is_victim = victim_key == 0 || key == victim_key;
        if (is_victim && nexus != call.request.nexus) {
            call.target.ask_abort(nexus, call.unit.index);
        }
    }
}

ReservationEnd perform(ScsiCall& call, const OutParameters& out) {
    Reservations& reservations = call.unit.reservations;
    const NexusId nexus = call.request.nexus;
    const auto type = static_cast<ReservationType>(out.type);
    switch (out.action) {
    case OutAction::register_key:
        return reservations.register_key(nexus, out.key, out.action_key);
    case OutAction::register_ignoring:
        return reservations.register_ignoring(nexus, out.action_key);
    case OutAction::reserve:
        return reservations.reserve(nexus, out.key, type);
    case OutAction::release:
        return reservations.release(nexus, out.key, type);
    case OutAction::clear:
        return reservations.clear(nexus, out.key);
    case OutAction::preempt_and_abort:
        if (reservations.is_registered(nexus)) {
            ask_aborts(call, out.action_key);
        }
        return reservations.preempt(nexus, out.key, type, out.action_key);
    case OutAction::preempt:
        return reservations.preempt(nexus, out.key, type, out.action_key);
    }
    return ReservationEnd::invalid_parameter;
}

} // namespace

namespace handlers {

void persistent_reserve_in(ScsiCall& call) {
    const Reservations& reservations = call.unit.reservations;
    Data data;
    switch (static_cast<InAction>(wire::load_u8(call.cdb(), 1) & 0x1FU)) {
    case InAction::read_keys:
        data = read_keys(reservations);
        break;
    case InAction::read_reservation:
        data = read_reservation(reservations);
        break;
    case InAction::full_status:
        data = full_status(call);
        break;
    case InAction::report_capabilities:
        call.give(report_capabilities(), wire::load_be16(call.cdb(), 7));
        return;
    }
    wire::store_be32(data, 0, reservations.generation());
    call.give(data, wire::load_be16(call.cdb(), 7));
}

void persistent_reserve_out(ScsiCall& call) {
    const auto out = parse_out(call);
    if (!out) {
        return;
    }
    switch (perform(call, *out)) {
    case ReservationEnd::good:
        call.target.publish_news(call.unit);
        break;
    case ReservationEnd::conflict:
        call.conflict();
        break;
    case ReservationEnd::invalid_release:
        call.fail(SenseKey::illegal_request, code::release_refused);
        break;
    case ReservationEnd::invalid_parameter:
        call.fail_parameter(8);
        break;
    case ReservationEnd::no_resources:
        call.fail(SenseKey::illegal_request, code::insufficient_registration_resources);
        break;
    }
}

} // namespace handlers
} // namespace drivers::array
