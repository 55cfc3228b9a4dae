// SPDX-License-Identifier: Apache-2.0
#include "bench/integrity/expectation.h"

#include "drivers/api/errors.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <utility>

namespace bench::integrity {

Expectation::Expectation(ExpectationSettings settings)
    : settings_(std::move(settings)) {
    const std::uint32_t unit = settings_.unit_bytes;
    if (unit < sector_bytes || unit % sector_bytes != 0 || settings_.from_bytes % unit != 0) {
        throw drivers::UsageError(fmt::format("integrity: unit of {} bytes from byte {}: wanted a "
                                              "multiple of 512 and a start aligned to it",
                                              unit,
                                              settings_.from_bytes));
    }
    unit_count_ = settings_.size_bytes / unit;
    if (unit_count_ == 0) {
        throw drivers::UsageError(
            fmt::format("integrity: working set of {} bytes holds no unit of {} bytes",
                        settings_.size_bytes,
                        unit));
    }
    void* mapped = mmap(nullptr,
                        unit_count_ * sizeof(std::uint64_t),
                        PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                        -1,
                        0);
    if (mapped == MAP_FAILED) {
        throw drivers::HostError(
            fmt::format("integrity: {} bytes of memory for the expectation: {}",
                        unit_count_ * sizeof(std::uint64_t),
                        std::strerror(errno)));
    }
    units_ = static_cast<std::uint64_t*>(mapped);
}

Expectation::~Expectation() {
    munmap(units_, unit_count_ * sizeof(std::uint64_t));
}

void Expectation::keep(const Unsettled& unit) {
    const std::scoped_lock lock(unsettled_lock_);
    unsettled_.push_back(unit);
}

std::vector<Unsettled> Expectation::take_unsettled(std::uint64_t from_unit, std::uint64_t count) {
    const std::scoped_lock lock(unsettled_lock_);
    const auto outside =
        std::partition(unsettled_.begin(), unsettled_.end(), [&](const Unsettled& one) {
            return one.unit < from_unit || one.unit - from_unit >= count;
        });
    std::vector<Unsettled> out(outside, unsettled_.end());
    unsettled_.erase(outside, unsettled_.end());
    return out;
}

std::vector<Unsettled> Expectation::unsettled() const {
    const std::scoped_lock lock(unsettled_lock_);
    return unsettled_;
}

void Expectation::forget(std::uint64_t from_bytes, std::uint64_t size_bytes) {
    const std::uint64_t begin = std::max(from_bytes, settings_.from_bytes);
    const std::uint64_t end = std::min(from_bytes + size_bytes,
                                       settings_.from_bytes + unit_count_ * settings_.unit_bytes);
    if (begin >= end) {
        return;
    }
    const std::uint64_t first = (begin - settings_.from_bytes) / settings_.unit_bytes;
    const std::uint64_t last = (end - 1 - settings_.from_bytes) / settings_.unit_bytes;
    take_unsettled(first, last - first + 1);
    for (std::uint64_t unit = first; unit <= last; ++unit) {
        if (packed(unit) != 0) { // Pages nobody wrote stay so.
            store(unit, 0);
        }
    }
}

std::vector<ByteRange> Expectation::emptied() const {
    std::vector<ByteRange> out;
    for (std::uint64_t unit = 0; unit < unit_count_; ++unit) {
        const std::uint64_t value = packed(unit);
        if (value == packed_given_up || unpack(value).kind != ContentKind::zero) {
            continue;
        }
        const std::uint64_t at = settings_.from_bytes + unit * settings_.unit_bytes;
        if (!out.empty() && out.back().from_bytes + out.back().size_bytes == at) {
            out.back().size_bytes += settings_.unit_bytes;
        } else {
            out.push_back({at, settings_.unit_bytes});
        }
    }
    return out;
}

namespace {

void raise_to(std::atomic<std::uint64_t>& value, std::uint64_t least) noexcept {
    std::uint64_t have = value.load();
    while (have < least && !value.compare_exchange_weak(have, least)) {
    }
}

} // namespace

void Expectation::used_generations_below(std::uint64_t next) noexcept {
    raise_to(next_generation_, next);
}

void Expectation::used_events_below(std::uint64_t next) noexcept {
    raise_to(next_event_, next);
}

void Expectation::cut_at_generation(std::uint64_t generation) noexcept {
    raise_to(cut_generation_, generation);
}

void Expectation::apply_power_cut() {
    announce_power_cut();
    power_cut_done();
    cut_at_generation(next_generation_.load());
    for (std::uint64_t unit = 0; unit < unit_count_; ++unit) {
        const std::uint64_t value = packed(unit);
        if (value != packed_given_up && epoch_of(value) != epoch_durable) {
            store(unit, with_epoch(value, epoch_suspect));
        }
    }
    const std::scoped_lock lock(unsettled_lock_);
    for (Unsettled& unit : unsettled_) {
        unit.base.epoch = unit.base.epoch == epoch_durable ? epoch_durable : epoch_suspect;
        for (Version& version : unit.versions) {
            version.epoch = version.epoch == epoch_durable ? epoch_durable : epoch_suspect;
        }
    }
}

} // namespace bench::integrity
