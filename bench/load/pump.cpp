// SPDX-License-Identifier: Apache-2.0
#include "bench/load/pump.h"

#include <algorithm>
#include <cassert>
#include <numeric>

namespace bench::load {

namespace {

static_assert(static_cast<int>(profiles::AccessOp::compare) ==
              static_cast<int>(drivers::Op::compare));

constexpr drivers::Op driver_op(profiles::AccessOp op) noexcept {
    return static_cast<drivers::Op>(op); // The same names in the same order.
}

constexpr profiles::AccessEnd end_of(drivers::Status status) noexcept {
    switch (status) {
    case drivers::Status::good:
        return profiles::AccessEnd::good;
    case drivers::Status::timed_out:
        return profiles::AccessEnd::timed_out;
    case drivers::Status::lost:
        return profiles::AccessEnd::lost;
    case drivers::Status::failed:
    case drivers::Status::busy:
        break;
    }
    return profiles::AccessEnd::failed;
}

// A driver that never tells of a fence must not keep a write for ever: then it goes out, and what
// is found there is undecidable.
constexpr drivers::Duration hold_most = std::chrono::seconds(60);
constexpr std::size_t held_most = 4096; // Beyond that, too.

// After a request that was given up the driver is left alone for so long: one that has no hope
// gives up at once, and a closed loop would do nothing but ask it.
constexpr drivers::Duration rest_after_loss = std::chrono::milliseconds(10);

bool changes_blocks(profiles::AccessOp op) noexcept {
    return op == profiles::AccessOp::write || op == profiles::AccessOp::unmap ||
           op == profiles::AccessOp::write_zeroes;
}

std::size_t total_depth(const Lane& lane) {
    return std::accumulate(lane.drivers.begin(),
                           lane.drivers.end(),
                           std::size_t{0},
                           [](auto sum, const auto& driver) { return sum + driver->depth(); });
}

} // namespace

Pump::Pump(Lane& lane, drivers::Clock& clock, const measure::Window& window)
    : lane_(lane)
    , source_(*lane.source)
    , keeper_(lane.keeper)
    , clock_(clock)
    , recorder_(lane.source->streams(), window)
    , slots_(total_depth(lane))
    , buffers_(slots_.size(), lane.access_bytes_max, lane.reduction, lane.content_seed) {
    for (const auto& driver : lane.drivers) {
        queues_.push_back(
            {driver.get(), driver->depth(), 0, false, {}, driver->geometry().block_bytes});
        driver->use_memory(buffers_.all());
    }
    for (std::size_t i = slots_.size(); i > 0; --i) {
        free_slots_.push_back(static_cast<std::uint32_t>(i - 1));
    }
    held_.reserve(held_most);
}

Pump::~Pump() {
    for (const auto& driver : lane_.drivers) { // Those that are still open.
        driver->use_memory({});
    }
}

void Pump::start_at(drivers::TimePoint epoch) noexcept {
    recorder_.start_at(epoch);
    room_since_ = epoch;
}

drivers::TimePoint Pump::turn() noexcept {
    poll();
    hear_delays();
    const drivers::TimePoint now = clock_.now();
    submit_due(now);
    recorder_.outstanding(in_flight_ + pending_last_ - pending_first_);
    return now;
}

void Pump::poll() noexcept {
    for (Queue& queue : queues_) {
        const std::size_t count = queue.driver->poll(completions_);
        if (keeper_ != nullptr) { // Before the completions that came with it: they may be later.
            keeper_->fences(number_of(queue), queue.driver->fences());
        }
        for (std::size_t i = 0; i < count; ++i) {
            finish(queue, completions_[i]);
        }
        if (queue.driver->ended() != drivers::DriverEnd::none && ended_ == nullptr) {
            ended_ = queue.driver;
        }
    }
}

void Pump::hear_delays() noexcept {
    const drivers::TimePoint epoch = recorder_.window().epoch;
    for (std::size_t count = source_.take_delays(delays_); count > 0;
         count = source_.take_delays(delays_)) {
        for (std::size_t i = 0; i < count; ++i) {
            recorder_.delayed(delays_[i].stream, epoch + delays_[i].due, epoch + delays_[i].done);
        }
    }
}

void Pump::finish(Queue& queue, const drivers::Completion& completion) noexcept {
    Slot& slot = slots_[completion.tag];
    assert(slot.in_use && "a driver completes each request exactly once");
    if (keeper_ != nullptr) {
        keeper_->end(static_cast<std::uint32_t>(completion.tag), number_of(queue), completion);
    }
    recorder_.completed(
        slot.access, {due_of(slot.access), slot.submitted, completion.done}, completion);
    source_.completed(
        {slot.access.id, end_of(completion.status), completion.done - recorder_.window().epoch});
    slot.in_use = false;
    free_slots_.push_back(static_cast<std::uint32_t>(completion.tag));
    --in_flight_;
    --queue.in_flight;
    queue.refused = completion.status == drivers::Status::lost;
    if (queue.refused) {
        queue.rests_until = completion.done + rest_after_loss;
    }
    if (blocked_) {
        room_since_ = completion.done;
    }
}

std::uint16_t Pump::number_of(const Queue& queue) const noexcept {
    return static_cast<std::uint16_t>(&queue - queues_.data());
}

Pump::Queue* Pump::queue_with_room() noexcept {
    for (std::size_t tried = 0; tried < queues_.size(); ++tried) {
        Queue& queue = queues_[next_queue_];
        next_queue_ = next_queue_ + 1 < queues_.size() ? next_queue_ + 1 : 0;
        if (queue.in_flight < queue.depth && !queue.refused) {
            return &queue;
        }
    }
    return nullptr;
}

void Pump::submit_due(drivers::TimePoint now) noexcept {
    for (Queue& queue : queues_) {
        // No completion to wait for: ask each turn.
        if (queue.refused && queue.in_flight == 0 && now >= queue.rests_until) {
            queue.refused = false;
            room_since_ = now;
        }
    }
    if (drop_backlog_) {
        return;
    }
    const bool was_blocked = blocked_;
    blocked_ = !submit_until(now);
    if (blocked_ && !was_blocked) {
        blocked_from_ = clock_.now();
    }
}

bool Pump::submit_until(drivers::TimePoint now) noexcept {
    const profiles::Duration until =
        std::min(now - recorder_.window().epoch, take_until_ - profiles::Duration(1));
    if (!held_.empty() && !release_held(now)) {
        return false;
    }
    for (;;) {
        if (pending_first_ == pending_last_) {
            const std::size_t room = slots_.size() - in_flight_;
            const std::span<profiles::Access> space(pending_.data(),
                                                    std::min(room, pending_.size()));
            pending_first_ = 0;
            pending_last_ = room == 0 ? 0 : source_.take(until, space);
            if (pending_last_ == 0) {
                return room > 0;
            }
        }
        for (; pending_first_ < pending_last_; ++pending_first_) {
            const profiles::Access& access = pending_[pending_first_];
            if (must_wait(access)) {
                hold(access, now);
            } else if (!submit(access)) {
                return false;
            }
        }
    }
}

bool Pump::must_wait(const profiles::Access& access) const noexcept {
    return keeper_ != nullptr && changes_blocks(access.op) && held_.size() < held_most &&
           keeper_->is_unfenced(access.offset_bytes, access.size_bytes);
}

void Pump::hold(const profiles::Access& access, drivers::TimePoint now) noexcept {
    ++held_back_.writes;
    if (closed_) {
        ++held_back_.never_sent;
    } else {
        held_.push_back({access, now});
    }
}

bool Pump::release_held(drivers::TimePoint now) noexcept {
    std::size_t kept = 0;
    bool room = true;
    for (const Waiting& one : held_) {
        const bool waits = now - one.since < hold_most &&
                           keeper_->is_unfenced(one.access.offset_bytes, one.access.size_bytes);
        if (room && !waits) {
            profiles::Access released = one.access;
            released.due = now - recorder_.window().epoch;
            room = submit(released);
            if (room) {
                held_back_.longest = std::max(held_back_.longest, now - one.since);
                continue;
            }
        }
        held_[kept++] = one;
    }
    held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(kept), held_.end());
    return room;
}

