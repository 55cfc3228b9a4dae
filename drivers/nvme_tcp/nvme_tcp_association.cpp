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
constexpr std::uint64_t tag_abort = 3;
constexpr std::uint64_t tag_asked = 16; // And what.

// Short, as an event may say that another namespace answers from now on.
constexpr auto admin_poll_interval = std::chrono::microseconds(100);
constexpr unsigned event_errors_max = 8; // In a row.

} // namespace

void NvmeTcpDriver::start_events() noexcept {
    nvme::SubmissionEntry event;
    event.opcode = nvme::opcode_async_event;
    send_admin(tag_event, event);
}

void NvmeTcpDriver::send_asked(Asked what,
                               const nvme::SubmissionEntry& entry,
                               std::span<std::byte> data) noexcept {
    asked_ = what;
    asking_since_ = now_;
    send_admin(tag_asked + static_cast<std::uint64_t>(what), entry, data);
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
        if (controller_ == nullptr) { // It was another namespace.
            return;
        }
    }
    if (admin.is_broken()) {
        break_off(admin, "admin queue: ");
    }
}

void NvmeTcpDriver::on_admin(const QueueCompletion& completion) noexcept {
    const nvme::CompletionEntry& entry = completion.entry;
    if (completion.tag == tag_keep_alive) {
        keep_alive_deadline_ = TimePoint::max();
        next_keep_alive_ = now_ + settings_.keep_alive / 2;
    } else if (completion.tag == tag_event) {
        event_ended(entry);
    } else if (completion.tag >= tag_asked) {
        on_asked(static_cast<Asked>(completion.tag - tag_asked), entry);
    }
    // An abort's own end says nothing: the command itself ends, or its second deadline passes.
}

// A request for events that ends with an error tells nothing of what came meanwhile, and is sent
// anew; whoever never takes one is asked from time to time instead.
void NvmeTcpDriver::event_ended(const nvme::CompletionEntry& entry) noexcept {
    event_errors_ = entry.is_good() ? 0 : event_errors_ + 1;
    if (entry.is_good()) {
        heard(entry.dword0);
    } else {
        asked_too_early_ = true;
        ask_identity();
    }
    if (event_errors_ < event_errors_max) {
        start_events();
    } else {
        next_routine_ = now_ + routine_interval;
    }
}

void NvmeTcpDriver::set_ana_state(nvme::AnaState state) noexcept {
    ana_changes_ += state == ana_state_ ? 0 : 1;
    ana_state_ = state;
}

void NvmeTcpDriver::check_timers() noexcept {
    while (oldest_ != none && jobs_[oldest_].deadline <= now_) {
        job_expired(oldest_);
    }
    if (controller_ == nullptr) {
        return;
    }
    if (asked_ != Asked::nothing && now_ >= asking_since_ + settings_.command_timeout) {
        lose("no answer in time to what was asked after an event");
        return;
    }
    if (now_ >= ask_at_) {
        ask_next();
    }
    if (now_ >= next_routine_) {
        ask_routinely();
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
    if (!job.outstanding || controller_ == nullptr) { // Nothing of it is under way.
        finish(index, Status::timed_out, job.last_code, true);
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

// Of a queue that is broken. A controller that broke the protocol is not sought again.
void NvmeTcpDriver::break_off(const Queue& queue, const char* which) noexcept {
    if (!queue.broke_protocol()) {
        lose(which + queue.fault());
        return;
    }
    give_up(DriverEnd::broke_protocol,
            fmt::format("{}: the array broke the protocol: {}{}", place(), which, queue.fault()));
}

// The association is over. What was under way is lost; what was not waits for the next one.
void NvmeTcpDriver::lose(const std::string& fault) noexcept {
    last_fault_ = fault;
    controller_->io().close();
    next_keep_alive_ = keep_alive_deadline_ = ask_at_ = TimePoint::max();
    next_retry_ = next_routine_ = TimePoint::max();
    asked_ = Asked::nothing;
    wants_list_ = wants_identity_ = wants_ana_ = false; // The next connection asks by itself.
    for (std::uint16_t index = oldest_; index != none;) {
        const std::uint16_t next = jobs_[index].next;
        Job& job = jobs_[index];
        job.parked = !job.outstanding;
        if (job.outstanding) {
            finish(index, job.expired ? Status::timed_out : Status::lost, 0, false);
        }
        index = next;
    }
    try {
        recovery_.start(std::move(controller_), settings_, clock_);
    } catch (const std::exception& error) {
        give_up(DriverEnd::lost,
                fmt::format("{}; and no thread to reconnect: {}", fault, error.what()));
    }
}

void NvmeTcpDriver::recover() noexcept {
    try {
        auto recovered = recovery_.take();
        if (recovered) {
            resume(std::move(*recovered));
        }
    } catch (const std::exception& error) {
        give_up(DriverEnd::lost, error.what());
    }
}

void NvmeTcpDriver::resume(Recovered recovered) {
    if (recovered.fenced) {
        ++fences_;
    }
    if (recovered.controller == nullptr) {
        give_up(recovered.end,
                fmt::format("{}: {}; since then it could not be had back{}{}",
                            place(),
                            last_fault_,
                            recovered.fault.empty() ? "" : ": ",
                            recovered.fault));
        return;
    }
    controller_ = std::move(recovered.controller);
    const LunMark seen = mark_of(identity_of(controller_->identity(), recovered.facts),
                                 geometry_of(recovered.facts));
    if (!is_same_lun(mark_, seen)) {
        give_up(DriverEnd::another_lun,
                fmt::format("{}: after a reconnect {}", place(), another_lun_text(mark_, seen)));
        return;
    }
    if (controller_->queue_entries_max() <= jobs_.size()) {
        give_up(DriverEnd::lost,
                fmt::format("{}: after a reconnect its queues have {} places, wanted {}",
                            place(),
                            controller_->queue_entries_max(),
                            jobs_.size() + 1));
        return;
    }
    ++reconnects_;
    learn(recovered.facts);
    watch();
    for (std::uint16_t index = oldest_; index != none; index = jobs_[index].next) {
        jobs_[index].retry_at = TimePoint{}; // Another connection: no pause of the last one counts.
    }
    send_parked();
}

std::string NvmeTcpDriver::place() const {
    return fmt::format("nvme+tcp://{}/{}/{}",
                       portal_text(settings_.host, std::to_string(settings_.port)),
                       settings_.subsystem_nqn,
                       settings_.nsid);
}

void NvmeTcpDriver::give_up(DriverEnd end, const std::string& reason) noexcept {
    end_ = end;
    end_reason_ = reason;
    last_fault_ = reason;
    next_keep_alive_ = keep_alive_deadline_ = ask_at_ = TimePoint::max();
    next_retry_ = next_routine_ = TimePoint::max();
    wants_identity_ = false;
    controller_.reset();
    while (oldest_ != none) {
        finish(oldest_, Status::lost, 0, !jobs_[oldest_].outstanding);
    }
}

// Mostly the newest is the last; one that is aborted or put off comes earlier or later than others.
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
