// SPDX-License-Identifier: Apache-2.0
#include "drivers/nvme_tcp/nvme_tcp_driver.h"

#include "drivers/api/errors.h"

#include <sys/epoll.h>

#include <algorithm>
#include <fmt/format.h>

namespace drivers::nvme_tcp {

namespace nvme = wire::nvme;

namespace {

constexpr std::size_t range_bytes = 16;
constexpr std::size_t ranges_per_command = 64;
constexpr std::uint16_t depth_max = 1023;

void add_event(int events, int number, std::uint32_t wanted) {
    epoll_event event{};
    event.events = wanted;
    event.data.fd = number;
    if (epoll_ctl(events, EPOLL_CTL_ADD, number, &event) != 0) {
        throw HostError("cannot watch an NVMe/TCP connection");
    }
}

Settings checked(Settings settings) {
    if (settings.depth == 0 || settings.depth > depth_max) {
        throw UsageError(
            fmt::format("NVMe/TCP queue depth {}: wanted 1 .. {}", settings.depth, depth_max));
    }
    return settings;
}

} // namespace

NvmeTcpDriver::NvmeTcpDriver(Settings settings, Clock& clock)
    : settings_(checked(std::move(settings)))
    , clock_(clock)
    , controller_(std::make_unique<Controller>(settings_, clock))
    , events_(epoll_create1(EPOLL_CLOEXEC)) {
    controller_->open_io_queue(); // Events are asked for before the namespace is.
    const NamespaceFacts facts = controller_->namespace_facts(settings_.nsid);
    geometry_ = geometry_of(facts); // Larger requests are sent in parts: no limit.
    identity_ = identity_of(controller_->identity(), facts);
    mark_ = mark_of(identity_, geometry_);
    const auto room = controller_->queue_entries_max() - 1;
    const auto depth = static_cast<std::uint16_t>(std::min<int>(settings_.depth, room));
    jobs_.resize(depth);
    for (std::uint16_t i = depth; i > 0; --i) {
        free_.push_back(static_cast<std::uint16_t>(i - 1));
    }
    done_.resize(depth);
    arrived_.resize(depth);
    range_lists_.resize(std::size_t{depth} * ranges_per_command * range_bytes);
    add_event(events_.number(), recovery_.wake_descriptor(), EPOLLIN);
    learn(facts);
    watch();
}

NvmeTcpDriver::~NvmeTcpDriver() {
    recovery_.cancel();
    if (controller_ != nullptr) {
        controller_->io().close();
        controller_->shut_down(std::chrono::milliseconds(500));
    }
}

void NvmeTcpDriver::learn(const NamespaceFacts& facts) {
    const nvme::IdentifyController& controller = controller_->identity();
    const std::uint64_t bytes_max = controller_->transfer_bytes_max();
    part_blocks_max_ = nvme::blocks_per_command_max;
    if (bytes_max != 0) {
        part_blocks_max_ = std::clamp<std::uint64_t>(
            bytes_max >> facts.identify.block_exponent, 1, part_blocks_max_);
    }
    optional_commands_ = controller.optional_commands;
    ana_group_ = facts.identify.ana_group;
    if (facts.ana) {
        set_ana_state(*facts.ana);
    }
}

// Watches the connections of a new association and starts what runs beside the requests.
void NvmeTcpDriver::watch() {
    add_event(events_.number(), controller_->io().descriptor(), EPOLLIN);
    add_event(events_.number(), controller_->admin().descriptor(), EPOLLIN);
    watches_writing_ = false;
    now_ = clock_.now();
    keep_alive_deadline_ = TimePoint::max();
    next_keep_alive_ =
        settings_.keep_alive.count() > 0 ? now_ + settings_.keep_alive / 2 : TimePoint::max();
    asked_ = Asked::nothing;
    wants_list_ = wants_identity_ = wants_ana_ = false;
    ask_at_ = TimePoint::max();
    is_routine_ = false;
    next_routine_ =
        controller_->reports_namespace_events() ? TimePoint::max() : now_ + routine_interval;
    event_errors_ = 0;
    start_events();
}

std::size_t NvmeTcpDriver::poll(std::span<Completion> out) noexcept {
    now_ = clock_.now();
    if (controller_ != nullptr) {
        poll_io();
    }
    if (controller_ != nullptr && now_ >= next_admin_poll_) {
        poll_admin();
    }
    if (recovery_.is_running()) {
        recover();
    }
    if (now_ >= next_retry_ && controller_ != nullptr && !holds()) {
        send_parked();
    }
    check_timers();
    const std::size_t count = std::min(out.size(), done_count_);
    for (std::size_t i = 0; i < count; ++i) {
        out[i] = done_[done_head_];
        done_head_ = done_head_ + 1 == done_.size() ? 0 : done_head_ + 1;
    }
    done_count_ -= count;
    return count;
}

void NvmeTcpDriver::poll_io() noexcept {
    Queue& queue = controller_->io();
    const std::size_t count = queue.poll(arrived_);
    if (count > 0) {
        now_ = clock_.now();
    }
    for (std::size_t i = 0; i < count; ++i) {
        part_done(static_cast<std::uint16_t>(arrived_[i].tag), arrived_[i].entry);
    }
    if (queue.is_broken()) {
        break_off(queue, "");
        return;
    }
    if (queue.is_blocked() != watches_writing_) {
        watches_writing_ = queue.is_blocked();
        epoll_event event{};
        event.events = watches_writing_ ? EPOLLIN | EPOLLOUT : EPOLLIN;
        event.data.fd = queue.descriptor();
        (void)epoll_ctl(events_.number(), EPOLL_CTL_MOD, queue.descriptor(), &event);
    }
}

TimePoint NvmeTcpDriver::next_timer() const noexcept {
    if (done_count_ > 0) {
        return TimePoint::min();
    }
    if (controller_ != nullptr &&
        ((controller_->io().has_unsent() && !controller_->io().is_blocked()) ||
         controller_->admin().has_unsent())) {
        return TimePoint::min();
    }
    TimePoint next = std::min({next_keep_alive_, keep_alive_deadline_, ask_at_, next_routine_});
    if (!holds()) {
        next = std::min(next, next_retry_);
    }
    if (oldest_ != none) {
        next = std::min(next, jobs_[oldest_].deadline);
    }
    return next;
}

} // namespace drivers::nvme_tcp