bool Pump::submit(const profiles::Access& access) noexcept {
    Queue* queue = queue_with_room();
    if (queue == nullptr) {
        return false;
    }
    const std::uint32_t index = free_slots_.back();
    Slot& slot = slots_[index];
    slot.access = access;
    const drivers::Request request = request_for(index, *queue);
    prepare(index, request.data);
    slot.submitted = clock_.now();
    while (!queue->driver->submit(request)) {
        queue->refused = true;
        queue = queue_with_room();
        if (queue == nullptr) {
            withdraw(index);
            return false;
        }
    }
    slot.in_use = true;
    free_slots_.pop_back();
    ++in_flight_;
    ++queue->in_flight;
    const drivers::TimePoint due = due_of(access);
    recorder_.taken(due);
    recorder_.submitted(due, slot.submitted, slip(due, slot.submitted));
    return true;
}

void Pump::prepare(std::uint32_t slot, std::span<std::byte> data) noexcept {
    const profiles::Access& access = slots_[slot].access;
    if (keeper_ != nullptr) {
        keeper_->begin(slot, access, data, clock_.now());
    } else if (access.op == profiles::AccessOp::write) {
        buffers_.fill(slot, access);
    }
}

void Pump::withdraw(std::uint32_t slot) noexcept {
    if (keeper_ != nullptr) {
        keeper_->withdrawn(slot);
    }
}

