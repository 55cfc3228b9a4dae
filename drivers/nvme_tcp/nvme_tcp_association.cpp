// SPDX-License-Identifier: Apache-2.0
// What goes on beside the requests: keep-alive, events, aborts, and the end of an association.
#include "drivers/nvme_tcp/nvme_tcp_driver.h"

#include <algorithm>
#include <fmt/format.h>

namespace drivers::nvme_tcp {

namespace nvme = wire::nvme;

namespace {

constexpr std::uint64_t tag_keep_alive = 1;
constexpr std::uint64_t tag_event = 2;
constexpr std::uint64_t tag_ana_log = 3;
constexpr std::uint64_t tag_abort = 4;

constexpr auto admin_poll_interval = std::chrono::milliseconds(1);
constexpr std::uint32_t event_type_notice = 2;
constexpr std::uint32_t notice_ana_change = 3;
constexpr std::size_t ana_bytes_max = 1U << 20U;

} // namespace

void NvmeTcpDriver::start_events() noexcept {
    const nvme::IdentifyController& identity = controller_->identity();
    ana_busy_ = false;
    if ((identity.optional_events & nvme::ana_change_event_bit) != 0) {
        const std::size_t wanted = 16 + 32 * std::size_t{identity.ana_group_count} +
                                   4 * std::size_t{identity.namespace_count};
        ana_page_.resize(std::min(wanted, ana_bytes_max) & ~std::size_t{3});
    }
    nvme::SubmissionEntry event;
    event.opcode = nvme::opcode_async_event;
    send_admin(tag_event, event);
}

void NvmeTcpDriver::send_admin(std::uint64_t tag,
                               const nvme::SubmissionEntry& entry,
                               std::span<std::byte> data) noexcept {
    (void)controller_->admin().submit({.entry = entry, .data = data, .tag = tag});
    next_admin_poll_ = now_;
}

void NvmeTcpDriver::poll_admin() noexcept {
    next_admin_poll_ = now_ + admin_poll_interval;
    std::array<QueueCompletion, 8> arrived;
    Queue& admin = controller_->admin();
    const std::size_t count = admin.poll(arrived);
    for (std::size_t i = 0; i < count; ++i) {
        on_admin(arrived[i]);
    }
    if (admin.is_broken()) {
        lose("admin queue: " + admin.fault());
    }
}

void NvmeTcpDriver::on_admin(const QueueCompletion& completion) noexcept {
    const nvme::CompletionEntry& entry = completion.entry;
    if (completion.tag == tag_keep_alive) {
        keep_alive_deadline_ = TimePoint::max();
        next_keep_alive_ = now_ + settings_.keep_alive / 2;
    } else if (completion.tag == tag_event && entry.is_good()) {
        const std::uint32_t type = entry.dword0 & 7U;
        const std::uint32_t information = entry.dword0 >> 8 & 0xFFU;
        if (type == event_type_notice && information == notice_ana_change && !ana_busy_ &&
            !ana_page_.empty()) {
            ana_busy_ = true;
            send_admin(tag_ana_log,
                       nvme::log_page_command(
                           nvme::log_ana, static_cast<std::uint32_t>(ana_page_.size()), 0),
                       ana_page_);
        }
        nvme::SubmissionEntry event;
        event.opcode = nvme::opcode_async_event;
        send_admin(tag_event, event);
    } else if (completion.tag == tag_ana_log) {
        ana_busy_ = false;
        if (entry.is_good()) {
            on_ana_log();
        }
    }
    // An abort's own end says nothing: the command itself ends, or its second deadline passes.
}

void NvmeTcpDriver::on_ana_log() noexcept {
    const auto groups = nvme::get_ana_log(ana_page_);
    if (!groups) {
        return; // A page that contradicts itself changes nothing.
    }
    for (const nvme::AnaGroup& group : *groups) {
        if (group.group == ana_group_ && group.state != ana_state_) {
            ana_state_ = group.state;
            ++ana_changes_;
        }
    }
}

void NvmeTcpDriver::check_timers() noexcept {
    while (oldest_ != none && jobs_[oldest_].deadline <= now_) {
        job_expired(oldest_);
    }
    if (controller_ == nullptr) {
        return;
    }
    if (now_ >= keep_alive_deadline_) {
        lose("no answer to Keep Alive in time");
    } else if (now_ >= next_keep_alive_) {
        nvme::SubmissionEntry entry;
        entry.opcode = nvme::opcode_keep_alive;
        send_admin(tag_keep_alive, entry);
        next_keep_alive_ = TimePoint::max();
        keep_alive_deadline_ = now_ + settings_.keep_alive;
    }
}

// First the command is asked to end; if that does not help, the association does.
void NvmeTcpDriver::job_expired(std::uint16_t index) noexcept {
    Job& job = jobs_[index];
    if (!job.sent || controller_ == nullptr) {
        finish(index, Status::timed_out, 0, true); // Nothing of it has left this host.
        return;
    }
    if (job.aborting) {
        job.expired = true;
        lose(fmt::format("command {:#06x} timed out, and Abort did not end it", job.command_id));
        return;
    }
    job.aborting = true;
    nvme::SubmissionEntry entry;
    entry.opcode = nvme::opcode_abort;
    constexpr std::uint32_t io_queue = 1;
    entry.dword10 = io_queue | std::uint32_t{job.command_id} << 16;
    send_admin(tag_abort, entry);
    remove(index);
    append_by_deadline(index, now_ + settings_.abort_timeout);
}

// The association is over. What was sent is lost; what was not waits for the next association.
void NvmeTcpDriver::lose(const std::string& fault) noexcept {
    last_fault_ = fault;
    controller_->io().close();
    next_keep_alive_ = TimePoint::max();
    keep_alive_deadline_ = TimePoint::max();
    for (std::uint16_t index = oldest_; index != none;) {
        const std::uint16_t next = jobs_[index].next;
        const Job& job = jobs_[index];
        if (job.sent) {
            finish(index, job.expired ? Status::timed_out : Status::lost, 0, false);
        }
        index = next;
    }
    try {
        recovery_.start(std::move(controller_), settings_, clock_);
    } catch (const std::exception& error) {
        give_up(fmt::format("{}; and no thread to reconnect: {}", fault, error.what()));
    }
}

void NvmeTcpDriver::recover() noexcept {
    try {
        auto recovered = recovery_.take();
        if (recovered) {
            resume(std::move(*recovered));
        }
    } catch (const std::exception& error) {
        give_up(error.what());
    }
}

void NvmeTcpDriver::resume(Recovered recovered) {
    if (recovered.fenced) {
        ++fences_;
    }
    if (recovered.controller == nullptr) {
        give_up(last_fault_);
        return;
    }
    controller_ = std::move(recovered.controller);
    const Geometry geometry_before = geometry_;
    const Identity identity_before = identity_;
    learn(recovered.facts);
    const bool same = identity_.unique_id == identity_before.unique_id &&
                      identity_.serial == identity_before.serial &&
                      geometry_.block_bytes == geometry_before.block_bytes &&
                      geometry_.block_count == geometry_before.block_count;
    if (!same || controller_->queue_entries_max() <= jobs_.size()) {
        geometry_ = geometry_before;
        identity_ = identity_before;
        controller_.reset();
        give_up("after the reconnect another namespace answered in the old one's place");
        return;
    }
    ++reconnects_;
    watch();
    for (std::uint16_t index = oldest_; index != none; index = jobs_[index].next) {
        send_part(index);
    }
}

void NvmeTcpDriver::give_up(const std::string& fault) noexcept {
    given_up_ = true;
    last_fault_ = fault;
    controller_.reset();
    while (oldest_ != none) {
        finish(oldest_, Status::lost, 0, !jobs_[oldest_].sent);
    }
}

// An aborted job's second deadline comes earlier or later than the first of others.
void NvmeTcpDriver::append_by_deadline(std::uint16_t index, TimePoint deadline) noexcept {
    std::uint16_t after = newest_;
    while (after != none && jobs_[after].deadline > deadline) {
        after = jobs_[after].previous;
    }
    Job& job = jobs_[index];
    job.deadline = deadline;
    job.previous = after;
    job.next = after == none ? oldest_ : jobs_[after].next;
    (job.next == none ? newest_ : jobs_[job.next].previous) = index;
    (after == none ? oldest_ : jobs_[after].next) = index;
}

Access NvmeTcpDriver::access() const noexcept {
    if (controller_ == nullptr) {
        return Access::down;
    }
    switch (ana_state_) {
    case wire::nvme::AnaState::optimized:
        return Access::optimized;
    case wire::nvme::AnaState::non_optimized:
        return Access::non_optimized;
    case wire::nvme::AnaState::change:
        return Access::transitioning;
    case wire::nvme::AnaState::inaccessible:
    case wire::nvme::AnaState::persistent_loss:
        break;
    }
    return Access::unavailable;
}

} // namespace drivers::nvme_tcp
