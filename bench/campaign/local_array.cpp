// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/local_array.h"

#include "drivers/api/errors.h"

#include <algorithm>
#include <utility>

namespace bench::campaign {

using drivers::array::MediumEnd;

class LocalDriver final : public drivers::BlockDriver {
public:
    LocalDriver(LocalArray& array, std::size_t depth)
        : array_(array)
        , depth_(depth)
        , dropped_(array.dropped_) {}

    const drivers::Geometry& geometry() const noexcept override {
        return array_.core_.lun(0).geometry;
    }
    const drivers::Identity& identity() const noexcept override {
        return array_.core_.lun(0).identity;
    }
    std::size_t depth() const noexcept override { return depth_; }
    bool submit(const drivers::Request& request) noexcept override;
    std::size_t poll(std::span<drivers::Completion> out) noexcept override;
    int wait_fd() const noexcept override { return -1; }
    drivers::TimePoint next_timer() const noexcept override;

private:
    struct Held {
        drivers::Completion completion;
        drivers::TimePoint arrived;
        drivers::TimePoint meant; // When the array wanted it answered.
    };
    drivers::TimePoint sent_at(const Held& held) const noexcept {
        return held.meant == drivers::TimePoint::max()
                   ? held.meant
                   : std::max(held.meant + array_.flaws.lateness, array_.stalled_until_);
    }
    bool take_late(const drivers::Request& request, Held& held) noexcept;

    LocalArray& array_;
    std::size_t depth_;
    std::uint64_t dropped_;
    std::vector<Held> held_;
};

namespace {

drivers::Status status_of(MediumEnd end) noexcept {
    switch (end) {
    case MediumEnd::good:
        return drivers::Status::good;
    case MediumEnd::busy:
        return drivers::Status::busy;
    case MediumEnd::drop_session:
    case MediumEnd::silent:
        return drivers::Status::lost;
    default:
        return drivers::Status::failed;
    }
}

} // namespace

bool LocalDriver::take_late(const drivers::Request& request, Held& held) noexcept {
    if (!array_.flaws.lands_late || request.op != drivers::Op::write) {
        return false;
    }
    array_.flaws.lands_late = false;
    array_.late_ = {request.range, {request.data.begin(), request.data.end()}};
    held.completion.status = drivers::Status::timed_out;
    held.completion.fenced = false;
    return true;
}

bool LocalDriver::submit(const drivers::Request& request) noexcept {
    if (held_.size() == depth_) {
        return false;
    }
    array_.clock_.advance(array_.flaws.submit_cost);
    array_.let_time_pass();
    Held held;
    held.completion.tag = request.tag;
    held.arrived = held.meant = array_.clock_.now();
    if (!take_late(request, held)) {
        drivers::array::MediumCommand command;
        command.op = request.op;
        command.force_unit_access = request.force_unit_access;
        command.lba = request.range.lba;
        command.block_count = request.range.block_count;
        command.ranges = request.ranges;
        command.data = request.data;
        const auto result = array_.core_.execute(command, array_.clock_.now());
        held.completion.status = status_of(result.end);
        held.meant = result.end == MediumEnd::silent ? drivers::TimePoint::max() : result.ready;
    }
    held_.push_back(held);
    return true;
}

std::size_t LocalDriver::poll(std::span<drivers::Completion> out) noexcept {
    array_.let_time_pass();
    const drivers::TimePoint now = array_.clock_.now();
    if (dropped_ != array_.dropped_) { // What was executed stays so; its answer is lost.
        dropped_ = array_.dropped_;
        for (Held& held : held_) {
            held.completion.status = drivers::Status::lost;
            held.meant = now;
        }
    }
    std::size_t count = 0;
    for (std::size_t i = 0; i < held_.size() && count < out.size();) {
        const drivers::TimePoint sent = sent_at(held_[i]);
        if (sent > now) {
            ++i;
            continue;
        }
        array_.core_.answered(held_[i].meant, sent, sent - held_[i].arrived);
        out[count] = held_[i].completion;
        out[count++].done = sent;
        held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(i));
    }
    return count;
}

drivers::TimePoint LocalDriver::next_timer() const noexcept {
    drivers::TimePoint out = drivers::TimePoint::max();
    for (const Held& held : held_) {
        out = std::min(out, sent_at(held));
    }
    return out;
}

LocalArray::LocalArray(const drivers::array::ArraySettings& settings, VirtualClock& clock)
    : clock_(clock)
    , core_(settings) {
    core_.listen(this);
}

LocalArray::~LocalArray() {
    core_.ignore(this);
}

void LocalArray::apply(const drivers::array::FaultEvent& event) {
    const std::string problem = core_.apply(event, clock_.now());
    if (!problem.empty()) {
        throw drivers::UsageError("self-test: " + problem);
    }
}

std::unique_ptr<drivers::BlockDriver> LocalArray::open(std::size_t depth) {
    return std::make_unique<LocalDriver>(*this, depth);
}

void LocalArray::land_late_write() {
    drivers::array::MediumCommand command;
    command.op = drivers::Op::write;
    command.lba = late_.value().range.lba;
    command.block_count = late_->range.block_count;
    command.data = late_->data;
    core_.execute(command, clock_.now());
    late_.reset();
}

void LocalArray::drop_sessions(std::uint16_t /*controller*/) {
    ++dropped_;
}

void LocalArray::power_cut() {
    ++dropped_;
}

void LocalArray::stalled_until(std::uint16_t /*controller*/, drivers::TimePoint until) {
    stalled_until_ = std::max(stalled_until_, until);
}

void LocalArray::let_time_pass() {
    const drivers::TimePoint now = clock_.now();
    if (core_.next_change() <= now) {
        core_.advance(now);
    }
}

} // namespace bench::campaign
