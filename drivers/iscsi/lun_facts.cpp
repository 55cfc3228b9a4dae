// SPDX-License-Identifier: Apache-2.0
#include "drivers/iscsi/lun_facts.h"

#include "drivers/api/errors.h"
#include "drivers/iscsi/scsi_commands.h"
#include "drivers/wire/end_words.h"
#include "drivers/wire/lun_list.h"

#include <algorithm>
#include <fmt/format.h>

namespace drivers::iscsi {

namespace {

std::string number(std::uint64_t value) {
    return value == 0 ? "not stated" : fmt::format("{}", value);
}

const char* yes_no(bool value) {
    return value ? "yes" : "no";
}

} // namespace

Asker::Asker(Session& session, Control& control, const Clock& clock, const AskLimits& limits)
    : session_(session)
    , control_(control)
    , clock_(clock)
    , answer_within_(limits.answer_within)
    , wait_(std::in_place, clock, limits.answer_within)
    , ready_by_(clock.now() + limits.ready_within) {}

bool Asker::ask(const Cdb& cdb) {
    for (int in_a_row = 0; attentions_ < opening_attentions_max;) {
        control_.begin(session_, cdb);
        while (!control_.idle() && session_.state() == SessionState::up && !wait_->over()) {
            wait_->step(session_);
        }
        if (session_.state() != SessionState::up) {
            throw ArrayError("the session ended while the LUN was asked: " + session_.error());
        }
        if (!control_.idle()) {
            throw ArrayError("the LUN did not answer in time");
        }
        switch (control_.advice()) {
        case wire::scsi::Advice::none:
            return control_.good();
        case wire::scsi::Advice::again:
            doubt_ = wire::scsi::casts_doubt(control_.sense()) ? control_.sense() : doubt_;
            ++attentions_;
            if (++in_a_row < unit_attentions_max) {
                break;
            }
            if (is_over()) {
                attentions_ = opening_attentions_max;
                break;
            }
            wait_->pause(session_, std::chrono::milliseconds(5));
            wait_.emplace(clock_, answer_within_);
            break;
        case wire::scsi::Advice::later:
            if (clock_.now() >= ready_by_) {
                throw ArrayError("the LUN is not ready: " + wire::sense_text(control_.end()));
            }
            wait_->pause(session_, std::chrono::milliseconds(20));
            wait_.emplace(clock_, answer_within_);
            break;
        }
    }
    throw ArrayError("the LUN reports one unit attention after the other: " +
                     wire::sense_text(control_.end()));
}

void Asker::drain() {
    (void)ask(test_unit_ready_cdb()); // Whatever it says: no attention is left.
    doubt_ = 0;
}

namespace {

wire::scsi::Capacity ask_capacity(Asker& asker) {
    bool sized = asker.ask(read_capacity_cdb(control_bytes));
    constexpr std::uint32_t no_such_command = 0x052000;
    const bool is_old = !sized && asker.control().sense() == no_such_command;
    sized = is_old ? asker.ask(read_capacity_10_cdb()) : sized;
    const auto capacity = !sized   ? std::nullopt
                          : is_old ? wire::scsi::parse_capacity_10(asker.control().bytes())
                                   : wire::scsi::parse_capacity(asker.control().bytes());
    if (!capacity && sized) {
        throw ArrayError("the LUN says a size that cannot be (READ CAPACITY)");
    }
    if (!capacity) {
        throw ArrayError(fmt::format("the LUN does not say how large it is (READ CAPACITY): {}",
                                     wire::sense_text(asker.control().end())));
    }
    return *capacity;
}

LunFacts ask_once(Asker& asker) {
    const auto page = [&](std::uint8_t code) {
        return asker.ask(vital_page_cdb(code, control_bytes)) ? asker.control().bytes()
                                                              : wire::Bytes{};
    };
    LunFacts facts;
    const bool told = asker.ask(inquiry_cdb(control_bytes));
    const auto inquiry = told ? wire::scsi::parse_inquiry(asker.control().bytes()) : std::nullopt;
    if (!inquiry || inquiry->qualifier != 0 || inquiry->device_type == 0x1f) {
        throw NoSuchLun("the array has no such LUN");
    }
    if (inquiry->device_type != 0) {
        throw ArrayError(fmt::format("the LUN is no disk but {}",
                                     wire::scsi::device_type_name(inquiry->device_type)));
    }
    facts.inquiry = *inquiry;
    facts.serial = wire::scsi::parse_serial(page(0x80));
    facts.ids = wire::scsi::parse_device_ids(page(0x83));
    facts.limits = wire::scsi::parse_block_limits(page(0xb0)).value_or(wire::scsi::BlockLimits{});
    facts.provisioning =
        wire::scsi::parse_provisioning(page(0xb2)).value_or(wire::scsi::Provisioning{});
    if (facts.inquiry.port_group_support != 0 && asker.ask(report_port_groups_cdb(control_bytes))) {
        facts.groups = wire::scsi::parse_port_groups(asker.control().bytes());
    }
    if (asker.ask(mode_sense_cdb(0x08, control_bytes))) {
        facts.cache =
            wire::scsi::parse_cache_mode(asker.control().bytes()).value_or(wire::scsi::CacheMode{});
    }
    if (asker.ask(read_reservation_cdb(control_bytes))) {
        facts.reserved_by = wire::scsi::parse_reservation(asker.control().bytes());
    }
    facts.capacity = ask_capacity(asker);
    return facts;
}

} // namespace

LunFacts
ask_facts(Session& session, Control& control, const Clock& clock, const AskLimits& limits) {
    constexpr int attempts_least = 4;
    constexpr int attempts_most = 64;
    Asker asker(session, control, clock, limits);
    for (int i = 0; i < attempts_most && (i < attempts_least || !asker.is_over()); ++i) {
        asker.drain();
        LunFacts facts = ask_once(asker);
        if (asker.doubt() == 0) {
            return facts;
        }
    }
    throw ArrayError("the LUN says again and again that it has changed: " +
                     wire::sense_text(asker.doubt()));
}

void check_block_size(const LunFacts& facts) {
    const std::uint32_t bytes = facts.capacity.block_bytes;
    if (bytes < 512 || bytes > 65536 || bytes % 512 != 0) {
        throw ArrayError(fmt::format(
            "block size {}: not supported; wanted a multiple of 512 bytes up to 65536{}",
            bytes,
            bytes == 520 || bytes == 528 || bytes == 4160 || bytes == 4224
                ? " (this one has room for protection data: format the LUN without)"
                : ""));
    }
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