// What full drivers cost is not the pump's: from the instant when there was no room any more to the
// last completion that made some.
drivers::Duration Pump::slip(drivers::TimePoint due, drivers::TimePoint submitted) const noexcept {
    const drivers::Duration since_room = submitted - std::max(due, room_since_);
    return due < blocked_from_ && blocked_from_ < room_since_ ? since_room + (blocked_from_ - due)
                                                              : since_room;
}

drivers::Request Pump::request_for(std::uint32_t slot, const Queue& queue) noexcept {
    const profiles::Access& access = slots_[slot].access;
    drivers::Request request;
    request.tag = slot;
    request.op = driver_op(access.op);
    request.force_unit_access = access.force_unit_access;
    const drivers::BlockRange range{access.offset_bytes / queue.block_bytes,
                                    access.size_bytes / queue.block_bytes};
    if (access.op == profiles::AccessOp::unmap) {
        slots_[slot].range = range;
        request.ranges = std::span<const drivers::BlockRange>(&slots_[slot].range, 1);
    } else {
        request.range = range;
    }
    if (access.op == profiles::AccessOp::read || access.op == profiles::AccessOp::write ||
        access.op == profiles::AccessOp::compare) {
        assert(access.size_bytes <= buffers_.size_bytes());
        request.data = buffers_.buffer(slot).first(access.size_bytes);
    }
    return request;
}

void Pump::close(drivers::TimePoint until, bool drop_backlog) noexcept {
    take_until_ = std::min(take_until_, until - recorder_.window().epoch);
    closed_at_ = closed_ ? closed_at_ : clock_.now();
    closed_ = true;
    drop_backlog_ = drop_backlog_ || drop_backlog;
    recorder_.cut(std::min(recorder_.window().until, until));
    held_back_.never_sent += held_.size();
    held_.clear();
}

bool Pump::is_drained() noexcept {
    if (!closed_ || in_flight_ > 0) {
        return false;
    }
    if (drop_backlog_) {
        return true;
    }
    const auto next = source_.next_due();
    return pending_first_ == pending_last_ && (!next || *next >= take_until_);
}

drivers::TimePoint Pump::next_due() noexcept {
    if (blocked_ || (closed_ && drop_backlog_)) {
        return drivers::TimePoint::max();
    }
    const auto next = source_.next_due();
    return next && *next < take_until_ ? recorder_.window().epoch + *next
                                       : drivers::TimePoint::max();
}

void Pump::unfinished(const profiles::Access& access,
                      drivers::TimePoint submitted,
                      drivers::TimePoint now,
                      measure::Unfinished how) noexcept {
    recorder_.unfinished(access.stream, {due_of(access), submitted, now}, how);
}

void Pump::give_up() noexcept {
    const drivers::TimePoint now = clock_.now();
    for (const Slot& slot : slots_) {
        if (slot.in_use) {
            const auto how = slot.submitted <= closed_at_ ? measure::Unfinished::waited_out
                                                          : measure::Unfinished::no_service;
            unfinished(slot.access, slot.submitted, now, how);
        }
    }
    const auto how = drop_backlog_ ? measure::Unfinished::cut_off : measure::Unfinished::no_service;
    do {
        for (; pending_first_ < pending_last_; ++pending_first_) {
            recorder_.taken(due_of(pending_[pending_first_]));
            unfinished(pending_[pending_first_], now, now, how);
        }
        pending_first_ = 0;
        pending_last_ = source_.take(take_until_ - profiles::Duration(1), pending_);
    } while (pending_last_ > 0);
}

} // namespace bench::load
