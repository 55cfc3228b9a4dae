// SPDX-License-Identifier: Apache-2.0
#include "drivers/iscsi/lun_facts.h"

#include "drivers/api/errors.h"
#include "drivers/iscsi/scsi_commands.h"

#include <algorithm>
#include <fmt/format.h>

namespace drivers::iscsi {

namespace {

constexpr int unit_attentions_max = 16; // More in a row than any array has reasons for.

std::string number(std::uint64_t value) {
    return value == 0 ? "not stated" : fmt::format("{}", value);
}

const char* yes_no(bool value) {
    return value ? "yes" : "no";
}

} // namespace

Control::Control() {
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
    buffer_.fill(std::byte{0});
    command_.data = reads ? std::span<std::byte>(buffer_) : std::span<std::byte>{};
    sent_ = session.send(command_);
    busy_ = sent_;
}

void Control::answered(Command& command) noexcept {
    static_cast<Control*>(command.owner)->busy_ = false;
}

bool ask(Session& session, Control& control, const Cdb& cdb, const SessionWait& wait) {
    for (int attempt = 0; attempt < unit_attentions_max; ++attempt) {
        control.begin(session, cdb);
        while (!control.idle() && session.state() == SessionState::up && !wait.over()) {
            wait.step(session);
        }
        if (session.state() != SessionState::up) {
            throw ArrayError("the session ended while the LUN was asked: " + session.error());
        }
        if (!control.idle()) {
            throw ArrayError("the LUN did not answer in time");
        }
        if (!control.unit_attention()) {
            return control.good();
        }
    }
    throw ArrayError("the LUN reports one unit attention after the other");
}

LunFacts ask_facts(Session& session, Control& control, const Clock& clock, Duration at_most) {
    const SessionWait wait(clock, at_most);
    const auto page = [&](std::uint8_t code) {
        return ask(session, control, vital_page_cdb(code, control_bytes), wait) ? control.bytes()
                                                                                : wire::Bytes{};
    };
    LunFacts facts;
    const bool told = ask(session, control, inquiry_cdb(control_bytes), wait);
    const auto inquiry = told ? wire::scsi::parse_inquiry(control.bytes()) : std::nullopt;
    if (!inquiry || inquiry->qualifier != 0 || inquiry->device_type == 0x1f) {
        throw ArrayError("the array has no such LUN");
    }
    if (inquiry->device_type != 0) {
        throw ArrayError(fmt::format("the LUN is no disk (device type {})", inquiry->device_type));
    }
    facts.inquiry = *inquiry;
    facts.serial = wire::scsi::parse_serial(page(0x80));
    facts.ids = wire::scsi::parse_device_ids(page(0x83));
    facts.limits = wire::scsi::parse_block_limits(page(0xb0)).value_or(wire::scsi::BlockLimits{});
    facts.provisioning =
        wire::scsi::parse_provisioning(page(0xb2)).value_or(wire::scsi::Provisioning{});
    if (facts.inquiry.port_group_support != 0 &&
        ask(session, control, report_port_groups_cdb(control_bytes), wait)) {
        facts.groups = wire::scsi::parse_port_groups(control.bytes());
    }
    if (ask(session, control, mode_sense_cdb(0x08, control_bytes), wait)) {
        facts.cache =
            wire::scsi::parse_cache_mode(control.bytes()).value_or(wire::scsi::CacheMode{});
    }
    if (ask(session, control, read_reservation_cdb(control_bytes), wait)) {
        facts.reserved_by = wire::scsi::parse_reservation(control.bytes());
    }
    const bool sized = ask(session, control, read_capacity_cdb(control_bytes), wait);
    const std::uint32_t sense = control.sense();
    const auto capacity = sized ? wire::scsi::parse_capacity(control.bytes()) : std::nullopt;
    if (!capacity) {
        throw ArrayError(fmt::format(
            "the LUN does not say how large it is (READ CAPACITY(16), sense {:06x})", sense));
    }
    facts.capacity = *capacity;
    return facts;
}

Identity LunFacts::identity() const {
    return {inquiry.vendor, inquiry.product, inquiry.revision, serial, ids.unique_id};
}

Geometry LunFacts::geometry() const {
    Geometry out;
    out.block_bytes = capacity.block_bytes;
    out.block_count = capacity.block_count;
    const std::uint64_t limit = std::uint64_t{limits.transfer_max} * capacity.block_bytes;
    out.transfer_bytes_max =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(limit, UINT32_MAX / 4));
    return out;
}

const wire::scsi::PortGroup* LunFacts::own_group() const {
    for (const wire::scsi::PortGroup& group : groups) {
        const auto& ports = group.relative_ports;
        const bool has_port =
            ids.relative_port &&
            std::find(ports.begin(), ports.end(), *ids.relative_port) != ports.end();
        if (ids.port_group ? group.id == *ids.port_group : has_port) {
            return &group;
        }
    }
    return nullptr;
}

Access access_of(const LunFacts& facts) noexcept {
    const wire::scsi::PortGroup* const group = facts.own_group();
    if (group == nullptr) {
        return Access::optimized;
    }
    switch (group->state) {
    case 0x0:
    case 0x4: // By block: some blocks are optimized here.
        return Access::optimized;
    case 0x1:
        return Access::non_optimized;
    case 0x2:
        return Access::standby;
    case 0xf:
        return Access::transitioning;
    default:
        return Access::unavailable;
    }
}

LunReport report_of(const LunFacts& facts, const Session& session, const std::string& portal) {
    LunReport report;
    report.identity = facts.identity();
    report.geometry = facts.geometry();
    report.thin = facts.capacity.thin;
    report.write_cache = facts.cache.write_cache;
    report.write_protected = facts.cache.write_protected;
    report.reserved_by = facts.reserved_by;
    const wire::scsi::PortGroup* const own = facts.own_group();
    PathReport path;
    path.portal = portal;
    path.state = own == nullptr ? "active/optimized" : wire::scsi::access_state_name(own->state);
    path.group = own == nullptr ? 0 : own->id;
    path.preferred = own != nullptr && own->preferred;
    report.paths.push_back(path);
    const wire::scsi::BlockLimits& limits = facts.limits;
    report.limits = {
        {"transfer_max_blocks", number(limits.transfer_max)},
        {"transfer_optimal_blocks", number(limits.transfer_optimal)},
        {"transfer_granularity_blocks", number(limits.transfer_granularity)},
        {"unmap_max_blocks", number(limits.unmap_max)},
        {"unmap_max_descriptors", number(limits.unmap_descriptors_max)},
        {"unmap_granularity_blocks", number(limits.unmap_granularity)},
        {"write_same_max_blocks", number(limits.write_same_max)},
        {"compare_and_write_max_blocks", number(limits.compare_and_write_max)},
        {"blocks_per_physical_block", fmt::format("{}", 1U << facts.capacity.physical_exponent)},
        {"unmap_supported", yes_no(facts.provisioning.unmap)},
        {"write_same_unmap_supported", yes_no(facts.provisioning.write_same_unmap)},
        {"unmapped_reads_zero", yes_no(facts.capacity.unmapped_reads_zero)},
        {"alua",
         facts.inquiry.port_group_support == 0   ? "no"
         : facts.inquiry.port_group_support == 1 ? "implicit"
         : facts.inquiry.port_group_support == 2 ? "explicit"
                                                 : "implicit and explicit"}};
    report.negotiated = session.negotiated();
    return report;
}

} // namespace drivers::iscsi
