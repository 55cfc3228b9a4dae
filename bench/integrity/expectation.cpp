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

void Expectation::used_generations_below(std::uint64_t next) noexcept {
    std::uint64_t have = next_generation_.load();
    while (have < next && !next_generation_.compare_exchange_weak(have, next)) {
    }
}

void Expectation::cut_at_generation(std::uint64_t generation) noexcept {
    std::uint64_t have = cut_generation_.load();
    while (have < generation && !cut_generation_.compare_exchange_weak(have, generation)) {
    }
}

} // namespace bench::integrity
