// SPDX-License-Identifier: Apache-2.0
// Who the namespace is, asked again within an association: after an event that says that it may be
// another one, no command is sent before the answer is the same as at first.
#include "drivers/nvme_tcp/nvme_tcp_driver.h"

#include <fmt/format.h>

namespace drivers::nvme_tcp {

namespace nvme = wire::nvme;

namespace {

// Asynchronous Event Request, dword 0 of the completion (Base 5.2).
constexpr std::uint32_t type_notice = 2;
constexpr std::uint32_t notice_namespaces = 0;
constexpr std::uint32_t notice_ana = 3;

constexpr std::uint32_t retain_event_bit = 1U << 15; // Get Log Page, dword 10.
constexpr auto ask_again_after = std::chrono::milliseconds(20);

} // namespace

void NvmeTcpDriver::heard(std::uint32_t event) noexcept {
    const std::uint32_t information = event >> 8 & 0xFFU;
    if ((event & 7U) != type_notice ||
        (information != notice_namespaces && information != notice_ana)) {
        return;
    }
    (information == notice_ana ? wants_ana_ : wants_list_) = true;
    asked_too_early_ = true;
    ask_identity();
}

void NvmeTcpDriver::ask_identity() noexcept {
    if (controller_ == nullptr) {
        return;
    }
    if (!holds()) {
        hold_since_ = now_;
    }
    is_routine_ = false;
    wants_identity_ = true;
    if (asked_ == Asked::nothing) {
        ask_next();
    }
}

// Of a controller that would not say that anything changed. Nothing is held for that: what may have
// happened has happened long before the question.
void NvmeTcpDriver::ask_routinely() noexcept {
    next_routine_ = now_ + routine_interval;
    if (asked_ == Asked::nothing && !wants_identity_ && !wants_list_ && !wants_ana_) {
        is_routine_ = true;
        wants_identity_ = true;
        ask_next();
    }
}

// One question at a time. The list and the ANA log are read because that is what lets the next
// event come: the list before the identity, so that a later change is not missed.
void NvmeTcpDriver::ask_next() noexcept {
    ask_at_ = TimePoint::max();
    if (wants_list_) {
        wants_list_ = false;
        const auto bytes = static_cast<std::uint32_t>(pages_->log.size());
        send_asked(Asked::changed_list,
                   nvme::log_page_command(nvme::log_changed_namespaces, bytes, 0),
                   pages_->log);
    } else if (wants_identity_) {
        asked_too_early_ = false;
        send_asked(Asked::identify,
                   nvme::identify_command(nvme::identify_namespace, settings_.nsid),
                   pages_->identify);
    } else if (wants_ana_ && controller_->offers_ana()) {
        wants_ana_ = false;
        ana_reader_ = nvme::AnaReader(ana_group_);
        const nvme::AnaReader::Piece piece = ana_reader_.next();
        send_asked(Asked::ana,
                   nvme::log_page_command(nvme::log_ana, piece.bytes, piece.offset),
                   std::span(pages_->log).first(piece.bytes));
    } else {
        asked_ = Asked::nothing;
        wants_ana_ = false;
    }
}

void NvmeTcpDriver::on_asked(Asked what, const nvme::CompletionEntry& entry) noexcept {
    asked_ = Asked::nothing;
    try {
        switch (what) {
        case Asked::nothing:
        case Asked::changed_list: // What it names does not matter: the namespace is asked itself.
            break;
        case Asked::identify:
            if (!entry.is_good()) {
                ask_again_later(entry.status_code());
                return;
            }
            if (!asked_too_early_) {
                send_asked(
                    Asked::descriptors,
                    nvme::identify_command(nvme::identify_namespace_descriptors, settings_.nsid),
                    pages_->descriptors);
                return;
            }
            break; // Another event meanwhile: from the start.
        case Asked::descriptors:
            if (!entry.is_good() && !has_no_descriptors(entry.status_code())) {
                ask_again_later(entry.status_code());
                return;
            }
            if (!asked_too_early_) {
                judge_identity(entry.is_good());
            }
            break;
        case Asked::ana:
            if (entry.is_good() && has_more_of_ana()) {
                return;
            }
            break;
        }
        if (end_ == DriverEnd::none && controller_ != nullptr && ask_at_ == TimePoint::max()) {
            ask_next();
        }
    } catch (const std::exception& error) {
        give_up(DriverEnd::lost, error.what());
    }
}

// Takes a piece of the ANA log, and asks for the next. False: that was all.
bool NvmeTcpDriver::has_more_of_ana() noexcept {
    ana_reader_.take(std::span(pages_->log).first(ana_reader_.next().bytes));
    if (ana_reader_.state()) {
        set_ana_state(*ana_reader_.state());
    }
    const nvme::AnaReader::Piece piece = ana_reader_.next();
    if (wants_identity_ && piece.bytes > 0) { // What writes wait for comes first.
        wants_ana_ = true;
        return false;
    }
    if (piece.bytes > 0) {
        auto more = nvme::log_page_command(nvme::log_ana, piece.bytes, piece.offset);
        more.dword10 |= retain_event_bit; // The first piece has let the next event come.
        send_asked(Asked::ana, more, std::span(pages_->log).first(piece.bytes));
    }
    return piece.bytes > 0;
}

// A namespace that is not there, or not ready, may be in a while: until then nothing is sent.
void NvmeTcpDriver::ask_again_later(std::uint16_t code) noexcept {
    if (is_routine_) {
        is_routine_ = false;
        hold_since_ = now_;
    }
    if (now_ < hold_since_ + settings_.ready_timeout) {
        ask_at_ = now_ + ask_again_after;
        return;
    }
    give_up(
        DriverEnd::lost,
        fmt::format("{}: its attributes changed, and since then it cannot be asked who it is: {}",
                    place(),
                    code == 0 ? "it is no longer attached" : nvme::status_text(code)));
}

void NvmeTcpDriver::judge_identity(bool has_descriptors) {
    const auto facts = facts_of(
        settings_.nsid, pages_->identify, has_descriptors ? &pages_->descriptors : nullptr);
    if (!facts) {
        ask_again_later(0);
        return;
    }
    const LunMark seen = mark_of(identity_of(controller_->identity(), *facts), geometry_of(*facts));
    if (!is_same_lun(mark_, seen)) {
        give_up(DriverEnd::another_lun,
                fmt::format(
                    "{}: in an unbroken association {}", place(), another_lun_text(mark_, seen)));
        return;
    }
    ana_group_ = facts->identify.ana_group;
    wants_identity_ = is_routine_ = false;
    send_parked();
}

} // namespace drivers::nvme_tcp
