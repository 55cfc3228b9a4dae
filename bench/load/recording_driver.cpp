// SPDX-License-Identifier: Apache-2.0
#include "bench/load/recording_driver.h"

#include "drivers/api/errors.h"

#include <algorithm>
#include <fmt/format.h>
#include <fstream>

namespace bench::load {

namespace {

using profiles::AccessOp;
using profiles::trace::Record;

constexpr std::size_t entries_max = 8U << 20U; // Of all drivers; 8 million take 384 MiB if used.

AccessOp access_op(drivers::Op op) {
    switch (op) {
    case drivers::Op::read:
        return AccessOp::read;
    case drivers::Op::write:
        return AccessOp::write;
    case drivers::Op::flush:
        return AccessOp::flush;
    case drivers::Op::unmap:
        return AccessOp::unmap;
    case drivers::Op::write_zeroes:
        return AccessOp::write_zeroes;
    case drivers::Op::compare:
        return AccessOp::compare;
    }
    return AccessOp::read;
}

// Hands everything on to the driver it wraps and notes what that took.
class RecordingDriver final : public drivers::BlockDriver {
public:
    RecordingDriver(std::unique_ptr<drivers::BlockDriver> inner,
                    SubmissionLog& log,
                    drivers::Clock& clock)
        : inner_(std::move(inner))
        , log_(log)
        , clock_(clock) {}

    const drivers::Geometry& geometry() const noexcept override { return inner_->geometry(); }
    const drivers::Identity& identity() const noexcept override { return inner_->identity(); }
    std::size_t depth() const noexcept override { return inner_->depth(); }

    bool submit(const drivers::Request& request) noexcept override {
        // Before: an answer may be quicker than the next look at the clock.
        const drivers::TimePoint at = clock_.now();
        if (!inner_->submit(request)) {
            return false;
        }
        if (request.op == drivers::Op::unmap) {
            for (const drivers::BlockRange& range : request.ranges) {
                note(request, range, at);
            }
        } else {
            note(request, request.range, at);
        }
        return true;
    }

    std::size_t poll(std::span<drivers::Completion> out) noexcept override {
        return inner_->poll(out);
    }
    void use_memory(std::span<std::byte> memory) noexcept override { inner_->use_memory(memory); }
    std::uint64_t fences() const noexcept override { return inner_->fences(); }
    drivers::Access access() const noexcept override { return inner_->access(); }
    drivers::DriverEnd ended() const noexcept override { return inner_->ended(); }
    std::string_view end_reason() const noexcept override { return inner_->end_reason(); }
    drivers::PutOff put_off() const noexcept override { return inner_->put_off(); }
    int wait_fd() const noexcept override { return inner_->wait_fd(); }
    Wait wait(drivers::TimePoint until) noexcept override { return inner_->wait(until); }
    drivers::TimePoint next_timer() const noexcept override { return inner_->next_timer(); }

private:
    void note(const drivers::Request& request,
              const drivers::BlockRange& range,
              drivers::TimePoint at) noexcept {
        const std::uint64_t block = inner_->geometry().block_bytes;
        Record record;
        record.op = access_op(request.op);
        record.force_unit_access = request.force_unit_access;
        if (request.op != drivers::Op::flush) {
            record.offset_bytes = range.lba * block;
            record.size_bytes = range.block_count * block;
        }
        log_.add({at, record});
    }

    std::unique_ptr<drivers::BlockDriver> inner_;
    SubmissionLog& log_;
    drivers::Clock& clock_;
};

} // namespace

void Recording::listen_to(std::span<Lane> lanes) {
    std::size_t count = 0;
    for (const Lane& lane : lanes) {
        count += lane.drivers.size();
    }
    for (Lane& lane : lanes) {
        for (auto& driver : lane.drivers) {
            logs_.push_back(std::make_unique<SubmissionLog>(entries_max / count));
            driver = std::make_unique<RecordingDriver>(std::move(driver), *logs_.back(), clock_);
        }
    }
}

std::vector<Record> Recording::records() const {
    std::vector<SubmissionLog::Entry> all;
    for (const auto& log : logs_) {
        all.insert(all.end(), log->entries().begin(), log->entries().end());
    }
    std::stable_sort(
        all.begin(), all.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
    std::vector<Record> out;
    out.reserve(all.size());
    for (const SubmissionLog::Entry& entry : all) {
        out.push_back(entry.record);
        out.back().at = entry.at - all.front().at;
    }
    return out;
}

void Recording::save(const std::string& path, const profiles::trace::IologTarget& target) const {
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    profiles::trace::write_iolog(out, records(), target);
    out.close();
    if (!out) {
        throw drivers::HostError(fmt::format("{}: the recording cannot be written", path));
    }
    std::uint64_t missed = 0;
    for (const auto& log : logs_) {
        missed += log->missed();
    }
    if (missed > 0) {
        throw drivers::HostError(
            fmt::format("{}: {} accesses more than a recording has room for: wanted a shorter load",
                        path,
                        missed));
    }
}

} // namespace bench::load
