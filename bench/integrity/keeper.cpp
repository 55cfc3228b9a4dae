// SPDX-License-Identifier: Apache-2.0
#include "bench/integrity/keeper.h"

#include "bench/integrity/keeper_state.h"

namespace bench::integrity {

Keeper::Keeper(Expectation& expectation, const KeeperSettings& settings)
    : state_(std::make_unique<State>(expectation, settings)) {}

Keeper::~Keeper() = default;

void Keeper::begin(std::uint32_t slot,
                   const profiles::Access& access,
                   std::span<std::byte> data,
                   drivers::TimePoint now) noexcept {
    state_->begin(slot, access, data, static_cast<std::uint64_t>(now.time_since_epoch().count()));
}

void Keeper::end(std::uint32_t slot,
                 std::uint16_t driver,
                 const drivers::Completion& done) noexcept {
    state_->end(slot, driver, done);
}

void Keeper::withdrawn(std::uint32_t slot) noexcept {
    state_->withdrawn(slot);
}

void Keeper::fences(std::uint16_t driver, std::uint64_t count) noexcept {
    state_->fences(driver, count);
}

bool Keeper::is_unfenced(std::uint64_t offset_bytes, std::uint64_t size_bytes) const noexcept {
    return state_->is_unfenced(offset_bytes, size_bytes);
}

const FindingLog& Keeper::findings() const noexcept {
    return state_->log;
}

const KeeperCounts& Keeper::counts() const noexcept {
    return state_->counts;
}

} // namespace bench::integrity
